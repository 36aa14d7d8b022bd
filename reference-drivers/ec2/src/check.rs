use std::fmt;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, SecurityGroup, Tag};
use machine_driver::{Error, ErrorKind, Result};

use crate::{
    client::EC2,
    names::{MACHINE_TAG, NAME_TAG, OWNER_TAG, tag},
    options::Options,
};

/// EC2's limits.
const MOST_TAGS: usize = 50;
const LONGEST_TAG_KEY: usize = 128;
const LONGEST_TAG_VALUE: usize = 256;
const BLOCK_DURATIONS: [u32; 7] = [0, 60, 120, 180, 240, 300, 360];

impl Options {
    /// What can be said without EC2 and without files (FLAG-009, FLAG-011, FLAG-014).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] naming the flag.
    pub(crate) fn check(&self) -> Result<()> {
        let (key, secret) = (self.access_key.expose(), self.secret_key.expose());
        let is_id = |text: &str, prefix: &str| {
            let rest = text.strip_prefix(prefix).unwrap_or_default();
            text.is_empty() || !rest.is_empty() && is_plain(rest)
        };
        let is_price = |text: &String| text.parse().is_ok_and(|price: f64| price > 0.0 && price.is_finite());
        let (zone, groups) = (self.zone_name(), &self.security_groups);
        let is_private = self.use_private_address || self.private_address_only;
        let problem = if key.is_empty() != secret.is_empty() {
            "access-key and --ec2-secret-key must be given together"
        } else if !is_plain(self.region()) || !self.region().contains('-') {
            "region must be a region such as us-east-1"
        } else if !(zone.is_empty() || is_plain(&zone) && zone.starts_with(self.region())) {
            "zone must be a letter, or a zone of --ec2-region"
        } else if !is_id(&self.ami, "ami-") {
            "ami must be the id of an image, ami-..."
        } else if !is_id(&self.vpc_id, "vpc-") {
            "vpc-id must be the id of a VPC, vpc-..."
        } else if !is_id(&self.subnet_id, "subnet-") {
            "subnet-id must be the id of a subnet, subnet-..."
        } else if groups.iter().any(|name| name.is_empty() || name.starts_with("sg-")) {
            "security-group must be a name, not empty and not an id"
        } else if (1..groups.len()).any(|at| groups[..at].contains(&groups[at])) {
            "security-group names a group twice"
        } else if self.request_spot_instance && !is_price(&self.spot_price) {
            "spot-price must be a price in dollars, such as 0.50"
        } else if !BLOCK_DURATIONS.contains(&self.block_duration_minutes) {
            "block-duration-minutes must be 60, 120, 180, 240, 300 or 360"
        } else if self.ipv6_address_only && is_private {
            "ipv6-address-only leaves no private address to use"
        } else {
            self.endpoint_url()?;
            self.open_ports()?;
            return self.own_tags().map(drop);
        };
        Err(Error::new(ErrorKind::InvalidOption, format!("--ec2-{problem}")))
    }

    /// The region; older records may have none.
    pub(crate) fn region(&self) -> &str {
        if self.region.is_empty() { "us-east-1" } else { &self.region }
    }

    /// The zone in full; empty for any.
    pub(crate) fn zone_name(&self) -> String {
        if self.zone.len() == 1 { format!("{}{}", self.region(), self.zone) } else { self.zone.clone() }
    }

    /// The endpoint, if it is not the region's own.
    pub(crate) fn endpoint_url(&self) -> Result<Option<String>> {
        EC2.endpoint(&self.endpoint, self.insecure_transport)
    }

    /// The ports that the user wants open.
    pub(crate) fn open_ports(&self) -> Result<Vec<Port>> {
        let parse = |text: &String| {
            let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            let protocol = ["tcp", "udp"].into_iter().find(|known| *known == protocol);
            let number = number.parse().ok().filter(|number| *number > 0);
            let text = format!("must be PORT, PORT/tcp or PORT/udp, but is {text:?}");
            number
                .zip(protocol)
                .map(|(number, protocol)| Port { number, protocol })
                .ok_or_else(|| invalid("open-port", &text))
        };
        self.open_ports.iter().map(parse).collect()
    }

    /// The user's tags.
    pub(crate) fn own_tags(&self) -> Result<Vec<Tag>> {
        if self.tags.is_empty() {
            return Ok(Vec::new());
        }
        let words: Vec<&str> = self.tags.split(',').map(str::trim).collect();
        let keys: Vec<&str> = words.iter().copied().step_by(2).collect();
        let problem = if !words.len().is_multiple_of(2) {
            "must be key1,value1,key2,value2, but the last key has no value".to_owned()
        } else if keys.len() > MOST_TAGS - 3 {
            format!("are {}, but EC2 takes {MOST_TAGS} and the driver sets 3", keys.len())
        } else if let Some(key) =
            keys.iter().find(|key| key.is_empty() || key.chars().count() > LONGEST_TAG_KEY)
        {
            format!("has the key {key:?}, but keys have 1 to {LONGEST_TAG_KEY} characters")
        } else if let Some(key) = keys.iter().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
            format!("cannot set {key:?}: EC2 keeps such keys for itself")
        } else if let Some(key) = keys.iter().find(|key| [NAME_TAG, MACHINE_TAG, OWNER_TAG].contains(key)) {
            format!("cannot set {key:?}: the driver sets this tag itself")
        } else if let Some((_, key)) = keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(key)) {
            format!("sets {key:?} more than once")
        } else if words.iter().any(|word| word.chars().count() > LONGEST_TAG_VALUE) {
            format!("has a value of more than {LONGEST_TAG_VALUE} characters")
        } else {
            return Ok(words.chunks_exact(2).map(|pair| tag(pair[0], pair[1])).collect());
        };
        Err(invalid("tags", &problem))
    }
}

/// A port that a security group opens to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    number: u16,
    protocol: &'static str,
}

impl Port {
    pub(crate) fn tcp(number: u16) -> Self {
        Self { number, protocol: "tcp" }
    }

    /// Whether a group lets the port through, for whomever: a user may have restricted a rule.
    pub(crate) fn is_open(self, group: &SecurityGroup) -> bool {
        let number = i32::from(self.number);
        group.ip_permissions().iter().any(|permission| match permission.ip_protocol() {
            Some("-1") => true,
            Some(protocol) if protocol == self.protocol => {
                let (from, to) = (permission.from_port(), permission.to_port());
                from.is_some_and(|from| from <= number) && to.is_some_and(|to| number <= to)
            }
            _ => false,
        })
    }

    pub(crate) fn permission(self, ipv6: bool) -> IpPermission {
        let number = i32::from(self.number);
        let ports = IpPermission::builder().ip_protocol(self.protocol).from_port(number).to_port(number);
        let ports = ports.ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build());
        let everybody = ipv6.then(|| vec![Ipv6Range::builder().cidr_ipv6("::/0").build()]);
        ports.set_ipv6_ranges(everybody).build()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn invalid(flag: &str, problem: &str) -> Error {
    Error::invalid_option(&format!("ec2-{flag}"), problem)
}

#[cfg(test)]
#[path = "tests/check.rs"]
mod tests;
