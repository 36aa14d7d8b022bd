//! Files over SFTP.

use machine_mock_providers::guest::{GuestOs, PowerState};
use russh_sftp::{
    client::{SftpSession, error::Error},
    protocol::{OpenFlags, StatusCode},
};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::ssh_client::{Session, booted, new_key, options, reached};

fn refused<T>(result: Result<T, Error>, code: StatusCode) {
    match result {
        Err(Error::Status(status)) => assert_eq!(status.status_code, code),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("{code:?} expected"),
    }
}

async fn open(session: &Session) -> SftpSession {
    SftpSession::new(session.sftp().await).await.unwrap()
}

#[tokio::test]
async fn files_are_those_of_commands() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let sftp = open(&session).await;
    assert_eq!(sftp.canonicalize(".").await.unwrap(), "/home/ubuntu");

    let data: Vec<u8> = (0..500_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut file = sftp.create("data").await.unwrap();
    file.write_all(&data).await.unwrap();
    file.shutdown().await.unwrap();
    assert!(guest.file("/home/ubuntu/data").unwrap() == data);
    assert_eq!(session.run("wc -c < data").await.text(), format!("{}\n", data.len()));
    assert_eq!(sftp.metadata("data").await.unwrap().size, Some(data.len() as u64));
    assert!(sftp.read("data").await.unwrap() == data);

    session.run("mkdir -p d && echo one > d/one").await;
    let names: Vec<String> = sftp.read_dir("d").await.unwrap().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["one"]);
    assert!(sftp.metadata("d").await.unwrap().is_dir());
    sftp.rename("d/one", "d/two").await.unwrap();
    assert_eq!(session.run("cat d/two").await.text(), "one\n");
    refused(sftp.rename("data", "d/two").await, StatusCode::Failure);
    refused(sftp.remove_dir("d").await, StatusCode::Failure);
    sftp.remove_file("d/two").await.unwrap();
    sftp.remove_dir("d").await.unwrap();
    sftp.create_dir("e").await.unwrap();
    assert_eq!(session.run("ls").await.text(), "data\ne\n");
}

#[tokio::test]
async fn parts_of_a_file_can_be_written() {
    let key = new_key();
    let guest = booted(options(GuestOs::Debian, &key)).await;
    let session = Session::open(&guest, "debian", &key).await.unwrap();
    let sftp = open(&session).await;
    session.run("printf 0123456789 > f").await;
    let flags = OpenFlags::READ | OpenFlags::WRITE;
    let mut file = sftp.open_with_flags("f", flags).await.unwrap();
    file.seek(std::io::SeekFrom::Start(8)).await.unwrap();
    file.write_all(b"abcd").await.unwrap();
    file.seek(std::io::SeekFrom::Start(0)).await.unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "01234567abcd");
    assert_eq!(guest.file("/home/debian/f").unwrap(), b"01234567abcd");
}

#[tokio::test]
async fn permissions_are_those_of_the_user() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let sftp = open(&session).await;
    refused(sftp.create("/etc/new").await, StatusCode::PermissionDenied);
    refused(sftp.open("missing").await, StatusCode::NoSuchFile);
    session.run("sudo sh -c 'echo s > /etc/secret; chmod 600 /etc/secret'").await;
    refused(sftp.open("/etc/secret").await, StatusCode::PermissionDenied);
    refused(sftp.read_dir("/etc/secret").await.map(drop), StatusCode::Failure);
}

#[tokio::test]
async fn a_session_ends_with_the_power() {
    let key = new_key();
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    let sftp = open(&session).await;
    sftp.canonicalize(".").await.unwrap();
    guest.power_off();
    assert!(sftp.canonicalize(".").await.is_err());
    guest.power_on();
    reached(&guest, PowerState::Running).await;
    let session = Session::open(&guest, "ubuntu", &key).await.unwrap();
    open(&session).await.canonicalize(".").await.unwrap();
    let commands = guest.commands();
    assert_eq!(commands.iter().filter(|record| record.command == "(sftp)").count(), 2);
}
