//! Storage controllers of a machine and what is attached to them.

use super::page::{Page, on};
use crate::vbox::state::{Configuration, Controller, Device, MediumKind, VirtualBox};

pub(super) fn print(page: &mut Page, configuration: &Configuration, virtual_box: &VirtualBox) {
    let controllers = &configuration.controllers;
    if !page.is_for_programs() {
        match controllers.is_empty() {
            true => page.labelled("Storage Controllers", "<none>"),
            false => page.line("Storage Controllers:"),
        }
    }
    for (number, controller) in controllers.iter().enumerate() {
        for (key, value) in [
            ("name", controller.name.as_str()),
            ("type", controller.kind),
            ("instance", &controller.instance.to_string()),
            ("maxportcount", &controller.bus.max_ports().to_string()),
            ("portcount", &controller.ports.to_string()),
            ("bootable", on(controller.bootable)),
        ] {
            page.quoted(&format!("storagecontroller{key}{number}"), value);
        }
        let bootable = if controller.bootable { ", Bootable" } else { "" };
        page.note(&format!(
            "#{number}: '{}', Type: {}, Instance: {}, Ports: {} (max {}){bootable}",
            controller.name,
            controller.kind,
            controller.instance,
            controller.ports,
            controller.bus.max_ports()
        ));
        if !page.is_for_programs() {
            for device in &controller.devices {
                for_people(page, device, virtual_box);
            }
        }
    }
    if page.is_for_programs() {
        for controller in controllers {
            for_programs(page, controller, virtual_box);
        }
    }
}

fn for_people(page: &mut Page, device: &Device, virtual_box: &VirtualBox) {
    let place = format!("  Port {}, Unit {}:", device.port, device.device);
    match device.medium.and_then(|id| virtual_box.medium(id)) {
        None => page.line(&format!("{place} Empty")),
        Some(medium) => {
            page.line(&format!("{place} UUID: {}", medium.id));
            page.line(&format!("    Location: \"{}\"", medium.location.display()));
        }
    }
}

fn for_programs(page: &mut Page, controller: &Controller, virtual_box: &VirtualBox) {
    let name = &controller.name;
    for port in 0..controller.ports {
        for unit in 0..controller.bus.devices_per_port() {
            let key = |what: &str| format!("\"{name}-{what}{port}-{unit}\"");
            let Some(device) = controller.device(port, unit) else {
                page.quoted(&key(""), "none");
                continue;
            };
            let Some(medium) = device.medium.and_then(|id| virtual_box.medium(id)) else {
                page.quoted(&key(""), "emptydrive");
                page.quoted(&key("IsEjected-"), "off");
                continue;
            };
            page.quoted(&key(""), &medium.location.display().to_string());
            page.quoted(&key("ImageUUID-"), &medium.id.to_string());
            if device.kind == MediumKind::Dvd {
                page.quoted(&key("tempeject-"), on(device.temporary_eject));
                page.quoted(&key("IsEjected-"), "off");
            }
            page.quoted(&key("hot-pluggable-"), on(device.hot_pluggable));
            page.quoted(&key("nonrotational-"), on(device.non_rotational));
            page.quoted(&key("discard-"), on(device.discard));
        }
    }
}
