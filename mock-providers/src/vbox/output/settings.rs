//! Settings without a behaviour: their defaults, and how they are printed.

use std::collections::BTreeMap;

use super::page::Page;
use crate::vbox::state::Configuration;

/// How the value of a setting is printed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// `on` or `off`.
    Switch,
    /// A number and its unit for people.
    Number(&'static str),
    /// A text, the same for all.
    Text,
    /// Words, and what people read instead. A word that is not here is printed as it is.
    Words(&'static [(&'static str, &'static str)]),
    /// A switch whose words for people are special.
    Special(&'static str, &'static str),
    /// Only for people: the words.
    PeopleOnly(&'static str),
}

impl Kind {
    pub(super) fn print(self, page: &mut Page, key: &str, label: &str, value: &str) {
        match self {
            Self::Switch => page.switch(key, label, value),
            Self::Number(unit) => page.number(key, label, value, unit),
            Self::Text => page.same(key, label, value),
            Self::Words(words) => {
                let found = words.iter().find(|(word, _)| *word == value);
                page.text(key, value, label, found.map_or(value, |(_, words)| *words));
            }
            Self::Special(on, off) => page.text(key, value, label, if value == "on" { on } else { off }),
            Self::PeopleOnly(words) => page.labelled(label, words),
        }
    }
}

/// A setting: key for programs, label for people, default, kind.
type Row = (&'static str, &'static str, &'static str, Kind);

const MEMORY: &[Row] = &[("pagefusion", "Page Fusion", "off", Kind::Switch)];

pub(super) const PROCESSOR: &[Row] = &[
    ("cpuexecutioncap", "CPU exec cap", "100", Kind::Number("%")),
    ("cpu-profile", "CPUProfile", "host", Kind::Text),
    ("chipset", "Chipset", "piix3", Kind::Text),
    ("firmware", "Firmware", "BIOS", Kind::Text),
];

pub(super) const PLATFORM: &[Row] = &[
    ("hpet", "HPET", "off", Kind::Switch),
    ("pae", "PAE", "on", Kind::Switch),
    ("longmode", "Long Mode", "on", Kind::Switch),
    ("triplefaultreset", "Triple Fault Reset", "off", Kind::Switch),
    ("apic", "APIC", "on", Kind::Switch),
    ("x2apic", "X2APIC", "off", Kind::Switch),
    ("nested-hw-virt", "Nested VT-x/AMD-V", "off", Kind::Switch),
    ("cpuid-overrides", "CPUID overrides", "", Kind::PeopleOnly("None")),
    ("hwvirtex", "Hardware Virtualization", "on", Kind::Switch),
    ("nestedpaging", "Nested Paging", "on", Kind::Switch),
    ("largepages", "Large Pages", "off", Kind::Switch),
    ("vtxvpid", "VT-x VPID", "on", Kind::Switch),
    ("vtxux", "VT-x Unrestricted Exec.", "on", Kind::Switch),
    ("virtvmsavevmload", "AMD-V Virt. Vmsave/Vmload", "on", Kind::Switch),
    ("cpuid-portability-level", "CPUID Portability Level", "0", Kind::Number("")),
    (
        "bootmenu",
        "Boot menu mode",
        "messageandmenu",
        Kind::Words(&[("messageandmenu", "message and menu"), ("menuonly", "menu only")]),
    ),
];

pub(super) const FIRMWARE: &[Row] = &[
    ("acpi", "ACPI", "on", Kind::Switch),
    ("ioapic", "IOAPIC", "on", Kind::Switch),
    ("biosapic", "BIOS APIC mode", "apic", Kind::Words(&[("apic", "APIC"), ("x2apic", "X2APIC")])),
    ("biossystemtimeoffset", "Time offset", "0", Kind::Number("ms")),
];

pub(super) const CLOCK: &[Row] = &[
    ("rtcuseutc", "RTC", "off", Kind::Special("UTC", "local time")),
    (
        "iommu",
        "IOMMU",
        "none",
        Kind::Words(&[("none", "None"), ("automatic", "Automatic"), ("amd", "AMD"), ("intel", "Intel")]),
    ),
    (
        "paravirtprovider",
        "Paravirt. Provider",
        "default",
        Kind::Words(&[
            ("default", "Default"),
            ("none", "None"),
            ("legacy", "Legacy"),
            ("minimal", "Minimal"),
            ("hyperv", "HyperV"),
            ("kvm", "KVM"),
        ]),
    ),
];

pub(super) const BEHAVIOUR: &[Row] = &[
    (
        "graphicscontroller",
        "Graphics Controller",
        "vboxvga",
        Kind::Words(&[
            ("vboxvga", "VBoxVGA"),
            ("vmsvga", "VMSVGA"),
            ("vboxsvga", "VBoxSVGA"),
            ("none", "Null"),
        ]),
    ),
    ("monitorcount", "Monitor count", "1", Kind::Number("")),
    ("accelerate3d", "3D Acceleration", "off", Kind::Switch),
    ("teleporterenabled", "Teleporter Enabled", "off", Kind::Switch),
    ("teleporterport", "Teleporter Port", "0", Kind::Number("")),
    ("teleporteraddress", "Teleporter Address", "", Kind::Text),
    ("teleporterpassword", "Teleporter Password", "", Kind::Text),
    ("tracing-enabled", "Tracing Enabled", "off", Kind::Switch),
    ("tracing-allow-vm-access", "Allow Tracing to Access VM", "off", Kind::Switch),
    ("tracing-config", "Tracing Configuration", "", Kind::Text),
    ("autostart-enabled", "Autostart Enabled", "off", Kind::Switch),
    ("autostart-delay", "Autostart Delay", "0", Kind::Number("")),
    ("defaultfrontend", "Default Frontend", "", Kind::Text),
    ("vmprocpriority", "VM process priority", "default", Kind::Text),
];

pub(super) const DEVICES: &[Row] = &[
    (
        "hidpointing",
        "Pointing Device",
        "ps2mouse",
        Kind::Words(&[("ps2mouse", "PS/2 Mouse"), ("usbmouse", "USB Mouse"), ("usbtablet", "USB Tablet")]),
    ),
    (
        "hidkeyboard",
        "Keyboard Device",
        "ps2kbd",
        Kind::Words(&[("ps2kbd", "PS/2 Keyboard"), ("usbkbd", "USB Keyboard")]),
    ),
    ("uart1", "UART 1", "off", Kind::Switch),
    ("uart2", "UART 2", "off", Kind::Switch),
    ("uart3", "UART 3", "off", Kind::Switch),
    ("uart4", "UART 4", "off", Kind::Switch),
    ("lpt1", "LPT 1", "off", Kind::Switch),
    ("lpt2", "LPT 2", "off", Kind::Switch),
    (
        "audio",
        "Audio",
        "default",
        Kind::Words(&[
            ("default", "enabled (Driver: Default, Controller: AC97, Codec: STAC9700)"),
            ("null", "enabled (Driver: Null, Controller: AC97, Codec: STAC9700)"),
            ("alsa", "enabled (Driver: ALSA, Controller: AC97, Codec: STAC9700)"),
            ("pulse", "enabled (Driver: PulseAudio, Controller: AC97, Codec: STAC9700)"),
            ("oss", "enabled (Driver: OSS, Controller: AC97, Codec: STAC9700)"),
        ]),
    ),
    ("audio_out", "Audio playback", "off", Kind::Switch),
    ("audio_in", "Audio capture", "off", Kind::Switch),
    ("clipboard", "Clipboard Mode", "disabled", Kind::Text),
    ("clipboard_file_transfers", "Clipboard file transfers", "off", Kind::Switch),
    ("draganddrop", "Drag and drop Mode", "disabled", Kind::Text),
];

pub(super) const REMOTE: &[Row] = &[
    ("vrde", "VRDE", "off", Kind::Switch),
    ("usb", "OHCI USB", "off", Kind::Switch),
    ("ehci", "EHCI USB", "off", Kind::Switch),
    ("xhci", "xHCI USB", "off", Kind::Switch),
];

/// Printed with the adapters that translate addresses; `0` until the settings have been read from their file.
pub(in crate::vbox) const LOCALHOST_REACHABLE: &str = "localhostReachable";

/// A facility of the guest that VirtualBox shows once the memory has been restored, with the time of that.
pub(in crate::vbox) const SEAMLESS: &str = "GuestAdditionsFacility_Seamless Mode";

const GROUPS: [&[Row]; 8] = [MEMORY, PROCESSOR, PLATFORM, FIRMWARE, CLOCK, BEHAVIOUR, DEVICES, REMOTE];

/// The settings of a new machine.
pub(in crate::vbox) fn defaults(os_type: &str) -> BTreeMap<&'static str, String> {
    let rows = GROUPS.into_iter().flatten();
    let mut defaults: BTreeMap<_, _> = rows.map(|(key, _, value, _)| (*key, (*value).to_owned())).collect();
    defaults.insert(LOCALHOST_REACHABLE, "0".to_owned());
    if !os_type.is_empty() {
        // What is measured with Linux; other systems differ in more than this.
        for (key, value) in [("pae", "off"), ("x2apic", "on"), ("rtcuseutc", "on")] {
            defaults.insert(key, value.to_owned());
        }
    }
    defaults
}

/// The key of a setting as a constant.
pub(in crate::vbox) fn key(name: &str) -> Option<&'static str> {
    let mut rows = GROUPS.into_iter().flatten();
    rows.find(|(key, ..)| *key == name).map(|(key, ..)| *key)
}

/// Prints a group of settings.
pub(super) fn group(page: &mut Page, configuration: &Configuration, rows: &[Row]) {
    for (key, label, default, kind) in rows {
        let value = configuration.settings.get(key).map_or(*default, String::as_str);
        kind.print(page, key, label, value);
    }
}

/// Prints one setting.
pub(super) fn setting(page: &mut Page, configuration: &Configuration, name: &str) {
    let rows: Vec<Row> = GROUPS.into_iter().flatten().copied().filter(|(key, ..)| *key == name).collect();
    group(page, configuration, &rows);
}
