use std::path::PathBuf;

use machine_driver::{Error, ErrorKind, Result};
use machine_driver_hypervisor::tool::Tool;

use crate::{
    answer::{Info, VmState},
    driver::VBoxDriver,
    vboxmanage,
};

/// Key of boot2docker VMs that were made without docker-machine.
const USUAL_KEY: &str = ".ssh/id_boot2docker";

/// What is taken over from a VM that the user names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Imported {
    pub(crate) disk: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) cpus: Option<u32>,
    pub(crate) memory: Option<u32>,
}

impl VBoxDriver {
    /// The VM to import, if there is one; it is only looked at (RM-003).
    ///
    /// # Errors
    /// If it does not exist, is not off, or has no disk or key.
    pub(crate) async fn imported(&self, vbox: &Tool) -> Result<Option<Imported>> {
        let Some(name) = &self.options.import else {
            return Ok(None);
        };
        let refused = |problem: &str| {
            let text = format!("is {name:?}, but {problem}");
            Error::invalid_option("vbox-import-boot2docker-vm", &text)
        };
        let info = vboxmanage::info(vbox, name).await?;
        let info = info.ok_or_else(|| refused("VirtualBox has no VM of this name"))?;
        if info.state()? != VmState::Off {
            return Err(refused("this VM is not off; shut it down first"));
        }
        let disk = info.medium("1");
        let disk = disk.ok_or_else(|| refused("this VM has no disk at port 1 of a controller SATA"))?;
        let home = || std::env::home_dir().map(|home| home.join(USUAL_KEY));
        let key = self.options.import_key.clone().or_else(home);
        let key = key.ok_or_else(|| refused("there is no home folder with its key"))?;
        if !key.is_file() {
            let text = format!("there is no private key {}; give one with --vbox-import-key", key.display());
            return Err(Error::new(ErrorKind::InvalidOption, text));
        }
        let number = |key: &str| Info::number(&info, key);
        Ok(Some(Imported { cpus: number("cpus"), memory: number("memory"), disk, key }))
    }
}
