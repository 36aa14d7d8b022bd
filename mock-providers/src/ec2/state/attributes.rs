//! Attributes of instances that can be changed later.

use super::{
    GroupName, Hardware, Id, InstanceState, MetadataChange, MetadataOptions, Moment, Monitoring, Region,
    Result, ShutdownBehavior, run,
};
use crate::ec2::{catalog, error::Ec2Error};

/// A change of an attribute (`ModifyInstanceAttribute`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttributeChange {
    /// Protection against termination.
    DisableApiTermination(bool),
    /// Protection against being stopped.
    DisableApiStop(bool),
    /// What a shutdown from inside does.
    ShutdownBehavior(ShutdownBehavior),
    /// Type; the instance must be stopped.
    InstanceType(String),
    /// User data in Base64; the instance must be stopped.
    UserData(String),
    /// EBS optimisation; the instance must be stopped.
    EbsOptimized(bool),
    /// Whether packets must be from and to its own addresses.
    SourceDestCheck(bool),
    /// Security groups of the primary interface, by id.
    Groups(Vec<String>),
    /// Whether a volume goes with the instance, by the name of its device.
    DeleteOnTermination(String, bool),
}

impl Region {
    /// Changes attributes of an instance: all or none.
    ///
    /// # Errors
    /// No such instance; `IncorrectInstanceState` for what can only be changed while it is stopped; whatever does not
    /// exist.
    pub(crate) fn modify_attributes(
        &mut self,
        id: &str,
        changes: &[AttributeChange],
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<()> {
        self.visible_instances(&[id], now)?;
        for change in changes {
            self.check_change(id, change)?;
        }
        for change in changes {
            self.apply_change(id, change, hardware);
        }
        Ok(())
    }

    fn check_change(&self, id: &str, change: &AttributeChange) -> Result<()> {
        let Some(instance) = self.instances.get(id) else {
            return Err(Self::missing(super::Kind::Instance, id));
        };
        let needs_stop = matches!(
            change,
            AttributeChange::InstanceType(_)
                | AttributeChange::UserData(_)
                | AttributeChange::EbsOptimized(_)
        );
        if needs_stop && instance.state != InstanceState::Stopped || instance.state.is_ending() {
            let message = format!("The instance '{id}' is not in the 'stopped' state.");
            return Err(Ec2Error::incorrect_instance_state(message));
        }
        match change {
            AttributeChange::InstanceType(name) if catalog::instance_type(name).is_none() => {
                Err(Ec2Error::invalid_parameter_value(format!("Invalid value '{name}' for InstanceType.")))
            }
            AttributeChange::UserData(data) => run::user_data(data).map(drop),
            AttributeChange::Groups(ids) => self.new_groups(id, ids).map(drop),
            AttributeChange::DeleteOnTermination(device, _)
                if !instance.volumes.iter().any(|volume| *volume.device == **device) =>
            {
                let message = format!("No device is currently mapped at {device}");
                Err(Ec2Error::client("InvalidInstanceAttributeValue", message))
            }
            _ => Ok(()),
        }
    }

    fn new_groups(&self, id: &str, groups: &[String]) -> Result<Vec<GroupName>> {
        let instance = self.instances.get(id);
        let Some((vpc, subnet)) = instance.and_then(|it| Some((it.vpc.as_ref()?, it.subnet.as_ref()?)))
        else {
            return Ok(Vec::new());
        };
        if groups.is_empty() {
            return Err(Ec2Error::missing_parameter("GroupId"));
        }
        self.named_groups(groups, vpc, subnet)
    }

    fn apply_change(&mut self, id: &str, change: &AttributeChange, hardware: &mut dyn Hardware) {
        if let AttributeChange::Groups(groups) = change {
            if let Ok(groups) = self.new_groups(id, groups) {
                self.replace_groups(&Id::from(id), groups, hardware);
            }
            return;
        }
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        match change {
            AttributeChange::DisableApiTermination(on) => instance.disable_api_termination = *on,
            AttributeChange::DisableApiStop(on) => instance.disable_api_stop = *on,
            AttributeChange::ShutdownBehavior(behavior) => instance.shutdown_behavior = *behavior,
            AttributeChange::InstanceType(name) => {
                instance.instance_type = catalog::instance_type(name).unwrap_or(instance.instance_type);
            }
            AttributeChange::UserData(data) => instance.user_data.clone_from(data),
            AttributeChange::EbsOptimized(on) => instance.ebs_optimized = *on,
            AttributeChange::SourceDestCheck(on) => {
                instance.source_dest_check = *on;
                let primary = instance.interfaces.first();
                if let Some(interface) = primary.and_then(|id| self.interfaces.get_mut(id)) {
                    interface.source_dest_check = *on;
                }
            }
            AttributeChange::DeleteOnTermination(device, on) => {
                let attached = instance.volumes.iter_mut().find(|it| *it.device == **device);
                let Some(attached) = attached else { return };
                attached.delete_on_termination = *on;
                let volume = self.volumes.get_mut(&attached.volume);
                if let Some(attachment) = volume.and_then(|volume| volume.attachment.as_mut()) {
                    attachment.delete_on_termination = *on;
                }
            }
            AttributeChange::Groups(_) => {}
        }
    }

    /// Replaces the security groups of the primary interface of an instance.
    fn replace_groups(&mut self, id: &Id, groups: Vec<GroupName>, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        let old = std::mem::replace(&mut instance.groups, groups.clone());
        let Some(interface) = instance.interfaces.first().cloned() else {
            return;
        };
        for group in old {
            if let Some(group) = self.groups.get_mut(&group.id) {
                group.members.remove(&interface);
            }
        }
        for group in &groups {
            if let Some(group) = self.groups.get_mut(&group.id) {
                group.members.insert(interface.clone());
            }
        }
        if let Some(interface) = self.interfaces.get_mut(&interface) {
            interface.groups = groups;
        }
        self.apply_rules(id, hardware);
    }

    /// Changes the options of an instance's metadata service.
    ///
    /// # Errors
    /// No such instance; `IncorrectInstanceState` for one that is over.
    pub(crate) fn modify_metadata(
        &mut self,
        id: &str,
        change: &MetadataChange,
        now: Moment,
    ) -> Result<MetadataOptions> {
        self.visible_instances(&[id], now)?;
        match self.instances.get_mut(id) {
            Some(instance) if !instance.state.is_ending() => {
                instance.metadata = instance.metadata.changed(change);
                Ok(instance.metadata)
            }
            _ => {
                let message = format!(
                    "The instance '{id}' is not in a state in which its metadata options can be changed."
                );
                Err(Ec2Error::incorrect_instance_state(message))
            }
        }
    }

    /// Switches detailed monitoring on or off: for all instances or none.
    ///
    /// # Errors
    /// No such instance.
    pub(crate) fn monitor_instances(&mut self, ids: &[&str], on: bool, now: Moment) -> Result<()> {
        self.visible_instances(ids, now)?;
        for id in ids {
            if let Some(instance) = self.instances.get_mut(id).filter(|it| !it.state.is_ending()) {
                instance.monitoring = match (on, instance.state) {
                    (true, InstanceState::Pending) => Monitoring::Pending,
                    (true, _) => Monitoring::Enabled,
                    (false, _) => Monitoring::Disabled,
                };
            }
        }
        Ok(())
    }

    /// What an instance wrote to its console, and when it was read; nothing before it ran.
    ///
    /// # Errors
    /// No such instance.
    pub(crate) fn console_output(
        &mut self,
        id: &str,
        now: Moment,
        hardware: &dyn Hardware,
    ) -> Result<(Moment, String)> {
        self.visible_instances(&[id], now)?;
        let instance = self.instances.get(id).filter(|instance| instance.has_machine);
        Ok((now, instance.map(|it| hardware.console(&it.id)).unwrap_or_default()))
    }
}
