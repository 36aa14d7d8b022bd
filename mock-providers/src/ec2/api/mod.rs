//! The operations of the EC2 API: from parameters to the state of a region, and back to XML.
//!
//! # How an operation is written
//!
//! A file of this folder has a table of its operations, which [`TABLES`] names, and a function for each:
//!
//! ```ignore
//! pub(super) const OPERATIONS: &[Operation] = &[
//!     Operation::new("DescribeThings", Effect::Reads, Kind::Thing, describe_things),
//!     Operation::new("StopThings", Effect::Changes, Kind::Thing, stop_things),
//! ];
//!
//! fn stop_things(call: &mut Call<'_>) -> Result<()> {
//!     // 1. Read all parameters; name those that EC2 has and that change nothing here.
//!     let ids = call.parameters.list("ThingId");
//!     let force = call.parameters.boolean("Force")?.unwrap_or(false);
//!     call.parameters.ignore(&["Hibernate"]);
//!     // 2. Begin. Fails when a parameter is left that nobody read.
//!     let Stage { region, hardware, xml, now } = call.begin()?;
//!     // 3. Ask the region. A call that fails has changed nothing.
//!     let changes = region.stop_things(&ids, force, now, hardware)?;
//!     // 4. Write what stands in the answer beside the request id.
//!     xml.list("thingsSet", changes, |xml, change| xml.text("thingId", &change.id));
//!     Ok(())
//! }
//! ```
//!
//! Not the operation's business: `Action`, `Version`, `DryRun` (the operation runs on a copy of the region, so errors
//! are found), unknown parameters, the envelope of answers and errors, faults, the log. For idempotence the operation
//! passes [`Call::client_token`] to the region.

mod addresses;
mod attributes;
mod credits;
mod dispatch;
mod dns;
mod groups;
mod images;
mod instance_filter;
mod instance_types;
mod instance_xml;
mod instances;
mod interfaces;
mod key_pairs;
mod launch;
mod networks;
mod permissions;
mod regions;
mod rules;
mod spot;
mod tags;
mod volumes;

use super::{
    error::Ec2Error,
    filter::Filters,
    key_material::GeneratedKey,
    page::Page,
    query::Parameters,
    state::{Hardware, Kind, Moment, Region, StartFaults, TagSpecification},
    xml::Xml,
};

pub(super) use dispatch::{Contents, Request, find};
pub(super) use key_pairs::wanted_key;

type Result<T, E = Ec2Error> = std::result::Result<T, E>;

/// All operations.
const TABLES: &[&[Operation]] = &[
    addresses::OPERATIONS,
    attributes::OPERATIONS,
    credits::OPERATIONS,
    groups::OPERATIONS,
    images::OPERATIONS,
    instance_types::OPERATIONS,
    instances::OPERATIONS,
    interfaces::OPERATIONS,
    key_pairs::OPERATIONS,
    launch::OPERATIONS,
    networks::OPERATIONS,
    regions::OPERATIONS,
    rules::OPERATIONS,
    spot::OPERATIONS,
    tags::OPERATIONS,
    volumes::OPERATIONS,
];

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only looks.
    Reads,
    /// It may change something.
    Changes,
}

/// An operation of the API.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    /// Value of `Action`.
    pub(super) action: &'static str,
    pub(super) effect: Effect,
    /// What it is about: the error of the fault `not-found` follows from it.
    pub(super) about: Kind,
    run: fn(&mut Call<'_>) -> Result<()>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.action)
    }
}

impl Operation {
    const fn new(
        action: &'static str,
        effect: Effect,
        about: Kind,
        run: fn(&mut Call<'_>) -> Result<()>,
    ) -> Self {
        Self { action, effect, about, run }
    }
}

/// A call of an operation.
pub(super) struct Call<'a> {
    /// All parameters.
    pub(super) parameters: Parameters<'a>,
    /// What happens to machines that the call starts.
    pub(super) faults: StartFaults,
    /// Whether objects are to be shown as they were before their latest change.
    pub(super) is_stale: bool,
    /// Whether lists are to be empty.
    sees_nothing: bool,
    action: &'static str,
    region: &'a mut Region,
    hardware: &'a mut dyn Hardware,
    xml: &'a mut Xml,
    now: Moment,
    generated_key: Option<&'a GeneratedKey>,
}

/// What an operation works with once its parameters are read.
pub(super) struct Stage<'s> {
    pub(super) region: &'s mut Region,
    pub(super) hardware: &'s mut dyn Hardware,
    pub(super) xml: &'s mut Xml,
    pub(super) now: Moment,
}

impl Call<'_> {
    /// Ends the reading of parameters.
    ///
    /// # Errors
    /// `UnknownParameter` when there is one that nobody read.
    pub(super) fn begin(&mut self) -> Result<Stage<'_>> {
        self.parameters.all_read()?;
        Ok(Stage { region: self.region, hardware: self.hardware, xml: self.xml, now: self.now })
    }

    /// Tags for what the call creates (`TagSpecification`).
    pub(super) fn tag_specifications(&self) -> Vec<TagSpecification> {
        let specification = |group: Parameters<'_>| {
            let tag = |tag: Parameters<'_>| {
                let text = |name| tag.text(name).unwrap_or_default().to_owned();
                (text("Key"), text("Value"))
            };
            TagSpecification {
                resource_type: group.text("ResourceType").unwrap_or_default().to_owned(),
                tags: group.groups("Tag").into_iter().map(tag).collect(),
            }
        };
        let groups = self.parameters.groups("TagSpecification").into_iter();
        groups.map(specification).collect()
    }

    /// The token that makes a repeated call harmless, with a number for all other parameters.
    pub(super) fn client_token(&self) -> Option<(&str, u64)> {
        let token = self.parameters.filled("ClientToken")?;
        Some((token, self.parameters.fingerprint(&["ClientToken", "Version"])))
    }
}

impl<'a> Call<'a> {
    /// The filters; `known` are the names that the operation has.
    pub(super) fn filters(&self, known: &[&str]) -> Result<Filters<'a>> {
        let filters = Filters::read(&self.parameters, known)?;
        Ok(if self.sees_nothing { Filters::nothing() } else { filters })
    }

    /// The page that is wanted.
    ///
    /// # Errors
    /// For a wrong size or token; `InvalidParameterCombination` for a page of objects that are `named` by their ids.
    pub(super) fn page(&self, allowed: std::ops::RangeInclusive<usize>, named: bool) -> Result<Page> {
        let page = Page::read(&self.parameters, self.action, allowed)?;
        if named && page.is_asked_for() {
            let message = match self.action {
                "DescribeInstances" => {
                    "The parameter instancesSet cannot be used with the parameter maxResults"
                }
                _ => "The parameter MaxResults cannot be used with ids in the same request",
            };
            return Err(Ec2Error::invalid_combination(message));
        }
        Ok(page)
    }
}

/// `<return>true</return>`, the answer of operations that have nothing else to say.
pub(super) fn done(xml: &mut Xml) {
    xml.boolean("return", true);
}
