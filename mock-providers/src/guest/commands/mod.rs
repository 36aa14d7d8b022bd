//! Programs of a guest. Each is a function from its call to an exit status; those that run other programs or wait
//! are part of the shell.

mod accounts;
mod cloud;
mod directories;
mod docker;
mod files;
mod grep;
mod identity;
mod network;
mod packages;
mod power;
mod print;
mod sed;
mod services;
mod test;
mod text;

use std::collections::BTreeMap;

use super::{disk::absolute, system::SystemState};

pub(crate) use accounts::add_user;
pub(crate) use packages::{install_docker, install_package};
pub(crate) use text::sha256;

/// One run of a program.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut SystemState,
    pub(crate) user: &'a str,
    pub(crate) directory: &'a str,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) arguments: &'a [String],
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    pub(crate) error: Vec<u8>,
}

/// A program.
pub(crate) type Program = fn(&mut Call<'_>) -> u8;

impl<'a> Call<'a> {
    fn print(&mut self, text: impl AsRef<str>) {
        self.output.extend_from_slice(text.as_ref().as_bytes());
    }

    fn line(&mut self, text: impl AsRef<str>) {
        self.print(text);
        self.output.push(b'\n');
    }

    /// Writes an error message; the result is the exit status 1.
    fn fail(&mut self, message: impl AsRef<str>) -> u8 {
        self.error.extend_from_slice(message.as_ref().as_bytes());
        self.error.push(b'\n');
        1
    }

    fn path(&self, name: &str) -> String {
        absolute(self.directory, name)
    }

    fn is_root(&self) -> bool {
        self.user == "root"
    }

    /// Arguments that are not options. `-` alone is not an option, and nothing after `--` is.
    fn operands(&self) -> Vec<&'a str> {
        let mut only_operands = false;
        let mut operands = Vec::new();
        for argument in self.arguments {
            if !only_operands && argument == "--" {
                only_operands = true;
            } else if only_operands || argument == "-" || !argument.starts_with('-') {
                operands.push(argument.as_str());
            }
        }
        operands
    }

    /// Whether a short option is among the arguments, also as one of several letters.
    fn has(&self, letter: char) -> bool {
        let options = self.arguments.iter().take_while(|argument| *argument != "--");
        options
            .filter_map(|argument| argument.strip_prefix('-'))
            .any(|letters| !letters.starts_with('-') && letters.contains(letter))
    }

    fn has_long(&self, option: &str) -> bool {
        self.arguments.iter().any(|argument| argument == option)
    }

    /// Contents of the named files, or the input when there is none; errors are reported and counted.
    fn inputs(&mut self, program: &str, names: &[&str]) -> (Vec<Vec<u8>>, u8) {
        if names.is_empty() {
            return (vec![std::mem::take(&mut self.input)], 0);
        }
        let (mut contents, mut status) = (Vec::new(), 0);
        for name in names {
            if *name == "-" {
                contents.push(std::mem::take(&mut self.input));
                continue;
            }
            match self.state.disk.read(&self.path(name), self.user) {
                Ok(data) => contents.push(data.to_vec()),
                Err(error) => status = self.fail(format!("{program}: {name}: {error}")),
            }
        }
        (contents, status)
    }
}

/// The program with a name, if it is one of ours.
pub(crate) fn find(name: &str) -> Option<Program> {
    Some(match name {
        "apt-get" => packages::apt_get,
        "basename" => directories::basename,
        "cat" => files::cat,
        "chmod" => files::chmod,
        "chown" => files::chown,
        "chpasswd" => accounts::chpasswd,
        "cloud-init" => cloud::cloud_init,
        "cp" => files::copy,
        "curl" => packages::curl,
        "cut" => text::cut,
        "date" => identity::date,
        "df" => directories::df,
        "dirname" => directories::dirname,
        "docker" => docker::docker,
        "dockerd" => docker::dockerd,
        "dpkg" => packages::dpkg,
        "echo" => print::echo,
        "env" => print::env,
        "false" => |_| 1,
        "grep" => grep::grep,
        "egrep" => grep::egrep,
        "fgrep" => grep::fgrep,
        "groupadd" | "usermod" | "addgroup" => accounts::needs_root,
        "head" => text::head,
        "hostname" => identity::hostname,
        "hostnamectl" => identity::hostnamectl,
        "id" => accounts::id,
        "ifconfig" | "ip" => network::ip,
        "init.d/docker" => services::init_script,
        "journalctl" => services::journalctl,
        "kill" | "true" | "sync" | "update-ca-certificates" => |_| 0,
        "ln" => files::copy,
        "ls" => directories::ls,
        "lsb_release" => packages::lsb_release,
        "mkdir" => directories::mkdir,
        "mktemp" => directories::mktemp,
        "mv" => files::rename,
        "netstat" => network::netstat,
        "nproc" => identity::nproc,
        "pgrep" => network::pgrep,
        "poweroff" | "halt" => power::power_off,
        "printf" => print::printf,
        "ps" => network::ps,
        "pwd" => identity::pwd,
        "readlink" | "realpath" => directories::readlink,
        "reboot" => power::reboot,
        "rm" => files::remove,
        "rmdir" => files::remove,
        "sed" => sed::sed,
        "seq" => text::seq,
        "service" => services::service,
        "sethostname" => identity::sethostname,
        "sha256sum" => text::checksum,
        "shutdown" => power::shutdown,
        "sort" => text::sort,
        "ss" => network::ss,
        "stat" => directories::stat,
        "systemctl" => services::systemctl,
        "tail" => text::tail,
        "tee" => files::tee,
        "test" | "[" => test::test,
        "touch" => files::touch,
        "tr" => text::tr,
        "uname" => identity::uname,
        "uniq" => text::uniq,
        "uptime" => identity::uptime,
        "useradd" | "adduser" => accounts::useradd,
        "wc" => text::wc,
        "whoami" => accounts::whoami,
        _ => return None,
    })
}

/// Whether a call reads its input; one that does not must not wait for the client to end it.
pub(crate) fn reads_input(name: &str, arguments: &[String]) -> bool {
    let operands = arguments.iter().filter(|argument| !argument.starts_with('-') || *argument == "-");
    match name {
        "chpasswd" | "tee" => true,
        "tr" => true,
        "cat" | "head" | "tail" | "wc" | "sort" | "uniq" | "cut" | "sha256sum" => {
            let values = arguments.windows(2).filter(|pair| takes_value(name, &pair[0])).count();
            operands.clone().count() <= values || operands.clone().any(|operand| operand == "-")
        }
        "grep" | "egrep" | "fgrep" | "sed" => {
            let explicit = arguments.iter().any(|argument| matches!(argument.as_str(), "-e" | "-f"));
            let values = arguments.windows(2).filter(|pair| takes_value(name, &pair[0])).count();
            operands.count() <= values + usize::from(!explicit)
        }
        _ => false,
    }
}

/// Whether an option has its value in the next argument.
fn takes_value(program: &str, option: &str) -> bool {
    let letters = match program {
        "head" | "tail" => "nc",
        "sort" => "kto",
        "cut" => "dfcb",
        "grep" | "egrep" | "fgrep" => "emABC",
        "sed" => "ef",
        _ => "",
    };
    option.len() == 2 && option.starts_with('-') && letters.contains(&option[1..])
}
