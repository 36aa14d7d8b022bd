//! Tests of the external world, with commands that are small shell scripts around a folder of files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::Path;

use super::*;

/// Objects are the files of `objects/`; the name of one is the machine that it belongs to.
fn world_in(folder: &Path, most_machines: u32) -> ExternalWorld {
    std::fs::create_dir_all(folder.join("objects")).unwrap();
    let print = "printf '{\"kind\":\"vm\",\"id\":\"%s\",\"machine\":\"%s\"}\\n'";
    let scripts = [
        (Act::Inventory, format!("for f in $(ls objects); do {print} $f $f; done")),
        (
            Act::Sweep,
            format!(
                "for m in $0 \"$@\"; do test -e objects/$m && rm objects/$m && {print} $m $m; done; true"
            ),
        ),
        (Act::Delete, "rm objects/$0".to_owned()),
        (Act::Pause, "touch objects/$0.paused".to_owned()),
        (Act::Readdress, "echo '{\"address\":\"192.0.2.8\"}'".to_owned()),
    ];
    let mut options = ExternalOptions::new(folder.to_owned());
    options.commands = scripts
        .into_iter()
        .map(|(act, script)| (act, vec!["sh".to_owned(), "-c".to_owned(), script]))
        .collect();
    ExternalWorld::new(options, most_machines)
}

fn put(folder: &Path, machine: &str) {
    std::fs::write(folder.join("objects").join(machine), "").unwrap();
}

#[tokio::test]
async fn commands_list_and_act() {
    let folder = tempfile::tempdir().unwrap();
    let world = world_in(folder.path(), 9);
    let tenant = world.tenant("a::check").await.unwrap();
    assert!(tenant.inventory().await.unwrap().is_empty());
    put(folder.path(), "m1");
    let objects = tenant.inventory().await.unwrap();
    assert_eq!(objects_of(&objects), "vm m1 ()");
    assert_eq!(objects[0].owner.as_deref(), Some("m1"));
    assert_eq!(tenant.readdress("m1").await.unwrap(), "192.0.2.8");
    tenant.pause("m1").await.unwrap();
    assert!(folder.path().join("objects/m1.paused").exists() && world.offers().contains(&Need::Pause));
    assert!(!tenant.can_save(), "there is no such command");
    std::fs::remove_file(folder.path().join("objects/m1.paused")).unwrap();
    tenant.delete_instance("m1").await.unwrap();
    assert!(tenant.inventory().await.unwrap().is_empty());
    let gone = tenant.delete_instance("m1").await.unwrap_err().0;
    assert!(gone.contains("(`sh -c rm objects/$0 m1`) ended with exit status"), "{gone}");
    let missing = tenant.power_off("m1").await.unwrap_err().0;
    assert_eq!(missing, "the profile has no command \"power-off\" in [provider.external]");
}

#[tokio::test]
async fn only_machines_of_the_check_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let world = world_in(folder.path(), 9);
    let tenant = world.tenant("a::check").await.unwrap();
    tenant.admit("m1").unwrap();
    tenant.admit("m2").unwrap();
    for machine in ["m1", "somebody-elses"] {
        put(folder.path(), machine);
    }
    assert_eq!(tenant.sweep().await, ["clean-up: swept vm m1 ()"]);
    assert!(folder.path().join("objects/somebody-elses").exists());
    assert!(world.left_behind().is_empty());
    assert!(tenant.sweep().await.is_empty(), "nothing is left to sweep");
}

#[tokio::test]
async fn what_cannot_be_swept_is_told_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world_in(folder.path(), 9);
    Arc::get_mut(&mut world.0).unwrap().options.commands.remove(&Act::Sweep);
    let tenant = world.tenant("a::check").await.unwrap();
    tenant.admit("m1").unwrap();
    put(folder.path(), "m1");
    assert_eq!(tenant.sweep().await, ["clean-up: still there: vm m1 ()"]);
    assert_eq!(world.left_behind(), ["vm m1 ()"]);
}

#[tokio::test]
async fn no_more_machines_are_admitted_than_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let world = world_in(folder.path(), 2);
    let first = world.tenant("a::check").await.unwrap();
    let second = world.tenant("a::other").await.unwrap();
    first.admit("m1").unwrap();
    first.admit("m1").expect("the same machine once more");
    second.admit("m2").unwrap();
    let refused = second.admit("m3").unwrap_err();
    assert!(refused.contains("as many machines as it may, 2"), "{refused}");
}

#[test]
fn offers_follow_from_the_commands() {
    let mut options = ExternalOptions::new(".".into());
    let offers = |options: &ExternalOptions| ExternalWorld::offers_of(options);
    assert_eq!(offers(&options), BTreeSet::from([Need::Machine, Need::Parallel]));
    let words = vec!["true".to_owned()];
    for act in [Act::Inventory, Act::Delete] {
        options.commands.insert(act, words.clone());
    }
    assert!(offers(&options).contains(&Need::Inventory));
    assert!(!offers(&options).contains(&Need::OutOfBand), "instances cannot be powered off");
    options.commands.insert(Act::PowerOff, words.clone());
    assert!(offers(&options).contains(&Need::OutOfBand));
    options.guests = true;
    assert!(!offers(&options).contains(&Need::OutOfBand), "guests cannot be frozen");
    options.commands.insert(Act::Freeze, words);
    assert!(offers(&options).is_superset(&BTreeSet::from([Need::OutOfBand, Need::Guest])));
}
