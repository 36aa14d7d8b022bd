//! Ids of machines, media and snapshots.

use std::{fmt, str::FromStr};

/// An id, displayed as `03ca9419-b2b2-45d3-abb1-d505ff855835`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Uuid(u128);

impl Uuid {
    /// A random one (version 4).
    pub(crate) fn random() -> Self {
        Self::version_4(rand::random())
    }

    fn version_4(bits: u128) -> Self {
        let version = 0x4_u128 << 76;
        let variant = 0x8_u128 << 60;
        Self(bits & !(0xf << 76) & !(0xc << 60) | version | variant)
    }

    /// The bytes in the order in which VirtualBox writes them to disk images: the first three fields little-endian.
    pub(crate) fn to_disk(self) -> [u8; 16] {
        swap_fields(self.0.to_be_bytes())
    }

    /// Reads what [`Uuid::to_disk`] has written.
    pub(crate) fn from_disk(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(swap_fields(bytes)))
    }

    /// The bytes in the order in which they are displayed.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Reads what [`Uuid::to_bytes`] has written.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

/// Between the two orders; it is its own inverse.
fn swap_fields([a, b, c, d, e, f, g, h, rest @ ..]: [u8; 16]) -> [u8; 16] {
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

impl fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        let (a, b, c, d) = (bits >> 96, bits >> 80 & 0xffff, bits >> 64 & 0xffff, bits >> 48 & 0xffff);
        write!(formatter, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{:012x}", bits & 0xffff_ffff_ffff)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12 are expected, perhaps in braces")]
pub(crate) struct NoUuid;

impl FromStr for Uuid {
    type Err = NoUuid;

    /// Any case, with or without braces.
    fn from_str(text: &str) -> Result<Self, NoUuid> {
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let text = inner.unwrap_or(text);
        let groups: Vec<&str> = text.split('-').collect();
        let lengths = [8, 4, 4, 4, 12];
        let fits = groups.len() == lengths.len()
            && groups.iter().zip(lengths).all(|(group, length)| group.len() == length)
            && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if !fits {
            return Err(NoUuid);
        }
        u128::from_str_radix(&groups.concat(), 16).map(Self).map_err(|_| NoUuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_virtualbox_reads_them() {
        let text = "03ca9419-b2b2-45d3-abb1-d505ff855835";
        let id: Uuid = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(format!("{{{}}}", text.to_uppercase()).parse(), Ok(id));
        for bad in [
            "",
            "03ca9419",
            "03ca9419b2b245d3abb1d505ff855835",
            "{03ca9419-b2b2-45d3-abb1-d505ff855835",
            "+3ca9419-b2b2-45d3-abb1-d505ff855835",
        ] {
            assert_eq!(bad.parse::<Uuid>(), Err(NoUuid), "{bad}");
        }
    }

    #[test]
    fn random_ids_are_of_version_4_and_survive_the_disk() {
        let id = Uuid::random();
        let text = id.to_string();
        assert_eq!(&text[14..15], "4");
        assert!("89ab".contains(&text[19..20]));
        assert_eq!(Uuid::from_disk(id.to_disk()), id);
        assert_eq!(Uuid::from_bytes(id.to_bytes()), id);
        let known: Uuid = "03ca9419-b2b2-45d3-abb1-d505ff855835".parse().unwrap();
        assert_eq!(&known.to_disk()[..8], [0x19, 0x94, 0xca, 0x03, 0xb2, 0xb2, 0xd3, 0x45]);
    }
}
