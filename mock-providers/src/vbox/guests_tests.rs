use std::{io, net::SocketAddr, path::PathBuf};

use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use super::*;
use crate::vbox::{
    disk::ImageWriter,
    state::{ImageFormat, NewImage, Protocol, Variant},
};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ test";
/// Far more than anything takes.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(10);
/// How long is looked for something that must not happen.
const QUIET: Duration = Duration::from_millis(200);

struct Rig {
    guests: Guests,
    folder: tempfile::TempDir,
    id: Uuid,
    disk: Uuid,
    mac: MacAddress,
    faults: BTreeSet<GuestFault>,
}

impl Rig {
    fn new() -> Self {
        let settings = GuestSettings {
            kind: GuestKind::Simulated,
            ssh_port: SshPort::Ephemeral,
            boot: Duration::ZERO,
            shutdown: Duration::ZERO,
        };
        let rig = Self {
            guests: Guests::new(settings, Arc::default()),
            folder: tempfile::tempdir().unwrap(),
            id: Uuid::random(),
            disk: Uuid::random(),
            mac: MacAddress::random(),
            faults: BTreeSet::new(),
        };
        let image = NewImage {
            format: ImageFormat::Vmdk,
            variant: Variant::Standard,
            id: rig.disk,
            parent: None,
            capacity: 1 << 20,
        };
        let mut writer = ImageWriter::create(&rig.image(), &image).unwrap();
        writer.write_at(0, &archive()).unwrap();
        writer.finish().unwrap();
        rig
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("disk.vmdk")
    }

    /// Calls something with what the machine is started with.
    fn with_start<R>(&mut self, dvd: bool, call: impl FnOnce(&mut Guests, &Start<'_>) -> R) -> R {
        let image = self.image();
        let start = Start {
            id: self.id,
            disk: Some((self.disk, &image)),
            dvd: dvd.then_some(&*image),
            adapters: vec![
                GuestAdapter { mac: MacAddress::random(), link: Link::Nat },
                GuestAdapter { mac: self.mac, link: Link::HostOnly },
            ],
            rules: Vec::new(),
            faults: &self.faults,
        };
        call(&mut self.guests, &start)
    }

    fn power_on(&mut self) {
        self.with_start(true, |guests, start| guests.power_on(start)).unwrap();
    }

    /// Forwards a port of the host to SSH.
    fn forward(&mut self) -> SocketAddr {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(self.guests.forward(self.id, &[rule(free.port())]), []);
        free
    }

    fn guest(&self) -> Guest {
        self.guests.guest(self.id).unwrap()
    }
}

fn rule(port: u16) -> NatRule {
    NatRule {
        protocol: Protocol::Tcp,
        host_address: "127.0.0.1".into(),
        host_port: port,
        guest_address: String::new(),
        guest_port: 22,
    }
}

fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mark = "boot2docker, please format-me";
    for (name, contents) in [(mark, mark), (".ssh/authorized_keys", KEY)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        builder.append_data(&mut header, name, contents.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// What an SSH server says first; nothing when the connection is closed.
async fn banner(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let mut bytes = [0; 7];
    stream.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn answers(address: SocketAddr) {
    let until_it_does = async {
        while banner(address).await.is_err() {
            sleep(INTERVAL).await;
        }
    };
    timeout(LIMIT, until_it_does).await.expect("SSH answers");
}

async fn refuses(address: SocketAddr) {
    let until_it_does = async {
        while TcpStream::connect(address).await.is_ok() {
            sleep(INTERVAL).await;
        }
    };
    timeout(LIMIT, until_it_does).await.expect("the port is closed");
}

#[tokio::test]
async fn the_key_on_the_disk_opens_the_forwarded_port() {
    let mut rig = Rig::new();
    rig.power_on();
    let address = rig.forward();
    answers(address).await;
    let keys = rig.guest().file("/home/docker/.ssh/authorized_keys").unwrap();
    assert_eq!(String::from_utf8_lossy(&keys).trim(), KEY);
    assert_eq!(rig.guests.address(rig.id), Some(rig.guest().address()));
    let taken = rule(address.port());
    let other = Uuid::random();
    let id = std::mem::replace(&mut rig.id, other);
    rig.power_on();
    assert_eq!(rig.guests.forward(other, std::slice::from_ref(&taken)), [taken]);
    rig.guests.destroy(id);
    refuses(address).await;
}

#[tokio::test]
async fn a_machine_that_stands_still_answers_later_and_a_kept_memory_goes_on() {
    let mut rig = Rig::new();
    rig.power_on();
    let address = rig.forward();
    answers(address).await;
    let boot = rig.guest().boot_id();
    rig.guests.pause(rig.id);
    assert!(timeout(QUIET, banner(address)).await.is_err(), "nothing is said while it stands still");
    rig.guests.resume(rig.id);
    answers(address).await;
    rig.guests.suspend(rig.id);
    refuses(address).await;
    assert_eq!(rig.guests.address(rig.id), None);
    rig.with_start(true, |guests, start| guests.restore(start)).unwrap();
    let address = rig.forward();
    answers(address).await;
    assert_eq!(rig.guest().boot_id(), boot);
    rig.guests.suspend(rig.id);
    rig.power_on();
    let address = rig.forward();
    answers(address).await;
    assert_ne!(rig.guest().boot_id(), boot, "a discarded memory is gone");
}

#[tokio::test]
async fn a_guest_that_switches_itself_off_is_noticed_and_keeps_its_files() {
    let mut rig = Rig::new();
    rig.power_on();
    let address = rig.forward();
    answers(address).await;
    rig.guest().set_file("/var/lib/boot2docker/kept", b"yes");
    assert!(!rig.guests.is_off(rig.id));
    assert!(rig.guests.press_power_button(rig.id));
    timeout(LIMIT, rig.guest().reached(PowerState::Off)).await.unwrap();
    assert!(rig.guests.is_off(rig.id));
    rig.guests.power_off(rig.id);
    refuses(address).await;
    rig.power_on();
    let address = rig.forward();
    answers(address).await;
    assert_eq!(rig.guest().file("/var/lib/boot2docker/kept").unwrap(), b"yes");
}

#[tokio::test]
async fn without_a_dvd_nothing_boots() {
    let mut rig = Rig::new();
    rig.with_start(false, |guests, start| guests.power_on(start)).unwrap();
    let address = rig.forward();
    assert!(banner(address).await.is_err(), "connected, and let go");
    assert!(!rig.guests.press_power_button(rig.id));
    assert!(!rig.guests.is_off(rig.id));
}

#[tokio::test]
async fn another_disk_is_another_machine() {
    let mut rig = Rig::new();
    rig.power_on();
    let first = rig.guest().host_key();
    rig.guests.power_off(rig.id);
    rig.power_on();
    assert_eq!(rig.guest().host_key(), first);
    rig.disk = Uuid::random();
    rig.power_on();
    assert_ne!(rig.guest().host_key(), first);
}

#[tokio::test]
async fn the_memory_of_a_machine_without_a_disk_is_kept() {
    let mut rig = Rig::new();
    let adapters = vec![GuestAdapter { mac: rig.mac, link: Link::HostOnly }];
    let dvd = rig.image();
    let faults = BTreeSet::new();
    let start =
        Start { id: rig.id, disk: None, dvd: Some(&dvd), adapters, rules: Vec::new(), faults: &faults };
    rig.guests.power_on(&start).unwrap();
    timeout(LIMIT, rig.guest().reached(PowerState::Running)).await.unwrap();
    let boot = rig.guest().boot_id();
    rig.guests.suspend(rig.id);
    rig.guests.restore(&start).unwrap();
    assert!(!rig.guests.is_off(rig.id));
    assert_eq!(rig.guest().boot_id(), boot);
    rig.guests.power_off(rig.id);
    rig.guests.power_on(&start).unwrap();
    timeout(LIMIT, rig.guest().reached(PowerState::Running)).await.unwrap();
    assert_ne!(rig.guest().boot_id(), boot);
}
