//! What stands between a defective driver and VirtualBox under the name of VBoxManage.

use std::{
    ffi::OsString,
    process::{Command, ExitCode, Stdio},
};

use machine_mock_providers::vbox::executable;

use super::{Defect, VARIABLE};

/// What becomes of a call.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// It is made with these arguments, after others.
    Made { before: Vec<Vec<String>>, arguments: Vec<String> },
    /// It is not made, and said to have worked.
    Dropped,
}

/// Does what VBoxManage does in the hands of this driver; `None` if the process has another name.
pub(super) fn run_if_invoked(defect: Defect) -> Option<ExitCode> {
    if std::env::var_os(VARIABLE).is_none() || defect == Defect::Nothing {
        return executable::run_if_invoked();
    }
    let mut words = std::env::args_os();
    let program = words.next()?;
    if std::path::Path::new(&program).file_name()? != executable::PROGRAM {
        return None;
    }
    let arguments: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    Some(match changed(defect, arguments) {
        Call::Dropped => ExitCode::SUCCESS,
        Call::Made { before, arguments } => {
            for call in before {
                // Whether it works does not matter.
                let _ = again(&program, &call).stdout(Stdio::null()).stderr(Stdio::null()).status();
            }
            let code = again(&program, &arguments).status().ok().and_then(|status| status.code());
            code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    })
}

/// The same program without a defect.
fn again(program: &OsString, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_remove(VARIABLE);
    command
}

fn changed(defect: Defect, mut arguments: Vec<String>) -> Call {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut before = Vec::new();
    let mut replace = None;
    match (defect, words.as_slice()) {
        (Defect::RemoveLeavesTheImage, ["closemedium", "dvd", ..])
        | (Defect::RemoveLeavesTheNetwork, ["hostonlyif", "remove", ..]) => return Call::Dropped,
        (Defect::RemoveTakesTheNetwork, ["unregistervm", ..]) => {
            before.push(["hostonlyif", "remove", "vboxnet0"].map(str::to_owned).to_vec());
        }
        (Defect::RemoveTakesTheImportedVm, ["unregistervm", ..]) => {
            before.push(["unregistervm", "supplied", "--delete"].map(str::to_owned).to_vec());
        }
        (Defect::StopCutsThePower, ["controlvm", _, "acpipowerbutton"]) => replace = Some("poweroff"),
        (Defect::KillAsksTheGuest, ["controlvm", _, "poweroff"]) => replace = Some("acpipowerbutton"),
        (Defect::StartDiscardsTheState, ["startvm", vm, ..]) => {
            before.push(vec!["discardstate".to_owned(), (*vm).to_owned()]);
        }
        (Defect::StartMakesANetwork, ["startvm", ..]) => {
            before.push(["hostonlyif", "create"].map(str::to_owned).to_vec());
        }
        _ => {}
    }
    if let (Some(word), Some(last)) = (replace, arguments.last_mut()) {
        word.clone_into(last);
    }
    Call::Made { before, arguments }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_changed_for_their_defect_alone() {
        let call = |defect, line: &str| changed(defect, line.split(' ').map(str::to_owned).collect());
        let made = |line: &str| Call::Made {
            before: Vec::new(),
            arguments: line.split(' ').map(str::to_owned).collect(),
        };
        assert_eq!(call(Defect::RemoveLeavesTheImage, "closemedium dvd /b.iso"), Call::Dropped);
        let disk = "closemedium disk /d.vmdk";
        assert_eq!(call(Defect::RemoveLeavesTheImage, disk), made(disk));
        assert_eq!(
            call(Defect::StopCutsThePower, "controlvm u acpipowerbutton"),
            made("controlvm u poweroff")
        );
        let button = "controlvm u acpipowerbutton";
        assert_eq!(call(Defect::KillAsksTheGuest, button), made(button));
    }
}
