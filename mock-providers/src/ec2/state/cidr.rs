//! Blocks of addresses.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

/// A block of IPv4 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cidr {
    first: u32,
    length: u8,
}

impl Cidr {
    /// The block that begins at an address; bits after the prefix are cleared. `None` for a length over 32.
    pub(crate) fn new(address: Ipv4Addr, length: u8) -> Option<Self> {
        let mask = mask(length)?;
        Some(Self { first: u32::from(address) & mask, length })
    }

    /// Reads `172.31.0.0/16`. `None` for anything else; bits after the prefix are cleared.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let digits = length.bytes().all(|byte| byte.is_ascii_digit());
        Self::new(address.parse().ok()?, length.parse().ok().filter(|_| digits)?)
    }

    /// Number of addresses, at most 2³².
    pub(crate) fn size(self) -> u64 {
        1 << (32 - self.length)
    }

    /// The address at a place, counted from 0; wraps inside the 32 bits.
    pub(crate) fn at(self, place: u32) -> Ipv4Addr {
        Ipv4Addr::from(self.first.wrapping_add(place))
    }

    /// Whether an address is in the block.
    pub(crate) fn contains(self, address: Ipv4Addr) -> bool {
        mask(self.length).is_some_and(|mask| u32::from(address) & mask == self.first)
    }
}

fn mask(length: u8) -> Option<u32> {
    (length <= 32).then(|| u32::MAX.checked_shl(u32::from(32 - length)).unwrap_or(0))
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", Ipv4Addr::from(self.first), self.length)
    }
}

/// A block of IPv6 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cidr6 {
    first: u128,
    length: u8,
}

impl Cidr6 {
    /// The block that begins at an address; bits after the prefix are cleared. `None` for a length over 128.
    pub(crate) fn new(address: Ipv6Addr, length: u8) -> Option<Self> {
        let mask = (length <= 128).then(|| u128::MAX.checked_shl(u32::from(128 - length)).unwrap_or(0))?;
        Some(Self { first: u128::from(address) & mask, length })
    }

    /// Reads `2600:1f18::/56`. `None` for anything else; bits after the prefix are cleared.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let digits = length.bytes().all(|byte| byte.is_ascii_digit());
        Self::new(address.parse().ok()?, length.parse().ok().filter(|_| digits)?)
    }

    /// The /64 with a number in this block.
    pub(crate) fn subnet(self, number: u8) -> Self {
        Self { first: self.first | u128::from(number) << 64, length: 64 }
    }

    /// Whether an address is in the block.
    pub(crate) fn contains(self, address: Ipv6Addr) -> bool {
        Self::new(address, self.length) == Some(self)
    }

    /// The address with an interface part.
    pub(crate) fn address(self, interface: u64) -> Ipv6Addr {
        Ipv6Addr::from(self.first | u128::from(interface))
    }
}

impl fmt::Display for Cidr6 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", Ipv6Addr::from(self.first), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_and_written() {
        let cidr = Cidr::parse("172.31.16.5/20").unwrap();
        assert_eq!(cidr.to_string(), "172.31.16.0/20");
        assert!(cidr.size() == 4096 && cidr.at(4) == Ipv4Addr::new(172, 31, 16, 4));
        assert!(
            cidr.contains(Ipv4Addr::new(172, 31, 31, 255)) && !cidr.contains(Ipv4Addr::new(172, 31, 32, 0))
        );
        assert_eq!(Cidr::parse("0.0.0.0/0").unwrap().size(), 1 << 32);
        for wrong in ["", "1.2.3.4", "1.2.3.4/33", "1.2.3/8", "1.2.3.4/+8", "300.0.0.0/8"] {
            assert_eq!(Cidr::parse(wrong), None, "{wrong}");
        }
        let block = Cidr6::parse("2600:1f18:1234:5600::/56").unwrap();
        assert_eq!(block.subnet(3).to_string(), "2600:1f18:1234:5603::/64");
        assert_eq!(block.subnet(3).address(1).to_string(), "2600:1f18:1234:5603::1");
        assert_eq!(Cidr6::parse("::/0").unwrap().to_string(), "::/0");
    }
}
