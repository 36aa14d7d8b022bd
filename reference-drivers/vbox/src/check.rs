use std::path::{Path, PathBuf};

use machine_driver::{Context, Error, ErrorKind, Result, check_host_name};
use machine_driver_hypervisor::{processor::can_run_vms, tool::Tool};

use crate::{
    answer::{lacks_kernel_module, version, vms},
    command,
    driver::VBoxDriver,
    network,
};

/// Oldest version whose options are the ones that are used here.
const OLDEST: (u32, u32) = (5, 0);

/// What can be seen before anything is made.
impl VBoxDriver {
    /// Everything that makes `create` fail for sure (PRE-003, PRE-004).
    pub(crate) async fn check(&self, vbox: &Tool, cx: &Context) -> Result<()> {
        check_host_name(&self.base.machine_name)?;
        refuse_version(vbox).await?;
        if !self.options.no_vtx_check && !can_run_vms().await {
            let text = "this computer's processor cannot run VMs: switch VT-x or AMD-V on in its firmware, or pass --vbox-no-vtx-check";
            return Err(Error::new(ErrorKind::Provider, text));
        }
        self.refuse_taken(vbox).await?;
        self.imported(vbox).await?;
        network::check(vbox, &self.network()?).await?;
        self.options.boot_image()?.fetch(&self.cache(), cx).await?;
        Ok(())
    }

    /// Images that several machines use, in the host's store.
    pub(crate) fn cache(&self) -> PathBuf {
        Path::new(&self.base.store_path).join("cache")
    }

    /// A VM with the machine's id or name, whoever made it (PRE-004, CREATE-013). VirtualBox allows equal names, but
    /// people could not tell the two apart.
    pub(crate) async fn refuse_taken(&self, vbox: &Tool) -> Result<()> {
        let (name, vm) = (&self.base.machine_name, self.vm_id());
        let listed = vbox.read(&command::list_vms(), vms).await?;
        let Some(taken) = listed.iter().find(|listed| listed.name == *name || listed.id == vm) else {
            return Ok(());
        };
        let text = format!(
            "VirtualBox already has the VM {:?} {{{}}}; choose another name for the machine, or delete this VM",
            taken.name, taken.id
        );
        Err(Error::new(ErrorKind::AlreadyExists, text))
    }
}

async fn refuse_version(vbox: &Tool) -> Result<()> {
    let judge = |stdout: &str| Ok((version(stdout)?, lacks_kernel_module(stdout)));
    let (version, lacks_kernel_module) = vbox.read(&command::version(), judge).await?;
    let text = if version < OLDEST {
        format!("VirtualBox {}.{} is too old: this driver needs 5.0 or newer", version.0, version.1)
    } else if lacks_kernel_module {
        "VirtualBox cannot run VMs: its kernel module vboxdrv is not loaded; see what `VBoxManage --version` says".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Provider, text))
}
