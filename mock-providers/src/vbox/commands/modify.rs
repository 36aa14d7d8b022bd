//! `modifyvm`.

use std::sync::LazyLock;

use super::{At as _, Call, Failure, Outcome, in_words, place};
use crate::vbox::{
    arguments::{Argument, BadOption, Rules, Setting, setting, split},
    output::usage::{self, Usage},
    state::{BootDevice, Machine, VirtualBox},
};

pub(super) const USAGE: Usage = Usage::Of("modifyvm");

/// Spellings of older versions, and options that the usage text leaves out: name in the rules, other name.
const OLD_NAMES: &[(&str, &str)] = &[
    ("x86pae", "pae"),
    ("x86longmode", "longmode"),
    ("x86hpet", "hpet"),
    ("x86x2apic", "x2apic"),
    ("x86vtxvpid", "vtxvpid"),
    ("x86vtxux", "vtxux"),
    ("firmwarelogofadein", "bioslogofadein"),
    ("firmwarelogofadeout", "bioslogofadeout"),
    ("firmwarelogodisplaytime", "bioslogodisplaytime"),
    ("firmwarelogoimagepath", "bioslogoimagepath"),
    ("firmwarebootmenu", "biosbootmenu"),
    ("firmwareapic", "biosapic"),
    ("firmwaresystemtimeoffset", "biossystemtimeoffset"),
    ("firmwarepxedebug", "biospxedebug"),
    ("audiodriver", "audio"),
    ("clipboardmode", "clipboard"),
    ("usbohci", "usb"),
    ("draganddrop", "draganddrop"),
    ("hostonlynetN", "hostonlynetworkN"),
];
const UNLISTED: &str = "--natdnshostresolverN= --natdnsproxyN= --natdnspassdomainN=";

/// Rules, and the options that are `on` or `off`.
static RULES: LazyLock<(Rules, Vec<String>)> = LazyLock::new(|| {
    let mut text = UNLISTED.to_owned();
    let mut switches = ["natdnshostresolver", "natdnsproxy"].map(str::to_owned).to_vec();
    for (name, is_switch) in usage::options("modifyvm") {
        let name = name.strip_suffix('X').map_or_else(|| name.clone(), |stem| format!("{stem}N"));
        let stem = name.trim_end_matches('N').to_owned();
        let old = OLD_NAMES.iter().find(|(present, _)| *present == name);
        let old = old.map(|(_, old)| format!("|{}", old.trim_end_matches('N'))).unwrap_or_default();
        let number = if name.ends_with('N') { "N" } else { "" };
        text += &format!(" {stem}{old}{number}=");
        if is_switch {
            switches.push(stem);
        }
    }
    (Rules::new(&text), switches)
});

/// One option of the call.
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    pub(super) written: &'a str,
    pub(super) number: u32,
    pub(super) value: &'a str,
}

impl Call<'_> {
    pub(super) fn modify_machine(&mut self) -> Outcome {
        let [machine, options @ ..] = self.arguments else {
            return Err(Failure::syntax(USAGE, "Not enough parameters"));
        };
        if options.is_empty() {
            return Err(Failure::syntax(USAGE, "Not enough parameters"));
        }
        let tenant = self.tenant;
        tenant.act(|virtual_box, host| {
            let id = virtual_box.find_machine(machine).at(place::FIND_MODIFY)?;
            let mut draft = virtual_box.draft(id).at(place::LOCK_MODIFY)?;
            self.change_all(virtual_box, &mut draft, options)?;
            virtual_box.save(draft, host).at(place::MODIFY_SAVE)
        })
    }

    fn change_all(&mut self, virtual_box: &VirtualBox, draft: &mut Machine, options: &[String]) -> Outcome {
        let options = rejoin_deletions(options)?;
        let (rules, switches) = &*RULES;
        for argument in split(&options, rules).map_err(|bad| wrong(&bad))? {
            let (name, written, number, value) = match argument {
                Argument::Word(word) => return Err(wrong(&BadOption::Unknown(word))),
                Argument::Option { name, written, number, value } => (name, written, number, value),
            };
            if switches.contains(&name) && !matches!(value.as_str(), "on" | "off") {
                return Err(wrong(&BadOption::Unknown(value)));
            }
            let change =
                Change { name: &name, written: &written, number: number.unwrap_or_default(), value: &value };
            self.change(virtual_box, draft, &change)?;
        }
        Ok(())
    }

    fn change(&mut self, virtual_box: &VirtualBox, draft: &mut Machine, change: &Change<'_>) -> Outcome {
        let Change { name, value, number, .. } = *change;
        match name {
            "name" => draft.set_name(value).at(place::SET_NAME),
            "memory" => {
                let megabytes = self.number(value)?;
                draft.set_memory(megabytes).at(place::SET_MEMORY)
            }
            "vram" => {
                let megabytes = self.number(value)?;
                draft.set_video_memory(megabytes).at(place::SET_VIDEO_MEMORY)
            }
            "cpus" => {
                let count = self.number(value)?;
                draft.set_cpus(count).at(place::SET_CPUS)
            }
            "ostype" => {
                value.clone_into(&mut draft.mutable()?.os_type);
                Ok(())
            }
            "description" => {
                value.clone_into(&mut draft.mutable()?.description);
                Ok(())
            }
            "groups" => {
                draft.require_mutable()?;
                draft.groups = value.split(',').map(str::to_owned).collect();
                Ok(())
            }
            "hardwareuuid" => {
                draft.require_mutable()?;
                draft.hardware_id =
                    value.parse().map_err(|_| wrong(&BadOption::Unknown(value.to_owned())))?;
                Ok(())
            }
            "boot" => {
                let device = boot_device(value).ok_or_else(|| Failure::Plain {
                    exit: 2,
                    text: format!("Invalid boot device '{value}'"),
                })?;
                draft.set_boot_device(number, device).at(place::SET_BOOT)
            }
            _ if self.change_adapter(virtual_box, draft, change)? => Ok(()),
            _ => match setting(name, value) {
                Setting::Keep(key, value) => {
                    let settings = &mut draft.mutable()?.settings;
                    settings.insert(key, value);
                    Ok(())
                }
                Setting::Unseen => Ok(draft.require_mutable()?),
                Setting::Invalid => {
                    let written = change.written;
                    Err(Failure::plain(format!("Invalid {written} argument '{value}'")))
                }
            },
        }
    }

    /// A number; the real program says nothing about a text that is none.
    pub(super) fn number(&mut self, text: &str) -> Result<u32, Failure> {
        text.parse().map_err(|_| {
            let banner = usage::error(USAGE, "", true);
            let end = banner.find("error: ").map_or(0, |at| at + "error: ".len());
            self.stderr += &banner[..end];
            Failure::Printed { exit: 1 }
        })
    }
}

/// `--natpf1 delete NAME` has two values; they are made one.
fn rejoin_deletions(options: &[String]) -> Result<Vec<String>, Failure> {
    let mut rejoined: Vec<String> = Vec::with_capacity(options.len());
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let is_rule = rejoined.last().is_some_and(|last| last.replace('-', "").starts_with("natpf"));
        if is_rule && option == "delete" {
            let name = rest.next().ok_or_else(|| Failure::syntax(USAGE, "Not enough parameters"))?;
            rejoined.push(format!("delete,{name}"));
        } else {
            rejoined.push(option.clone());
        }
    }
    Ok(rejoined)
}

fn boot_device(value: &str) -> Option<BootDevice> {
    Some(match value {
        "none" => BootDevice::None,
        "floppy" => BootDevice::Floppy,
        "dvd" => BootDevice::Dvd,
        "disk" => BootDevice::Disk,
        "net" => BootDevice::Network,
        _ => return None,
    })
}

/// Wrong options exit with 1 here.
fn wrong(bad: &BadOption) -> Failure {
    Failure::Syntax { exit: 1, usage: USAGE, text: in_words(bad), is_apart: false }
}
