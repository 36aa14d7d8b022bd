//! Instances: looking at them, starting, stopping, rebooting and terminating them.

use std::collections::HashSet;

use super::{Call, Effect, Operation, Result, Stage, done, instance_filter, instance_xml};
use crate::ec2::{
    error::Ec2Error,
    state::{Id, Instance, InstanceState, Kind, Moment, Region, StateChange},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("DescribeInstances", Effect::Reads, Kind::Instance, describe_instances),
    Operation::new("DescribeInstanceStatus", Effect::Reads, Kind::Instance, describe_instance_status),
    Operation::new("StartInstances", Effect::Changes, Kind::Instance, start_instances),
    Operation::new("StopInstances", Effect::Changes, Kind::Instance, stop_instances),
    Operation::new("RebootInstances", Effect::Changes, Kind::Instance, reboot_instances),
    Operation::new("TerminateInstances", Effect::Changes, Kind::Instance, terminate_instances),
];

fn describe_instances(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("InstanceId");
    let filters = call.filters(instance_filter::NAMES)?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    call.parameters.ignore(&["IncludeManagedResources"]);
    let is_stale = call.is_stale;
    let Stage { region, xml, now, .. } = call.begin()?;
    let hidden = look(region, &ids, now)?;
    let now_and_here = chosen(region, &ids, &hidden);
    let before: Vec<(u64, Instance)> = match is_stale {
        true => now_and_here.map(|(serial, it)| (serial, as_before(it))).collect(),
        false => Vec::new(),
    };
    let shown: Box<dyn Iterator<Item = (u64, &Instance)>> = match is_stale {
        true => Box::new(before.iter().map(|(serial, it)| (*serial, it))),
        false => chosen(region, &ids, &hidden),
    };
    let fitting = shown.filter(|(_, instance)| instance_filter::fits(&filters, region, instance));
    let (instances, next) = page.cut(fitting);
    instance_xml::reservations(xml, region, &instances);
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

/// An instance as it was before its latest change of state.
fn as_before(instance: &Instance) -> Instance {
    let mut instance = instance.clone();
    if let Some(before) = instance.before.take() {
        instance.state = before.state;
        instance.public = before.public;
    }
    instance
}

fn describe_instance_status(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("InstanceId");
    let filters = call.filters(instance_filter::STATUS_NAMES)?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    let all = call.parameters.boolean("IncludeAllInstances")?.unwrap_or(false);
    call.parameters.ignore(&["IncludeManagedResources"]);
    let Stage { region, xml, now, .. } = call.begin()?;
    let hidden = look(region, &ids, now)?;
    let fitting = chosen(region, &ids, &hidden).filter(|(_, instance)| {
        let status = status(region, instance, now);
        (all || instance.state == InstanceState::Running)
            && instance_filter::fits_status(&filters, instance, status)
    });
    let (instances, next) = page.cut(fitting);
    xml.list("instanceStatusSet", instances, |xml, instance| {
        xml.plain("instanceId", &instance.id);
        xml.plain("availabilityZone", &instance.zone.name);
        xml.plain("availabilityZoneId", &instance.zone.id);
        xml.element("operator", |xml| xml.boolean("managed", false));
        xml.element("instanceState", |xml| instance_xml::state(xml, instance.state));
        let status = status(region, instance, now);
        for check in ["systemStatus", "instanceStatus", "attachedEbsStatus"] {
            xml.element(check, |xml| write_status(xml, status));
        }
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn write_status(xml: &mut Xml, status: &str) {
    xml.plain("status", status);
    let reachability = match status {
        "ok" => "passed",
        "initializing" => "initializing",
        _ => return,
    };
    xml.list("details", [reachability], |xml, reachability| {
        xml.plain("name", "reachability");
        xml.plain("status", reachability);
    });
}

/// Result of the status checks.
fn status(region: &Region, instance: &Instance, now: Moment) -> &'static str {
    match instance.state {
        InstanceState::Running if now.since(instance.since) >= region.times.status_checks => "ok",
        InstanceState::Running => "initializing",
        _ => "not-applicable",
    }
}

/// Looks for instances: those that are named must be there, of all others the hidden ones are told.
fn look(region: &mut Region, ids: &[&str], now: Moment) -> Result<HashSet<Id>> {
    if !ids.is_empty() {
        region.visible_instances(ids, now)?;
        return Ok(HashSet::new());
    }
    Ok(region.hidden_among(Kind::Instance, now))
}

/// The instances that are named, or all, with their serial numbers, oldest first.
fn chosen<'r>(
    region: &'r Region,
    ids: &[&str],
    hidden: &'r HashSet<Id>,
) -> Box<dyn Iterator<Item = (u64, &'r Instance)> + 'r> {
    if ids.is_empty() {
        let all = region.instances.starting_at(0);
        return Box::new(all.filter(|(_, instance)| !hidden.contains(&instance.id)));
    }
    let mut named: Vec<&Instance> = ids.iter().filter_map(|id| region.instances.get(id)).collect();
    if named.len() > 1 {
        named.sort_unstable_by_key(|it| (it.created, &it.reservation, it.launch_index));
        named.dedup_by_key(|it| &it.id);
    }
    // Serial numbers matter for pages alone, and what is named does not come in pages.
    Box::new(named.into_iter().map(|instance| (1, instance)))
}

/// The ids of a call that needs some.
fn ids<'q>(call: &Call<'q>) -> Result<Vec<&'q str>> {
    let ids = call.parameters.list("InstanceId");
    match ids.is_empty() {
        true => Err(Ec2Error::missing_parameter("InstanceId")),
        false => Ok(ids),
    }
}

fn start_instances(call: &mut Call<'_>) -> Result<()> {
    let ids = ids(call)?;
    call.parameters.ignore(&["AdditionalInfo"]);
    let faults = call.faults.clone();
    let Stage { region, hardware, xml, now } = call.begin()?;
    let changes = region.start_instances(&ids, &faults, now, hardware)?;
    write_changes(xml, &changes);
    Ok(())
}

fn stop_instances(call: &mut Call<'_>) -> Result<()> {
    let ids = ids(call)?;
    let force = call.parameters.boolean("Force")?.unwrap_or(false);
    let skips_shutdown = call.parameters.boolean("SkipOsShutdown")?.unwrap_or(false);
    if call.parameters.boolean("Hibernate")?.unwrap_or(false) {
        let message = "The instance is not enabled for hibernation.";
        return Err(Ec2Error::client("UnsupportedHibernationConfiguration", message));
    }
    let Stage { region, hardware, xml, now } = call.begin()?;
    let changes = region.stop_instances(&ids, force || skips_shutdown, now, hardware)?;
    write_changes(xml, &changes);
    Ok(())
}

fn reboot_instances(call: &mut Call<'_>) -> Result<()> {
    let ids = ids(call)?;
    let Stage { region, hardware, xml, now } = call.begin()?;
    region.reboot_instances(&ids, now, hardware)?;
    done(xml);
    Ok(())
}

fn terminate_instances(call: &mut Call<'_>) -> Result<()> {
    let ids = ids(call)?;
    call.parameters.boolean("Force")?;
    call.parameters.boolean("SkipOsShutdown")?;
    let Stage { region, hardware, xml, now } = call.begin()?;
    let changes = region.terminate_instances(&ids, now, hardware)?;
    write_changes(xml, &changes);
    Ok(())
}

fn write_changes(xml: &mut Xml, changes: &[StateChange]) {
    xml.list("instancesSet", changes, |xml, change| {
        xml.plain("instanceId", &change.id);
        xml.element("currentState", |xml| instance_xml::state(xml, change.current));
        xml.element("previousState", |xml| instance_xml::state(xml, change.previous));
    });
}
