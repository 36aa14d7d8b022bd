use std::path::Path;

use super::{
    super::*,
    rig::{Rig, new_machine, text},
};

const SLOT: Slot<'static> = Slot { controller: "SATA", port: 0, device: 0 };

fn new_image() -> NewImage {
    NewImage {
        format: ImageFormat::Vdi,
        variant: Variant::Standard,
        id: Uuid::random(),
        parent: None,
        capacity: 1 << 20,
    }
}

#[test]
fn machines_are_found_by_name_id_and_settings_file() {
    let mut rig = Rig::new();
    let a = rig.create("a");
    let other = NewMachine { base_folder: Some("/other".into()), ..new_machine("a") };
    rig.call(|it, host| {
        let machine = it.create_machine(&other, host)?;
        it.save_settings(&machine, host)?;
        it.register(machine)
    })
    .unwrap();
    assert_eq!(rig.virtual_box.machines.len(), 2, "names are not unique");
    let find = |name: &str| rig.virtual_box.find_machine(name);
    assert_eq!(find("a"), Ok(a), "the oldest");
    assert_eq!(find(&format!("{{{}}}", a.to_string().to_uppercase())), Ok(a));
    assert_eq!(find("/home/VMs/a/a.vbox"), Ok(a));
    assert_eq!(text(find("A")), "Could not find a registered machine named 'A'");
    let unknown = "deadbeef-0000-4000-8000-000000000001";
    assert_eq!(text(find(unknown)), format!("Could not find a registered machine with UUID {{{unknown}}}"));
}

#[test]
fn a_machine_is_not_created_over_another_and_slashes_do_not_leave_the_folder() {
    let mut rig = Rig::new();
    rig.create("a");
    let again = rig.call(|it, host| it.create_machine(&new_machine("a"), host)).map(drop);
    assert_eq!(text(again), "Machine settings file '/home/VMs/a/a.vbox' already exists");
    let slash = rig.create("a/../b");
    let file = &rig.virtual_box.machine(slash).unwrap().settings_file;
    assert_eq!(file, Path::new("/home/VMs/a_.._b/a_.._b.vbox"));
    let taken = NewMachine { id: Some(slash), ..new_machine("c") };
    let machine = rig.call(|it, host| it.create_machine(&taken, host)).unwrap();
    let registered = rig.virtual_box.register(machine).map(drop);
    let exists =
        format!("Registered machine with UUID {{{slash}}} ('/home/VMs/a_.._b/a_.._b.vbox') already exists");
    assert_eq!(text(registered), exists);
}

#[test]
fn an_unregistered_machine_can_be_registered_again_from_its_file() {
    let mut rig = Rig::new();
    let id = rig.create("m0");
    let mut draft = rig.virtual_box.draft(id).unwrap();
    draft.add_controller("SATA", Bus::Sata).unwrap();
    rig.call(|it, host| it.save(draft, host)).unwrap();
    let path = Path::new("/store/disk.vdi");
    let image = new_image();
    let disk = rig.call(|it, host| it.create_medium(path, MediumKind::HardDisk, &image, host)).unwrap();
    rig.call(|it, host| it.attach(id, SLOT, MediumKind::HardDisk, Some(disk), host)).unwrap();
    rig.start(id);
    rig.call(|it, host| it.save_state(id, host)).unwrap();
    rig.settle();
    let file = rig.virtual_box.machine(id).unwrap().settings_file.clone();
    let open = |rig: &mut Rig| rig.call(|it, host| it.open_machine(&file, host));
    let twice = format!(
        "Trying to open a VM config '{}' which has the same UUID as an existing virtual machine",
        file.display()
    );
    assert_eq!(text(open(&mut rig).map(drop)), twice);
    rig.call(|it, host| it.unregister(id, host)).unwrap();
    assert!(rig.virtual_box.find_machine("m0").is_err());
    assert!(rig.virtual_box.medium(disk).is_none());
    let machine = open(&mut rig).unwrap();
    rig.virtual_box.register(machine).unwrap();
    assert_eq!(rig.state(id), MachineState::Saved);
    assert_eq!(rig.virtual_box.medium(disk).map(|it| it.location.as_path()), Some(path));
    assert!(rig.hardware.suspended.contains(&id), "the memory is still there");
    rig.start(id);
}

#[test]
fn deleting_removes_own_files_and_disks_anywhere_and_leaves_the_rest() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    let mut draft = rig.virtual_box.draft(id).unwrap();
    draft.add_controller("SATA", Bus::Sata).unwrap();
    rig.call(|it, host| it.save(draft, host)).unwrap();
    rig.files.add("/iso/b.iso");
    let iso = rig.call(|it, host| it.open_medium("/iso/b.iso", MediumKind::Dvd, host)).unwrap();
    let image = NewImage {
        format: ImageFormat::Vmdk,
        variant: Variant::Standard,
        id: Uuid::random(),
        parent: None,
        capacity: 1 << 20,
    };
    let path = Path::new("/store/disk.vmdk");
    let disk = rig.call(|it, host| it.create_medium(path, MediumKind::HardDisk, &image, host)).unwrap();
    for (port, kind, medium) in [(0, MediumKind::Dvd, iso), (1, MediumKind::HardDisk, disk)] {
        let slot = Slot { controller: "SATA", port, device: 0 };
        rig.call(|it, host| it.attach(id, slot, kind, Some(medium), host)).unwrap();
    }
    rig.call(|it, host| it.take_snapshot(id, "s", "", false, host)).unwrap();
    rig.start(id);
    rig.call(|it, host| it.save_state(id, host)).unwrap();
    rig.settle();
    rig.files.add("/home/VMs/a/notes.txt");
    rig.call(|it, host| {
        let gone = it.unregister(id, host)?;
        it.delete_config(gone, host)
    })
    .unwrap();
    assert_eq!(rig.files.paths(), ["/home/VMs/a/notes.txt", "/iso/b.iso"]);
    let media: Vec<Uuid> = rig.virtual_box.media.iter().map(|medium| medium.id).collect();
    assert_eq!(media, [iso], "the DVD stays known");
}

#[test]
fn a_machine_whose_file_is_gone_is_inaccessible_and_can_only_be_unregistered() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    let file = rig.virtual_box.machine(id).unwrap().settings_file.clone();
    rig.files.remove(&file).unwrap();
    rig.call(|it, host| it.reload(host));
    assert!(rig.virtual_box.find_machine("a").is_err());
    assert_eq!(rig.virtual_box.find_machine(&id.to_string()), Ok(id));
    let limited = "The object functionality is limited";
    assert_eq!(text(rig.virtual_box.lock(id, LockKind::Shared).map(drop)), limited);
    let launched = rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host));
    assert_eq!(text(launched), limited);
    let gone = rig.call(|it, host| it.unregister(id, host)).unwrap();
    assert_eq!(text(rig.call(|it, host| it.delete_config(gone, host))), "The object is not ready");
    assert!(rig.virtual_box.machines.is_empty());
}

#[test]
fn a_new_name_renames_folder_and_file() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    rig.create("b");
    let mut rename = |name: &str| {
        let mut draft = rig.virtual_box.draft(id).unwrap();
        draft.set_name(name)?;
        rig.call(|it, host| it.save(draft, host))
    };
    let taken = "Could not rename the directory '/home/VMs/a' to '/home/VMs/b' to save the settings file \
                 (VERR_ALREADY_EXISTS)";
    assert_eq!(text(rename("b")), taken);
    assert_eq!(text(rename("")), "A machine cannot have a UUID as its name");
    rename("c").unwrap();
    let paths = rig.files.paths();
    assert_eq!(paths, ["/home/VMs/b/b.vbox", "/home/VMs/c/c.vbox"]);
    assert_eq!(rig.virtual_box.find_machine("c"), Ok(id));
}

#[test]
fn locks_of_others_refuse_in_their_own_words() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    rig.virtual_box.hold(id, false).unwrap();
    let locked = "The machine 'a' is already locked for a session (or being unlocked)";
    assert_eq!(text(rig.virtual_box.draft(id).map(drop)), locked);
    rig.virtual_box.release(id);
    rig.virtual_box.hold(id, true).unwrap();
    let pending = "The machine 'a' already has a lock request pending";
    assert_eq!(text(rig.virtual_box.lock(id, LockKind::Shared).map(drop)), pending);
    rig.virtual_box.release(id);
    rig.virtual_box.draft(id).unwrap();
}

#[test]
fn a_full_disk_refuses_machines_and_keeps_what_there_is() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    rig.files.is_full = true;
    let mut draft = rig.virtual_box.draft(id).unwrap();
    draft.set_memory(4096).unwrap();
    let saved = rig.call(|it, host| it.save(draft, host));
    assert_eq!(text(saved), "Could not write the settings file '/home/VMs/a/a.vbox' (VERR_DISK_FULL)");
    assert_eq!(rig.virtual_box.machine(id).unwrap().configuration.memory, 1024);
    let running = rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host));
    assert_eq!(running, Ok(()));
}

#[test]
fn a_clone_has_copies_of_the_disks_and_other_addresses() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    let mut draft = rig.virtual_box.draft(id).unwrap();
    draft.add_controller("SATA", Bus::Sata).unwrap();
    rig.call(|it, host| it.save(draft, host)).unwrap();
    let image = NewImage {
        format: ImageFormat::Vdi,
        variant: Variant::Standard,
        id: Uuid::random(),
        parent: None,
        capacity: 1 << 20,
    };
    let path = Path::new("/home/VMs/a/a.vdi");
    let disk = rig.call(|it, host| it.create_medium(path, MediumKind::HardDisk, &image, host)).unwrap();
    let slot = Slot { controller: "SATA", port: 0, device: 0 };
    rig.call(|it, host| it.attach(id, slot, MediumKind::HardDisk, Some(disk), host)).unwrap();
    let copy = rig
        .call(|it, host| {
            let copy = it.clone_machine(id, "b", None, host)?;
            it.save_settings(&copy, host)?;
            it.register(copy)
        })
        .unwrap();
    let machine = rig.virtual_box.machine(copy).unwrap();
    let location = &rig.virtual_box.medium(machine.disks()[0]).unwrap().location;
    assert_eq!(location, Path::new("/home/VMs/b/b-disk1.vdi"));
    let mac = |id| rig.virtual_box.machine(id).unwrap().configuration.adapters[0].mac;
    assert_ne!(mac(id), mac(copy));
}
