use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use machine_driver::{Context, Error, ErrorKind, Result};
use machine_driver_hypervisor::tool::{self, Refusal, Tool};

use crate::{
    answer::{self, Info},
    command,
    locate::{Platform, folders},
};

/// Bytes at the end of a VM's log that are read.
const LOG_END: u64 = 256 << 10;

/// A way to VirtualBox for one method of the driver.
///
/// # Errors
/// If there is no VBoxManage on this computer.
pub(crate) fn vboxmanage(cx: &Context) -> Result<Tool> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PROGRAM
        .get_or_init(|| tool::find("VBoxManage", folders(Platform::THIS, |name| std::env::var_os(name))));
    let program = found.as_deref().ok_or_else(|| {
        let text = "cannot run VBoxManage: it is not in PATH; install VirtualBox, or add its folder to PATH";
        Error::new(ErrorKind::Provider, text)
    })?;
    Ok(Tool::new(program, answer::complaint, cx))
}

/// The VM as it is now; `None` if there is none.
pub(crate) async fn info(vbox: &Tool, vm: &str) -> Result<Option<Info>> {
    match vbox.read(&command::show(vm), Info::parse).await {
        Ok(info) => Ok(Some(info)),
        Err(failure) if failure.refusal == Refusal::Missing => Ok(None),
        Err(failure) => Err(failure.error),
    }
}

/// The end of the VM's log; empty if there is none.
pub(crate) async fn log(info: &Info) -> String {
    let Some(folder) = info.value("LogFldr") else {
        return String::new();
    };
    tool::end_of_log(&Path::new(folder).join("VBox.log"), LOG_END).await
}
