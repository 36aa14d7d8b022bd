//! Services: systemd units on Ubuntu and Debian, init scripts on Boot2Docker.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    GuestOs,
    disk::Disk,
    engine,
    system::{Request, SystemState},
};

const UNIT_DIRECTORIES: &[&str] = &["/etc/systemd/system", "/usr/lib/systemd/system"];
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// State of the service manager during one boot.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// Units as of the latest `daemon-reload`; changes on the disk have no effect before the next one.
    pub(crate) units: BTreeMap<String, Unit>,
    pub(crate) active: BTreeSet<String>,
    pub(crate) failed: BTreeSet<String>,
}

/// The `[Service]` section of a unit with its drop-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) start: Vec<String>,
    pub(crate) stop: Vec<String>,
    pub(crate) environment: Vec<String>,
    pub(crate) remain_after_exit: bool,
}

impl Unit {
    fn read(&mut self, text: &str) {
        let joined = text.replace("\\\n", " ");
        let mut in_service = false;
        for line in joined.lines().map(str::trim) {
            if line.starts_with('[') {
                in_service = line == "[Service]";
            }
            let Some((key, value)) =
                line.split_once('=').filter(|_| in_service && !line.starts_with(['#', ';']))
            else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            let list = match key {
                "ExecStart" => &mut self.start,
                "ExecStop" => &mut self.stop,
                "Environment" => &mut self.environment,
                "RemainAfterExit" => {
                    self.remain_after_exit = matches!(value, "yes" | "true" | "1" | "on");
                    continue;
                }
                _ => continue,
            };
            // An empty value forgets what was set before.
            match value {
                "" => list.clear(),
                value => list.push(value.trim_start_matches(['-', '@', '+', '!', ':']).to_owned()),
            }
        }
    }
}

/// Name with `.service` added where it is left out.
pub(crate) fn unit_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, "service" | "socket" | "target" | "timer" | "mount")) => name.to_owned(),
        _ => format!("{name}.service"),
    }
}

/// Reads all units from the disk.
pub(crate) fn load_units(disk: &Disk) -> BTreeMap<String, Unit> {
    let mut names = BTreeSet::new();
    for directory in UNIT_DIRECTORIES {
        let services = disk.names(directory).into_iter().filter(|name| name.ends_with(".service"));
        names.extend(services);
    }
    let unit = |name: String| {
        let mut unit = Unit::default();
        let file = UNIT_DIRECTORIES.iter().find_map(|directory| disk.text(&format!("{directory}/{name}")));
        unit.read(&file.unwrap_or_default());
        let mut extras = BTreeMap::new();
        for directory in UNIT_DIRECTORIES.iter().rev() {
            let directory = format!("{directory}/{name}.d");
            let files = disk.names(&directory).into_iter().filter(|file| file.ends_with(".conf"));
            // A file in /etc replaces one of the same name elsewhere; all are read in the order of their names.
            extras.extend(files.map(|file| (file.clone(), format!("{directory}/{file}"))));
        }
        for path in extras.values() {
            unit.read(&disk.text(path).unwrap_or_default());
        }
        (name, unit)
    };
    names.into_iter().map(unit).collect()
}

/// Whether a unit is started at boot.
pub(crate) fn is_enabled(disk: &Disk, name: &str) -> bool {
    disk.exists(&format!("{WANTED}/{name}"))
}

/// Makes a unit start at boot, or not.
pub(crate) fn set_enabled(disk: &mut Disk, name: &str, enabled: bool) {
    let path = format!("{WANTED}/{name}");
    if enabled {
        disk.install(&path, "root", 0o644, Some(b""));
    } else {
        // Not being there is what is wanted.
        let _ = disk.remove(&path, false, "root");
    }
}

/// Starts what is to be started when the kernel is up.
pub(crate) fn start_at_boot(state: &mut SystemState) {
    if state.os == GuestOs::Boot2Docker {
        // A failure is in the journal, as it would be in docker.log.
        let _ = engine::start_boot2docker(state);
        for script in ["bootsync.sh", "bootlocal.sh"] {
            let path = format!("/var/lib/boot2docker/{script}");
            if state.disk.exists(&path) {
                state.requests.push(Request::Run(format!("sh {path}")));
            }
        }
        return;
    }
    let units = load_units(&state.disk);
    let wanted: Vec<String> = units.keys().filter(|name| is_enabled(&state.disk, name)).cloned().collect();
    if let Some(boot) = &mut state.boot {
        boot.services.units = units;
    }
    for name in wanted {
        let _ = start(state, &name);
    }
}

/// Starts a unit.
///
/// # Errors
/// The message of `systemctl`, and its exit status.
pub(crate) fn start(state: &mut SystemState, name: &str) -> Result<(), (String, u8)> {
    let Some(boot) = &mut state.boot else {
        return Ok(());
    };
    let Some(unit) = boot.services.units.get(name).cloned() else {
        return Err((format!("Failed to start {name}: Unit {name} not found."), 5));
    };
    if boot.services.active.contains(name) {
        return Ok(());
    }
    if name == "docker.service" {
        let command = unit.start.first().cloned().unwrap_or_default();
        if let Err(reason) = engine::start(state, &command) {
            if let Some(boot) = &mut state.boot {
                boot.services.failed.insert(name.to_owned());
                boot.journal.push(format!("dockerd: {reason}"));
            }
            let message = format!(
                "Job for {name} failed because the control process exited with error code.\nSee \"systemctl status \
                 {name}\" and \"journalctl -xeu {name}\" for details."
            );
            return Err((message, 1));
        }
    } else {
        let settings: String = unit.environment.iter().map(|setting| format!("export {setting}\n")).collect();
        state.requests.extend(unit.start.iter().map(|command| Request::Run(format!("{settings}{command}"))));
    }
    if let Some(boot) = &mut state.boot {
        boot.services.failed.remove(name);
        boot.services.active.insert(name.to_owned());
    }
    Ok(())
}

/// Stops a unit; fine when it is not active.
pub(crate) fn stop(state: &mut SystemState, name: &str) {
    let Some(boot) = &mut state.boot else { return };
    if !boot.services.active.remove(name) {
        return;
    }
    if name == "docker.service" {
        engine::stop(state);
    } else if let Some(unit) = boot.services.units.get(name) {
        let commands = unit.stop.iter().cloned().map(Request::Run);
        state.requests.extend(commands);
    }
}

/// Takes the commands that active services want to be run when the machine goes down.
pub(crate) fn stop_commands(state: &mut SystemState) -> Vec<String> {
    let Some(boot) = &mut state.boot else {
        return Vec::new();
    };
    let active = std::mem::take(&mut boot.services.active);
    let units = active.iter().filter_map(|name| boot.services.units.get(name));
    units.flat_map(|unit| unit.stop.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_ins_replace_and_reset() {
        let mut disk = Disk::default();
        let mut install = |path: &str, text: &str| disk.install(path, "root", 0o644, Some(text.as_bytes()));
        install(
            "/usr/lib/systemd/system/docker.service",
            "[Unit]\nExecStart=no\n[Service]\nExecStart=/usr/bin/dockerd -H fd:// \\\n  --debug\nEnvironment=A=1\n",
        );
        install("/usr/lib/systemd/system/docker.service.d/10.conf", "[Service]\nExecStart=/never\n");
        install(
            "/etc/systemd/system/docker.service.d/10.conf",
            "[Service]\nExecStart=\nExecStart=-/usr/bin/x\n",
        );
        install(
            "/etc/systemd/system/docker.service.d/20.conf",
            "[Service]\nEnvironment=\nExecStop=/bin/sync\n",
        );
        let units = load_units(&disk);
        let unit = &units["docker.service"];
        assert_eq!(unit.start, ["/usr/bin/x"]);
        assert_eq!(unit.stop, ["/bin/sync"]);
        assert!(unit.environment.is_empty());
    }

    #[test]
    fn names_get_their_suffix() {
        assert_eq!(unit_name("docker"), "docker.service");
        assert_eq!(unit_name("docker.socket"), "docker.socket");
        assert_eq!(unit_name("a.b"), "a.b.service");
    }
}
