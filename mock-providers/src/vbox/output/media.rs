//! `list hdds`, `showmediuminfo`: media.

use crate::vbox::state::{ImageFormat, Medium, MediumKind, Variant, VirtualBox};

/// Lines about a medium. Everything is `is_long`; `length` is that of the file.
pub(in crate::vbox) fn text(medium: &Medium, virtual_box: &VirtualBox, is_long: bool, length: u64) -> String {
    let mut lines = vec![("UUID", medium.id.to_string())];
    let is_disk = medium.kind == MediumKind::HardDisk;
    if is_disk {
        let parent = medium.parent.map_or_else(|| "base".to_owned(), |parent| parent.to_string());
        lines.push(("Parent UUID", parent));
    }
    let state = if medium.access_error.is_some() { "inaccessible" } else { "created" };
    lines.push(("State", state.to_owned()));
    if let Some(error) = medium.access_error.as_ref().filter(|_| is_long) {
        lines.push(("Access Error", error.clone()));
    }
    let kind = match (is_disk, medium.parent) {
        (false, _) => "readonly".to_owned(),
        (true, None) => format!("{} (base)", medium.disk_type),
        (true, Some(_)) => format!("{} (differencing)", medium.disk_type),
    };
    lines.push(("Type", kind));
    lines.push(("Location", medium.location.display().to_string()));
    lines.push(("Storage format", medium.format.name().to_owned()));
    if is_long && is_disk {
        lines.push(("Format variant", variant(medium.variant).to_owned()));
    }
    lines.push(("Capacity", format!("{} MBytes", medium.capacity >> 20)));
    if is_long {
        lines.push(("Size on disk", format!("{} MBytes", length >> 20)));
    }
    lines.push(("Encryption", "disabled".to_owned()));
    let mut text: String =
        lines.into_iter().map(|(label, value)| format!("{:<15} {value}\n", format!("{label}:"))).collect();
    if is_long {
        text += &indented("Property", properties(medium.format).iter().map(|name| (*name).to_owned()));
        let users = virtual_box.users_of(medium.id);
        text += &indented(
            "In use by VMs",
            users.iter().map(|machine| format!("{} (UUID: {})", machine.name, machine.id)),
        );
    }
    text
}

/// A label with values below each other.
fn indented(label: &str, values: impl Iterator<Item = String>) -> String {
    let labels = std::iter::once(format!("{label}:")).chain(std::iter::repeat(String::new()));
    labels.zip(values).map(|(label, value)| format!("{label:<15} {value}\n")).collect()
}

fn variant(variant: Variant) -> &'static str {
    match variant {
        Variant::Standard => "dynamic default",
        Variant::Fixed => "fixed default",
        Variant::Differencing => "differencing default",
    }
}

fn properties(format: ImageFormat) -> &'static [&'static str] {
    match format {
        ImageFormat::Vmdk => &["BootSector=", "Partitions=", "RawDrive=", "Relative="],
        ImageFormat::Vdi => &["AllocationBlockSize=1048576"],
        ImageFormat::Vhd | ImageFormat::Raw => &[],
    }
}
