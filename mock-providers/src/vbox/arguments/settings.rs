//! What options of `modifyvm` set.

use crate::vbox::output::settings;

/// A setting without a behaviour and its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::vbox) enum Setting {
    /// It is kept.
    Keep(&'static str, String),
    /// It is taken and shown nowhere.
    Unseen,
    /// The value is none of those that the option has.
    Invalid,
}

/// Names of options without dashes whose setting has another key.
const KEYS: &[(&str, &str)] = &[
    ("x86pae", "pae"),
    ("x86longmode", "longmode"),
    ("x86hpet", "hpet"),
    ("x86x2apic", "x2apic"),
    ("x86vtxvpid", "vtxvpid"),
    ("x86vtxux", "vtxux"),
    ("nestedhwvirt", "nested-hw-virt"),
    ("firmwarebootmenu", "bootmenu"),
    ("firmwareapic", "biosapic"),
    ("firmwaresystemtimeoffset", "biossystemtimeoffset"),
    ("cpuprofile", "cpu-profile"),
    ("cpuidportabilitylevel", "cpuid-portability-level"),
    ("clipboardmode", "clipboard"),
    ("clipboardfiletransfers", "clipboard_file_transfers"),
    ("usbohci", "usb"),
    ("usbehci", "ehci"),
    ("usbxhci", "xhci"),
    ("mouse", "hidpointing"),
    ("keyboard", "hidkeyboard"),
    ("audiodriver", "audio"),
    ("audioin", "audio_in"),
    ("audioout", "audio_out"),
    ("autostartenabled", "autostart-enabled"),
    ("autostartdelay", "autostart-delay"),
    ("teleporter", "teleporterenabled"),
    ("tracingenabled", "tracing-enabled"),
    ("tracingallowvmaccess", "tracing-allow-vm-access"),
    ("tracingconfig", "tracing-config"),
    ("vmprocesspriority", "vmprocpriority"),
];

/// Values that are shown in another way than they are given.
const VALUES: &[(&str, &[(&str, &str)])] = &[
    ("firmware", &[("bios", "BIOS"), ("efi", "EFI"), ("efi32", "EFI32"), ("efi64", "EFI64")]),
    ("hidpointing", &[("ps2", "ps2mouse"), ("usb", "usbmouse"), ("usbtablet", "usbtablet")]),
    ("hidkeyboard", &[("ps2", "ps2kbd"), ("usb", "usbkbd")]),
    (
        "audio",
        &[
            ("none", "null"),
            ("null", "null"),
            ("default", "default"),
            ("alsa", "alsa"),
            ("oss", "oss"),
            ("pulse", "pulse"),
        ],
    ),
    ("bootmenu", &[("disabled", "disabled"), ("menuonly", "menuonly"), ("messageandmenu", "messageandmenu")]),
    ("chipset", &[("piix3", "piix3"), ("ich9", "ich9")]),
];

/// What an option means; `name` is without dashes.
pub(in crate::vbox) fn setting(name: &str, value: &str) -> Setting {
    let key = KEYS.iter().find(|(option, _)| *option == name).map_or(name, |(_, key)| *key);
    let Some(key) = settings::key(key) else {
        return Setting::Unseen;
    };
    let Some((_, values)) = VALUES.iter().find(|(of, _)| *of == key) else {
        return Setting::Keep(key, value.to_owned());
    };
    let found = values.iter().find(|(given, _)| given.eq_ignore_ascii_case(value));
    found.map_or(Setting::Invalid, |(_, shown)| Setting::Keep(key, (*shown).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_values_are_translated() {
        let keep = |key, value: &str| Setting::Keep(key, value.to_owned());
        assert_eq!(setting("x86pae", "off"), keep("pae", "off"));
        assert_eq!(setting("firmware", "bios"), keep("firmware", "BIOS"));
        assert_eq!(setting("firmware", "nope"), Setting::Invalid);
        assert_eq!(setting("firmwarelogofadein", "on"), Setting::Unseen);
    }

    #[test]
    fn every_key_is_one_that_is_printed() {
        for (option, key) in KEYS {
            assert!(settings::key(key).is_some(), "{option} sets {key}, which nobody prints");
        }
    }
}
