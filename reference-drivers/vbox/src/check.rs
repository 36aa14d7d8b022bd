use machine_driver::{Context, Error, ErrorKind, Result, check_host_name};

use crate::{
    answer::{lacks_kernel_module, version, vms},
    command,
    driver::VBoxDriver,
    image::Image,
    network,
    vboxmanage::VBoxManage,
};

/// Oldest version whose options are the ones that are used here.
const OLDEST: (u32, u32) = (5, 0);

/// What can be seen before anything is made.
impl VBoxDriver {
    /// Everything that makes `create` fail for sure (PRE-003, PRE-004).
    pub(crate) async fn check(&self, vbox: &VBoxManage, cx: &Context) -> Result<()> {
        check_host_name(&self.base.machine_name)?;
        refuse_version(vbox).await?;
        if !self.options.no_vtx_check && !can_run_vms(&processor().await) {
            let text = "this computer's processor cannot run VMs: switch VT-x or AMD-V on in its firmware, or pass --vbox-no-vtx-check";
            return Err(Error::new(ErrorKind::Provider, text));
        }
        self.refuse_taken(vbox).await?;
        self.imported(vbox).await?;
        network::check(vbox, &self.network()?).await?;
        self.image()?.fetch(&self.cache(), cx).await?;
        Ok(())
    }

    pub(crate) fn image(&self) -> Result<Image> {
        Image::parse(&self.options.image, self.options.checksum.as_deref().unwrap_or_default())
    }

    /// Images that several machines use, in the host's store.
    pub(crate) fn cache(&self) -> std::path::PathBuf {
        std::path::Path::new(&self.base.store_path).join("cache")
    }

    /// A VM with the machine's id or name, whoever made it (PRE-004, CREATE-013). VirtualBox allows equal names, but
    /// people could not tell the two apart.
    pub(crate) async fn refuse_taken(&self, vbox: &VBoxManage) -> Result<()> {
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

async fn refuse_version(vbox: &VBoxManage) -> Result<()> {
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

/// What Linux says about the processor; empty elsewhere.
async fn processor() -> String {
    tokio::fs::read_to_string("/proc/cpuinfo").await.unwrap_or_default()
}

/// Only what is known to lack the ability is refused: other systems and processors do not tell.
fn can_run_vms(processor: &str) -> bool {
    let flags = processor.lines().find_map(|line| line.strip_prefix("flags"));
    flags.is_none_or(|flags| flags.split([' ', '\t', ':']).any(|flag| flag == "vmx" || flag == "svm"))
}

#[cfg(test)]
mod tests {
    use super::can_run_vms;

    #[test]
    fn processors_without_virtualisation_are_recognised() {
        assert!(can_run_vms("model name : x\nflags\t\t: fpu vmx sse\n"));
        assert!(can_run_vms("flags : fpu svm\n"));
        assert!(!can_run_vms("flags\t\t: fpu sse vmx_extra\n"));
        assert!(can_run_vms("Features : fp asimd\n") && can_run_vms(""));
    }
}
