//! The mock as a program: it says where it is, answers, and goes when it is told to.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

fn get(endpoint: &str, token: &str, path: &str) -> String {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_mock_serves_until_it_is_told_to_end() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
        .args(["mock", "template", "--token", "t0ken", "--guest", "debian", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let started: serde_json::Value = serde_json::from_str(&line).unwrap();
    let text = |key: &str| started[key].as_str().unwrap().to_owned();
    assert_eq!((text("schema").as_str(), text("token").as_str()), ("machine-conformance/mock/v1", "t0ken"));

    let answer = get(&text("endpoint"), "t0ken", "/v1/regions");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("eu-1"), "{answer}");
    let answer = get(&text("endpoint"), "wrong", "/v1/regions");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = get(&text("control_endpoint"), &text("control_token"), "/requests");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("/v1/regions"), "{answer}");

    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    TcpStream::connect(text("endpoint").strip_prefix("http://").unwrap()).expect_err("the port is closed");
}

#[test]
fn the_mock_of_ec2_says_all_that_a_client_needs() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    let mut child = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
        .args(["mock", "ec2", "--access-key", "AKIAMOCK", "--secret-key", "s3cret", "--boot", "2s", "--json"])
        .args(["--https-listen", "127.0.0.1:0", "--ca-file"])
        .arg(&authority)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let started: serde_json::Value = serde_json::from_str(&line).unwrap();
    let text = |key: &str| started[key].as_str().unwrap().to_owned();
    assert_eq!(
        [text("access_key"), text("secret_key"), text("region"), text("ssh_user")],
        ["AKIAMOCK", "s3cret", "us-east-1", "ubuntu"]
    );
    assert!(text("image").starts_with("ami-") && text("https_endpoint").starts_with("https://localhost:"));
    assert!(std::fs::read_to_string(&authority).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let answer = get(&text("endpoint"), "none", "/?Action=DescribeRegions&Version=2016-11-15");
    assert!(answer.contains("<Code>IncompleteSignature</Code>"), "{answer}");
    let answer = get(&text("control_endpoint"), &text("control_token"), "/accounts");
    assert!(answer.contains("AKIAMOCK"), "{answer}");

    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_mock_of_virtualbox_is_found_through_its_variables() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
        .args(["mock", "vbox", "--virtualbox-version", "6.1.50r1", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let started: serde_json::Value = serde_json::from_str(&line).unwrap();
    let environment = started["environment"].as_object().unwrap();
    let variables = environment.iter().map(|(name, value)| (name, value.as_str().unwrap()));
    // The executable itself, under another name.
    let program = std::path::Path::new(started["directory"].as_str().unwrap()).join("VBoxManage");
    let call = |arguments: &[&str]| {
        let output = Command::new(&program).args(arguments).envs(variables.clone()).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    assert_eq!(call(&["--version"]), ("6.1.50r1\n".to_owned(), Some(0)));
    assert_eq!(call(&["createvm", "--name", "demo", "--register"]).1, Some(0));
    assert!(call(&["list", "vms"]).0.starts_with("\"demo\" {"));
    let text = |key: &str| started[key].as_str().unwrap().to_owned();
    let answer = get(&text("control_endpoint"), &text("control_token"), "/requests");
    assert!(answer.contains("\"operation\":\"createvm\""), "{answer}");

    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!program.exists(), "its folder is left behind");
}

#[test]
fn the_mock_is_not_offered_to_the_network() {
    for provider in ["template", "ec2", "vbox"] {
        let output = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
            .args(["mock", provider, "--listen", "0.0.0.0:0"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains("0.0.0.0:0 is not a loopback address"), "{text}");
    }
}
