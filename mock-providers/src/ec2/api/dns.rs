//! Names of addresses, as EC2 makes them.

use std::net::Ipv4Addr;

use crate::ec2::xml::Xml;

/// Where the names of a region end.
#[derive(Clone, Debug)]
pub(super) struct DnsNames {
    public: String,
    private: String,
}

impl DnsNames {
    /// The names of a region. The oldest one has forms of its own.
    pub(super) fn of(region: &str) -> Self {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        match region {
            "us-east-1" => {
                Self { public: ".compute-1.amazonaws.com".to_owned(), private: ".ec2.internal".to_owned() }
            }
            _ => Self {
                public: format!(".{region}.compute.amazonaws.com{suffix}"),
                private: format!(".{region}.compute.internal"),
            },
        }
    }

    /// The public name of an address.
    pub(super) fn public(&self, address: Ipv4Addr) -> String {
        format!("ec2-{}{}", address.to_string().replace('.', "-"), self.public)
    }

    /// The private name of an address.
    pub(super) fn private(&self, address: Ipv4Addr) -> String {
        format!("ip-{}{}", address.to_string().replace('.', "-"), self.private)
    }

    /// An element with the public name of an address; an empty one without an address.
    pub(super) fn write_public(&self, xml: &mut Xml, tag: &str, address: Option<Ipv4Addr>) {
        match address {
            Some(address) => xml.address_name(tag, "ec2-", address, &self.public),
            None => xml.empty(tag),
        }
    }

    /// An element with the private name of an address; an empty one without an address.
    pub(super) fn write_private(&self, xml: &mut Xml, tag: &str, address: Option<Ipv4Addr>) {
        match address {
            Some(address) => xml.address_name(tag, "ip-", address, &self.private),
            None => xml.empty(tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_region() {
        let name = |region: &str| {
            let mut xml = Xml::default();
            let (names, address) = (DnsNames::of(region), Some(Ipv4Addr::new(1, 2, 3, 4)));
            names.write_public(&mut xml, "p", address);
            names.write_private(&mut xml, "q", address);
            names.write_public(&mut xml, "r", None);
            xml.into_text()
        };
        assert_eq!(
            name("us-east-1"),
            "<p>ec2-1-2-3-4.compute-1.amazonaws.com</p><q>ip-1-2-3-4.ec2.internal</q><r/>"
        );
        assert_eq!(
            name("cn-north-1"),
            "<p>ec2-1-2-3-4.cn-north-1.compute.amazonaws.com.cn</p><q>ip-1-2-3-4.cn-north-1.compute.internal</q><r/>"
        );
    }
}
