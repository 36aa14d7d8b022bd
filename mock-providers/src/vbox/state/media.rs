//! The registry of media.

use std::path::{Path, PathBuf};

use super::{
    FileError, Host, ImageFormat, Machine, Medium, MediumKind, NewImage, Result, Session, Uuid, VBoxError,
    Variant, VirtualBox,
    error::{Component, ResultCode},
};

impl VirtualBox {
    /// A medium by its id.
    pub(crate) fn medium(&self, id: Uuid) -> Option<&Medium> {
        self.media.iter().find(|medium| medium.id == id)
    }

    /// A medium that is known already, by its id or path.
    pub(crate) fn find_medium(&self, id_or_path: &str, kind: MediumKind) -> Option<&Medium> {
        let of_kind = self.media.iter().filter(|medium| medium.kind == kind);
        let id = id_or_path.parse::<Uuid>().ok();
        let mut found = of_kind.filter(|it| Some(it.id) == id || it.location == Path::new(id_or_path));
        found.next()
    }

    /// Finds a medium, or opens the file and makes it known.
    ///
    /// # Errors
    /// `VBOX_E_FILE_ERROR` when there is no such file; `VBOX_E_IPRT_ERROR` when it is none of this kind;
    /// `NS_ERROR_INVALID_ARG` when another file with the same id is known.
    pub(crate) fn open_medium(
        &mut self,
        id_or_path: &str,
        kind: MediumKind,
        host: &Host<'_>,
    ) -> Result<Uuid> {
        if let Some(known) = self.find_medium(id_or_path, kind) {
            return Ok(known.id);
        }
        let path = Path::new(id_or_path);
        if !path.is_absolute() {
            let text = format!("The given path '{id_or_path}' is not fully qualified");
            return Err(VBoxError::new(ResultCode::FileError, Component::MEDIUM, text));
        }
        let image = host.files.probe(path, kind).map_err(|error| match error {
            FileError::NotSupported => {
                let text = format!(
                    "Could not get the storage format of the medium '{id_or_path}' ({})",
                    error.status()
                );
                VBoxError::new(ResultCode::IprtError, Component::MEDIUM, text)
            }
            error => {
                let text = format!("Could not find file for the medium '{id_or_path}' ({})", error.status());
                VBoxError::new(ResultCode::FileError, Component::MEDIUM, text)
            }
        })?;
        let id = image.id.unwrap_or_else(Uuid::random);
        if let Some(other) = self.medium(id) {
            let what = kind.in_words();
            let text = format!(
                "Cannot register the {what} '{id_or_path}' {{{id}}} because a {what} '{}' with UUID {{{id}}} already \
                 exists",
                other.location.display()
            );
            return Err(VBoxError::invalid_argument(Component::VIRTUAL_BOX, text));
        }
        self.media.push(Medium::new(id, kind, path, &image));
        Ok(id)
    }

    /// Looks whether the file is there.
    pub(crate) fn refresh_medium(&mut self, id: Uuid, host: &Host<'_>) {
        let Some(medium) = self.media.iter_mut().find(|medium| medium.id == id) else {
            return;
        };
        let location = medium.location.display();
        medium.access_error = match host.files.probe(&medium.location, medium.kind) {
            Ok(_) => None,
            Err(error) => Some(format!(
                "Could not open the medium '{location}'.\nVD: error {status} opening image file '{location}' ({status})",
                status = error.status()
            )),
        };
    }

    /// Machines that have a medium attached, now or in a snapshot.
    pub(crate) fn users_of(&self, medium: Uuid) -> Vec<&Machine> {
        let uses = |machine: &&Machine| machine.uses(medium);
        self.machines.iter().filter(uses).collect()
    }

    /// Whether a VM process has a medium open for writing.
    pub(crate) fn is_locked(&self, medium: Uuid) -> bool {
        let holds = |machine: &Machine| {
            matches!(machine.session, Session::Process | Session::Unlocking)
                && machine.disks().contains(&medium)
        };
        self.machines.iter().any(holds)
    }

    /// Makes a medium unknown. The file stays.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_OBJECT_STATE` while a machine runs with it; `VBOX_E_OBJECT_IN_USE` while it is attached or has
    /// children.
    pub(crate) fn close_medium(&mut self, id: Uuid) -> Result<()> {
        let Some(medium) = self.medium(id) else {
            return Ok(());
        };
        let location = medium.location.display();
        if self.is_locked(id) {
            let text = format!("Medium '{location}' is locked for writing by another task");
            return Err(VBoxError::new(ResultCode::InvalidObjectState, Component::MEDIUM, text));
        }
        let in_use = |text| Err(VBoxError::new(ResultCode::ObjectInUse, Component::MEDIUM, text));
        let users = self.users_of(id).len();
        if users > 0 {
            return in_use(format!(
                "Medium '{location}' cannot be closed because it is still attached to {users} virtual machines"
            ));
        }
        let children = self.media.iter().filter(|it| it.parent == Some(id)).count();
        if children > 0 {
            return in_use(format!(
                "Medium '{location}' cannot be closed because it has {children} child media"
            ));
        }
        self.media.retain(|medium| medium.id != id);
        Ok(())
    }

    /// Removes the file of a medium, and makes the medium unknown.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_IN_USE` while it is attached; `VBOX_E_FILE_ERROR` when the file cannot be removed; as for
    /// [`VirtualBox::close_medium`].
    pub(crate) fn delete_storage(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        let Some(medium) = self.medium(id) else {
            return Ok(());
        };
        let location = medium.location.clone();
        let users = self.users_of(id);
        if !users.is_empty() {
            let ids: Vec<String> = users.iter().map(|machine| machine.id.to_string()).collect();
            let text = format!(
                "Cannot delete storage: medium '{}' is still attached to the following {} virtual machine(s): {}",
                location.display(),
                ids.len(),
                ids.join(", ")
            );
            return Err(VBoxError::new(ResultCode::ObjectInUse, Component::MEDIUM, text));
        }
        self.close_medium(id)?;
        host.files.remove(&location).map_err(|error| {
            let text = format!(
                "Could not delete the medium storage unit '{}' ({})",
                location.display(),
                error.status()
            );
            VBoxError::later(ResultCode::FileError, Component::MEDIUM, text)
        })
    }

    /// Makes an empty hard disk and makes it known. A path without an extension gets that of the format.
    ///
    /// # Errors
    /// `VBOX_E_FILE_ERROR` when there is such a file, or it cannot be written.
    pub(crate) fn create_medium(
        &mut self,
        path: &Path,
        kind: MediumKind,
        image: &NewImage,
        host: &mut Host<'_>,
    ) -> Result<Uuid> {
        let path = with_extension(path, image.format);
        host.files.create_image(&path, image).map_err(|error| {
            let (location, status) = (path.display(), error.status());
            let reason = could_not_create(image.format, &path, error);
            let text = format!("Could not create the medium storage unit '{location}'.\n{reason} ({status})");
            VBoxError::later(ResultCode::FileError, Component::MEDIUM, text)
        })?;
        Ok(self.register_image(&path, kind, image))
    }

    /// Copies a hard disk into a new file and makes it known.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_OBJECT_STATE` while a machine runs with the source; as for [`VirtualBox::create_medium`].
    pub(crate) fn clone_medium(
        &mut self,
        source: Uuid,
        path: &Path,
        image: &NewImage,
        host: &mut Host<'_>,
    ) -> Result<Uuid> {
        let Some(medium) = self.medium(source) else {
            return Err(VBoxError::not_ready(Component::MEDIUM));
        };
        if self.is_locked(source) {
            let text = format!("Failed to lock source media '{}'", medium.location.display());
            return Err(VBoxError::new(ResultCode::InvalidObjectState, Component::MEDIUM, text));
        }
        let (kind, from) = (medium.kind, medium.location.clone());
        let path = with_extension(path, image.format);
        host.files.copy_image(&from, &path, image).map_err(|error| {
            let (location, status) = (path.display(), error.status());
            let reason = could_not_create(image.format, &path, error);
            let text = format!("Could not create the clone medium '{location}'.\n{reason} ({status})");
            VBoxError::later(ResultCode::FileError, Component::MEDIUM, text)
        })?;
        Ok(self.register_image(&path, kind, image))
    }

    /// Makes a hard disk larger, to a number of bytes.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_OBJECT_STATE` while a machine runs with it; `VBOX_E_NOT_SUPPORTED` for a smaller size and for
    /// other formats than VDI.
    pub(crate) fn resize_medium(&mut self, id: Uuid, capacity: u64, host: &mut Host<'_>) -> Result<()> {
        let is_locked = self.is_locked(id);
        let Some(medium) = self.media.iter_mut().find(|medium| medium.id == id) else {
            return Err(VBoxError::not_ready(Component::MEDIUM));
        };
        let location = medium.location.display();
        if is_locked {
            let text = format!("Failed to lock media when resizing '{location}'");
            return Err(VBoxError::new(ResultCode::InvalidObjectState, Component::MEDIUM, text));
        }
        let unsupported = |text| Err(VBoxError::later(ResultCode::NotSupported, Component::MEDIUM, text));
        if capacity < medium.capacity {
            return unsupported(format!("Shrinking is not yet supported for medium '{location}'"));
        }
        let resized = match medium.format {
            ImageFormat::Vdi => host.files.resize_image(&medium.location, capacity),
            _ => Err(FileError::NotSupported),
        };
        if resized.is_err() {
            return unsupported(format!(
                "Resizing to new size {capacity} is not yet supported for medium '{location}'"
            ));
        }
        medium.capacity = capacity;
        Ok(())
    }

    pub(super) fn register_image(&mut self, path: &Path, kind: MediumKind, image: &NewImage) -> Uuid {
        self.media.push(Medium {
            id: image.id,
            kind,
            location: path.to_owned(),
            format: image.format,
            variant: image.variant,
            capacity: image.capacity,
            parent: image.parent,
            disk_type: "normal",
            access_error: None,
        });
        image.id
    }

    /// Makes a differencing image for a disk in a folder.
    pub(super) fn branch(&mut self, parent: Uuid, folder: &Path, host: &mut Host<'_>) -> Result<Uuid> {
        let Some(medium) = self.medium(parent) else {
            return Err(VBoxError::not_ready(Component::MEDIUM));
        };
        let format = match medium.format {
            ImageFormat::Raw => ImageFormat::Vdi,
            format => format,
        };
        let image = NewImage {
            format,
            variant: Variant::Differencing,
            id: Uuid::random(),
            parent: Some(parent),
            capacity: medium.capacity,
        };
        let path = folder.join(format!("{{{}}}.{}", image.id, format.extension()));
        self.create_medium(&path, MediumKind::HardDisk, &image, host)
    }
}

impl Machine {
    /// Whether a medium is attached, now or in a snapshot.
    fn uses(&self, medium: Uuid) -> bool {
        let snapshots = self.snapshots.iter().map(|snapshot| &snapshot.configuration);
        let mut all = snapshots.chain([&self.configuration]);
        all.any(|it| it.controllers.iter().flat_map(|it| &it.devices).any(|it| it.medium == Some(medium)))
    }
}

fn with_extension(path: &Path, format: ImageFormat) -> PathBuf {
    match path.extension() {
        Some(_) => path.to_owned(),
        None => path.with_extension(format.extension()),
    }
}

/// What the writer of a format says.
fn could_not_create(format: ImageFormat, path: &Path, error: FileError) -> String {
    let location = path.display();
    match (format, error) {
        (ImageFormat::Vmdk, _) => format!("VMDK: could not create new file '{location}'"),
        (_, FileError::Full) => format!("{}: not enough space for image '{location}'", format.name()),
        (_, _) => format!("{}: cannot create image '{location}'", format.name()),
    }
}
