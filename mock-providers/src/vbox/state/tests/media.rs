use std::path::Path;

use super::{
    super::*,
    rig::{Rig, text},
};

const SLOT: Slot<'static> = Slot { controller: "SATA", port: 0, device: 0 };

fn image(format: ImageFormat) -> NewImage {
    NewImage { format, variant: Variant::Standard, id: Uuid::random(), parent: None, capacity: 10 << 20 }
}

fn with_controller(rig: &mut Rig, name: &str) -> Uuid {
    let id = rig.create(name);
    let mut draft = rig.virtual_box.draft(id).unwrap();
    draft.add_controller("SATA", Bus::Sata).unwrap();
    rig.call(|it, host| it.save(draft, host)).unwrap();
    id
}

fn disk(rig: &mut Rig, path: &str) -> Uuid {
    let image = image(ImageFormat::Vdi);
    rig.call(|it, host| it.create_medium(Path::new(path), MediumKind::HardDisk, &image, host)).unwrap()
}

#[test]
fn controllers_and_slots_have_limits() {
    let mut rig = Rig::new();
    let id = with_controller(&mut rig, "a");
    let mut draft = rig.virtual_box.draft(id).unwrap();
    let add = |draft: &mut Machine, name, bus| draft.add_controller(name, bus).map(drop);
    assert_eq!(text(add(&mut draft, "SATA", Bus::Ide)), "Storage controller named 'SATA' already exists");
    assert_eq!(text(add(&mut draft, "SATA2", Bus::Sata)), "Too many storage controllers of this type");
    add(&mut draft, "IDE", Bus::Ide).unwrap();
    let ports = draft.change_controller("IDE").unwrap().set_ports(3);
    assert_eq!(text(ports), "Invalid port count: 3 (must be in range [2, 2])");
    assert_eq!(text(draft.remove_controller("X")), "Could not find a storage controller named 'X'");
    let far = Slot { port: 99, ..SLOT };
    let attached = rig.call(|it, host| it.attach(id, far, MediumKind::Dvd, None, host));
    let range = "The port and/or device parameter are out of range: port=99 (must be in range [0, 29]), device=0 (must be \
                 in range [0, 0])";
    assert_eq!(text(attached), range);
    let nothing = rig.call(|it, host| it.detach(id, Slot { port: 5, ..SLOT }, host));
    assert_eq!(text(nothing), "No storage device attached to device slot 0 on port 5 of controller 'SATA'");
}

#[test]
fn a_disk_is_in_one_slot_of_a_machine_and_in_as_many_machines_as_one_likes() {
    let mut rig = Rig::new();
    let (a, b) = (with_controller(&mut rig, "a"), with_controller(&mut rig, "b"));
    let disk = disk(&mut rig, "/disks/one.vdi");
    let mut attach = |id, port| {
        let slot = Slot { port, ..SLOT };
        rig.call(|it, host| it.attach(id, slot, MediumKind::HardDisk, Some(disk), host))
    };
    attach(a, 1).unwrap();
    attach(a, 1).unwrap();
    let twice = attach(a, 2);
    assert_eq!(text(twice), "Medium '/disks/one.vdi' is already attached to this virtual machine");
    attach(b, 0).unwrap();
    assert_eq!(rig.virtual_box.users_of(disk).len(), 2);
    let deleted = rig.call(|it, host| it.delete_storage(disk, host));
    let in_use = format!(
        "Cannot delete storage: medium '/disks/one.vdi' is still attached to the following 2 virtual machine(s): {a}, {b}"
    );
    assert_eq!(text(deleted), in_use);
}

#[test]
fn a_drive_can_be_emptied_while_the_machine_runs_and_a_disk_cannot() {
    let mut rig = Rig::new();
    let id = with_controller(&mut rig, "a");
    rig.files.add("/iso/b.iso");
    let iso = rig.call(|it, host| it.open_medium("/iso/b.iso", MediumKind::Dvd, host)).unwrap();
    let disk = disk(&mut rig, "/disks/one.vdi");
    let second = Slot { port: 1, ..SLOT };
    rig.call(|it, host| it.attach(id, SLOT, MediumKind::Dvd, Some(iso), host)).unwrap();
    rig.call(|it, host| it.attach(id, second, MediumKind::HardDisk, Some(disk), host)).unwrap();
    rig.start(id);
    rig.call(|it, host| it.attach(id, SLOT, MediumKind::Dvd, None, host)).unwrap();
    rig.call(|it, host| it.attach(id, SLOT, MediumKind::Dvd, Some(iso), host)).unwrap();
    let detached = rig.call(|it, host| it.detach(id, second, host));
    let no_hot_plug = "The device slot 0 on port 1 of controller 'SATA' does not support hot-plugging";
    assert_eq!(text(detached), no_hot_plug);
    rig.files.remove(Path::new("/iso/b.iso")).unwrap();
    rig.call(|it, host| it.power_down(id, host)).unwrap();
    rig.settle();
    rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host)).unwrap();
    rig.settle();
    let missing = "VD: error VERR_FILE_NOT_FOUND opening image file '/iso/b.iso' (VERR_FILE_NOT_FOUND).\n\
                   Failed to open image '/iso/b.iso' in read-only mode (VERR_FILE_NOT_FOUND).\n\
                   AHCI: Failed to attach drive to Port0 (VERR_FILE_NOT_FOUND)";
    assert_eq!(text(rig.virtual_box.outcome(id).unwrap()), missing);
}

#[test]
fn files_that_cannot_be_opened_are_refused() {
    let mut rig = Rig::new();
    let first = disk(&mut rig, "/disks/one.vdi");
    rig.files.add("/disks/text.vdi");
    let copy = rig.files.images[Path::new("/disks/one.vdi")].clone();
    rig.files.add("/disks/copy.vdi");
    rig.files.images.insert("/disks/copy.vdi".into(), copy);
    let mut open = |path: &str| rig.call(|it, host| it.open_medium(path, MediumKind::HardDisk, host));
    assert_eq!(open("/disks/one.vdi"), Ok(first));
    assert_eq!(open(&first.to_string()), Ok(first));
    let missing = "Could not find file for the medium '/no.vdi' (VERR_FILE_NOT_FOUND)";
    assert_eq!(text(open("/no.vdi")), missing);
    let format = "Could not get the storage format of the medium '/disks/text.vdi' (VERR_NOT_SUPPORTED)";
    assert_eq!(text(open("/disks/text.vdi")), format);
    let known = format!(
        "Cannot register the hard disk '/disks/copy.vdi' {{{first}}} because a hard disk '/disks/one.vdi' with UUID \
         {{{first}}} already exists"
    );
    assert_eq!(text(open("/disks/copy.vdi")), known);
    let unknown = "deadbeef-0000-4000-8000-0000000000bb";
    assert_eq!(text(open(unknown)), format!("The given path '{unknown}' is not fully qualified"));
}

#[test]
fn disks_are_created_cloned_and_resized() {
    let mut rig = Rig::new();
    let id = disk(&mut rig, "/disks/plain");
    assert_eq!(rig.virtual_box.medium(id).unwrap().location, Path::new("/disks/plain.vdi"));
    let exists = image(ImageFormat::Vdi);
    let again =
        rig.call(|it, host| it.create_medium(Path::new("/disks/plain"), MediumKind::HardDisk, &exists, host));
    let refused = "Could not create the medium storage unit '/disks/plain.vdi'.\n\
                   VDI: cannot create image '/disks/plain.vdi' (VERR_ALREADY_EXISTS)";
    assert_eq!(text(again), refused);
    let vmdk = image(ImageFormat::Vmdk);
    let mut clone = |path: &str| rig.call(|it, host| it.clone_medium(id, Path::new(path), &vmdk, host));
    let copy = clone("/disks/copy.vmdk").unwrap();
    let refused = "Could not create the clone medium '/disks/copy.vmdk'.\n\
                   VMDK: could not create new file '/disks/copy.vmdk' (VERR_ALREADY_EXISTS)";
    assert_eq!(text(clone("/disks/copy.vmdk")), refused);
    let mut resize = |id, size| rig.call(|it, host| it.resize_medium(id, size, host));
    resize(id, 20 << 20).unwrap();
    assert_eq!(text(resize(id, 1 << 20)), "Shrinking is not yet supported for medium '/disks/plain.vdi'");
    let unsupported = "Resizing to new size 20971520 is not yet supported for medium '/disks/copy.vmdk'";
    assert_eq!(text(resize(copy, 20 << 20)), unsupported);
}

#[test]
fn snapshots_branch_disks_and_merge_them_again() {
    let mut rig = Rig::new();
    let id = with_controller(&mut rig, "a");
    let base = disk(&mut rig, "/disks/base.vdi");
    rig.call(|it, host| it.attach(id, SLOT, MediumKind::HardDisk, Some(base), host)).unwrap();
    let attached = |rig: &Rig| rig.virtual_box.machine(id).unwrap().disks()[0];
    assert_eq!(
        text(rig.virtual_box.machine(id).unwrap().find_snapshot("s").map(drop)),
        "This machine does not have any snapshots"
    );
    let first = rig.call(|it, host| it.take_snapshot(id, "s1", "", false, host)).unwrap();
    let second = rig.call(|it, host| it.take_snapshot(id, "s2", "", false, host)).unwrap();
    let (middle, top) = {
        let top = attached(&rig);
        (rig.virtual_box.medium(top).unwrap().parent.unwrap(), top)
    };
    assert_eq!(rig.virtual_box.medium(middle).unwrap().parent, Some(base));
    rig.call(|it, host| it.delete_snapshot(id, first, host)).unwrap();
    assert_eq!(
        rig.virtual_box.medium(top).unwrap().parent,
        Some(base),
        "{middle} was merged into its parent"
    );
    rig.call(|it, host| it.restore_snapshot(id, second, host)).unwrap();
    assert_ne!(attached(&rig), top);
    assert!(rig.virtual_box.medium(top).is_none(), "what was written since is gone");
    rig.call(|it, host| it.delete_snapshot(id, second, host)).unwrap();
    assert_eq!(attached(&rig), base);
    assert_eq!(rig.virtual_box.media.len(), 1);
    let images = rig.files.images.keys().count();
    assert_eq!(images, 1, "{:?}", rig.files.images);
}

#[test]
fn an_online_snapshot_restores_a_saved_machine() {
    let mut rig = Rig::new();
    let id = rig.machine_in(MachineState::Running);
    let snapshot = rig.call(|it, host| it.take_snapshot(id, "on", "", true, host)).unwrap();
    rig.settle();
    let restored = rig.call(|it, host| it.restore_snapshot(id, snapshot, host));
    let running = "Cannot delete the current state of the running machine (machine state: Running)";
    assert_eq!(text(restored), running);
    rig.call(|it, host| it.power_down(id, host)).unwrap();
    rig.settle();
    rig.call(|it, host| it.restore_snapshot(id, snapshot, host)).unwrap();
    assert_eq!(rig.state(id), MachineState::Saved);
    rig.start(id);
    assert_eq!(rig.state(id), MachineState::Running);
    let live = rig.create("off");
    let refused = rig.call(|it, host| it.take_snapshot(live, "x", "", true, host)).map(drop);
    assert_eq!(text(refused), "Cannot take a live snapshot of a virtual machine unless it is running.");
}
