//! Boots, shutdowns, hangs, and what survives them.

use std::{io::ErrorKind, time::Duration};

use machine_mock_providers::guest::{Acpi, Guest, GuestFault, GuestOptions, GuestOs, PowerState};
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::ssh_client::{LIMIT, Session, booted, new_key, options, reached};

/// Long enough to see that nothing happens, short enough to wait for.
const SHORT: Duration = Duration::from_millis(50);

async fn refuses(guest: &Guest) -> bool {
    let connecting = TcpStream::connect((guest.address(), guest.ssh_port())).await;
    connecting.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn files_survive_a_restart_and_volatile_ones_do_not() {
    let key = new_key();
    let guest = booted(options(GuestOs::Debian, &key)).await;
    let first = guest.boot_id().unwrap();
    let session = Session::open(&guest, "debian", &key).await.unwrap();
    let write = "echo kept > ~/marker; sync; echo lost > /tmp/marker; sudo sh -c 'echo lost > /run/marker; hostname h9'";
    assert_eq!(session.run(write).await.status, Some(0));
    assert_eq!(session.run("cat /proc/sys/kernel/random/boot_id").await.text().trim(), first);
    assert_eq!((first.len(), first.split('-').count()), (36, 5));

    assert!(guest.shutdown());
    reached(&guest, PowerState::Off).await;
    assert!(refuses(&guest).await);
    assert_eq!(guest.boot_id(), None);

    guest.power_on();
    reached(&guest, PowerState::Running).await;
    let session = Session::open(&guest, "debian", &key).await.unwrap();
    let read =
        "cat marker; cat /tmp/marker /run/marker 2>/dev/null; cat /proc/sys/kernel/random/boot_id; hostname";
    let second = guest.boot_id().unwrap();
    assert_eq!(session.run(read).await.text(), format!("kept\n{second}\nh0\n"));
    assert_ne!(first, second);
    assert_eq!(guest.boots(), 2);
}

#[tokio::test]
async fn boot2docker_keeps_only_its_own_folder() {
    let key = new_key();
    let guest = booted(options(GuestOs::Boot2Docker, &key)).await;
    let session = Session::open(&guest, "docker", &key).await.unwrap();
    let write =
        "echo lost > ~/marker; sudo sh -c 'echo kept > /var/lib/boot2docker/marker'; sudo sethostname h2";
    assert_eq!(session.run(write).await.status, Some(0));
    guest.reset();
    reached(&guest, PowerState::Running).await;
    let session = Session::open(&guest, "docker", &key).await.unwrap();
    let output = session.run("cat /var/lib/boot2docker/marker; hostname; test -e marker").await;
    assert_eq!((output.text().as_str(), output.status), ("kept\nh2\n", Some(1)));
}

#[tokio::test]
async fn a_command_can_restart_and_end_the_machine() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let first = guest.boot_id();
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    assert_eq!(session.run("reboot").await.status, Some(1));
    assert_eq!(session.run("sudo reboot").await.status, Some(0));
    let rebooted = async {
        while guest.boot_id() == first || guest.state() != PowerState::Running {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, rebooted).await.unwrap();
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    assert_eq!(session.run("sudo shutdown -h now; echo going").await.text(), "going\n");
    reached(&guest, PowerState::Off).await;
}

#[tokio::test]
async fn an_orderly_shutdown_runs_the_units_and_a_power_cut_does_not() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let unit = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n\
                ExecStop=/bin/sh -c 'echo orderly >> /var/lib/marker'\n[Install]\nWantedBy=multi-user.target\n";
    let install = "sudo tee /etc/systemd/system/marker.service >/dev/null && sudo systemctl daemon-reload && \
                   sudo systemctl enable --now marker";
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let output = session.run_with_input(install, Some(unit.as_bytes())).await;
    assert_eq!(output.status, Some(0), "{}", output.stderr);

    guest.power_off();
    assert_eq!(guest.state(), PowerState::Off);
    assert_eq!(guest.file("/var/lib/marker"), None);
    guest.power_on();
    reached(&guest, PowerState::Running).await;
    guest.shutdown();
    reached(&guest, PowerState::Off).await;
    assert_eq!(guest.file("/var/lib/marker").unwrap(), b"orderly\n");
}

#[tokio::test]
async fn ssh_does_not_answer_before_the_boot_is_over() {
    let key = new_key();
    let guest = Guest::new(GuestOptions { boot: SHORT, ..options(GuestOs::Ubuntu, &key) }).unwrap();
    assert!(refuses(&guest).await);
    guest.power_on();
    assert_eq!(guest.state(), PowerState::Booting);
    assert!(refuses(&guest).await);
    // Pressed too early, the button works when the machine is up.
    assert!(guest.shutdown());
    reached(&guest, PowerState::Off).await;
    assert_eq!(guest.boots(), 1);
}

#[tokio::test]
async fn a_frozen_machine_accepts_and_is_silent() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    guest.freeze();
    assert_eq!(guest.state(), PowerState::Frozen);
    assert!(!guest.shutdown() && !guest.reboot());
    let mut stream = TcpStream::connect((guest.address(), guest.ssh_port())).await.unwrap();
    assert!(tokio::time::timeout(SHORT, stream.read_u8()).await.is_err());
    let running = tokio::spawn(async move { session.run("echo back").await });
    tokio::time::sleep(SHORT).await;
    assert!(!running.is_finished());
    guest.thaw();
    assert_eq!(running.await.unwrap().text(), "back\n");
    assert_eq!(stream.read_u8().await.unwrap(), b'S');
    guest.freeze();
    guest.power_off();
    assert!(refuses(&guest).await);
}

#[tokio::test]
async fn a_machine_can_ignore_the_power_button() {
    let key = new_key();
    let guest = booted(GuestOptions { acpi: Acpi::Ignores, ..options(GuestOs::Ubuntu, &key) }).await;
    assert!(!guest.shutdown());
    tokio::time::sleep(SHORT).await;
    assert_eq!(guest.state(), PowerState::Running);
    guest.set_acpi(Acpi::Obeys);
    assert!(guest.shutdown());
    reached(&guest, PowerState::Off).await;
}

#[tokio::test]
async fn faults_of_the_boot_and_of_ssh() {
    let key = new_key();
    let with = |fault| GuestOptions { faults: [fault].into(), ..options(GuestOs::Ubuntu, &key) };

    let guest = Guest::new(with(GuestFault::NeverBoots)).unwrap();
    guest.power_on();
    tokio::time::sleep(SHORT).await;
    assert_eq!(guest.state(), PowerState::Booting);
    assert!(refuses(&guest).await);

    assert!(refuses(&booted(with(GuestFault::RefusesSsh)).await).await);

    let guest = booted(with(GuestFault::SilentSsh)).await;
    let mut stream = TcpStream::connect((guest.address(), guest.ssh_port())).await.unwrap();
    assert!(tokio::time::timeout(SHORT, stream.read_u8()).await.is_err());

    let guest = booted(with(GuestFault::RejectsKeys)).await;
    assert_eq!(Session::open(&guest, "ubuntu", &key).await.err().as_deref(), Some("the key is refused"));
    // A fault can be ended while the machine runs.
    guest.set_faults([]);
    Session::open(&guest, "ubuntu", &key).await.unwrap().close().await;

    let started = std::time::Instant::now();
    booted(with(GuestFault::SlowBoot(60))).await;
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn nothing_is_left_when_the_last_handle_goes() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let (address, port) = (guest.address(), guest.ssh_port());
    let clone = guest.clone();
    drop(guest);
    assert_eq!(session.run("echo still").await.text(), "still\n");
    drop(clone);
    let error = TcpStream::connect((address, port)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let closed = async {
        while !session.handle().is_closed() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, closed).await.unwrap();
}

#[tokio::test]
async fn a_machine_can_move_and_its_ports_can_be_shut() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let before = guest.address();
    let after = guest.readdress().unwrap();
    if cfg!(target_os = "linux") {
        assert_ne!(before, after);
        let refused = TcpStream::connect((before, guest.ssh_port())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    assert!(session.run("ip addr").await.text().contains(&after.to_string()));

    guest.set_open_ports(Some([2376].into())).unwrap();
    assert!(refuses(&guest).await);
    assert!(guest.listening().contains(&(guest.ssh_port(), "sshd")));
    guest.set_open_ports(Some([22].into())).unwrap();
    Session::open(&guest, "ubuntu", &key).await.unwrap().close().await;
}

#[tokio::test]
async fn user_data_arrives_and_a_script_is_run_once() {
    let key = new_key();
    let script = "#!/bin/sh\necho run >> /var/lib/marker\n";
    let guest =
        booted(GuestOptions { user_data: Some(script.into()), ..options(GuestOs::Ubuntu, &key) }).await;
    let marked = async {
        while guest.file("/var/lib/marker").is_none_or(|data| data.is_empty()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, marked).await.unwrap();
    assert_eq!(guest.file("/var/lib/cloud/instance/user-data.txt").unwrap(), script.as_bytes());
    guest.reset();
    reached(&guest, PowerState::Running).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    assert_eq!(session.run("cat /var/lib/marker").await.text(), "run\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn power_changes_from_many_sides_end_consistent() {
    let key = new_key();
    for round in 0..10 {
        let guest = Guest::new(options(GuestOs::Ubuntu, &key)).unwrap();
        let sides = (0..4_u32).map(|side| {
            let guest = guest.clone();
            tokio::spawn(async move {
                for step in 0..25 {
                    match (side * 7 + step * 5 + round) % 6 {
                        0 => guest.power_off(),
                        1 => drop(guest.shutdown()),
                        2 => guest.reset(),
                        3 => guest.freeze(),
                        4 => guest.thaw(),
                        _ => guest.power_on(),
                    }
                    tokio::task::yield_now().await;
                }
            })
        });
        for side in sides.collect::<Vec<_>>() {
            side.await.unwrap();
        }
        guest.power_off();
        // Whatever was under way has ended with the power.
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!((guest.state(), guest.boot_id(), guest.listening().len()), (PowerState::Off, None, 0));
        assert!(refuses(&guest).await);
        guest.power_on();
        reached(&guest, PowerState::Running).await;
        let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
        assert_eq!(session.run("echo up").await.text(), "up\n");
        assert_eq!(guest.notes(), Vec::<String>::new());
    }
}
