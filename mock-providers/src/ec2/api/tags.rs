//! Tags.

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::{error::Ec2Error, state::Kind};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("CreateTags", Effect::Changes, Kind::Instance, create_tags),
    Operation::new("DeleteTags", Effect::Changes, Kind::Instance, delete_tags),
    Operation::new("DescribeTags", Effect::Reads, Kind::Instance, describe_tags),
];

fn create_tags(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("ResourceId");
    let tag = |tag: &crate::ec2::query::Parameters<'_>| {
        let text = |name| tag.text(name).unwrap_or_default().to_owned();
        (text("Key"), text("Value"))
    };
    let tags: Vec<(String, String)> = call.parameters.groups("Tag").iter().map(tag).collect();
    let Stage { region, xml, now, .. } = call.begin()?;
    require(&ids, tags.is_empty())?;
    region.create_tags(&ids, &tags, now)?;
    super::done(xml);
    Ok(())
}

fn delete_tags(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("ResourceId");
    let tag = |tag: &crate::ec2::query::Parameters<'_>| {
        let key = tag.text("Key").unwrap_or_default().to_owned();
        (key, tag.text("Value").map(str::to_owned))
    };
    let tags: Vec<(String, Option<String>)> = call.parameters.groups("Tag").iter().map(tag).collect();
    let Stage { region, xml, now, .. } = call.begin()?;
    require(&ids, false)?;
    region.delete_tags(&ids, &tags, now)?;
    super::done(xml);
    Ok(())
}

fn require(ids: &[&str], lacks_tags: bool) -> Result<()> {
    match (ids.is_empty(), lacks_tags) {
        (true, _) => Err(Ec2Error::missing_parameter("resourceIdSet")),
        (false, true) => Err(Ec2Error::missing_parameter("tagSet")),
        (false, false) => Ok(()),
    }
}

fn describe_tags(call: &mut Call<'_>) -> Result<()> {
    // Here `tag:KEY` is not for objects but for the tags themselves.
    let filters = call.filters(&["key", "resource-id", "resource-type", "tag-key", "value"])?;
    let page = call.page(5..=1000, false)?;
    let Stage { region, xml, .. } = call.begin()?;
    let shown = (0..).zip(region.tags()).filter(|(_, tag)| {
        filters.fit(
            || std::iter::once((tag.key, tag.value)),
            |name, test| match name {
                "key" => test(tag.key),
                "resource-id" => test(tag.resource),
                "resource-type" => test(tag.resource_type),
                "value" => test(tag.value),
                _ => false,
            },
        )
    });
    let (tags, next) = page.cut(shown);
    xml.list("tagSet", tags, |xml, tag| {
        xml.plain("resourceId", tag.resource);
        xml.plain("resourceType", tag.resource_type);
        xml.text("key", tag.key);
        xml.text("value", tag.value);
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}
