use std::path::PathBuf;

use machine_driver::{Context, Error, ErrorKind, Result};
use machine_driver_hypervisor::tool::{Call, Tool};

use crate::{
    answer::{INACCESSIBLE, Info, VmState, vms},
    command,
    driver::VBoxDriver,
    vboxmanage::info,
};

/// What there is of the VM.
enum Found {
    There(Info),
    /// Its settings are lost: it can only be forgotten.
    Inaccessible,
    Gone,
}

/// Deleting, for `remove` and for a `create` that failed.
impl VBoxDriver {
    /// Deletes the VM by its id, from any state, then what it had; what is gone already is deleted (RM-008, RM-012). Needs
    /// neither the guest nor local files (RM-019, RM-020).
    pub(crate) async fn delete(&self, vbox: &Tool, cx: &Context) -> Result<()> {
        let (mut image, mut disk) = (self.image_path(), Some(self.disk_path()));
        match self.find(vbox).await? {
            Found::There(info) => {
                // The store may have moved since; the image of somebody else in the drive is left alone.
                if let Some(inserted) = info.medium("0").filter(|path| path.file_name() == image.file_name())
                {
                    image = inserted;
                }
                if info.medium("1").is_some() {
                    // Deleted with the VM.
                    disk = None;
                }
                let state = info.state()?;
                if !matches!(state, VmState::Off | VmState::Saved) {
                    match self.power_off(vbox, cx, state).await {
                        // Somebody deleted it at the same time.
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        outcome => outcome?,
                    }
                }
                self.unregister(vbox, &command::unregister(&self.vm_id())).await?;
            }
            Found::Inaccessible => self.unregister(vbox, &command::forget(&self.vm_id())).await?,
            Found::Gone => {}
        }
        // Goes on after a failure, and reports all of them (RM-014, RM-015).
        let network = self.leave_networks(vbox, cx).await;
        let image = close(vbox, "dvd", image).await;
        let disk = match disk {
            Some(disk) => close(vbox, "disk", disk).await,
            None => Ok(()),
        };
        Error::all([network, image, disk])
    }

    /// Only VirtualBox's own "no such VM" counts as gone (RM-011).
    async fn find(&self, vbox: &Tool) -> Result<Found> {
        let vm = self.vm_id();
        let error = match info(vbox, &vm).await {
            Ok(Some(info)) => return Ok(Found::There(info)),
            Ok(None) => return Ok(Found::Gone),
            Err(error) if error.kind() == ErrorKind::Timeout => return Err(error),
            Err(error) => error,
        };
        let listed = vbox.read(&command::list_vms(), vms).await?;
        if listed.iter().any(|listed| listed.id == vm && listed.name == INACCESSIBLE) {
            return Ok(Found::Inaccessible);
        }
        Err(error)
    }

    async fn unregister(&self, vbox: &Tool, command: &Call) -> Result<()> {
        let Err(failure) = vbox.change(command).await else {
            return Ok(());
        };
        // The answer was lost, or somebody else was faster.
        match self.find(vbox).await {
            Ok(Found::Gone) => Ok(()),
            _ => Err(failure.error),
        }
    }
}

/// Makes VirtualBox forget a medium, which stays in its list when its VM is deleted. The file goes with the machine's
/// folder.
async fn close(vbox: &Tool, kind: &str, path: PathBuf) -> Result<()> {
    match vbox.change(&command::close_medium(kind, &path)).await {
        // It was never registered, and the file is not there either.
        Err(failure) if failure.error.to_string().contains("Could not find file for the medium") => Ok(()),
        outcome => Ok(outcome?),
    }
}
