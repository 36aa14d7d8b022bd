//! systemctl, journalctl, service, and Boot2Docker's init script.

use super::{
    Call,
    power::{power_off, reboot},
};
use crate::guest::{GuestOs, engine, services};

/// Units that are always there and always active.
const SYSTEM_UNITS: &[&str] =
    &["ssh.service", "sshd.service", "systemd-journald.service", "cloud-init.service", "multi-user.target"];

pub(super) fn systemctl(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some((action, names)) = operands.split_first() else {
        call.line("  UNIT           LOAD   ACTIVE SUB     DESCRIPTION");
        return 0;
    };
    let names: Vec<String> = names.iter().map(|name| services::unit_name(name)).collect();
    match *action {
        "is-active" | "is-enabled" | "is-failed" | "status" | "show" | "cat" | "list-units"
        | "list-unit-files" | "is-system-running" => return query(call, action, &names),
        _ => {}
    }
    if !call.is_root() {
        let what = names.first().map_or("system", String::as_str);
        call.fail(format!("Failed to {action} {what}: Interactive authentication required."));
        return 1;
    }
    match *action {
        "daemon-reload" => {
            let units = services::load_units(&call.state.disk);
            if let Some(boot) = &mut call.state.boot {
                boot.services.units = units;
            }
            return 0;
        }
        "reboot" => return reboot(call),
        "poweroff" | "halt" => return power_off(call),
        "reset-failed" | "daemon-reexec" => return 0,
        _ => {}
    }
    let mut status = 0;
    for name in &names {
        let result = match *action {
            _ if SYSTEM_UNITS.contains(&name.as_str()) => Ok(()),
            "start" | "reload-or-start" => services::start(call.state, name),
            "restart" | "reload" | "reload-or-restart" | "try-restart" => {
                services::stop(call.state, name);
                services::start(call.state, name)
            }
            "stop" | "kill" => {
                let known = is_loaded(call, name) || name.ends_with(".socket");
                services::stop(call.state, name);
                match known {
                    true => Ok(()),
                    false => Err((format!("Failed to stop {name}: Unit {name} not loaded."), 5)),
                }
            }
            "enable" | "disable" | "mask" | "unmask" | "preset" => enable(call, action, name),
            other => Err((format!("Unknown command verb {other}."), 1)),
        };
        if let Err((message, code)) = result {
            call.fail(message);
            status = code;
        }
    }
    status
}

fn is_loaded(call: &Call<'_>, name: &str) -> bool {
    call.state.boot.as_ref().is_some_and(|boot| boot.services.units.contains_key(name))
}

fn enable(call: &mut Call<'_>, action: &str, name: &str) -> Result<(), (String, u8)> {
    let on_disk = services::load_units(&call.state.disk).contains_key(name);
    if !on_disk && !name.ends_with(".socket") {
        return Err((format!("Failed to {action} unit: Unit file {name} does not exist."), 1));
    }
    let enabled = matches!(action, "enable" | "unmask" | "preset");
    services::set_enabled(&mut call.state.disk, name, enabled);
    if call.has_long("--now") {
        if enabled {
            return services::start(call.state, name);
        }
        services::stop(call.state, name);
    }
    Ok(())
}

fn query(call: &mut Call<'_>, action: &str, names: &[String]) -> u8 {
    if action == "is-system-running" {
        call.line("running");
        return 0;
    }
    let quiet = call.has('q') || call.has_long("--quiet");
    let mut status = 0;
    for name in names {
        let (active, failed) = match &call.state.boot {
            Some(boot) => (boot.services.active.contains(name), boot.services.failed.contains(name)),
            None => (false, false),
        };
        let system = SYSTEM_UNITS.contains(&name.as_str());
        let word = match (active || system, failed) {
            (true, _) => "active",
            (false, true) => "failed",
            (false, false) => "inactive",
        };
        let known = system || is_loaded(call, name);
        let (text, code) = match action {
            "is-active" => (word.to_owned(), if word == "active" { 0 } else { 3 }),
            "is-failed" => (word.to_owned(), u8::from(word != "failed")),
            "is-enabled" if system || services::is_enabled(&call.state.disk, name) => {
                ("enabled".to_owned(), 0)
            }
            "is-enabled" if known => ("disabled".to_owned(), 1),
            "is-enabled" => {
                call.fail(format!("Failed to get unit file state for {name}: No such file or directory"));
                status = 1;
                continue;
            }
            "status" if !known => {
                call.fail(format!("Unit {name} could not be found."));
                status = 4;
                continue;
            }
            "status" => (format!("* {name}\n     Active: {word}"), if word == "active" { 0 } else { 3 }),
            "show" => {
                (format!("ActiveState={word}\nLoadState={}", if known { "loaded" } else { "not-found" }), 0)
            }
            "cat" => {
                let path = format!("/usr/lib/systemd/system/{name}");
                (call.state.disk.text(&path).unwrap_or_default(), 0)
            }
            _ => (format!("{name} {word}"), 0),
        };
        if !quiet {
            call.line(text);
        }
        status = status.max(code);
    }
    status
}

/// `service NAME ACTION`
pub(super) fn service(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let (Some(name), Some(action)) = (operands.first(), operands.get(1)) else {
        return call.fail("Usage: service < option > | --status-all | [ service_name [ command ] ]");
    };
    let arguments = [(*action).to_owned(), (*name).to_owned()];
    let mut inner = Call {
        state: &mut *call.state,
        user: call.user,
        directory: call.directory,
        environment: call.environment.clone(),
        arguments: &arguments,
        input: Vec::new(),
        output: Vec::new(),
        error: Vec::new(),
    };
    let status = systemctl(&mut inner);
    let Call { output, error, .. } = inner;
    call.output.extend(output);
    call.error.extend(error);
    status
}

pub(super) fn journalctl(call: &mut Call<'_>) -> u8 {
    let lines = call.state.boot.as_ref().map(|boot| boot.journal.clone()).unwrap_or_default();
    for line in lines {
        call.line(line);
    }
    0
}

/// `/etc/init.d/docker` of Boot2Docker.
pub(super) fn init_script(call: &mut Call<'_>) -> u8 {
    if call.state.os != GuestOs::Boot2Docker {
        return call.fail("docker: use systemctl");
    }
    let operands = call.operands();
    let action = operands.first().copied().unwrap_or_default();
    if action != "status" && !call.is_root() {
        return call.fail("need to be root to do that");
    }
    let running = call.state.boot.as_ref().is_some_and(|boot| boot.engine.is_some());
    match action {
        "status" => {
            call.line(if running { "Docker daemon is running" } else { "Docker daemon is not running" });
            u8::from(!running)
        }
        "stop" => {
            engine::stop(call.state);
            0
        }
        "start" if running => {
            call.line("Docker daemon is already running");
            0
        }
        "start" | "restart" | "reload" => {
            engine::stop(call.state);
            match engine::start_boot2docker(call.state) {
                Ok(()) => 0,
                Err(reason) => call.fail(format!("dockerd failed to start: {reason}")),
            }
        }
        _ => call.fail("Usage /etc/init.d/docker {start|stop|restart|reload|status}"),
    }
}
