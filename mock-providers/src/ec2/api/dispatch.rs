//! From the name of an operation to its answer.

use axum::body::Bytes;

use super::{Call, Operation, Result, TABLES};
use crate::{
    ec2::{
        error::Ec2Error,
        guests::{Guests, NoHardware},
        key_material::GeneratedKey,
        query::Parameters,
        state::{Hardware, Kind, Lag, Moment, Region, StartFaults},
        xml::Xml,
    },
    faults::FaultKind,
};

/// Versions of the API, as AWS has published them.
const VERSIONS: &[&str] = &[
    "2006-06-26",
    "2006-10-01",
    "2007-01-03",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2008-02-01",
    "2008-05-05",
    "2008-08-08",
    "2008-12-01",
    "2009-03-01",
    "2009-04-04",
    "2009-07-15",
    "2009-08-15",
    "2009-10-31",
    "2009-11-30",
    "2010-06-15",
    "2010-08-31",
    "2010-11-15",
    "2011-01-01",
    "2011-02-28",
    "2011-05-15",
    "2011-07-15",
    "2011-11-01",
    "2011-12-01",
    "2011-12-15",
    "2012-03-01",
    "2012-04-01",
    "2012-05-01",
    "2012-06-01",
    "2012-06-15",
    "2012-07-20",
    "2012-08-15",
    "2012-10-01",
    "2012-12-01",
    "2013-02-01",
    "2013-06-15",
    "2013-07-15",
    "2013-08-15",
    "2013-10-01",
    "2013-10-15",
    "2014-02-01",
    "2014-05-01",
    "2014-06-15",
    "2014-09-01",
    "2014-10-01",
    "2015-03-01",
    "2015-04-15",
    "2015-10-01",
    "2016-04-01",
    "2016-09-15",
    "2016-11-15",
];

/// The operation of a request.
///
/// # Errors
/// `MissingAction`, `InvalidAction`, `MissingParameter` without a version, `NoSuchVersion`.
pub(in crate::ec2) fn find(parameters: &Parameters<'_>) -> Result<&'static Operation> {
    let action = parameters.filled("Action").ok_or_else(Ec2Error::missing_action)?;
    let mut operations = TABLES.iter().copied().flatten();
    let operation = operations
        .find(|operation| operation.action == action)
        .ok_or_else(|| Ec2Error::invalid_action(action))?;
    let version = parameters.required("Version")?;
    if !VERSIONS.contains(&version) {
        return Err(Ec2Error::no_such_version(action, version));
    }
    Ok(operation)
}

/// A request whose operation is known.
pub(in crate::ec2) struct Request<'a> {
    pub(in crate::ec2) operation: &'static Operation,
    pub(in crate::ec2) parameters: Parameters<'a>,
    pub(in crate::ec2) faults: &'a [FaultKind],
    pub(in crate::ec2) request_id: &'a str,
    pub(in crate::ec2) now: Moment,
    /// The key that [`wanted_key`](super::wanted_key) asked for.
    pub(in crate::ec2) generated_key: Option<&'a GeneratedKey>,
}

/// State and machines of an account in a region.
#[derive(Debug)]
pub(in crate::ec2) struct Contents {
    pub(in crate::ec2) region: Region,
    pub(in crate::ec2) guests: Guests,
}

impl Contents {
    /// Lets happen what is due.
    pub(in crate::ec2) fn advance(&mut self, now: Moment) {
        for id in self.guests.take_went_off() {
            self.region.machine_went_off(&id, now, &mut self.guests);
        }
        self.region.advance(now, &mut self.guests);
    }

    /// Carries out a request: the body of the answer.
    ///
    /// # Errors
    /// Those of the operation; `DryRunOperation` when it would have succeeded.
    pub(in crate::ec2) fn carry_out(&mut self, request: &Request<'_>) -> Result<Bytes> {
        self.advance(request.now);
        request.parameters.ignore_prefix("X-Amz-");
        if request.parameters.boolean("DryRun")?.unwrap_or(false) {
            let mut copy = self.region.clone();
            run(request, &mut copy, &mut NoHardware)?;
            return Err(Ec2Error::dry_run());
        }
        run(request, &mut self.region, &mut self.guests)
    }
}

fn run(request: &Request<'_>, region: &mut Region, hardware: &mut dyn Hardware) -> Result<Bytes> {
    let version = request.parameters.text("Version").unwrap_or_default();
    let action = request.operation.action;
    let mut xml = Xml::default();
    xml.begin_answer(action, version, request.request_id);
    let usual_lag = region.lag;
    if let Some(lag) = lag(request.faults) {
        region.lag = lag;
    }
    let mut call = Call {
        parameters: request.parameters,
        faults: start_faults(request.faults),
        is_stale: request.faults.contains(&FaultKind::Stale),
        sees_nothing: request.faults.contains(&FaultKind::EmptyList),
        action,
        region,
        hardware,
        xml: &mut xml,
        now: request.now,
        generated_key: request.generated_key,
    };
    let result = (request.operation.run)(&mut call);
    call.region.lag = usual_lag;
    result?;
    xml.end_answer(action);
    Ok(xml.into_body())
}

fn lag(faults: &[FaultKind]) -> Option<Lag> {
    faults.iter().find_map(|fault| match fault {
        FaultKind::Lag { reads, ms } => {
            Some(Lag { reads: *reads, time: std::time::Duration::from_millis(*ms) })
        }
        _ => None,
    })
}

fn start_faults(kinds: &[FaultKind]) -> StartFaults {
    let mut faults = StartFaults::default();
    for kind in kinds {
        match kind {
            FaultKind::NeverReady => faults.never_ready = true,
            FaultKind::NoAddress => faults.no_address = true,
            FaultKind::BootError { message } => {
                let reason = message.clone();
                faults.error = Some(reason.unwrap_or_else(|| "Internal error on launch".to_owned()));
            }
            FaultKind::Guest { fault } => {
                faults.guest.insert(*fault);
            }
            _ => {}
        }
    }
    faults
}

impl Operation {
    /// The error of a call whose object is not found although it may exist.
    pub(in crate::ec2) fn not_found(&self, parameters: &Parameters<'_>) -> Ec2Error {
        let id = self.about_parameters().iter().find_map(|name| {
            let listed = parameters.list(name).first().copied();
            parameters.filled(name).or(listed)
        });
        Ec2Error::not_found(self.about, &[id.unwrap_or_else(|| self.about.prefix())])
    }

    /// Parameters that name an object of the kind that the operation is about.
    fn about_parameters(&self) -> &'static [&'static str] {
        match self.about {
            Kind::Instance => &["InstanceId", "ResourceId", "ImageId"],
            Kind::Image => &["ImageId"],
            Kind::Group => &["GroupId", "GroupName"],
            Kind::KeyPair => &["KeyName"],
            Kind::Volume => &["VolumeId"],
            Kind::Subnet => &["SubnetId"],
            Kind::Vpc => &["VpcId"],
            Kind::Interface => &["NetworkInterfaceId"],
            Kind::Allocation => &["AllocationId"],
            Kind::Address => &["PublicIp", "AllocationId"],
            Kind::Association => &["AssociationId"],
            Kind::SpotRequest => &["SpotInstanceRequestId"],
            _ => &["ResourceId"],
        }
    }
}
