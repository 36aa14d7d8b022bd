//! Disk images: what a machine finds at its first boot.

use std::sync::OnceLock;

use super::{
    commands::{add_user, install_docker, install_package},
    disk::Disk,
    options::{GuestOptions, GuestOs},
    password,
    shell::SIMULATED,
};

const UBUNTU_RELEASE: &str = r#"PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.1 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
HOME_URL="https://www.ubuntu.com/"
SUPPORT_URL="https://help.ubuntu.com/"
BUG_REPORT_URL="https://bugs.launchpad.net/ubuntu/"
PRIVACY_POLICY_URL="https://www.ubuntu.com/legal/terms-and-policies/privacy-policy"
UBUNTU_CODENAME=noble
LOGO=ubuntu-logo
"#;

const DEBIAN_RELEASE: &str = r#"PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
"#;

const BOOT2DOCKER_RELEASE: &str = r#"NAME=Boot2Docker
VERSION=19.03.12
ID=boot2docker
ID_LIKE=tcl
VERSION_ID=19.03.12
PRETTY_NAME="Boot2Docker 19.03.12 (TCL 10.1)"
ANSI_COLOR="1;34"
HOME_URL="https://github.com/boot2docker/boot2docker"
SUPPORT_URL="https://blog.docker.com/2016/11/introducing-docker-community-directory-docker-community-slack/"
BUG_REPORT_URL="https://github.com/boot2docker/boot2docker/issues"
"#;

/// Programs of every image, each in `/usr/bin` under its own name.
const COMMON_PROGRAMS: &[&str] = &[
    "basename",
    "cat",
    "chmod",
    "chown",
    "cp",
    "cut",
    "date",
    "df",
    "dirname",
    "echo",
    "egrep",
    "env",
    "false",
    "fgrep",
    "grep",
    "head",
    "hostname",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "nc",
    "nohup",
    "nproc",
    "pgrep",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "setsid",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "sudo",
    "sync",
    "tail",
    "tee",
    "test",
    "time",
    "timeout",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "uptime",
    "wc",
    "whoami",
    "xargs",
    "[",
];

/// Programs with other places or names.
const COMMON_PLACES: &[(&str, &str)] = &[
    ("/usr/sbin/poweroff", "poweroff"),
    ("/usr/sbin/reboot", "reboot"),
    ("/usr/sbin/halt", "halt"),
    ("/usr/sbin/shutdown", "shutdown"),
    ("/usr/sbin/ip", "ip"),
    ("/usr/bin/ash", "sh"),
    ("/usr/sbin/adduser", "adduser"),
    ("/usr/sbin/addgroup", "addgroup"),
];

const SYSTEMD_PLACES: &[(&str, &str)] = &[
    ("/usr/bin/bash", "sh"),
    ("/usr/bin/dash", "sh"),
    ("/usr/bin/systemctl", "systemctl"),
    ("/usr/bin/journalctl", "journalctl"),
    ("/usr/bin/hostnamectl", "hostnamectl"),
    ("/usr/bin/cloud-init", "cloud-init"),
    ("/usr/bin/apt-get", "apt-get"),
    ("/usr/bin/apt", "apt-get"),
    ("/usr/bin/dpkg", "dpkg"),
    ("/usr/bin/dpkg-query", "dpkg"),
    ("/usr/bin/lsb_release", "lsb_release"),
    ("/usr/bin/ss", "ss"),
    ("/usr/bin/nice", "nice"),
    ("/usr/bin/stdbuf", "stdbuf"),
    ("/usr/sbin/service", "service"),
    ("/usr/sbin/chpasswd", "chpasswd"),
    ("/usr/sbin/useradd", "useradd"),
    ("/usr/sbin/usermod", "usermod"),
    ("/usr/sbin/groupadd", "groupadd"),
    ("/usr/sbin/update-ca-certificates", "update-ca-certificates"),
];

const BOOT2DOCKER_PLACES: &[(&str, &str)] = &[
    ("/usr/bin/bash", "sh"),
    ("/usr/bin/sethostname", "sethostname"),
    ("/usr/bin/netstat", "netstat"),
    ("/usr/sbin/ifconfig", "ifconfig"),
    ("/usr/bin/curl", "curl"),
    ("/usr/local/bin/docker", "docker"),
    ("/usr/local/bin/dockerd", "dockerd"),
    ("/usr/bin/docker", "docker"),
    ("/usr/bin/dockerd", "dockerd"),
    ("/etc/init.d/docker", "init.d/docker"),
];

impl GuestOs {
    /// Name for people.
    pub fn pretty_name(self) -> &'static str {
        match self {
            Self::Ubuntu => "Ubuntu 24.04.1 LTS",
            Self::Debian => "Debian GNU/Linux 12 (bookworm)",
            Self::Boot2Docker => "Boot2Docker 19.03.12 (TCL 10.1)",
        }
    }

    pub(crate) fn kernel(self) -> &'static str {
        match self {
            Self::Ubuntu => "6.8.0-45-generic",
            Self::Debian => "6.1.0-25-cloud-amd64",
            Self::Boot2Docker => "4.19.130-boot2docker",
        }
    }
}

/// Places a file that stands for a simulated program.
pub(crate) fn install_program(disk: &mut Disk, path: &str, program: &str) {
    disk.install(path, "root", 0o755, Some(format!("{SIMULATED}{program}\n").as_bytes()));
}

/// The disk of a machine at its first boot.
pub(super) fn image(options: &GuestOptions) -> Disk {
    static IMAGES: OnceLock<Vec<Disk>> = OnceLock::new();
    let images = IMAGES.get_or_init(|| GuestOs::ALL.iter().map(|os| plain_image(*os)).collect());
    let mut disk = images.get(options.os as usize).cloned().unwrap_or_default();
    let line = |text: &str| format!("{text}\n").into_bytes();
    let name = &options.host_name;
    disk.install("/etc/hostname", "root", 0o644, Some(&line(name)));
    for user in &options.users {
        add_user(&mut disk, &user.name);
        let home = super::shell::home(&user.name);
        disk.install(&format!("{home}/.ssh"), &user.name, 0o700, None);
        let keys: String = user.authorized_keys.iter().map(|key| format!("{}\n", key.trim_end())).collect();
        disk.install(&format!("{home}/.ssh/authorized_keys"), &user.name, 0o600, Some(keys.as_bytes()));
    }
    // cloud-init keeps the file also for a machine without user data.
    if options.os != GuestOs::Boot2Docker || options.user_data.is_some() {
        let data = options.user_data.as_deref().unwrap_or_default();
        disk.install("/var/lib/cloud/instance/user-data.txt", "root", 0o644, Some(data.as_bytes()));
    }
    disk
}

/// Password of Boot2Docker's user in every image (README of boot2docker/boot2docker, "SSH into VM").
const BOOT2DOCKER_PASSWORD: &str = "tcuser";

fn plain_image(os: GuestOs) -> Disk {
    let mut disk = Disk::default();
    for directory in
        ["/dev", "/home", "/mnt", "/opt", "/proc", "/run", "/srv", "/usr/local/bin", "/var/lib", "/var/log"]
    {
        disk.install(directory, "root", 0o755, None);
    }
    disk.install("/tmp", "root", 0o777, None);
    disk.install("/var/tmp", "root", 0o777, None);
    disk.install("/root", "root", 0o700, None);
    disk.install("/dev/null", "root", 0o666, Some(b""));
    let mut text = |path: &str, text: &str| disk.install(path, "root", 0o644, Some(text.as_bytes()));
    text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    text("/etc/os-release", release(os));
    text("/etc/hosts", "127.0.0.1 localhost\n\n::1 ip6-localhost ip6-loopback\n");
    text("/proc/version", &format!("Linux version {} (builder@example)\n", os.kernel()));
    for program in COMMON_PROGRAMS {
        install_program(&mut disk, &format!("/usr/bin/{program}"), program);
    }
    let special = if os == GuestOs::Boot2Docker { BOOT2DOCKER_PLACES } else { SYSTEMD_PLACES };
    for (path, program) in COMMON_PLACES.iter().chain(special) {
        install_program(&mut disk, path, program);
    }
    if os != GuestOs::Boot2Docker {
        disk.install("/etc/systemd/system/multi-user.target.wants", "root", 0o755, None);
        disk.install("/usr/lib/systemd/system", "root", 0o755, None);
        // Images of clouds take keys only.
        disk.install(
            "/etc/ssh/sshd_config.d/60-cloudimg-settings.conf",
            "root",
            0o644,
            Some(b"PasswordAuthentication no\n"),
        );
    }
    match os {
        GuestOs::Ubuntu => {
            disk.install("/usr/lib/os-release", "root", 0o644, Some(release(os).as_bytes()));
            for package in ["curl", "python3", "ca-certificates", "sudo", "iproute2", "lsb-release"] {
                install_package(&mut disk, package);
            }
        }
        GuestOs::Debian => {
            for package in ["python3", "sudo", "iproute2"] {
                install_package(&mut disk, package);
            }
        }
        GuestOs::Boot2Docker => {
            password::set(&mut disk, os.default_user(), BOOT2DOCKER_PASSWORD);
            disk.install("/etc/boot2docker", "root", 0o644, Some(b""));
            disk.install("/var/lib/boot2docker/etc/hostname", "root", 0o644, Some(b"boot2docker\n"));
            disk.install("/var/lib/docker", "root", 0o755, None);
        }
    }
    disk
}

fn release(os: GuestOs) -> &'static str {
    match os {
        GuestOs::Ubuntu => UBUNTU_RELEASE,
        GuestOs::Debian => DEBIAN_RELEASE,
        GuestOs::Boot2Docker => BOOT2DOCKER_RELEASE,
    }
}

/// An image of which the engine is part, as some providers offer them.
pub(super) fn with_engine(disk: &mut Disk, os: GuestOs) {
    if os != GuestOs::Boot2Docker {
        install_docker(disk);
    }
}
