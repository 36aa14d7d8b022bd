//! A call as faults and the log see it.

use std::{
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use crate::requests::Request;

/// A call as it came in.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    /// Arguments without the program's name.
    pub(super) arguments: Vec<String>,
    /// Working directory.
    pub(super) directory: PathBuf,
    /// Number of the process.
    pub(super) process: u32,
    /// Words of the subcommand, such as `startvm` or `hostonlyif create`.
    pub(super) operation: String,
    /// The VM, interface or file that it is about; empty for none.
    pub(super) object: String,
    /// Whether it is meant to change something.
    pub(super) mutating: bool,
}

/// Old names of subcommands.
const ALIASES: &[(&str, &str)] = &[
    ("createhd", "createmedium"),
    ("createvdi", "createmedium"),
    ("clonehd", "clonemedium"),
    ("clonevdi", "clonemedium"),
    ("modifyhd", "modifymedium"),
    ("modifyvdi", "modifymedium"),
    ("showhdinfo", "showmediuminfo"),
    ("showvdiinfo", "showmediuminfo"),
    ("convertdd", "convertfromraw"),
    ("-v", "--version"),
    ("-V", "--version"),
];

/// Subcommands whose second word says what they do, and those whose third does, behind a VM.
const VERB_FIRST: &[&str] =
    &["list", "hostonlyif", "dhcpserver", "guestproperty", "sharedfolder", "natnetwork"];
const VERB_BEHIND: &[&str] = &["controlvm", "snapshot"];

/// What changes nothing.
const READING: &[&str] = &[
    "",
    "--version",
    "help",
    "list",
    "showvminfo",
    "showmediuminfo",
    "getextradata",
    "guestproperty get",
    "guestproperty enumerate",
    "guestproperty wait",
    "snapshot list",
    "snapshot showvminfo",
    "dhcpserver findlease",
    "natnetwork list",
];

/// The present name of a subcommand.
pub(super) fn present_name(name: &str) -> &str {
    let alias = ALIASES.iter().find(|(old, _)| *old == name);
    alias.map_or(name, |(_, present)| present)
}

impl Incoming {
    pub(super) fn new(arguments: Vec<String>, directory: PathBuf, process: u32) -> Self {
        let (operation, object) = describe(&arguments);
        let is_reading = READING.contains(&operation.as_str()) || operation.starts_with("list ");
        Self { mutating: !is_reading, arguments, directory, process, operation, object }
    }

    /// The arguments on one line; those with blanks in quotes.
    pub(super) fn line(&self) -> String {
        let quoted = self.arguments.iter().map(|argument| {
            let is_plain = !argument.is_empty() && !argument.contains([' ', '"', '\'', '\\', '\n']);
            if is_plain { argument.clone() } else { format!("{argument:?}") }
        });
        quoted.collect::<Vec<_>>().join(" ")
    }

    /// The entry of the request log, before there is an answer.
    pub(super) fn request(&self, faults: Vec<String>) -> Request {
        Request {
            at: SystemTime::now(),
            started: Instant::now(),
            took: Duration::ZERO,
            method: super::executable::PROGRAM.to_owned(),
            path: self.object.clone(),
            query: String::new(),
            operation: self.operation.clone(),
            mutating: self.mutating,
            body: self.line(),
            user_agent: format!("process {}", self.process),
            status: None,
            answer: String::new(),
            faults,
        }
    }
}

/// Operation and object of a call.
fn describe(arguments: &[String]) -> (String, String) {
    let is_quiet = |argument: &&String| matches!(argument.as_str(), "-q" | "-nologo" | "--nologo");
    let mut rest = arguments.iter().skip_while(is_quiet);
    let Some(name) = rest.next().map(|name| present_name(name)) else {
        return Default::default();
    };
    let arguments: Vec<&str> = rest.map(String::as_str).collect();
    let words: Vec<&str> = arguments.iter().copied().filter(|word| !word.starts_with('-')).collect();
    let word = |index: usize| words.get(index).copied().unwrap_or_default().to_owned();
    let option = |names: &[&str]| {
        let is_name = |argument: &&str| names.contains(argument);
        let at = arguments.iter().position(is_name);
        at.and_then(|at| arguments.get(at + 1)).copied().unwrap_or_default().to_owned()
    };
    let is_verb_first = VERB_FIRST.contains(&name);
    let is_verb_behind = VERB_BEHIND.contains(&name);
    let verb = match (is_verb_first, is_verb_behind) {
        (true, _) => word(0),
        (_, true) => word(1),
        _ => String::new(),
    };
    let object = match name {
        "list" | "help" | "--version" => String::new(),
        "createvm" => option(&["--name", "-name"]),
        "createmedium" => option(&["--filename", "-filename"]),
        "dhcpserver" => option(&["--netname", "--network", "--ifname", "--interface", "-netname", "-ifname"]),
        "convertfromraw" => word(1),
        "showmediuminfo" | "closemedium" | "modifymedium" | "clonemedium" => {
            let is_kind = matches!(word(0).as_str(), "disk" | "dvd" | "floppy");
            word(usize::from(is_kind))
        }
        _ => word(usize::from(is_verb_first)),
    };
    (format!("{name} {verb}").trim().to_owned(), object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_by_what_they_do() {
        for (line, operation, object, mutating) in [
            ("startvm m --type headless", "startvm", "m", true),
            ("controlvm m poweroff", "controlvm poweroff", "m", true),
            ("--nologo list --long vms", "list vms", "", false),
            ("hostonlyif create", "hostonlyif create", "", true),
            ("hostonlyif ipconfig vboxnet0 --ip 1.2.3.4", "hostonlyif ipconfig", "vboxnet0", true),
            ("guestproperty get m /x", "guestproperty get", "m", false),
            ("dhcpserver add --netname n --ip 1.2.3.4", "dhcpserver add", "n", true),
            ("createvm --basefolder /x --name m --register", "createvm", "m", true),
            ("createhd --filename /x.vdi --size 1", "createmedium", "/x.vdi", true),
            ("unregistervm --delete m", "unregistervm", "m", true),
            ("convertfromraw stdin /x.vmdk 512", "convertfromraw", "/x.vmdk", true),
            ("clonehd /a /b", "clonemedium", "/a", true),
            ("closemedium disk /a", "closemedium", "/a", true),
            ("snapshot m list", "snapshot list", "m", false),
            ("-v", "--version", "", false),
            ("", "", "", false),
        ] {
            let arguments = line.split_whitespace().map(str::to_owned).collect();
            let call = Incoming::new(arguments, PathBuf::from("/"), 1);
            assert_eq!(
                (call.operation.as_str(), call.object.as_str(), call.mutating),
                (operation, object, mutating),
                "{line}"
            );
        }
    }

    #[test]
    fn lines_show_where_arguments_end() {
        let arguments = ["a", "b c", ""].map(str::to_owned).to_vec();
        assert_eq!(Incoming::new(arguments, PathBuf::new(), 1).line(), "a \"b c\" \"\"");
    }
}
