//! apt-get, dpkg, lsb_release, curl: what installing Docker needs.

use super::Call;
use crate::guest::{disk::Disk, image, services};

/// Packages and the programs that they bring.
const PACKAGES: &[(&str, &[(&str, &str)])] = &[
    ("curl", &[("/usr/bin/curl", "curl")]),
    ("wget", &[("/usr/bin/wget", "curl")]),
    ("net-tools", &[("/usr/bin/netstat", "netstat"), ("/usr/sbin/ifconfig", "ifconfig")]),
    ("sudo", &[("/usr/bin/sudo", "sudo")]),
    ("netcat-openbsd", &[("/usr/bin/nc", "nc")]),
    ("iproute2", &[("/usr/sbin/ip", "ip"), ("/usr/bin/ss", "ss")]),
    ("python3", &[("/usr/bin/python3", "python3")]),
    ("docker-ce", DOCKER),
    ("docker.io", DOCKER),
    ("docker-ce-cli", &[("/usr/bin/docker", "docker")]),
    ("docker-compose-plugin", &[]),
    ("docker-buildx-plugin", &[]),
    ("docker-ce-rootless-extras", &[]),
    ("containerd.io", &[]),
    ("ca-certificates", &[]),
    ("gnupg", &[]),
    ("gnupg-agent", &[]),
    ("apt-transport-https", &[]),
    ("software-properties-common", &[]),
    ("lsb-release", &[("/usr/bin/lsb_release", "lsb_release")]),
    ("git", &[]),
];

const DOCKER: &[(&str, &str)] = &[("/usr/bin/docker", "docker"), ("/usr/bin/dockerd", "dockerd")];

/// Addresses from which hosts get the script that installs Docker.
const INSTALLERS: &[&str] = &["get.docker.com", "test.docker.com", "releases.rancher.com/install-docker"];

/// What those addresses answer: the essence of the real script.
const INSTALL_SCRIPT: &str = "#!/bin/sh\nset -e\nSUDO=\nif [ \"$(id -u)\" != 0 ]; then SUDO='sudo -E'; fi\n\
    $SUDO apt-get update -qq >/dev/null\n$SUDO apt-get install -y -qq docker-ce docker-ce-cli containerd.io >/dev/null\n\
    $SUDO docker version\n";

/// The unit that the package brings.
const DOCKER_UNIT: &[u8] =
    b"[Unit]\nDescription=Docker Application Container Engine\n\n[Service]\nType=notify\n\
    ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock\n\n\
    [Install]\nWantedBy=multi-user.target\n";

fn is_installed(disk: &Disk, package: &str) -> bool {
    disk.exists(&format!("/var/lib/dpkg/info/{package}.list"))
}

/// Puts a package on a disk.
pub(crate) fn install_package(disk: &mut Disk, package: &str) {
    let programs = PACKAGES.iter().find(|(name, _)| *name == package).map(|(_, programs)| *programs);
    for (path, program) in programs.unwrap_or_default() {
        image::install_program(disk, path, program);
    }
    disk.install(&format!("/var/lib/dpkg/info/{package}.list"), "root", 0o644, Some(b""));
}

/// Puts the engine on a disk, to be started at boot.
pub(crate) fn install_docker(disk: &mut Disk) {
    install_package(disk, "docker-ce");
    disk.install("/usr/lib/systemd/system/docker.service", "root", 0o644, Some(DOCKER_UNIT));
    disk.install("/etc/docker", "root", 0o755, None);
    services::set_enabled(disk, "docker.service", true);
}

pub(super) fn apt_get(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some((action, packages)) = operands.split_first() else {
        return call.fail("apt: no command given");
    };
    let changes = !matches!(*action, "list" | "show" | "search" | "policy" | "download");
    if changes && !call.is_root() {
        call.fail(
            "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n\
             E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?",
        );
        return 100;
    }
    match *action {
        "install" => {}
        "remove" | "purge" => {
            for package in packages {
                remove_package(call, package);
            }
            return 0;
        }
        "update" => {
            call.print("Hit:1 http://archive.example stable InRelease\nReading package lists...\n");
            return 0;
        }
        _ => return 0,
    }
    call.print("Reading package lists...\nBuilding dependency tree...\nReading state information...\n");
    let packages: Vec<&str> = packages.iter().map(|name| name.split('=').next().unwrap_or(name)).collect();
    for package in &packages {
        if !PACKAGES.iter().any(|(name, _)| name == package) {
            call.fail(format!("E: Unable to locate package {package}"));
            return 100;
        }
    }
    let mut added = 0;
    for package in packages {
        if is_installed(&call.state.disk, package) {
            call.line(format!("{package} is already the newest version."));
            continue;
        }
        added += 1;
        if matches!(package, "docker-ce" | "docker.io") {
            install_docker(&mut call.state.disk);
            let units = services::load_units(&call.state.disk);
            if let Some(boot) = &mut call.state.boot {
                boot.services.units = units;
            }
            // The package starts its service; a failure does not undo the installation.
            let _ = services::start(call.state, "docker.service");
        } else {
            install_package(&mut call.state.disk, package);
        }
        call.line(format!("Setting up {package} ..."));
    }
    call.line(format!("0 upgraded, {added} newly installed, 0 to remove and 0 not upgraded."));
    0
}

fn remove_package(call: &mut Call<'_>, package: &str) {
    if !is_installed(&call.state.disk, package) {
        return;
    }
    if matches!(package, "docker-ce" | "docker.io") {
        services::stop(call.state, "docker.service");
        services::set_enabled(&mut call.state.disk, "docker.service", false);
    }
    let programs = PACKAGES.iter().find(|(name, _)| *name == package).map(|(_, programs)| *programs);
    let paths = programs.unwrap_or_default().iter().map(|(path, _)| (*path).to_owned());
    for path in paths.chain([format!("/var/lib/dpkg/info/{package}.list")]) {
        // A missing file is what is wanted.
        let _ = call.state.disk.remove(&path, false, "root");
    }
}

pub(super) fn dpkg(call: &mut Call<'_>) -> u8 {
    if call.has_long("--print-architecture") {
        call.line("amd64");
        return 0;
    }
    let operands = call.operands();
    let mut status = 0;
    for package in operands {
        match is_installed(&call.state.disk, package) {
            true => call.line(format!("ii  {package}  1.0  amd64  simulated package")),
            false => status = call.fail(format!("dpkg-query: no packages found matching {package}")),
        }
    }
    status
}

pub(super) fn lsb_release(call: &mut Call<'_>) -> u8 {
    let release = call.state.disk.text("/etc/os-release").unwrap_or_default();
    let value = |key: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let short = call.has('s');
    for (letter, label, key) in [
        ('i', "Distributor ID", "NAME"),
        ('r', "Release", "VERSION_ID"),
        ('c', "Codename", "VERSION_CODENAME"),
    ] {
        if call.has(letter) || call.has('a') {
            call.line(if short { value(key) } else { format!("{label}:\t{}", value(key)) });
        }
    }
    0
}

/// curl and wget. There is no outside world, except the scripts that install Docker.
pub(super) fn curl(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some(url) = operands.iter().find(|operand| operand.contains('.') && !operand.starts_with('/')) else {
        call.fail("curl: (3) URL using bad/illegal format or missing URL");
        return 3;
    };
    let place = url.trim_start_matches("https://").trim_start_matches("http://");
    if !INSTALLERS.iter().any(|installer| place.starts_with(installer)) {
        let host = place.split(['/', ':']).next().unwrap_or(place);
        call.fail(format!("curl: (6) Could not resolve host: {host}"));
        return 6;
    }
    let target = call.arguments.windows(2).find(|pair| matches!(pair[0].as_str(), "-o" | "--output" | "-O"));
    let target = target.map(|pair| pair[1].as_str()).filter(|name| *name != "-" && !name.contains("://"));
    match target {
        None => call.print(INSTALL_SCRIPT),
        Some(name) => {
            let path = call.path(name);
            if let Err(error) = call.state.disk.write(&path, INSTALL_SCRIPT.as_bytes(), false, call.user) {
                call.fail(format!("curl: (23) Failure writing output to destination: {error}"));
                return 23;
            }
        }
    }
    0
}
