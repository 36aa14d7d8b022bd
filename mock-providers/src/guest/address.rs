//! Loopback addresses: every guest has its own, so that its ports can be the usual ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{Ipv4Addr, TcpListener},
};

use crate::locked::Locked;

static POOL: Locked<Pool> = Locked::new(Pool::new());

/// Addresses `127.16.1.1` to `127.239.254.254`; no octet is 0 or 255 after the first.
const FIRST_SECOND_OCTET: u32 = 16;
const SECOND_OCTETS: u32 = 224;
const LAST_OCTETS: u32 = 254;
const CANDIDATES: u32 = SECOND_OCTETS * LAST_OCTETS * LAST_OCTETS;
/// Attempts before giving up; other processes rarely hold more than a few blocks.
const ATTEMPTS: u32 = 65_536;

/// Exclusive use of a loopback address until dropped.
///
/// Within a process an address is never handed out twice at the same time, and a released one comes back only
/// after all others. On Linux other processes that use this crate are excluded too. Where the system has only
/// `127.0.0.1` (macOS), all leases share it and ports have to differ instead; see [`Lease::is_shared`].
#[derive(Debug)]
pub struct Lease {
    address: Ipv4Addr,
    shared: bool,
}

impl Lease {
    /// Takes an unused address.
    ///
    /// # Errors
    /// `AddrNotAvailable` when every address that was tried is in use; otherwise what the system lacks, for example
    /// file descriptors.
    pub fn take() -> io::Result<Self> {
        POOL.lock().take()
    }

    /// The address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Whether other guests have the same address, because the system configures only one.
    pub fn is_shared(&self) -> bool {
        self.shared
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.shared {
            POOL.lock().give_back(self.address);
        }
    }
}

/// The addresses of this process. They are claimed in blocks of 254 that differ in the last octet, so that thousands
/// of machines cost a few file descriptors.
#[derive(Debug)]
struct Pool {
    leased: BTreeSet<Ipv4Addr>,
    blocks: BTreeMap<[u8; 3], Block>,
    /// Number of the next candidate; none before the first.
    next: Option<u32>,
}

#[derive(Debug)]
struct Block {
    leases: usize,
    #[expect(dead_code, reason = "held for its effect alone")]
    claim: Claim,
}

impl Pool {
    const fn new() -> Self {
        Self { leased: BTreeSet::new(), blocks: BTreeMap::new(), next: None }
    }

    fn take(&mut self) -> io::Result<Lease> {
        for _ in 0..ATTEMPTS {
            // Starting at a random one, so that processes rarely meet.
            let number = self.next.unwrap_or_else(|| rand::random::<u32>() % CANDIDATES);
            self.next = Some((number + 1) % CANDIDATES);
            let (address, block) = candidate(number);
            if self.leased.contains(&address) {
                continue;
            }
            if !self.blocks.contains_key(&block) {
                let Some(claim) = Claim::new(block)? else {
                    let next_block = (number / LAST_OCTETS + 1) * LAST_OCTETS;
                    self.next = Some(next_block % CANDIDATES);
                    continue;
                };
                match TcpListener::bind((address, 0)) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                        return Ok(Lease { address: Ipv4Addr::LOCALHOST, shared: true });
                    }
                    Err(error) => return Err(error),
                }
                self.blocks.insert(block, Block { leases: 0, claim });
            }
            if let Some(block) = self.blocks.get_mut(&block) {
                block.leases += 1;
            }
            self.leased.insert(address);
            return Ok(Lease { address, shared: false });
        }
        Err(io::Error::new(
            io::ErrorKind::AddrNotAvailable,
            "no loopback address is free for another simulated machine; are thousands of them running?",
        ))
    }

    fn give_back(&mut self, address: Ipv4Addr) {
        self.leased.remove(&address);
        let block = block_of(address);
        // The block in use stays, so that machines that come and go one by one cost no claim each.
        let current = self.next.map(|number| candidate(number).1);
        if let Some(entry) = self.blocks.get_mut(&block) {
            entry.leases -= 1;
            if entry.leases == 0 && current != Some(block) {
                self.blocks.remove(&block);
            }
        }
    }
}

fn block_of(address: Ipv4Addr) -> [u8; 3] {
    let [first, second, third, _] = address.octets();
    [first, second, third]
}

/// An address by its number, and its block.
fn candidate(number: u32) -> (Ipv4Addr, [u8; 3]) {
    let (rest, last) = (number / LAST_OCTETS, number % LAST_OCTETS + 1);
    let (second, third) = (rest / LAST_OCTETS + FIRST_SECOND_OCTET, rest % LAST_OCTETS + 1);
    // All parts are below 256 by construction.
    let address = Ipv4Addr::new(127, second as u8, third as u8, last as u8);
    (address, block_of(address))
}

/// Claim on a block of addresses that other processes can see: an abstract socket name, which like loopback addresses
/// belongs to the network namespace and disappears with the process.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Claim(#[expect(dead_code, reason = "held for its name")] std::os::unix::net::UnixListener);

#[cfg(target_os = "linux")]
impl Claim {
    /// `None` when another process has the block.
    fn new([first, second, third]: [u8; 3]) -> io::Result<Option<Self>> {
        use std::os::{linux::net::SocketAddrExt, unix::net};
        let name = format!("machine-mock-providers/{first}.{second}.{third}");
        match net::UnixListener::bind_addr(&net::SocketAddr::from_abstract_name(name)?) {
            Ok(listener) => Ok(Some(Self(listener))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Claim;

#[cfg(not(target_os = "linux"))]
impl Claim {
    fn new(_: [u8; 3]) -> io::Result<Option<Self>> {
        Ok(Some(Self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_exclusive_until_dropped() {
        let leases: Vec<Lease> = (0..300).map(|_| Lease::take().unwrap()).collect();
        if leases.iter().any(Lease::is_shared) {
            // One loopback address for all: exclusiveness is then about ports. Never so on Linux.
            assert!(!cfg!(target_os = "linux") && leases.iter().all(Lease::is_shared));
            return;
        }
        let distinct: BTreeSet<_> = leases.iter().map(Lease::address).collect();
        assert_eq!(distinct.len(), 300);
        assert!(distinct.iter().all(|address| address.is_loopback() && !address.octets().contains(&0)));
        let first = leases.first().unwrap().address();
        drop(leases);
        assert!(!POOL.lock().leased.contains(&first));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_claim_excludes_others() {
        let block = [127, 250, 3];
        let claim = Claim::new(block).unwrap();
        assert!(claim.is_some() && Claim::new(block).unwrap().is_none());
        drop(claim);
        assert!(Claim::new(block).unwrap().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn blocks_of_others_are_skipped_and_empty_ones_given_back() {
        let mut pool = Pool::new();
        pool.next = Some(0);
        let foreign = Claim::new([127, 16, 2]).unwrap().unwrap();
        // Not leases of the shared pool: their drop must not reach it.
        let take = |pool: &mut Pool| std::mem::ManuallyDrop::new(pool.take().unwrap()).address();
        let first: Vec<Ipv4Addr> = (0..300).map(|_| take(&mut pool)).collect();
        assert_eq!(first[0], Ipv4Addr::new(127, 16, 1, 1));
        assert!(first.iter().all(|address| block_of(*address) != [127, 16, 2]));
        assert_eq!(pool.blocks.len(), 2);
        for address in first {
            pool.give_back(address);
        }
        assert_eq!(pool.blocks.keys().collect::<Vec<_>>(), [&[127, 16, 3]]);
        drop(foreign);
    }
}
