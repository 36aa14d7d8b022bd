//! The subcommands: from arguments over the installation's objects to text.

mod control;
mod convert;
mod dhcp;
mod extra_data;
mod guest_properties;
mod host_only;
mod list;
mod machines;
mod media;
mod modify;
mod modify_adapter;
mod place;
mod power;
mod shared_folder;
mod show;
mod snapshot;
mod storage;

use std::path::{Path, PathBuf};

use super::{
    account::{Finished, Tenant},
    arguments::{BadOption, Parts},
    conditions::Conditions,
    faults,
    input::Input,
    output::{
        failure::Failure,
        usage::{self, Usage},
    },
    request::{Incoming, present_name},
    state::{Host, Uuid, VBoxError, VirtualBox},
};
use crate::faults::FaultKind;

/// A call inside of VBoxManage: expression, line and file.
type CallSite = (&'static str, u32, &'static str);

/// What a subcommand ends with.
type Outcome = Result<(), Failure>;

/// A call that is being carried out, with what it has printed so far.
struct Call<'a> {
    tenant: &'a Tenant,
    /// Arguments behind the subcommand.
    arguments: &'a [String],
    directory: &'a Path,
    faults: &'a [FaultKind],
    conditions: Conditions,
    input: Option<Input>,
    stdout: String,
    stderr: String,
}

/// Carries a call out. Blocks while machines start and stop, so it is not for tasks.
pub(super) fn carry_out(
    tenant: &Tenant,
    incoming: &Incoming,
    input: Input,
    faults: &[FaultKind],
) -> Finished {
    let conditions = tenant.conditions.lock().clone();
    let is_quiet = |argument: &&String| matches!(argument.as_str(), "-q" | "-nologo" | "--nologo");
    let skipped = incoming.arguments.iter().take_while(is_quiet).count();
    let (name, arguments) = match incoming.arguments[skipped..].split_first() {
        Some((name, arguments)) => (present_name(name), arguments),
        None => ("help", &[][..]),
    };
    let mut call = Call {
        tenant,
        arguments,
        directory: &incoming.directory,
        faults,
        conditions,
        input: Some(input),
        stdout: String::new(),
        stderr: String::new(),
    };
    if call.conditions.start_script_warns {
        call.stdout += START_SCRIPT_WARNING;
    }
    let outcome = call.run(name);
    let Call { stdout, mut stderr, .. } = call;
    let exit = match outcome {
        Ok(()) => 0,
        Err(failure) => {
            stderr += &failure.text();
            failure.exit()
        }
    };
    Finished { stdout, stderr, exit }
}

/// What the start script of Linux packages says without the kernel driver.
const START_SCRIPT_WARNING: &str = "WARNING: The character device /dev/vboxdrv does not exist.\n\
    \t Please install the virtualbox-dkms package and the appropriate\n\
    \t headers, most likely linux-headers-generic.\n\n\
    \t You will not be able to start VMs until this problem is fixed.\n";

impl Call<'_> {
    fn run(&mut self, name: &str) -> Outcome {
        match name {
            "--version" => {
                self.stdout += &self.conditions.version;
                self.stdout.push('\n');
                return Ok(());
            }
            "help" | "--help" | "-h" | "-?" => return self.help(),
            _ => {}
        }
        // On Linux there are no host-only networks, so this is no subcommand there.
        let is_known = name != "hostonlynet" || self.conditions.host_only_networks;
        let Some(name) = usage::subcommand(name).filter(|_| is_known) else {
            return Err(Failure::syntax(Usage::All, format!("Invalid command '{name}'")));
        };
        if self.arguments.is_empty() {
            self.stdout += &usage::text(Usage::Of(name));
            return Err(Failure::Printed { exit: 1 });
        }
        if !self.conditions.server {
            let unavailable = faults::no_server();
            self.stderr += &unavailable.stderr;
            return Err(Failure::Printed { exit: unavailable.exit });
        }
        match name {
            "list" => self.list(),
            "showvminfo" => self.show(),
            "createvm" => self.create_machine(),
            "registervm" => self.register_machine(),
            "unregistervm" => self.unregister_machine(),
            "modifyvm" => self.modify_machine(),
            "startvm" => self.start(),
            "controlvm" => self.control(),
            "discardstate" => self.discard_state(),
            "adoptstate" => self.adopt_state(),
            "storagectl" => self.storage_controller(),
            "storageattach" => self.attach(),
            "createmedium" => self.create_medium(),
            "closemedium" => self.close_medium(),
            "clonemedium" => self.clone_medium(),
            "modifymedium" => self.modify_medium(),
            "showmediuminfo" => self.show_medium(),
            "convertfromraw" => self.convert(),
            "guestproperty" => self.guest_property(),
            "setextradata" => self.set_extra_data(),
            "getextradata" => self.extra_data(),
            "setproperty" => self.set_property(),
            "sharedfolder" => self.shared_folder(),
            "hostonlyif" => self.host_only_interface(),
            "hostonlynet" => self.host_only_network(),
            "dhcpserver" => self.dhcp_server(),
            "snapshot" => self.snapshot(),
            "clonevm" => self.clone_machine(),
            // Our own words: what the real one would do is not known here.
            _ => Err(Failure::plain(format!("This VBoxManage is a mock, and '{name}' is not part of it"))),
        }
    }

    fn help(&mut self) -> Outcome {
        match self.arguments.first().map(|topic| (topic, usage::subcommand(topic))) {
            None => {
                self.stdout += &usage::help(Usage::All);
                Ok(())
            }
            Some((_, Some(name))) => {
                self.stdout += &usage::help(Usage::Of(name));
                // Really: help exits with 1.
                Err(Failure::Printed { exit: 1 })
            }
            Some((topic, None)) => Err(Failure::syntax(Usage::All, format!("Invalid command '{topic}'"))),
        }
    }

    /// Does something with the installation.
    fn act<R>(&self, act: impl FnOnce(&mut VirtualBox, &mut Host<'_>) -> R) -> R {
        self.tenant.act(act)
    }

    /// A path of the arguments, absolute.
    fn path(&self, text: &str) -> PathBuf {
        // Without `..`, as VirtualBox shows paths; the file need not exist.
        let joined = self.directory.join(text);
        let mut path = PathBuf::new();
        for component in joined.components() {
            match component {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir => drop(path.pop()),
                component => path.push(component),
            }
        }
        path
    }

    /// A machine by name, id or settings file.
    fn find(&self, machine: &str, site: CallSite) -> Result<Uuid, Failure> {
        self.tenant.look(|virtual_box| virtual_box.find_machine(machine)).at(site)
    }

    /// Options and words, where wrong options are reported in the present form.
    fn parts(&self, usage: Usage, rules: &str) -> Result<Parts, Failure> {
        Parts::of(self.arguments, rules).map_err(|bad| Failure::Syntax {
            exit: 2,
            usage,
            text: in_words(&bad),
            is_apart: false,
        })
    }
}

/// What is wrong with an option.
fn in_words(bad: &BadOption) -> String {
    match bad {
        BadOption::Unknown(option) => format!("Unknown option: {option}"),
        BadOption::NeedsValue(option) => format!("{option}: RTGetOpt: Command line option needs argument."),
    }
}

/// Says where in VBoxManage an error came up.
trait At<T> {
    /// Adds the place of the call.
    fn at(self, site: CallSite) -> Result<T, Failure>;
}

impl<T> At<T> for Result<T, VBoxError> {
    fn at(self, (call, line, file): CallSite) -> Result<T, Failure> {
        self.map_err(|error| error.context(call, line, file).into())
    }
}
