//! Loopback addresses: every guest has its own, so that its ports can be the usual ones.

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, TcpListener},
    sync::OnceLock,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::locked::Locked;

static LEASED: Locked<BTreeSet<Ipv4Addr>> = Locked::new(BTreeSet::new());
static NEXT: OnceLock<AtomicU32> = OnceLock::new();

/// Addresses `127.16.1.1` to `127.239.254.254`; no octet is 0 or 255 after the first.
const FIRST_SECOND_OCTET: u32 = 16;
const SECOND_OCTETS: u32 = 224;
const LAST_OCTETS: u32 = 254;
const CANDIDATES: u32 = SECOND_OCTETS * LAST_OCTETS * LAST_OCTETS;
/// Attempts before giving up; other processes rarely hold more than a few hundred addresses.
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
    /// Held for its effect alone.
    claim: Option<Claim>,
}

impl Lease {
    /// Takes an unused address.
    ///
    /// # Errors
    /// `AddrNotAvailable` when every address that was tried is in use; otherwise what the system lacks, for example
    /// file descriptors.
    pub fn take() -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let address = candidate();
            if !LEASED.lock().insert(address) {
                continue;
            }
            // From here on dropping the lease gives the address back.
            let mut lease = Self {
                address,
                shared: false,
                claim: None,
            };
            match Claim::new(address)? {
                Some(claim) => lease.claim = Some(claim),
                None => continue,
            }
            return match TcpListener::bind((address, 0)) {
                Ok(_) => Ok(lease),
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => Ok(Self {
                    address: Ipv4Addr::LOCALHOST,
                    shared: true,
                    claim: None,
                }),
                Err(error) => Err(error),
            };
        }
        Err(io::Error::new(
            io::ErrorKind::AddrNotAvailable,
            "no loopback address is free for another simulated machine; are thousands of them running?",
        ))
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
        // The claim first: whoever gets the address next must find it free.
        self.claim = None;
        if !self.shared {
            LEASED.lock().remove(&self.address);
        }
    }
}

/// The next address in turn, starting at a random one so that processes rarely meet.
fn candidate() -> Ipv4Addr {
    let next = NEXT.get_or_init(|| AtomicU32::new(rand::random::<u32>() % CANDIDATES));
    let number = next.fetch_add(1, Ordering::Relaxed) % CANDIDATES;
    let (rest, last) = (number / LAST_OCTETS, number % LAST_OCTETS + 1);
    let (second, third) = (rest / LAST_OCTETS + FIRST_SECOND_OCTET, rest % LAST_OCTETS + 1);
    // All parts are below 256 by construction.
    Ipv4Addr::new(127, second as u8, third as u8, last as u8)
}

/// Claim on an address that other processes can see: an abstract socket name, which like loopback addresses
/// belongs to the network namespace and disappears with the process.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Claim(#[expect(dead_code, reason = "held for its name")] std::os::unix::net::UnixListener);

#[cfg(target_os = "linux")]
impl Claim {
    /// `None` when another process has the address.
    fn new(address: Ipv4Addr) -> io::Result<Option<Self>> {
        use std::os::{linux::net::SocketAddrExt, unix::net};
        let name = net::SocketAddr::from_abstract_name(format!("machine-mock-providers/{address}"))?;
        match net::UnixListener::bind_addr(&name) {
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
    fn new(_: Ipv4Addr) -> io::Result<Option<Self>> {
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
        assert!(
            distinct
                .iter()
                .all(|address| address.is_loopback() && !address.octets().contains(&0))
        );
        let first = leases.first().unwrap().address();
        drop(leases);
        assert!(!LEASED.lock().contains(&first));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_claim_excludes_others() {
        let address = Ipv4Addr::new(127, 250, 3, 9);
        let claim = Claim::new(address).unwrap();
        assert!(claim.is_some() && Claim::new(address).unwrap().is_none());
        drop(claim);
        assert!(Claim::new(address).unwrap().is_some());
    }
}
