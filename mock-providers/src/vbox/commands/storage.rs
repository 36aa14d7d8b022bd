//! `storagectl` and `storageattach`.

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{
    arguments::Parts,
    output::{failure, usage::Usage},
    state::{Bus, MediumKind, Slot, VBoxError},
};

const CONTROLLER: Usage = Usage::Of("storagectl");
const ATTACH: Usage = Usage::Of("storageattach");

impl Call<'_> {
    pub(super) fn storage_controller(&mut self) -> Outcome {
        let rules = "--name|-n= --add|-a= --controller|-c= --portcount|--sataportcount|-p= --remove|-r --rename= \
                     --hostiocache|-i= --bootable|-b=";
        let parts = self.parts(CONTROLLER, rules)?;
        let (Some(machine), Some(name)) = (parts.word(0), parts.value("name")) else {
            return Err(Failure::syntax(CONTROLLER, "Too few parameters"));
        };
        let orders = ["add", "controller", "portcount", "remove", "rename", "hostiocache", "bootable"];
        if !orders.iter().any(|order| parts.has(order)) {
            return Err(Failure::syntax(CONTROLLER, "Too few parameters"));
        }
        self.act(|virtual_box, host| {
            let id = virtual_box.find_machine(machine).at(place::FIND_CONTROLLER)?;
            let mut draft = virtual_box.draft(id).at(place::LOCK_CONTROLLER)?;
            if parts.has("remove") {
                draft.remove_controller(name).at(place::REMOVE_CONTROLLER)?;
                return virtual_box.save(draft, host).at(place::REMOVE_CONTROLLER);
            }
            if let Some(word) = parts.value("add") {
                let bus =
                    bus(word).ok_or_else(|| Failure::plain(format!("Invalid --add argument '{word}'")))?;
                draft.add_controller(name, bus).at(place::ADD_CONTROLLER)?;
            }
            let controller = draft.change_controller(name).at(place::FIND_CONTROLLER_NAME)?;
            if let Some(chip) = parts.value("controller") {
                let known = CHIPS.iter().find(|known| known.eq_ignore_ascii_case(chip));
                controller.kind =
                    known.ok_or_else(|| Failure::plain(format!("Invalid --type argument '{chip}'")))?;
            }
            if let Some(count) = parts.value("portcount") {
                let count = count.parse().unwrap_or_default();
                controller.set_ports(count).at(place::SET_PORT_COUNT)?;
            }
            if let Some(value) = parts.value("hostiocache") {
                controller.host_io_cache = switch("hostiocache", value)?;
            }
            if let Some(value) = parts.value("bootable") {
                controller.bootable = switch("bootable", value)?;
            }
            if let Some(other) = parts.value("rename") {
                other.clone_into(&mut controller.name);
            }
            Ok(virtual_box.save(draft, host)?)
        })
    }

    pub(super) fn attach(&mut self) -> Outcome {
        let rules = "--storagectl|-s= --port|-p= --device|-d= --type|-t= --medium|-m= --mtype|-M= --passthrough|-h= \
                     --tempeject= --nonrotational= --discard= --hotpluggable= --bandwidthgroup|-b= --forceunmount|-f \
                     --comment|-C= --setuuid= --setparentuuid= --server|-S= --target= --tport= --lun= --encodedlun= \
                     --username= --password= --passwordfile= --initiator= --intnet";
        let parts = self.parts(ATTACH, rules)?;
        let (Some(machine), Some(controller)) = (parts.word(0), parts.value("storagectl")) else {
            return Err(Failure::syntax(ATTACH, "Too few parameters"));
        };
        let kind = match parts.value("type") {
            None => None,
            Some("hdd") => Some(MediumKind::HardDisk),
            Some("dvddrive") => Some(MediumKind::Dvd),
            Some("fdd") => Some(MediumKind::Floppy),
            Some(other) => {
                return Err(Failure::Plain { exit: 2, text: format!("Invalid --type argument '{other}'") });
            }
        };
        let number = |name: &str| parts.value(name).map(|text| text.parse::<u32>().unwrap_or(u32::MAX));
        let tenant = self.tenant;
        tenant.act(|virtual_box, host| {
            let id = virtual_box.find_machine(machine).at(place::FIND_CONTROLLER)?;
            let found = virtual_box.machine(id).and_then(|machine| machine.controller(controller));
            let Some(found) = found else {
                return Err(Failure::plain(format!("Could not find a controller named '{controller}'")));
            };
            let slot =
                Slot { controller, port: number("port").unwrap_or(0), device: number("device").unwrap_or(0) };
            let present = found.device(slot.port, slot.device).map(|device| device.kind);
            let Some(medium) = parts.value("medium") else {
                return self.change_device(&parts, machine, slot);
            };
            if medium == "none" {
                return virtual_box.detach(id, slot, host).at(place::DETACH);
            }
            let Some(kind) = kind.or(present) else {
                return Err(Failure::syntax(ATTACH, "Argument --type must be specified"));
            };
            let site = match kind {
                MediumKind::HardDisk => place::ATTACH_DISK,
                MediumKind::Dvd | MediumKind::Floppy => place::ATTACH_DVD,
            };
            if medium == "emptydrive" {
                return virtual_box.attach(id, slot, kind, None, host).at(site);
            }
            let is_known = virtual_box.find_medium(medium, kind).is_some();
            let path = match medium.parse::<crate::vbox::state::Uuid>().is_ok() || is_known {
                true => medium.to_owned(),
                false => self.path(medium).display().to_string(),
            };
            let opened = virtual_box.open_medium(&path, kind, host);
            let disk = opened.map_err(|error| invalid_medium(error, medium))?;
            virtual_box.attach(id, slot, kind, Some(disk), host).at(site)
        })
    }

    /// Without a medium only the settings of a device can be changed; it must be there.
    fn change_device(&self, parts: &Parts, machine: &str, slot: Slot<'_>) -> Outcome {
        let settings = ["mtype", "passthrough", "tempeject", "nonrotational", "discard", "hotpluggable"];
        match settings.iter().find(|name| parts.has(name)) {
            None => Err(Failure::plain("Missing --medium argument")),
            // Our own words.
            Some(name) => Err(Failure::plain(format!(
                "This VBoxManage is a mock: --{name} of the device on port {} of '{machine}' cannot be changed",
                slot.port
            ))),
        }
    }
}

const CHIPS: &[&str] = &[
    "LsiLogic",
    "LsiLogicSas",
    "BusLogic",
    "IntelAhci",
    "PIIX3",
    "PIIX4",
    "ICH6",
    "I82078",
    "USB",
    "NVMe",
    "VirtioSCSI",
];

fn bus(word: &str) -> Option<Bus> {
    Some(match word {
        "ide" => Bus::Ide,
        "sata" => Bus::Sata,
        "scsi" => Bus::Scsi,
        "floppy" => Bus::Floppy,
        "sas" => Bus::Sas,
        "usb" => Bus::Usb,
        "pcie" => Bus::Pcie,
        "virtio" | "virtio-scsi" => Bus::Virtio,
        _ => return None,
    })
}

fn switch(option: &str, value: &str) -> Result<bool, Failure> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Failure::plain(format!("Invalid --{option} argument '{value}'"))),
    }
}

/// A fourth line says what was given.
fn invalid_medium(error: VBoxError, medium: &str) -> Failure {
    let (call, line, file) = place::OPEN_MEDIUM;
    let lines = failure::lines(&error.context(call, line, file), "error");
    let text: String =
        lines.lines().map(|line| format!("{}\n", line.trim_start_matches("VBoxManage: error: "))).collect();
    Failure::plain(format!("{text}Invalid UUID or filename \"{medium}\""))
}
