//! `showvminfo`: everything about a machine.

use super::{
    adapters, drives, os_types,
    page::{Format, Page, time},
    settings::{self, Kind},
    snapshots,
};
use crate::vbox::state::{BootDevice, Configuration, Machine, MachineState, SharedFolder, VirtualBox};

/// What `showvminfo` prints.
pub(in crate::vbox) fn text(machine: &Machine, virtual_box: &VirtualBox, format: Format) -> String {
    print(machine, virtual_box, format, machine.state.is_online())
}

/// What `list --long` prints: it does not ask the VM process.
pub(in crate::vbox) fn listed(machine: &Machine, virtual_box: &VirtualBox) -> String {
    print(machine, virtual_box, Format::People, false)
}

fn print(machine: &Machine, virtual_box: &VirtualBox, format: Format, has_console: bool) -> String {
    let configuration = &machine.configuration;
    let mut page = Page::new(format);
    identity(&mut page, machine);
    hardware(&mut page, machine, configuration);
    state(&mut page, machine);
    settings::group(&mut page, configuration, settings::BEHAVIOUR);
    drives::print(&mut page, configuration, virtual_box);
    for (index, adapter) in configuration.adapters.iter().enumerate() {
        adapters::print(&mut page, index + 1, adapter, configuration);
    }
    settings::group(&mut page, configuration, settings::DEVICES);
    session(&mut page, machine, has_console);
    settings::group(&mut page, configuration, settings::REMOTE);
    page.labelled("USB Device Filters", "<none>");
    if has_console {
        page.labelled("Available remote USB devices", "<none>");
        page.labelled("Currently attached USB devices", "<none>");
    }
    page.labelled("Bandwidth groups", "<none>");
    shared_folders(&mut page, machine);
    if has_console {
        page.text("VRDEActiveConnection", "off", "VRDE Connection", "not active");
        // Two equal signs, really.
        page.number("VRDEClients=", "Clients so far", "0", "");
    }
    recording(&mut page, machine);
    if !configuration.description.is_empty() {
        match format {
            Format::Programs => page.quoted("description", &configuration.description),
            Format::People => page.line(&format!("Description:\n{}", configuration.description)),
        }
    }
    snapshots::print(&mut page, machine);
    page.note("* Guest:");
    page.number("GuestMemoryBalloon", "Configured memory balloon", "0", "MB");
    if has_console {
        page.same("GuestOSType", "OS type", &configuration.os_type);
        page.number("GuestAdditionsRunLevel", "Additions run level", "0", "");
        page.labelled("Guest Facilities", "<none>");
        if let Some(value) = configuration.settings.get(settings::SEAMLESS) {
            page.only_for_programs(settings::SEAMLESS, value);
        }
    }
    page.note("");
    page.finish()
}

fn identity(page: &mut Page, machine: &Machine) {
    let configuration = &machine.configuration;
    let path = |path: &std::path::Path| path.display().to_string();
    page.same("name", "Name", &machine.name);
    page.same("encryption", "Encryption", "disabled");
    page.same("groups", "Groups", &machine.groups.join(","));
    page.same("platformArchitecture", "Platform Architecture", machine.platform);
    page.same("ostype", "Guest OS", os_types::description(&configuration.os_type));
    page.same("UUID", "UUID", &machine.id.to_string());
    page.same("CfgFile", "Config file", &path(&machine.settings_file));
    page.same("SnapFldr", "Snapshot folder", &path(&machine.snapshot_folder()));
    page.same("LogFldr", "Log folder", &path(&machine.log_folder()));
    page.same("hardwareuuid", "Hardware UUID", &machine.hardware_id.to_string());
}

fn hardware(page: &mut Page, machine: &Machine, configuration: &Configuration) {
    page.number("memory", "Memory size", &configuration.memory.to_string(), "MB");
    settings::setting(page, configuration, "pagefusion");
    page.number("vram", "VRAM size", &configuration.video_memory.to_string(), "MB");
    settings::group(page, configuration, settings::PROCESSOR);
    page.number("cpus", "Number of CPUs", &configuration.cpus.to_string(), "");
    settings::group(page, configuration, settings::PLATFORM);
    for (index, device) in configuration.boot_order.iter().enumerate() {
        let (word, words) = boot_device(*device);
        let number = index + 1;
        page.text(&format!("boot{number}"), word, &format!("Boot Device {number}"), words);
    }
    settings::group(page, configuration, settings::FIRMWARE);
    let nvram = machine.settings_file.with_extension("nvram").display().to_string();
    page.same("NvramFile", "BIOS NVRAM File", &nvram);
    settings::group(page, configuration, settings::CLOCK);
    let provider = os_types::paravirtualization(&configuration.os_type);
    let kind = Kind::Words(&[("none", "None"), ("kvm", "KVM"), ("hyperv", "HyperV"), ("minimal", "Minimal")]);
    kind.print(page, "effparavirtprovider", "Effective Paravirt. Prov.", provider);
}

fn boot_device(device: BootDevice) -> (&'static str, &'static str) {
    match device {
        BootDevice::None => ("none", "Not Assigned"),
        BootDevice::Floppy => ("floppy", "Floppy"),
        BootDevice::Dvd => ("dvd", "DVD"),
        BootDevice::Disk => ("disk", "HardDisk"),
        BootDevice::Network => ("net", "Network"),
    }
}

fn state(page: &mut Page, machine: &Machine) {
    let since = time(machine.state_since);
    let words = match machine.state {
        MachineState::PoweredOff => "powered off",
        MachineState::GuruMeditation => "guru meditation",
        state => state.word(),
    };
    page.text("VMState", machine.state.word(), "State", &format!("{words} (since {since})"));
    page.quoted("VMStateChangeTime", &since);
    if let Some(file) = &machine.state_file {
        page.quoted("VMStateFile", &file.display().to_string());
    }
}

fn session(page: &mut Page, machine: &Machine, has_console: bool) {
    if !machine.state.is_online() {
        return;
    }
    page.same("SessionName", "Session name", &machine.frontend);
    if !has_console {
        return;
    }
    let is_early = matches!(machine.state, MachineState::Starting | MachineState::Restoring);
    let (width, height) = if is_early { (0, 0) } else { (720, 400) };
    match page.format {
        Format::Programs => page.line(&format!("VideoMode=\"{width},{height},0\"@0,0 1")),
        Format::People => page.labelled("Video mode", &format!("{width}x{height}x0 at 0,0 enabled")),
    }
}

fn shared_folders(page: &mut Page, machine: &Machine) {
    let transient: &[SharedFolder] = match machine.state.is_online() {
        true => &machine.transient_folders,
        false => &[],
    };
    let lists = [("Machine", machine.configuration.shared_folders.as_slice()), ("Transient", transient)];
    let none = if lists.iter().all(|(_, folders)| folders.is_empty()) { "<none>" } else { "" };
    page.labelled("Shared folders", none);
    for (list, folders) in lists {
        for (index, folder) in folders.iter().enumerate() {
            let number = index + 1;
            let path = folder.path.display().to_string();
            page.quoted(&format!("SharedFolderName{list}Mapping{number}"), &folder.name);
            page.quoted(&format!("SharedFolderPath{list}Mapping{number}"), &path);
            if !page.is_for_programs() {
                let kind = list.to_lowercase();
                let access = if folder.writable { "writable" } else { "readonly" };
                let mount = if folder.auto_mount { ", auto-mount" } else { "" };
                let name = &folder.name;
                page.line(&format!("Name: '{name}', Host path: '{path}' ({kind} mapping), {access}{mount}"));
            }
        }
    }
}

fn recording(page: &mut Page, machine: &Machine) {
    let file = format!("{}-screen0.webm", machine.settings_file.with_extension("").display());
    page.text("recording_started", "off", "Recording status", "stopped");
    page.text("recording_enabled", "off", "Recording enabled", "no");
    page.number("recording_screens", "Recording screens", "1", "");
    if page.is_for_programs() {
        // Without an equals sign, really.
        page.line(" rec_screen0");
    }
    page.note(" Screen 0:");
    page.text("rec_screen_enabled", "on", "    Enabled", "yes");
    page.number("rec_screen_id", "    ID", "0", "");
    page.text("rec_screen_video_enabled", "on", "    Record video", "yes");
    page.text("rec_screen_audio_enabled", "off", "    Record audio", "no");
    page.same("rec_screen_dest", "    Destination", "File");
    page.same("rec_screen_dest_filename", "    File", &file);
    page.same("rec_screen_opts", "    Options", "ac_profile=med");
    page.same("rec_screen_video_res_xy", "    Video dimensions", "1024x768");
    page.number("rec_screen_video_rate_kbps", "    Video rate", "512", "kbps");
    page.number("rec_screen_video_fps", "    Video FPS", "25", "fps");
}
