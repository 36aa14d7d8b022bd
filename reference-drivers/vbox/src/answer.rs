use std::{collections::BTreeMap, path::PathBuf};

use machine_driver::{Error, ErrorKind, Result, State, quoted};
use machine_driver_hypervisor::tool::Refusal;

use crate::command::{CONTROLLER, SSH_RULE};

/// What VBoxManage says on standard error when it fails, and what it means.
///
/// The exit code does not tell: some failures end with 0, and some of them with text on standard output.
pub(crate) fn complaint(stderr: &str) -> Option<(Refusal, String)> {
    let lines = stderr
        .lines()
        .filter_map(|line| Some(line.split_once("error: ")?.1.trim()))
        .filter(|line| !line.is_empty());
    let said = lines.filter(|line| !line.starts_with("Details: ") && !line.starts_with("Context: "));
    let reason = quoted(&said.collect::<Vec<_>>().join("; "));
    if reason.is_empty() {
        return None;
    }
    let has = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
    let kind = if has(&["Could not find a registered machine"]) {
        Refusal::Missing
    } else if has(&[
        "already has a lock request pending",
        "is already locked",
        "has tried to lock the machine",
        "being locked or unlocked",
    ]) {
        Refusal::Locked
    } else if has(&["already exists", "VERR_ALREADY_EXISTS"]) {
        Refusal::Taken
    } else if has(&["Unknown subcommand"]) {
        Refusal::Unknown
    } else {
        Refusal::Other
    };
    Some((kind, reason))
}

/// Major and minor version. The start script on Linux prints a warning before it when the kernel module is missing.
pub(crate) fn version(stdout: &str) -> Result<(u32, u32)> {
    let last = stdout.trim().lines().last().unwrap_or_default();
    let mut parts = last.split('.').map(|part| part.parse().ok());
    if let (Some(Some(major)), Some(Some(minor))) = (parts.next(), parts.next()) {
        return Ok((major, minor));
    }
    Err(nonsense("a version such as 7.2.22r175245", stdout))
}

/// Whether the start script warns that VMs cannot run.
pub(crate) fn lacks_kernel_module(stdout: &str) -> bool {
    stdout.contains("WARNING: The vboxdrv kernel module is not loaded") || stdout.contains("/dev/vboxdrv")
}

/// What `list vms` shows instead of the name of a VM whose settings are lost.
pub(crate) const INACCESSIBLE: &str = "<inaccessible>";

/// A line of `list vms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) id: String,
}

pub(crate) fn vms(stdout: &str) -> Result<Vec<Listed>> {
    let lines = stdout.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let parts = line.trim().strip_suffix('}').and_then(|line| line.rsplit_once(" {"));
            let (name, id) = parts.ok_or_else(|| nonsense("lines `\"NAME\" {UUID}`", line))?;
            Ok(Listed { name: name.trim_matches('"').to_owned(), id: id.to_lowercase() })
        })
        .collect()
}

/// Blocks of `Key: value` lines, as `list` prints networks and servers; keys inside of a block come once.
pub(crate) fn blocks(stdout: &str) -> Vec<BTreeMap<String, String>> {
    let mut blocks = vec![BTreeMap::new()];
    for line in stdout.lines() {
        if let Some((key, value)) = line.split_once(':').filter(|(key, _)| !key.trim().is_empty()) {
            if let Some(block) = blocks.last_mut() {
                block.entry(key.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
            }
        } else if line.trim().is_empty() {
            blocks.push(BTreeMap::new());
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Like [`blocks`], and each must have the key; a cut-off answer is not read as a short list.
pub(crate) fn blocks_with(key: &str, stdout: &str) -> Result<Vec<BTreeMap<String, String>>> {
    let blocks = blocks(stdout);
    let text = !stdout.trim().is_empty();
    if (text && blocks.is_empty()) || blocks.iter().any(|block| !block.contains_key(key)) {
        return Err(nonsense(&format!("blocks that have {key:?}"), stdout));
    }
    Ok(blocks)
}

/// What `showvminfo --machinereadable` says about a VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Info(BTreeMap<String, String>);

impl Info {
    /// Reads lines `key=value`, either side with or without quotes. The first one of a key counts: a description that
    /// somebody wrote comes later, and may hold anything.
    pub(crate) fn parse(stdout: &str) -> Result<Self> {
        let mut values = BTreeMap::new();
        for (key, value) in stdout.lines().filter_map(assignment) {
            values.entry(key).or_insert(value);
        }
        let info = Self(values);
        info.state()?;
        Ok(info)
    }

    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub(crate) fn state(&self) -> Result<VmState> {
        let word = self.value("VMState");
        let word = word.ok_or_else(|| {
            Error::new(ErrorKind::Provider, "VBoxManage shows the VM without its state (VMState)")
        })?;
        VmState::parse(word)
    }

    pub(crate) fn number(&self, key: &str) -> Option<u32> {
        self.value(key)?.parse().ok()
    }

    /// Name and number of the network card of each host-only network.
    fn host_only_cards(&self) -> impl Iterator<Item = (&str, u8)> {
        self.0.iter().filter_map(|(key, name)| {
            let number = key.strip_prefix("hostonlyadapter").or_else(|| key.strip_prefix("hostonly-network"));
            Some((name.as_str(), number?.parse().ok()?))
        })
    }

    /// Name and hardware address in the host-only network, as `vboxnet0` and `08:00:27:88:d3:cf`.
    pub(crate) fn host_only(&self) -> Option<(&str, String)> {
        let (adapter, number) = self.host_only_cards().next()?;
        let address = self.value(&format!("macaddress{number}"))?.to_lowercase();
        let pairs = address.as_bytes().chunks(2).map(String::from_utf8_lossy);
        Some((adapter, pairs.collect::<Vec<_>>().join(":")))
    }

    /// Whether the VM has a network card in the host-only network of `adapter`.
    pub(crate) fn uses_adapter(&self, adapter: &str) -> bool {
        self.host_only_cards().any(|(name, _)| name == adapter)
    }

    /// Port of this computer that is forwarded to SSH in the guest.
    pub(crate) fn ssh_port(&self) -> Option<u16> {
        self.0.iter().filter(|(key, _)| key.starts_with("Forwarding(")).find_map(|(_, rule)| {
            let parts: Vec<&str> = rule.split(',').collect();
            (*parts.first()? == SSH_RULE).then_some(parts.get(3)?.parse().ok()?)
        })
    }

    /// Medium at a port of the controller.
    pub(crate) fn medium(&self, port: &str) -> Option<PathBuf> {
        let medium = self.value(&format!("{CONTROLLER}-{port}-0"))?;
        (medium != "none" && medium != "emptydrive").then(|| medium.into())
    }
}

/// `key=value` with quotes taken away; `None` for a line of another kind.
fn assignment(line: &str) -> Option<(String, String)> {
    let (key, value) = match line.strip_prefix('"') {
        Some(rest) => {
            let (key, value) = rest.split_once("\"=")?;
            (key, value)
        }
        None => line.split_once('=')?,
    };
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let value = match quoted {
        Some(text) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    };
    Some((key.to_owned(), value))
}

/// What VirtualBox calls the states of a VM, as far as they are different for a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VmState {
    Off,
    Starting,
    Running,
    Paused,
    Stopping,
    Saved,
    Crashed,
}

impl VmState {
    /// An unknown word is an error: it must not be guessed (STATE-004, STATE-005).
    fn parse(word: &str) -> Result<Self> {
        Ok(match word {
            "poweroff" | "aborted" | "teleported" | "deletingsnapshot" | "restoringsnapshot" => Self::Off,
            "starting" | "restoring" | "settingup" | "teleportingin" => Self::Starting,
            "running"
            | "livesnapshotting"
            | "onlinesnapshotting"
            | "teleporting"
            | "deletingsnapshotlive" => Self::Running,
            "paused" | "teleportingpausedvm" | "deletingsnapshotlivepaused" => Self::Paused,
            "stopping" | "saving" => Self::Stopping,
            "saved" | "aborted-saved" => Self::Saved,
            "gurumeditation" | "stuck" => Self::Crashed,
            _ => return Err(nonsense("a known state in VMState", word)),
        })
    }

    /// The contract's state (STATE-001, STATE-013).
    pub(crate) fn to_machine(self) -> State {
        match self {
            Self::Off => State::Stopped,
            Self::Starting => State::Starting,
            Self::Running => State::Running,
            Self::Paused => State::Paused,
            Self::Stopping => State::Stopping,
            Self::Saved => State::Saved,
            Self::Crashed => State::Error,
        }
    }
}

/// Why a VM did not start, out of its log, whose last line only says that the process ends.
pub(crate) fn failed_start(log: &str) -> Option<&str> {
    log.lines().rev().find(|line| line.contains("Power up failed")).map(str::trim)
}

/// Whether a VM runs without its forwarded port: that the port was taken stands nowhere but in its log.
pub(crate) fn lacks_forwarding(log: &str, port: u16) -> bool {
    let text = format!("failed to set up redirection of {port} to");
    log.lines().any(|line| line.contains(&text))
}

fn nonsense(expected: &str, got: &str) -> Error {
    let got: String = got.trim().chars().take(80).collect();
    let text = format!("VBoxManage should answer {expected}, but answers {:?}", quoted(&got));
    Error::new(ErrorKind::Provider, text)
}

#[cfg(test)]
#[path = "tests/answer.rs"]
mod tests;
