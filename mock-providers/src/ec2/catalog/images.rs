//! Machine images: current ones of Ubuntu and Debian, and those that drivers ask for by id when nothing is said.

use super::{Image, stable_number};
use crate::guest::GuestOs;

/// A release of an operating system.
struct Release {
    os: GuestOs,
    name: &'static str,
    description: &'static str,
    architecture: &'static str,
    owner: &'static str,
    root_device: &'static str,
    volume_type: &'static str,
    created: &'static str,
}

const CANONICAL: &str = "099720109477";
const DEBIAN: &str = "136693071363";

const fn ubuntu_release(
    name: &'static str,
    description: &'static str,
    architecture: &'static str,
    volume_type: &'static str,
    created: &'static str,
) -> Release {
    Release {
        os: GuestOs::Ubuntu,
        name,
        description,
        architecture,
        owner: CANONICAL,
        root_device: "/dev/sda1",
        volume_type,
        created,
    }
}

/// Releases that every region has under ids of its own. The first one is the image to use when in doubt.
const CURRENT: &[Release] = &[
    ubuntu_release(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261021",
        "Canonical, Ubuntu, 24.04, amd64 noble image",
        "x86_64",
        "gp3",
        "2026-10-21T05:12:44.000Z",
    ),
    ubuntu_release(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261021",
        "Canonical, Ubuntu, 24.04, arm64 noble image",
        "arm64",
        "gp3",
        "2026-10-21T05:14:02.000Z",
    ),
    ubuntu_release(
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261015",
        "Canonical, Ubuntu, 22.04 LTS, amd64 jammy image",
        "x86_64",
        "gp2",
        "2026-10-15T04:41:19.000Z",
    ),
    Release {
        os: GuestOs::Debian,
        name: "debian-12-amd64-20261006-2257",
        description: "Debian 12 (20261006-2257)",
        architecture: "x86_64",
        owner: DEBIAN,
        root_device: "/dev/xvda",
        volume_type: "gp3",
        created: "2026-10-06T09:30:00.000Z",
    },
];

/// The image that docker/machine's `amazonec2` driver uses when nothing is said.
const XENIAL: Release = ubuntu_release(
    "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-amd64-server-20180228.1",
    "Canonical, Ubuntu, 16.04 LTS, amd64 xenial image build on 2018-02-28",
    "x86_64",
    "gp2",
    "2018-03-01T05:00:21.000Z",
);

/// The image that rancher-machine's `amazonec2` driver uses when nothing is said.
const JAMMY: Release = ubuntu_release(
    "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240207.1",
    "Canonical, Ubuntu, 22.04 LTS, amd64 jammy image build on 2024-02-07",
    "x86_64",
    "gp2",
    "2024-02-07T21:56:31.000Z",
);

/// Images that moto has in every region, so that tests written for it find theirs.
const MOTO: &[(&str, Release)] = &[
    (
        "ami-1e749f67",
        ubuntu_release(
            "ubuntu/images/hvm-ssd/ubuntu-trusty-14.04-amd64-server-20170727",
            "Canonical, Ubuntu, 14.04 LTS, amd64 trusty image build on 2017-07-27",
            "x86_64",
            "gp2",
            "2017-07-27T19:08:17.000Z",
        ),
    ),
    (
        "ami-785db401",
        ubuntu_release(
            "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-amd64-server-20170721",
            "Canonical, Ubuntu, 16.04 LTS, amd64 xenial image build on 2017-07-21",
            "x86_64",
            "gp2",
            "2017-07-21T17:24:05.000Z",
        ),
    ),
];

/// Default images of docker/machine's driver, by region (its `region.go`).
const DOCKER_MACHINE: &[(&str, &str)] = &[
    ("ap-northeast-1", "ami-bcb7f6da"),
    ("ap-northeast-2", "ami-5073de3e"),
    ("ap-south-1", "ami-1083dc7f"),
    ("ap-southeast-1", "ami-41e4af3d"),
    ("ap-southeast-2", "ami-c1498fa3"),
    ("ca-central-1", "ami-8d9e19e9"),
    ("cn-north-1", "ami-cc4499a1"),
    ("cn-northwest-1", "ami-fd0e1a9f"),
    ("eu-central-1", "ami-bc4925d3"),
    ("eu-north-1", "ami-017ff17f"),
    ("eu-west-1", "ami-0b541372"),
    ("eu-west-2", "ami-ff46a298"),
    ("eu-west-3", "ami-9465d3e9"),
    ("me-south-1", "ami-0a09c9586fd4ccb21"),
    ("sa-east-1", "ami-b5501bd9"),
    ("us-east-1", "ami-927185ef"),
    ("us-east-2", "ami-b9daeddc"),
    ("us-gov-west-1", "ami-2561ea44"),
    ("us-west-1", "ami-264c4646"),
    ("us-west-2", "ami-78a22900"),
];

/// Default images of rancher-machine's driver, by region (its `region.go`).
const RANCHER_MACHINE: &[(&str, &str)] = &[
    ("af-south-1", "ami-041bbaef049568980"),
    ("ap-east-1", "ami-0da677a59bd878935"),
    ("ap-northeast-1", "ami-08cc96be4321e5b1f"),
    ("ap-northeast-2", "ami-01e69ea1a3e0010f9"),
    ("ap-northeast-3", "ami-0f14d4518c5e11193"),
    ("ap-south-1", "ami-0114b36a18ddfaa28"),
    ("ap-south-2", "ami-066d98478cd8e4c77"),
    ("ap-southeast-1", "ami-0ee022cdf4828fb72"),
    ("ap-southeast-2", "ami-0df7505ae337f9e56"),
    ("ap-southeast-4", "ami-0961cde071a13cfcf"),
    ("ca-central-1", "ami-0c28f754c18c566ea"),
    ("ca-west-1", "ami-050e498a568657807"),
    ("cn-north-1", "ami-0cee61fcc2abc6536"),
    ("cn-northwest-1", "ami-063dbdfa885edce48"),
    ("eu-central-1", "ami-0a43b9fc420cabb27"),
    ("eu-central-2", "ami-0ba82ef40306fcb2f"),
    ("eu-north-1", "ami-0d4a39b59c9b7a755"),
    ("eu-south-1", "ami-0470471c569217367"),
    ("eu-south-2", "ami-00ccf59845b355398"),
    ("eu-west-1", "ami-0c6d91e4a58c413a9"),
    ("eu-west-2", "ami-065908f87471c0a91"),
    ("eu-west-3", "ami-03339502479ac056b"),
    ("il-central-1", "ami-09c32a5230f0155c5"),
    ("me-central-1", "ami-05ab10873f5acc36e"),
    ("me-south-1", "ami-0d637f6739f30a48c"),
    ("sa-east-1", "ami-050efed1b88ba70b4"),
    ("us-east-1", "ami-013b3de8a8fa9b39f"),
    ("us-east-2", "ami-024adb4f8af4c9df2"),
    ("us-gov-east-1", "ami-093d375659859241e"),
    ("us-gov-west-1", "ami-040a15d01bb152ac0"),
    ("us-west-1", "ami-0b03b9afed756bb4b"),
    ("us-west-2", "ami-09a13b25443518b29"),
];

/// Size of root devices in GiB, as on the images of Canonical and Debian.
const ROOT_SIZE: u32 = 8;

/// All images of a region.
pub(crate) fn images(region: &str) -> Vec<Image> {
    let current = CURRENT.iter().map(|release| (current_id(region, release), release));
    let of = |table: &'static [(&'static str, &'static str)], release| {
        let own = table.iter().filter(move |(name, _)| *name == region);
        own.map(move |(_, id)| ((*id).to_owned(), release))
    };
    let moto = MOTO.iter().map(|(id, release)| ((*id).to_owned(), release));
    let all = current.chain(of(DOCKER_MACHINE, &XENIAL)).chain(of(RANCHER_MACHINE, &JAMMY)).chain(moto);
    all.map(|(id, release)| image(id, release, region)).collect()
}

/// Id of the region's image of the current Ubuntu for x86-64.
pub(crate) fn ubuntu(region: &str) -> String {
    CURRENT.first().map(|release| current_id(region, release)).unwrap_or_default()
}

fn current_id(region: &str, release: &Release) -> String {
    format!("ami-0{:016x}", stable_number(&["image", region, release.name]))
}

fn image(id: String, release: &Release, region: &str) -> Image {
    let is_ubuntu = release.os == GuestOs::Ubuntu;
    Image {
        snapshot: format!("snap-0{:016x}", stable_number(&["snapshot", region, &id])),
        id,
        name: release.name.to_owned(),
        description: release.description.to_owned(),
        os: release.os,
        architecture: release.architecture,
        owner: release.owner,
        // Only Amazon's own images and those of the market place have an alias; Canonical's have this one.
        owner_alias: is_ubuntu.then_some("amazon"),
        root_device: release.root_device,
        root_size: ROOT_SIZE,
        root_volume_type: release.volume_type,
        created: release.created.to_owned(),
        ephemeral: match is_ubuntu {
            true => &[("/dev/sdb", "ephemeral0"), ("/dev/sdc", "ephemeral1")],
            false => &[],
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ec2::{catalog::REGIONS, state::Kind};

    #[test]
    fn images_of_all_regions_have_ids_of_their_own() {
        let mut ids = BTreeSet::new();
        for region in REGIONS {
            for image in images(region.name) {
                assert!(Kind::Image.fits(&image.id) && Kind::Snapshot.fits(&image.snapshot));
                let is_moto = MOTO.iter().any(|(id, _)| *id == image.id);
                assert!(ids.insert(image.id.clone()) || is_moto, "{}", image.id);
            }
            assert!(ids.contains(&ubuntu(region.name)));
        }
        for (region, id) in DOCKER_MACHINE.iter().chain(RANCHER_MACHINE) {
            assert!(REGIONS.iter().any(|it| it.name == *region), "{region}");
            assert!(ids.contains(*id));
        }
    }
}
