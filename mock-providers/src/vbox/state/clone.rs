//! Copies of machines.

use std::path::Path;

use super::{
    Host, MacAddress, Machine, MachineState, MediumKind, NewImage, NewMachine, Result, Session, Uuid,
    VirtualBox,
};

impl VirtualBox {
    /// Puts a copy of a machine together, with copies of its hard disks in the new machine's folder; neither saved nor
    /// registered yet. Snapshots are not copied. The addresses of its network adapters are new.
    ///
    /// # Errors
    /// As for [`VirtualBox::create_machine`] and [`VirtualBox::clone_medium`].
    pub(crate) fn clone_machine(
        &mut self,
        source: Uuid,
        name: &str,
        base_folder: Option<&Path>,
        host: &mut Host<'_>,
    ) -> Result<Machine> {
        let source = self.require(source)?.clone();
        let new = NewMachine {
            name: name.to_owned(),
            base_folder: base_folder.map(Path::to_owned),
            id: None,
            groups: source.groups.clone(),
            os_type: source.configuration.os_type.clone(),
            platform: source.platform,
            settings: source.configuration.settings.clone(),
        };
        let empty = self.create_machine(&new, host)?;
        let mut copy = Machine {
            configuration: source.configuration,
            extra_data: source.extra_data,
            state: MachineState::PoweredOff,
            session: Session::Unlocked,
            ..empty
        };
        for adapter in &mut copy.configuration.adapters {
            adapter.mac = MacAddress::random();
        }
        let folder = copy.folder().to_owned();
        let mut number = 0;
        let controllers = copy.configuration.controllers.iter_mut();
        let disks = controllers.flat_map(|it| &mut it.devices);
        for device in disks.filter(|device| device.kind == MediumKind::HardDisk) {
            let Some(medium) = device.medium.and_then(|id| self.medium(id)) else {
                continue;
            };
            number += 1;
            let image = NewImage {
                format: medium.format,
                variant: super::Variant::Standard,
                id: Uuid::random(),
                parent: None,
                capacity: medium.capacity,
            };
            let path = folder.join(format!("{name}-disk{number}.{}", medium.format.extension()));
            let id = medium.id;
            device.medium = Some(self.clone_medium(id, &path, &image, host)?);
        }
        Ok(copy)
    }
}
