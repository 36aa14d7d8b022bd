//! Logging in, running commands, and what is recorded.

use machine_mock_providers::guest::{Guest, GuestFault, GuestOptions, GuestOs, SshPort, User};

use crate::ssh_client::{LIMIT, Session, booted, new_key, options, public_line};

#[tokio::test]
async fn commands_run_with_their_output_and_status() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();

    let output = session.run("exit 7").await;
    assert_eq!((output.status, output.stdout.len(), output.stderr.as_str()), (Some(7), 0, ""));
    let output = session.run("sudo -n true && whoami && sudo whoami").await;
    assert_eq!((output.status, output.text().as_str()), (Some(0), "ubuntu\nroot\n"));
    let output = session.run("nosuch").await;
    assert_eq!((output.status, output.stderr.as_str()), (Some(127), "sh: 1: nosuch: not found\n"));
    let output = session.run("cat /etc/os-release").await;
    assert!(output.text().contains("ID=ubuntu") && output.text().contains("VERSION_ID=\"24.04\""));

    let commands = guest.commands();
    let seen: Vec<_> = commands.iter().map(|command| (command.command.as_str(), command.status)).collect();
    assert_eq!(seen[0], ("exit 7", Some(7)));
    assert_eq!(seen[2], ("nosuch", Some(127)));
    assert_eq!(commands[2].not_found, ["nosuch"]);
    assert_eq!(commands[1].output_length, "ubuntu\nroot\n".len());
    assert_eq!(Some(&commands[0].boot_id), guest.boot_id().as_ref());
}

#[tokio::test]
async fn input_and_long_output_are_exact() {
    let key = new_key();
    let guest = booted(options(GuestOs::Debian, &key)).await;
    let session = Session::open(&guest, "debian", &key).await.unwrap();
    let data: Vec<u8> =
        (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let output = session.run_with_input("cat > data && wc -c < data", Some(&data)).await;
    assert_eq!((output.status, output.text().as_str()), (Some(0), "3000000\n"));
    assert_eq!(guest.file("/home/debian/data").unwrap(), data);
    assert_eq!(session.run("cat data").await.stdout, data);
    // Without input the client keeps its side open; a command that does not read must end all the same.
    assert_eq!(session.run("echo ok").await.text(), "ok\n");
    let output = session.run_with_input("sh -s", Some(b"echo from a script; exit 3")).await;
    assert_eq!((output.status, output.text().as_str()), (Some(3), "from a script\n"));
}

#[tokio::test]
async fn only_the_given_keys_of_the_given_users_are_let_in() {
    let (key, other, later) = (new_key(), new_key(), new_key());
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    for (user, key) in [("ubuntu", &other), ("root", &key), ("nobody", &key)] {
        assert_eq!(
            Session::open(&guest, user, key).await.err().as_deref(),
            Some("the key is refused"),
            "{user}"
        );
    }
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let add = format!("echo '{}' >> ~/.ssh/authorized_keys", public_line(&later));
    assert_eq!(session.run(&add).await.status, Some(0));
    assert_eq!(Session::open(&guest, "ubuntu", &later).await.unwrap().run("id -un").await.text(), "ubuntu\n");

    let logins = guest.logins();
    let accepted: Vec<_> = logins.iter().filter(|login| login.accepted).collect();
    assert_eq!(accepted.len(), 2);
    assert_eq!((accepted[0].algorithm.as_str(), accepted[0].method.as_str()), ("ssh-ed25519", "publickey"));
    assert!(accepted[0].fingerprint.starts_with("SHA256:") && accepted[0].client.starts_with("SSH-2.0-"));
    assert!(logins.iter().filter(|login| !login.accepted).count() >= 3);
}

#[tokio::test]
async fn shells_subsystems_and_forwarding_are_answered() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let answered = async {
        let mut shell = session.handle().channel_open_session().await.unwrap();
        shell.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.unwrap();
        shell.set_env(true, "LC_ALL", "C.UTF-8").await.unwrap();
        shell.request_shell(true).await.unwrap();
        shell.data(&b"echo $LC_ALL; exit 5\n"[..]).await.unwrap();
        shell.eof().await.unwrap();
        let (mut text, mut status, mut refused) = (String::new(), None, 0);
        while let Some(message) = shell.wait().await {
            match message {
                russh::ChannelMsg::Data { data } => text += &String::from_utf8_lossy(&data),
                russh::ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                russh::ChannelMsg::Failure => refused += 1,
                _ => {}
            }
        }
        assert_eq!((text.as_str(), status, refused), ("C.UTF-8\n", Some(5), 0));

        let mut other = session.handle().channel_open_session().await.unwrap();
        other.request_subsystem(true, "netconf").await.unwrap();
        assert!(matches!(other.wait().await, Some(russh::ChannelMsg::Failure)));
        assert!(session.handle().channel_open_direct_tcpip("127.0.0.1", 80, "127.0.0.1", 1).await.is_err());
    };
    tokio::time::timeout(LIMIT, answered).await.unwrap();
}

#[tokio::test]
async fn guests_differ_in_address_and_host_key_and_keep_the_usual_port() {
    let key = new_key();
    let (a, b) = tokio::join!(booted(options(GuestOs::Ubuntu, &key)), booted(options(GuestOs::Debian, &key)));
    assert_ne!((a.address(), a.ssh_port()), (b.address(), b.ssh_port()));
    assert_ne!(a.host_key(), b.host_key());
    let ephemeral =
        Guest::new(GuestOptions { ssh_port: SshPort::Ephemeral, ..options(GuestOs::Ubuntu, &key) }).unwrap();
    assert!(ephemeral.ssh_port() > 1023);
    if cfg!(target_os = "linux") {
        assert_eq!(a.ssh_port(), b.ssh_port());
        assert!([22, 2222].contains(&a.ssh_port()));
        let fixed = GuestOptions { ssh_port: SshPort::Fixed(5022), ..options(GuestOs::Ubuntu, &key) };
        assert_eq!(Guest::new(fixed).unwrap().ssh_port(), 5022);
    }
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    let users = vec![User { name: "ubuntu".into(), authorized_keys: vec!["ssh-rsa nonsense".into()] }];
    let error = Guest::new(GuestOptions { users, ..GuestOptions::default() }).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("ssh-rsa nonsense"), "{error}");
}

#[tokio::test]
async fn sudo_can_ask_for_a_password() {
    let key = new_key();
    let faults = [GuestFault::AsksForPassword].into();
    let guest = booted(GuestOptions { faults, ..options(GuestOs::Ubuntu, &key) }).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let output = session.run("sudo -n true").await;
    assert_eq!((output.status, output.stderr.as_str()), (Some(1), "sudo: a password is required\n"));
}

#[tokio::test]
async fn a_listener_can_be_dialled_from_outside() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    for command in ["nohup nc -lk -p 2376 >/dev/null 2>&1 &", "python3 -m http.server 8080 >/dev/null 2>&1 &"]
    {
        assert_eq!(session.run(command).await.status, Some(0));
    }
    for port in [2376, 8080] {
        let opened = async {
            while tokio::net::TcpStream::connect((guest.address(), port)).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LIMIT, opened).await.unwrap_or_else(|_| panic!("{port} is not open"));
    }
    assert!(session.run("ss -tln").await.text().contains("0.0.0.0:2376"));

    // One connection, both directions, then the program ends.
    let running = tokio::spawn(async move { session.run_with_input("nc -l 9000", Some(b"hello")).await });
    let mut stream = loop {
        match tokio::net::TcpStream::connect((guest.address(), 9000)).await {
            Ok(stream) => break stream,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(2)).await,
        }
    };
    let mut greeting = [0; 5];
    stream.read_exact(&mut greeting).await.unwrap();
    stream.write_all(b"back\n").await.unwrap();
    drop(stream);
    assert_eq!(&greeting, b"hello");
    assert_eq!(running.await.unwrap().text(), "back\n");
    assert!(tokio::net::TcpStream::connect((guest.address(), 9000)).await.is_err());
}
