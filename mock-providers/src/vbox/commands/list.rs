//! `list`.

use std::fmt::Write as _;

use super::{Call, Failure, Outcome, media};
use crate::{
    timestamp,
    vbox::{
        output::{details, failure, media as medium_lines, networks, os_types, usage::Usage},
        state::{Machine, MediumKind, Uuid},
    },
};

const USAGE: Usage = Usage::Of("list");

/// Topics whose text is always the same.
const FIXED: &[(&str, &str)] = &[
    ("ostypes", os_types::LIST),
    ("hostcpuids", include_str!("../output/lists/hostcpuids.txt")),
    ("hddbackends", include_str!("../output/lists/hddbackends.txt")),
    ("cpu-profiles", include_str!("../output/lists/cpu-profiles.txt")),
    ("extpacks", include_str!("../output/lists/extpacks.txt")),
    ("screenshotformats", include_str!("../output/lists/screenshotformats.txt")),
    ("cloudproviders", "Supported 0 cloud providers:\n"),
    ("webcams", "Video Input Devices: 0\n"),
    ("natnets", ""),
    ("natnetworks", ""),
    ("intnets", ""),
    ("bridgedifs", ""),
    ("groups", ""),
    ("hostdvds", ""),
    ("hostfloppies", ""),
    ("hostdrives", ""),
];

const SYSTEM_PROPERTIES: &str = include_str!("../output/lists/systemproperties.txt");
const HOST_INFO: &str = include_str!("../output/lists/hostinfo.txt");

impl Call<'_> {
    pub(super) fn list(&mut self) -> Outcome {
        let parts = self.parts(USAGE, "--long|-l --sorted|-s --platform-arch|-p=")?;
        if parts.words.is_empty() {
            return Err(Failure::syntax(USAGE, "Missing subcommand for \"list\" command.\n"));
        }
        for topic in &parts.words {
            self.list_one(topic, parts.has("long"), parts.has("sorted"))?;
        }
        Ok(())
    }

    fn list_one(&mut self, topic: &str, is_long: bool, is_sorted: bool) -> Outcome {
        if let Some((_, text)) = FIXED.iter().find(|(name, _)| *name == topic) {
            self.stdout += text;
            return Ok(());
        }
        match topic {
            "vms" => self.list_machines(is_long, is_sorted, |_| true),
            "runningvms" => {
                self.list_machines(is_long, is_sorted, |machine| machine.state.counts_as_running());
            }
            "hdds" => self.list_media(MediumKind::HardDisk, is_long),
            "dvds" => self.list_media(MediumKind::Dvd, is_long),
            "floppies" => self.list_media(MediumKind::Floppy, is_long),
            "hostonlyifs" => {
                self.stdout +=
                    &self.tenant.look(|virtual_box| networks::interfaces(&virtual_box.host_interfaces));
            }
            "hostonlynets" if self.conditions.host_only_networks => {
                self.stdout +=
                    &self.tenant.look(|virtual_box| networks::networks(&virtual_box.host_only_networks));
            }
            "dhcpservers" => {
                self.stdout += &self.tenant.look(|virtual_box| networks::servers(&virtual_box.dhcp_servers));
            }
            "systemproperties" => {
                let folder = self.tenant.look(|virtual_box| virtual_box.machine_folder.display().to_string());
                self.stdout += &SYSTEM_PROPERTIES.replace("/home/VirtualBox VMs", &folder);
            }
            "hostinfo" => {
                let now = u64::try_from(self.tenant.now().as_millis()).unwrap_or(u64::MAX);
                let time = timestamp::text(now);
                let time = format!("{}000000Z", time.trim_end_matches('Z'));
                let virtualization = if self.conditions.hardware_virtualization { "yes" } else { "no" };
                let text = HOST_INFO.replace("2026-11-22T23:14:16.688000000Z", &time);
                self.stdout +=
                    &text.replace("HW virtualization: no", &format!("HW virtualization: {virtualization}"));
            }
            "usbhost" => self.without_usb(
                "Host USB Devices",
                "COMGETTER(USBDevices)(ComSafeArrayAsOutParam(CollPtr))",
                526,
            ),
            "usbfilters" => self.without_usb(
                "Global USB Device Filters",
                "COMGETTER(USBDeviceFilters)(ComSafeArrayAsOutParam(coll))",
                666,
            ),
            other => return Err(Failure::syntax(USAGE, format!("Unknown subcommand \"{other}\"."))),
        }
        Ok(())
    }

    fn list_machines(&mut self, is_long: bool, is_sorted: bool, is_meant: impl Fn(&Machine) -> bool) {
        let (stdout, stderr) = self.tenant.look(|virtual_box| {
            let (mut stdout, mut stderr) = (String::new(), String::new());
            let mut machines: Vec<_> =
                virtual_box.machines.iter().filter(|machine| is_meant(machine)).collect();
            if is_sorted {
                machines.sort_by(|one, other| one.name.cmp(&other.name));
            }
            for machine in machines {
                match (&machine.access_error, is_long) {
                    (None, false) => drop(writeln!(stdout, "\"{}\" {{{}}}", machine.name, machine.id)),
                    (Some(_), false) => drop(writeln!(stdout, "\"<inaccessible>\" {{{}}}", machine.id)),
                    (None, true) => stdout += &details::listed(machine, virtual_box),
                    (Some(error), true) => {
                        stdout += &inaccessible(machine);
                        stderr += &failure::lines(error, "error");
                    }
                }
            }
            (stdout, stderr)
        });
        self.stdout += &stdout;
        self.stderr += &stderr;
    }

    fn list_media(&mut self, kind: MediumKind, is_long: bool) {
        let text = self.act(|virtual_box, host| {
            let of_kind = virtual_box.media.iter().filter(|medium| medium.kind == kind);
            let ids: Vec<Uuid> = of_kind.map(|medium| medium.id).collect();
            let lines = ids.into_iter().map(|id| match is_long {
                true => {
                    virtual_box.refresh_medium(id, host);
                    media::long(id, virtual_box, host) + "\n"
                }
                false => {
                    let medium = virtual_box.medium(id);
                    let text = medium.map(|medium| medium_lines::text(medium, virtual_box, false, 0));
                    text.unwrap_or_default() + "\n"
                }
            });
            lines.collect::<String>()
        });
        self.stdout += &text;
    }

    fn without_usb(&mut self, heading: &str, call: &'static str, line: u32) {
        let _ = write!(self.stdout, "{heading}:\n\n<none>\n\n");
        let text = "VBoxManage: warning: Could not load the Host USB Proxy service: VERR_NOT_FOUND\n\
                    VBoxManage: warning: Details: code Unknown Status 0x4005 (0x4005), component HostWrap, interface \
                    IHost, callee nsISupports\n";
        let _ = writeln!(
            self.stderr,
            "{text}VBoxManage: warning: Context: \"{call}\" at line {line} of file VBoxManageList.cpp"
        );
    }
}

fn inaccessible(machine: &Machine) -> String {
    format!(
        "Name:            <inaccessible!>\nUUID:            {}\nConfig file:     {}\nEncryption:     disabled\n\
         Access error details:\n\n",
        machine.id,
        machine.settings_file.display()
    )
}
