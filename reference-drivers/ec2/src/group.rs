use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use machine_driver::{BaseDriver, Context, Driver, Error, ErrorKind, Result};
use machine_driver_aws::Failure;

use crate::{
    api::Ec2,
    check::Port,
    driver::Ec2Driver,
    instance::{GROUP_UNUSED, PENDING, RUNNING, SHOWN, STOPPED, STOPPING},
    names::{NAME_TAG, OWNER_TAG, SHARED, filter, is_owned, owned_by, tag},
};

/// Security groups: one of the machine's own, or the ones that the options name. The driver changes and deletes only
/// groups that it made, which carry its tag (SEC-007).
impl Ec2Driver {
    /// Names of the groups, each with the owner that its tag must have for the driver to touch it.
    fn group_names(&self) -> Vec<(String, String)> {
        let named = self.options.security_groups.iter();
        let named: Vec<_> = named.map(|name| (name.clone(), SHARED.to_owned())).collect();
        if named.is_empty() { vec![(self.object_name(), self.owner())] } else { named }
    }

    /// Looks for what would stop [`groups`](Self::groups) or leave ports closed (PRE-004).
    pub(crate) async fn check_groups(&self, ec2: &Ec2, cx: &Context, vpc: &str) -> Result<()> {
        let (mut groups, mut changeable) = (Vec::new(), false);
        for (name, owner) in self.group_names() {
            let group = self.group(ec2, vpc, &name, &owner).await?;
            changeable |= group.as_ref().is_none_or(|group| self.may_change(group, &owner));
            groups.extend(group);
        }
        if changeable {
            return Ok(());
        }
        let closed: Vec<Port> = self
            .ports()?
            .into_iter()
            .filter(|port| !groups.iter().any(|group| port.is_open(group)))
            .collect();
        let wanted = self.options.open_ports()?;
        if let Some(port) = wanted.iter().find(|port| closed.contains(port)) {
            let why = "is closed in --ec2-security-group, which the driver did not make and does not change";
            let text = format!("--ec2-open-port {port} {why}: open it there");
            return Err(Error::new(ErrorKind::InvalidOption, text));
        }
        for port in closed {
            let text = format!("The security groups do not open port {port}, which hosts need.");
            cx.log().info(text);
        }
        Ok(())
    }

    /// Ids of the groups in a VPC. Missing ones are made, and the ports opened in those that are the driver's (CREATE-005,
    /// CREATE-006).
    pub(crate) async fn groups(&self, ec2: &Ec2, cx: &Context, vpc: &str) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for (name, owner) in self.group_names() {
            let group = match self.group(ec2, vpc, &name, &owner).await? {
                Some(group) => group,
                None => self.make_group(ec2, cx, vpc, &name, &owner).await?,
            };
            if self.may_change(&group, &owner) {
                self.open_ports(ec2, &group).await?;
            }
            ids.extend(group.group_id);
        }
        Ok(ids)
    }

    /// One group by its name, which is unique in a VPC.
    async fn group(&self, ec2: &Ec2, vpc: &str, name: &str, owner: &str) -> Result<Option<SecurityGroup>> {
        let found = ec2.groups(vec![filter("vpc-id", &[vpc]), filter("group-name", &[name])]).await?;
        let group = found.into_iter().find(|group| group.group_name() == Some(name));
        match &group {
            Some(group) if owner != SHARED && !is_owned(group.tags(), owner) => {
                let id = group.group_id().unwrap_or_default();
                let text = format!("the VPC {vpc} already has a security group named {name} ({id})");
                Err(Error::new(ErrorKind::AlreadyExists, text))
            }
            None if self.options.security_group_readonly => {
                let text = format!(
                    "--ec2-security-group {name} is no group of the VPC {vpc}, and --ec2-security-group-readonly forbids to make it"
                );
                Err(Error::new(ErrorKind::InvalidOption, text))
            }
            _ => Ok(group),
        }
    }

    fn may_change(&self, group: &SecurityGroup, owner: &str) -> bool {
        !self.options.security_group_readonly && is_owned(group.tags(), owner)
    }

    async fn make_group(
        &self,
        ec2: &Ec2,
        cx: &Context,
        vpc: &str,
        name: &str,
        owner: &str,
    ) -> Result<SecurityGroup> {
        let tags = if owner == SHARED {
            vec![tag(NAME_TAG, name), tag(OWNER_TAG, owner)]
        } else {
            self.machine_tags()
        };
        match ec2.create_group(name, vpc, &tags).await {
            // Another machine was faster, or the answer to the first try was lost (CONC-002).
            Err(failure) if failure.is(&["InvalidGroup.Duplicate"]) => {}
            answer => answer?,
        }
        // What refers to it is refused until EC2 shows it (FAULT-003).
        let shown = cx.waits().until(&SHOWN, || self.group(ec2, vpc, name, owner)).await;
        shown.map_err(|error| error.with_context("security group", name))
    }

    async fn open_ports(&self, ec2: &Ec2, group: &SecurityGroup) -> Result<(), Failure> {
        let id = group.group_id().unwrap_or_default();
        let ipv6 = self.options.ipv6_address_count > 0;
        let closed = self.ports()?.into_iter().filter(|port| !port.is_open(group));
        let closed: Vec<IpPermission> = closed.map(|port| port.permission(ipv6)).collect();
        if closed.is_empty() {
            return Ok(());
        }
        match ec2.open_ports(id, &closed).await {
            Err(failure) if failure.is(&["InvalidPermission.Duplicate"]) => {}
            answer => return answer,
        }
        // All are refused because some are open by now: another machine was faster, or the answer was lost.
        for port in &closed {
            match ec2.open_ports(id, std::slice::from_ref(port)).await {
                Err(failure) if failure.is(&["InvalidPermission.Duplicate"]) => {}
                answer => answer?,
            }
        }
        Ok(())
    }

    /// Ports that must be open: nothing else is (SEC-006).
    fn ports(&self) -> Result<Vec<Port>> {
        let base = [Some(self.ssh_port()), Some(BaseDriver::ENGINE_PORT), self.base.swarm_port()?];
        let mut ports: Vec<Port> = base.into_iter().flatten().map(Port::tcp).collect();
        for port in self.options.open_ports()? {
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        Ok(ports)
    }

    /// Deletes the groups that the driver made; one that other machines use goes with the last of them (RM-004).
    pub(crate) async fn remove_groups(&self, ec2: &Ec2, cx: &Context) -> Result<()> {
        let mut outcomes = Vec::new();
        for (name, owner) in self.group_names() {
            let mut filters = vec![filter("group-name", &[&name]), owned_by(&owner)];
            if !self.options.vpc_id.is_empty() {
                filters.push(filter("vpc-id", &[&self.options.vpc_id]));
            }
            let found = ec2.groups(filters).await;
            outcomes.push(found.as_ref().map(drop).map_err(Clone::clone));
            for group in found.into_iter().flatten() {
                if self.may_change(&group, &owner) && group.group_name() == Some(&name) {
                    let id = group.group_id.unwrap_or_default();
                    outcomes.push(self.remove_group(ec2, cx, &id, owner == SHARED).await);
                }
            }
        }
        Error::all(outcomes)
    }

    async fn remove_group(&self, ec2: &Ec2, cx: &Context, id: &str, shared: bool) -> Result<()> {
        let removed = cx.waits().until(&GROUP_UNUSED, || async {
            if shared && self.is_used(ec2, id).await? {
                return Ok(Some(()));
            }
            match ec2.delete_group(id).await {
                // The terminated instance's network interface takes a while to go.
                Err(failure) if failure.is(&["DependencyViolation"]) => Ok(None),
                answer => Ok(answer.map(Some)?),
            }
        });
        match removed.await {
            // Whoever it is that uses it, it is no machine.
            Err(error) if shared && error.is_wait_over() => {
                cx.log().info(format!("The security group {id} is in use and stays."));
                Ok(())
            }
            outcome => outcome.map_err(|error| error.with_context("security group", id)),
        }
    }

    /// Whether another machine has the group; the driver's own is terminated by now.
    async fn is_used(&self, ec2: &Ec2, group: &str) -> Result<bool> {
        let alive = filter("instance-state-name", &[PENDING, RUNNING, STOPPING, STOPPED]);
        Ok(!ec2.instances(vec![filter("instance.group-id", &[group]), alive]).await?.is_empty())
    }
}
