//! Ids of objects, and the kinds that they tell.

use std::{
    borrow::Borrow,
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Id of an object, for example `i-0a1b2c3d4e5f60718`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(Arc<str>);

impl Deref for Id {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// A source of ids that are never used twice; clones share it, so that it serves all accounts and regions.
#[derive(Clone, Debug)]
pub(crate) struct Ids(Arc<AtomicU64>);

impl Ids {
    pub(crate) fn new(start: u64) -> Self {
        Self(Arc::new(AtomicU64::new(start)))
    }

    /// An id that does not tell its age: multiplication by an odd number permutes the 64-bit numbers.
    pub(crate) fn next(&self, kind: Kind) -> Id {
        let number = self.number();
        match kind {
            Kind::SpotRequest => format!("sir-{}", base36(number & SPOT_MASK)).into(),
            _ => format!("{}-0{number:016x}", kind.prefix()).into(),
        }
    }

    /// A number of the same source, for what looks random but must be unique.
    pub(crate) fn number(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The lowest 41 bits: all such numbers have eight digits at most in base 36, and they are permuted like those of 64.
const SPOT_MASK: u64 = (1 << 41) - 1;

/// Eight digits and lower-case letters.
fn base36(mut number: u64) -> String {
    let mut digits = ['0'; 8];
    for digit in digits.iter_mut().rev() {
        // The remainder is below 36, so it is a digit.
        *digit = u32::try_from(number % 36).ok().and_then(|value| char::from_digit(value, 36)).unwrap_or('0');
        number /= 36;
    }
    digits.iter().collect()
}

/// Kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Instance.
    Instance,
    /// Machine image.
    Image,
    /// Reservation: the instances of one launch.
    Reservation,
    /// Volume.
    Volume,
    /// Snapshot; only the images have some.
    Snapshot,
    /// Security group.
    Group,
    /// Rule of a security group.
    Rule,
    /// Subnet.
    Subnet,
    /// VPC.
    Vpc,
    /// Network interface.
    Interface,
    /// Attachment of a network interface.
    Attachment,
    /// Key pair; calls name it by name.
    KeyPair,
    /// Elastic IP by its address.
    Address,
    /// Elastic IP by its allocation id.
    Allocation,
    /// Association of an Elastic IP.
    Association,
    /// Spot request.
    SpotRequest,
    /// Association of a CIDR block with a VPC or subnet.
    CidrAssociation,
    /// Association of an instance profile with an instance.
    ProfileAssociation,
}

impl Kind {
    /// Start of the ids.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Instance => "i",
            Self::Image => "ami",
            Self::Reservation => "r",
            Self::Volume => "vol",
            Self::Snapshot => "snap",
            Self::Group => "sg",
            Self::Rule => "sgr",
            Self::Subnet => "subnet",
            Self::Vpc => "vpc",
            Self::Interface => "eni",
            Self::Attachment => "eni-attach",
            Self::KeyPair => "key",
            Self::Address | Self::Allocation => "eipalloc",
            Self::Association => "eipassoc",
            Self::SpotRequest => "sir",
            Self::CidrAssociation => "vpc-cidr-assoc",
            Self::ProfileAssociation => "iip-assoc",
        }
    }

    /// Code of the error for an id that belongs to nothing.
    pub(crate) fn not_found_code(self) -> &'static str {
        match self {
            Self::Instance => "InvalidInstanceID.NotFound",
            Self::Image => "InvalidAMIID.NotFound",
            Self::Reservation => "InvalidReservationID.NotFound",
            Self::Volume => "InvalidVolume.NotFound",
            Self::Snapshot => "InvalidSnapshot.NotFound",
            Self::Group => "InvalidGroup.NotFound",
            Self::Rule => "InvalidSecurityGroupRuleId.NotFound",
            Self::Subnet => "InvalidSubnetID.NotFound",
            Self::Vpc => "InvalidVpcID.NotFound",
            Self::Interface => "InvalidNetworkInterfaceID.NotFound",
            Self::Attachment => "InvalidAttachmentID.NotFound",
            Self::KeyPair => "InvalidKeyPair.NotFound",
            Self::Address => "InvalidAddress.NotFound",
            Self::Allocation => "InvalidAllocationID.NotFound",
            Self::Association => "InvalidAssociationID.NotFound",
            Self::SpotRequest => "InvalidSpotInstanceRequestID.NotFound",
            Self::CidrAssociation => "InvalidCidrBlockAssociationID.NotFound",
            Self::ProfileAssociation => "NoSuchAssociation",
        }
    }

    /// Code of the error for an id of another form.
    pub(crate) fn malformed_code(self) -> &'static str {
        match self {
            Self::Instance => "InvalidInstanceID.Malformed",
            Self::Image => "InvalidAMIID.Malformed",
            Self::Reservation => "InvalidReservationID.Malformed",
            Self::Group => "InvalidGroupId.Malformed",
            Self::Rule => "InvalidSecurityGroupRuleId.Malformed",
            Self::Subnet => "InvalidSubnetID.Malformed",
            Self::Vpc => "InvalidVpcID.Malformed",
            Self::Interface => "InvalidNetworkInterfaceId.Malformed",
            Self::Attachment => "InvalidNetworkInterfaceAttachmentId.Malformed",
            Self::SpotRequest => "InvalidSpotInstanceRequestID.Malformed",
            _ => "InvalidParameterValue",
        }
    }

    /// The word in messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Instance => "instance ID",
            Self::Image => "image id",
            Self::Reservation => "reservation ID",
            Self::Volume => "volume",
            Self::Snapshot => "snapshot",
            Self::Group => "security group",
            Self::Rule => "security group rule ID",
            Self::Subnet => "subnet ID",
            Self::Vpc => "vpc ID",
            Self::Interface => "networkInterface ID",
            Self::Attachment => "attachment ID",
            Self::KeyPair => "key pair",
            Self::Address => "address",
            Self::Allocation => "allocation ID",
            Self::Association => "association ID",
            Self::SpotRequest => "spot instance request ID",
            Self::CidrAssociation => "cidr association ID",
            Self::ProfileAssociation => "association ID",
        }
    }

    /// The word in messages about several.
    pub(crate) fn nouns(self) -> String {
        format!("{}s", self.noun())
    }

    /// Whether a text has the form of an id of this kind: the prefix and 8 or 17 lower-case hexadecimal digits, for spot
    /// requests 8 digits and lower-case letters.
    pub(crate) fn fits(self, id: &str) -> bool {
        let rest = id.strip_prefix(self.prefix());
        let Some(digits) = rest.and_then(|rest| rest.strip_prefix('-')) else {
            return false;
        };
        match self {
            Self::SpotRequest => {
                let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
                digits.len() == 8 && digits.bytes().all(plain)
            }
            _ => {
                let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                matches!(digits.len(), 8 | 17) && digits.bytes().all(is_hex)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_those_of_aws_and_are_unique() {
        let ids = Ids::new(7);
        let made: std::collections::BTreeSet<Id> = (0..1000).map(|_| ids.next(Kind::Instance)).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| id.len() == 19 && Kind::Instance.fits(id)));
        let made: std::collections::BTreeSet<Id> = (0..1000).map(|_| ids.next(Kind::SpotRequest)).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| id.len() == 12 && Kind::SpotRequest.fits(id)));
    }

    #[test]
    fn the_form_of_an_id_is_known() {
        assert!(Kind::Image.fits("ami-927185ef") && Kind::Instance.fits("i-1234567890abcdef0"));
        for bad in ["foo", "i-", "i-xyz", "ami-927185ef", "i-1234567890ABCDEF0", "i-123456789"] {
            assert!(!Kind::Instance.fits(bad), "{bad}");
        }
    }
}
