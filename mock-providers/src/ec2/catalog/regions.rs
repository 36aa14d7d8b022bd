//! Regions and their availability zones ("Regions and Zones" of the AWS documentation).

use crate::ec2::state::Zone;

/// A region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegionInfo {
    /// Name, for example `us-east-1`.
    pub(crate) name: &'static str,
    /// Start of the ids of its zones, for example `use1`.
    zone_prefix: &'static str,
    /// Letters of its zones.
    zones: &'static str,
    /// Whether it is there without being asked for.
    is_default: bool,
}

impl RegionInfo {
    /// Partition: regions of another one are not visible to an account.
    pub(crate) fn partition(&self) -> &'static str {
        partition(self.name)
    }

    /// The word on the wire for how an account came to have it.
    pub(crate) fn opt_in_status(&self) -> &'static str {
        match self.is_default {
            true => "opt-in-not-required",
            false => "opted-in",
        }
    }

    /// Host name of its API.
    pub(crate) fn endpoint(&self) -> String {
        let suffix = if self.name.starts_with("cn-") { ".cn" } else { "" };
        format!("ec2.{}.amazonaws.com{suffix}", self.name)
    }
}

/// Partition of a region by its name.
pub(crate) fn partition(name: &str) -> &'static str {
    match name.split('-').take(2).collect::<Vec<_>>().as_slice() {
        ["cn", _] => "aws-cn",
        ["us", "gov"] => "aws-us-gov",
        _ => "aws",
    }
}

const fn region(
    name: &'static str,
    zone_prefix: &'static str,
    zones: &'static str,
    is_default: bool,
) -> RegionInfo {
    RegionInfo { name, zone_prefix, zones, is_default }
}

/// All regions, also those of the partitions for China and the government of the United States.
pub(crate) const REGIONS: &[RegionInfo] = &[
    region("af-south-1", "afs1", "abc", false),
    region("ap-east-1", "ape1", "abc", false),
    region("ap-northeast-1", "apne1", "acd", true),
    region("ap-northeast-2", "apne2", "abcd", true),
    region("ap-northeast-3", "apne3", "abc", true),
    region("ap-south-1", "aps1", "abc", true),
    region("ap-south-2", "aps2", "abc", false),
    region("ap-southeast-1", "apse1", "abc", true),
    region("ap-southeast-2", "apse2", "abc", true),
    region("ap-southeast-3", "apse3", "abc", false),
    region("ap-southeast-4", "apse4", "abc", false),
    region("ca-central-1", "cac1", "abd", true),
    region("ca-west-1", "caw1", "abc", false),
    region("cn-north-1", "cnn1", "ab", true),
    region("cn-northwest-1", "cnnw1", "abc", true),
    region("eu-central-1", "euc1", "abc", true),
    region("eu-central-2", "euc2", "abc", false),
    region("eu-north-1", "eun1", "abc", true),
    region("eu-south-1", "eus1", "abc", false),
    region("eu-south-2", "eus2", "abc", false),
    region("eu-west-1", "euw1", "abc", true),
    region("eu-west-2", "euw2", "abc", true),
    region("eu-west-3", "euw3", "abc", true),
    region("il-central-1", "ilc1", "abc", false),
    region("me-central-1", "mec1", "abc", false),
    region("me-south-1", "mes1", "abc", false),
    region("sa-east-1", "sae1", "abc", true),
    region("us-east-1", "use1", "abcdef", true),
    region("us-east-2", "use2", "abc", true),
    region("us-gov-east-1", "usge1", "abc", true),
    region("us-gov-west-1", "usgw1", "abc", true),
    region("us-west-1", "usw1", "ac", true),
    region("us-west-2", "usw2", "abcd", true),
];

/// Zones of a region; one that is not listed has three.
pub(crate) fn zones(name: &str) -> Vec<Zone> {
    let known = REGIONS.iter().find(|region| region.name == name);
    let (prefix, letters) = known.map_or((name, "abc"), |region| (region.zone_prefix, region.zones));
    letters
        .chars()
        .enumerate()
        .map(|(index, letter)| Zone {
            name: format!("{name}{letter}"),
            id: format!("{prefix}-az{}", index + 1),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_zones_and_a_place_in_the_order() {
        assert!(REGIONS.is_sorted_by_key(|region| region.name));
        for region in REGIONS {
            let zones = zones(region.name);
            assert!(zones.len() >= 2 && zones.iter().all(|zone| zone.name.starts_with(region.name)));
        }
        assert_eq!(zones("us-east-1").len(), 6);
        assert_eq!(zones("elsewhere-1").last().unwrap().name, "elsewhere-1c");
        assert_eq!(
            REGIONS.iter().find(|it| it.name == "cn-north-1").unwrap().endpoint(),
            "ec2.cn-north-1.amazonaws.com.cn"
        );
    }
}
