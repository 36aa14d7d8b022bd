//! CPU credits of burstable instances.

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::state::Kind;

pub(super) const OPERATIONS: &[Operation] = &[Operation::new(
    "DescribeInstanceCreditSpecifications",
    Effect::Reads,
    Kind::Instance,
    describe_credits,
)];

fn describe_credits(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("InstanceId");
    let filters = call.filters(&["instance-id"])?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    let Stage { region, xml, now, .. } = call.begin()?;
    region.visible_instances(&ids, now)?;
    let shown = region.instances.starting_at(0).filter_map(|(serial, instance)| {
        let is_wanted = ids.is_empty() || ids.contains(&&*instance.id);
        let fits = filters.fit(std::iter::empty, |name, test| name == "instance-id" && test(&instance.id));
        // Those without credits are left out, and unless they are named, those with the usual kind too.
        let credits = instance.cpu_credits?;
        let is_told = !ids.is_empty() || credits == "unlimited";
        (is_wanted && fits && is_told).then_some((serial, (&instance.id, credits)))
    });
    let (shown, next) = page.cut(shown);
    xml.list("instanceCreditSpecificationSet", shown, |xml, (id, credits)| {
        xml.plain("instanceId", id);
        xml.plain("cpuCredits", credits);
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}
