use aws_sdk_ec2::types::Subnet;
use machine_driver::{Error, ErrorKind, Result};

use crate::{api::Ec2, driver::Ec2Driver, names::filter};

/// Where an instance goes.
pub(crate) struct Place {
    pub(crate) vpc: String,
    pub(crate) subnet: String,
}

impl Ec2Driver {
    /// The subnet of the options: the one named, or a zone's default subnet, or any of the VPC.
    pub(crate) async fn place(&self, ec2: &Ec2) -> Result<Place> {
        let options = &self.options;
        let mut filters = Vec::new();
        if !options.subnet_id.is_empty() {
            filters.push(filter("subnet-id", &[&options.subnet_id]));
        } else if options.vpc_id.is_empty() {
            let vpc = ec2.default_vpc().await?;
            let text =
                "the region has no default VPC; name one with --ec2-vpc-id or a subnet with --ec2-subnet-id";
            let vpc = vpc.ok_or_else(|| Error::new(ErrorKind::InvalidOption, text))?;
            filters.push(filter("vpc-id", &[&vpc]));
        }
        if !options.vpc_id.is_empty() {
            filters.push(filter("vpc-id", &[&options.vpc_id]));
        }
        let zone = options.zone_name();
        if !zone.is_empty() {
            filters.push(filter("availability-zone", &[&zone]));
        }
        let mut subnets = ec2.subnets(filters).await?;
        // The same choice each time, zone a before zone b.
        let order = |subnet: &Subnet| {
            let zone = subnet.availability_zone().map(str::to_owned);
            (!subnet.default_for_az().unwrap_or_default(), zone, subnet.subnet_id().map(str::to_owned))
        };
        subnets.sort_by_key(order);
        let place = subnets
            .into_iter()
            .find_map(|subnet| Some(Place { vpc: subnet.vpc_id?, subnet: subnet.subnet_id? }));
        place.ok_or_else(|| {
            let wanted = [
                ("--ec2-subnet-id", &options.subnet_id),
                ("--ec2-vpc-id", &options.vpc_id),
                ("--ec2-zone", &zone),
            ];
            let wanted = wanted.into_iter().filter(|(_, value)| !value.is_empty());
            let wanted: Vec<String> = wanted.map(|(flag, value)| format!("{flag} {value}")).collect();
            let wanted = if wanted.is_empty() { "the default VPC".to_owned() } else { wanted.join(" and ") };
            let region = options.region();
            Error::new(ErrorKind::InvalidOption, format!("the region {region} has no subnet for {wanted}"))
        })
    }
}
