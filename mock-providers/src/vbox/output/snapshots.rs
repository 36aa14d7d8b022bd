//! Snapshots of a machine.

use super::page::{Format, Page};
use crate::vbox::state::{Machine, Snapshot, Uuid};

/// The snapshots, if there are any, as a part of `showvminfo`.
pub(super) fn print(page: &mut Page, machine: &Machine) {
    if machine.snapshots.is_empty() {
        return;
    }
    page.note("* Snapshots:");
    let text = list(machine, page.format);
    for line in text.lines() {
        page.line(line);
    }
}

/// What `snapshot list` prints.
pub(in crate::vbox) fn list(machine: &Machine, format: Format) -> String {
    let mut page = Page::new(format);
    children(&mut page, machine, None, "");
    let current = machine.snapshots.iter().find(|it| Some(it.id) == machine.current_snapshot);
    if let Some(current) = current {
        page.quoted("CurrentSnapshotName", &current.name);
        page.quoted("CurrentSnapshotUUID", &current.id.to_string());
        page.quoted("CurrentSnapshotNode", &format!("SnapshotName{}", place(machine, current)));
    }
    page.finish()
}

fn children(page: &mut Page, machine: &Machine, parent: Option<Uuid>, place: &str) {
    let children = machine.snapshots.iter().filter(|snapshot| snapshot.parent == parent);
    for (index, snapshot) in children.enumerate() {
        let place = if parent.is_none() { String::new() } else { format!("{place}-{}", index + 1) };
        one(page, machine, snapshot, &place);
        self::children(page, machine, Some(snapshot.id), &place);
    }
}

fn one(page: &mut Page, machine: &Machine, snapshot: &Snapshot, place: &str) {
    page.quoted(&format!("SnapshotName{place}"), &snapshot.name);
    page.quoted(&format!("SnapshotUUID{place}"), &snapshot.id.to_string());
    if !snapshot.description.is_empty() {
        page.quoted(&format!("SnapshotDescription{place}"), &snapshot.description);
    }
    if page.format == Format::People {
        let indent = "   ".repeat(1 + place.matches('-').count());
        let mark = if Some(snapshot.id) == machine.current_snapshot { " *" } else { "" };
        page.line(&format!("{indent}Name: {} (UUID: {}){mark}", snapshot.name, snapshot.id));
        if !snapshot.description.is_empty() {
            page.line(&format!("{indent}Description: {}", snapshot.description));
        }
    }
}

/// Place of a snapshot in the tree: ``, `-1`, `-1-2`.
fn place(machine: &Machine, snapshot: &Snapshot) -> String {
    let Some(parent) = snapshot.parent else {
        return String::new();
    };
    let parent = machine.snapshots.iter().find(|it| it.id == parent);
    let siblings = machine.snapshots.iter().filter(|it| it.parent == snapshot.parent);
    let index = siblings.take_while(|it| it.id != snapshot.id).count() + 1;
    format!("{}-{index}", parent.map(|parent| place(machine, parent)).unwrap_or_default())
}
