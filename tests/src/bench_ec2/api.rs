//! Calls of the API, on one connection each, one after the other.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::server::{Peer, Server, values};
use crate::load::form;

/// Starts of a server; the median counts.
const STARTS: usize = 5;
/// Most calls of one measurement.
const CALLS: usize = 5_000;
/// Calls of one measurement that makes instances: few against what is there.
const LAUNCHES: usize = 300;
/// A measurement ends after this time, whatever it has come to.
const LONGEST: Duration = Duration::from_secs(6);
/// Instances of one call that only fills a server; a peer allows no more than 64.
const AT_ONCE: usize = 50;
/// Instances of a page.
const PAGE: usize = 100;

/// What one server did.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) first_answer_ms: f64,
    pub(super) idle_mb: f64,
    pub(super) sizes: Vec<AtSize>,
    pub(super) addresses: usize,
    pub(super) duplicates: usize,
    /// Why it was not measured to the end.
    pub(super) failed: Option<String>,
}

/// What it did with so many instances.
#[derive(Debug)]
pub(super) struct AtSize {
    pub(super) instances: usize,
    pub(super) memory_mb: f64,
    pub(super) launch: Rate,
    pub(super) by_id: Rate,
    pub(super) list: Rate,
    pub(super) listed: usize,
    pub(super) page: Rate,
}

/// A repeated call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    pub(super) per_second: f64,
    pub(super) cpu_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) bytes: usize,
}

pub(super) fn measured(peer: &Peer, sizes: &[usize]) -> anyhow::Result<Column> {
    let mut column = Column { name: peer.name.clone(), ..Column::default() };
    let result = measure(peer, sizes, &mut column);
    match result {
        Err(error) if peer.name != "ours" => column.failed = Some(format!("{error:#}")),
        result => result?,
    }
    Ok(column)
}

fn measure(peer: &Peer, sizes: &[usize], column: &mut Column) -> anyhow::Result<()> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start(peer)?;
        starts.push((server.first_answer.as_secs_f64() * 1e3, server.processes().resident_megabytes()?));
    }
    starts.sort_by(|one, other| one.0.total_cmp(&other.0));
    (column.first_answer_ms, column.idle_mb) = starts[STARTS / 2];

    let mut server = Server::start(peer)?;
    let subnets = server.call("DescribeSubnets", &[])?;
    let subnets: Vec<String> = values(&subnets, "subnetId").map(str::to_owned).collect();
    let (mut held, mut some) = (0, String::new());
    for &size in sizes {
        let mut round = 0;
        while held < size {
            let count = AT_ONCE.min(size - held);
            let answer = server.launch(count, &[("SubnetId", &subnets[round % subnets.len()])])?;
            some = values(&answer, "instanceId").next().unwrap_or_default().to_owned();
            held += count;
            round += 1;
        }
        let at_size = of_size(&mut server, held, &some)?;
        column.sizes.push(at_size);
        // What was launched while measuring is there too.
        held = values(&server.call("DescribeInstances", &[])?, "instanceId").collect::<BTreeSet<_>>().len();
    }
    let listing = server.call("DescribeInstances", &[])?;
    // Ours has one address in several places of an instance, so addresses are counted by instance.
    let addresses: Vec<_> =
        listing.split("<instancesSet>").filter_map(|part| values(part, "ipAddress").next()).collect();
    let addresses = if addresses.len() < held { values(&listing, "ipAddress").collect() } else { addresses };
    column.addresses = addresses.len();
    column.duplicates = addresses.len() - addresses.iter().collect::<BTreeSet<_>>().len();
    Ok(())
}

fn of_size(server: &mut Server, instances: usize, id: &str) -> anyhow::Result<AtSize> {
    let memory_mb = server.processes().resident_megabytes()?;
    let by_id = rate(server, &form("DescribeInstances", &[("InstanceId.1", id)]), CALLS)?;
    let listing = form("DescribeInstances", &[]);
    let listed = instances;
    let list = rate(server, &listing, CALLS)?;
    let page = [
        ("MaxResults", PAGE.to_string()),
        ("Filter.1.Name", "instance-state-name".to_owned()),
        ("Filter.1.Value.1", "running".to_owned()),
    ];
    let page: Vec<_> = page.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = rate(server, &form("DescribeInstances", &page), CALLS)?;
    let image = server.image.clone();
    let launch =
        [("ImageId", image.as_str()), ("InstanceType", "t2.micro"), ("MinCount", "1"), ("MaxCount", "1")];
    let launch = rate(server, &form("RunInstances", &launch), LAUNCHES)?;
    Ok(AtSize { instances, memory_mb, launch, by_id, list, listed, page })
}

fn rate(server: &mut Server, body: &str, most: usize) -> anyhow::Result<Rate> {
    let request = server.request(body);
    let processes = server.processes();
    let mut bytes = 0;
    let mut took = Vec::new();
    let before = processes.cpu_seconds()?;
    let begin = Instant::now();
    while took.len() < most && begin.elapsed() < LONGEST {
        let start = Instant::now();
        let reply = server.connection().exchange(&request)?;
        anyhow::ensure!(
            reply.status == 200,
            "status {} instead of 200 for {body:.120}: {:.300}",
            reply.status,
            String::from_utf8_lossy(reply.body)
        );
        bytes = reply.body.len();
        took.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let wall = begin.elapsed().as_secs_f64();
    let cpu = processes.cpu_seconds()? - before;
    took.sort_by(f64::total_cmp);
    Ok(Rate {
        per_second: took.len() as f64 / wall,
        cpu_ms: cpu * 1e3 / took.len() as f64,
        p99_ms: took.get(took.len() * 99 / 100).copied().unwrap_or_default(),
        bytes,
    })
}
