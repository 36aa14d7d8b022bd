use std::path::{Path, PathBuf};

use machine_driver::{
    Context, Driver, Error, ErrorKind, Result,
    ssh::{KeyAlgorithm, KeyPair},
};

use machine_driver_hypervisor::{
    boot2docker::disk_with_key,
    share::SharedFolder,
    tool::{Refusal, Tool},
};

use crate::{
    command::{self, Hardware},
    driver::VBoxDriver,
    import::Imported,
};

/// Bytes of a MB.
const MEGABYTE: u64 = 1 << 20;
/// VirtualBox's limit.
const MOST_CPUS: usize = 64;

/// The steps of `create`.
impl VBoxDriver {
    /// The VM comes first: its id is known before and unique, so that whatever fails later is found by it. `made`: it may
    /// be there, and nothing was made before it that is not in the machine's folder.
    pub(crate) async fn build(&mut self, vbox: &Tool, cx: &Context, made: &mut bool) -> Result<()> {
        // Also a look at what an earlier `create` of this machine left: its key must not be overwritten (CREATE-014).
        self.refuse_taken(vbox).await?;
        let image = self.options.boot_image()?.fetch(&self.cache(), cx).await?;
        let imported = self.imported(vbox).await?;
        let (vm, folder) = (self.vm_id(), self.base.machine_dir());
        tokio::fs::create_dir_all(&folder).await.map_err(|error| {
            let text = format!("cannot make the machine's folder {}", folder.display());
            Error::new(ErrorKind::Io, text).with_source(&error)
        })?;

        cx.log().info("Creating VM...");
        *made = true;
        let create = command::create(&vm, &self.base.machine_name, &folder);
        if let Err(failure) = vbox.change(&create).await {
            *made = failure.refusal != Refusal::Taken;
            return Err(failure.error);
        }
        vbox.change(&command::configure(&vm, &self.hardware(imported.as_ref()))).await?;
        vbox.change(&command::add_controller(&vm)).await?;
        self.insert_image(vbox, &image).await?;
        self.make_disk(vbox, cx, imported.as_ref()).await?;
        if !self.options.no_share
            && let Some(share) =
                SharedFolder::wanted("vbox-share-folder", self.options.share_folder.as_deref())?
        {
            self.share_folder(vbox, &share).await?;
        }
        self.bring_up(vbox, cx).await
    }

    fn hardware(&self, imported: Option<&Imported>) -> Hardware<'_> {
        let cpus = match self.options.cpus {
            0 => std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(MOST_CPUS) as u32),
            cpus => cpus,
        };
        Hardware {
            cpus: imported.and_then(|imported| imported.cpus).unwrap_or(cpus),
            memory: imported.and_then(|imported| imported.memory).unwrap_or(self.options.memory),
            host_dns_resolver: self.options.host_dns_resolver,
            dns_proxy: !self.options.no_dns_proxy,
            nat_nic_type: &self.options.nat_nic_type,
        }
    }

    /// A copy of its own: `upgrade` replaces it while other machines run on theirs.
    async fn insert_image(&self, vbox: &Tool, image: &Path) -> Result<()> {
        let own = self.image_path();
        tokio::fs::copy(image, &own).await.map_err(|error| {
            let text = format!("cannot copy the boot2docker image to {}", own.display());
            Error::new(ErrorKind::Io, text).with_source(&error)
        })?;
        Ok(vbox.change(&command::attach(&self.vm_id(), "0", "dvddrive", &own)).await?)
    }

    async fn make_disk(&self, vbox: &Tool, cx: &Context, imported: Option<&Imported>) -> Result<()> {
        let (vm, path, key) = (self.vm_id(), self.disk_path(), self.ssh_key_path());
        // Left by a `create` that was killed; this machine has no VM that could use it.
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        if let Some(imported) = imported {
            KeyPair::copy(&imported.key, key).await?;
            cx.log().info("Copying the disk...");
            vbox.change(&command::clone_disk(&imported.disk, &path)).await?;
        } else {
            cx.log().info("Creating SSH key...");
            let key = KeyPair::generate(key, KeyAlgorithm::Ed25519).await?;
            let bytes = u64::from(self.options.disk_size) * MEGABYTE;
            let begin = disk_with_key(key.public_key())?;
            vbox.feed(&command::convert_from_raw(&path, bytes), &begin).await?;
        }
        Ok(vbox.change(&command::attach(&vm, "1", "hdd", &path)).await?)
    }

    async fn share_folder(&self, vbox: &Tool, share: &SharedFolder) -> Result<()> {
        let vm = self.vm_id();
        // The guest mounts shares below these.
        for property in ["MountPrefix", "MountDir"] {
            let name = format!("/VirtualBox/GuestAdd/SharedFolders/{property}");
            vbox.change(&command::guest_property(&vm, &name, "/")).await?;
        }
        vbox.change(&command::share(&vm, &share.name, &share.folder)).await?;
        Ok(vbox.change(&command::allow_symlinks(&vm, &share.name)).await?)
    }

    pub(crate) fn image_path(&self) -> PathBuf {
        self.base.machine_dir().join("boot2docker.iso")
    }

    pub(crate) fn disk_path(&self) -> PathBuf {
        self.base.machine_dir().join("disk.vmdk")
    }
}
