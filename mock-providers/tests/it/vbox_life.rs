//! The mock VirtualBox as drivers use it: the executable, a machine's life, its guest over SSH, and what goes wrong.

use std::{
    net::Ipv4Addr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use machine_mock_providers::{
    faults::{Fault, FaultKind, FaultPlan, When},
    guest::{Acpi, PowerState},
    vbox::{Account, Conditions, Finished, MachineState, Server, ServerOptions},
};
use russh::keys::PrivateKey;
use tokio::process::Command;

use super::ssh_client::{Session, new_key, public_line};

/// The executable of this crate.
const PROGRAM: &str = env!("CARGO_BIN_EXE_VBoxManage");
/// Capacity of disks, in bytes.
const CAPACITY: usize = 4 << 20;
/// Longest time until what has ended is gone.
const GONE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);

async fn server() -> (Server, Account) {
    let options = ServerOptions {
        executable: Some(PROGRAM.into()),
        conditions: Conditions { any_host_only_address: true, ..Conditions::default() },
        ..ServerOptions::default()
    };
    let server = Server::start(options).await.unwrap();
    let account = server.account("test").unwrap();
    (server, account)
}

/// What a process has printed, and its exit code.
struct Printed {
    stdout: String,
    stderr: String,
    exit: Option<i32>,
}

/// Runs the executable as a driver does.
async fn execute(account: &Account, arguments: &[&str], input: &[u8]) -> Printed {
    let environment = account.environment();
    // Where it is found is what PATH says first.
    let program = account.directory().join("VBoxManage");
    let mut child = Command::new(program)
        .args(arguments)
        .envs(&environment)
        .current_dir(account.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = tokio::spawn(async move {
        // A program that does not read it ends first.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stdin, &input).await;
    });
    let output = child.wait_with_output().await.unwrap();
    writing.abort();
    Printed {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        exit: output.status.code(),
    }
}

async fn ok(account: &Account, line: &str) -> Finished {
    let finished = account.run(line.split_whitespace()).await;
    assert_eq!(finished.exit, 0, "{line}: {}{}", finished.stdout, finished.stderr);
    finished
}

/// The raw disk that Boot2Docker formats: an archive with the key, then zeros.
fn raw_disk(public_key: &str) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut add = |name: &str, kind: u8, content: &[u8]| {
        let mut head = [0_u8; 512];
        head[..name.len()].copy_from_slice(name.as_bytes());
        let mode: &[u8] = if kind == b'5' { b"0000700" } else { b"0000644" };
        head[100..107].copy_from_slice(mode);
        head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        head[136..147].copy_from_slice(b"00000000000");
        head[156] = kind;
        head[257..263].copy_from_slice(b"ustar\0");
        head[263..265].copy_from_slice(b"00");
        head[148..156].copy_from_slice(b"        ");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(head);
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    };
    let magic = "boot2docker, please format-me";
    add(magic, b'0', magic.as_bytes());
    add(".ssh", b'5', b"");
    add(".ssh/authorized_keys", b'0', public_key.as_bytes());
    add(".ssh/authorized_keys2", b'0', public_key.as_bytes());
    archive.resize(CAPACITY, 0);
    archive
}

/// A free port of 127.0.0.1.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Makes a machine as the Go driver does; the result is the port of SSH.
async fn create(account: &Account, name: &str, key: &PrivateKey) -> u16 {
    let folder = account.home().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::File::create(folder.join("boot2docker.iso")).unwrap().set_len(65_536).unwrap();
    let path = |file: &str| folder.join(file).display().to_string();
    let size = CAPACITY.to_string();
    let arguments = ["convertfromraw", "stdin", &path("disk.vmdk"), &size, "--format", "VMDK"];
    let converted = execute(account, &arguments, &raw_disk(&public_line(key))).await;
    assert_eq!(converted.exit, Some(0), "{}", converted.stderr);
    ok(account, &format!("createvm --basefolder {} --name {name} --register", folder.display())).await;
    ok(
        account,
        &format!("modifyvm {name} --ostype Linux26_64 --cpus 1 --memory 1024 --nic1 nat --boot1 dvd"),
    )
    .await;
    ok(account, &format!("storagectl {name} --name SATA --add sata --hostiocache on")).await;
    for (port, kind, file) in [(0, "dvddrive", "boot2docker.iso"), (1, "hdd", "disk.vmdk")] {
        let medium = path(file);
        ok(account, &format!("storageattach {name} --storagectl SATA --port {port} --device 0 --type {kind} --medium {medium}"))
            .await;
    }
    if account.run(["list", "hostonlyifs"]).await.stdout.is_empty() {
        ok(account, "hostonlyif create").await;
        ok(account, "hostonlyif ipconfig vboxnet0 --ip 192.168.99.1 --netmask 255.255.255.0").await;
    }
    ok(account, &format!("modifyvm {name} --nic2 hostonly --hostonlyadapter2 vboxnet0")).await;
    let port = free_port();
    ok(account, &format!("modifyvm {name} --natpf1 ssh,tcp,127.0.0.1,{port},,22")).await;
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_lives_as_the_go_driver_lets_it_live() {
    let (_server, account) = server().await;
    let key = new_key();
    let port = create(&account, "default", &key).await;
    ok(&account, "startvm default --type headless").await;
    assert_eq!(account.state("default").unwrap(), MachineState::Running);
    let guest = account.guest("default").unwrap();
    guest.reached(PowerState::Running).await;
    let session = Session::open_at(Ipv4Addr::LOCALHOST, port, "docker", &key, None).await.unwrap();
    let addresses = session.run("ip addr show").await.text();
    let address =
        account.inventory().into_iter().find(|it| it.kind == "vm").unwrap().attributes["address"].clone();
    assert!(addresses.contains(&address), "{address} is not in {addresses}");
    assert!(session.run("cat /etc/os-release").await.text().contains("Boot2Docker"));
    ok(&account, "controlvm default acpipowerbutton").await;
    wait_for(&account, "default", MachineState::PoweredOff).await;
    ok(&account, "startvm default --type headless").await;
    ok(&account, "controlvm default savestate").await;
    assert_eq!(account.state("default").unwrap(), MachineState::Saved);
    ok(&account, "startvm default --type headless").await;
    ok(&account, "controlvm default poweroff").await;
    ok(&account, "unregistervm --delete default").await;
    let kinds: Vec<String> = account.inventory().into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, ["dvd", "hostonlyif"], "what the Go driver leaves behind");
    assert!(!account.home().join("default/disk.vmdk").exists());
}

/// Waits until a machine is in a state.
async fn wait_for(account: &Account, vm: &str, state: MachineState) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let waiting = async {
        while account.state(vm).unwrap() != state {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_ignores_the_power_button_stays_on() {
    let (_server, account) = server().await;
    create(&account, "deaf", &new_key()).await;
    ok(&account, "startvm deaf --type headless").await;
    account.set_acpi("deaf", Acpi::Ignores).unwrap();
    ok(&account, "controlvm deaf acpipowerbutton").await;
    assert_eq!(account.state("deaf").unwrap(), MachineState::Running);
    account.abort("deaf").unwrap();
    assert_eq!(account.state("deaf").unwrap(), MachineState::Aborted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_executable_prints_what_the_server_says() {
    let (_server, account) = server().await;
    let version = execute(&account, &["--version"], b"").await;
    assert_eq!((version.stdout.as_str(), version.exit), ("7.2.22_Debianr175245\n", Some(0)));
    let unknown = execute(&account, &["showvminfo", "nobody", "--machinereadable"], b"").await;
    assert_eq!(unknown.exit, Some(1));
    assert!(
        unknown.stderr.starts_with("VBoxManage: error: Could not find a registered machine named 'nobody'\n")
    );
    let entries = std::fs::read_dir(account.directory()).unwrap().count();
    assert_eq!(entries, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executable_without_its_server_says_what_is_missing() {
    let run = |place: Option<&str>| {
        let mut command = Command::new(PROGRAM);
        command.args(["list", "vms"]).env_remove("MACHINE_MOCK_VBOX");
        if let Some(place) = place {
            command.env("MACHINE_MOCK_VBOX", place);
        }
        command.output()
    };
    let closed = format!("127.0.0.1:{}/token", free_port());
    for (place, expected) in
        [(None, "MACHINE_MOCK_VBOX"), (Some("nonsense"), "ADDRESS:PORT/TOKEN"), (Some(&*closed), "is gone")]
    {
        let output = run(place).await.unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.contains("Failed to create the VirtualBox object!") && text.contains(expected),
            "{text}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_see_nothing_of_each_other() {
    let (server, account) = server().await;
    let other = server.account("other").unwrap();
    ok(&account, "createvm --name mine --register").await;
    assert!(other.inventory().is_empty());
    assert_eq!(execute(&other, &["list", "vms"], b"").await.stdout, "");
    let folder = account.home().to_owned();
    server.close_account("test");
    drop(account);
    // The connection of the last call may not have heard yet that its client is gone.
    let begun = Instant::now();
    while Path::new(&folder).exists() {
        assert!(begun.elapsed() < GONE, "{} is still there", folder.display());
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_speak_the_words_of_vboxmanage() {
    let (_server, account) = server().await;
    ok(&account, "createvm --name vm --register").await;
    for (fault, expected) in [
        (FaultKind::failing("rack K17 is under maintenance"), "error: rack K17 is under maintenance\n"),
        (FaultKind::Throttle { retry_after: None }, "already has a lock request pending"),
        (FaultKind::NotFound, "Could not find a registered machine named 'vm'"),
        (FaultKind::Unauthorized, "E_ACCESSDENIED"),
        (FaultKind::Reset { acted: false }, "Failed to create the VirtualBox object!"),
        (FaultKind::Truncate { bytes: 7 }, "The object is not ready"),
    ] {
        account.set_faults(FaultPlan::one(When::operation("showvminfo"), fault.clone()));
        let finished = account.run(["showvminfo", "vm", "--machinereadable"]).await;
        assert_eq!(finished.exit, 1, "{fault:?}");
        assert!(finished.stderr.contains(expected), "{fault:?}: {}", finished.stderr);
    }
    account.set_faults(Fault::new(
        When::operation("startvm"),
        FaultKind::BootError { message: Some("no luck".into()) },
    ));
    let failed = account.run(["startvm", "vm", "--type", "headless"]).await;
    assert!(failed.exit == 1 && failed.stderr.contains("no luck"), "{failed:?}");
    assert_eq!(account.state("vm").unwrap(), MachineState::PoweredOff);
    let log = account.request_log();
    let last = log.last().unwrap();
    assert_eq!((last.operation.as_str(), last.path.as_str(), last.status), ("startvm", "vm", Some(1)));
    assert!(last.failed() && last.mutating && last.faults == ["boot-error"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_installations_refuse() {
    let (_server, account) = server().await;
    ok(&account, "createvm --name vm --register").await;
    let broken = |change: fn(&mut Conditions)| {
        let mut conditions = Conditions::default();
        change(&mut conditions);
        account.set_conditions(conditions);
    };
    let start = async || account.run(["startvm", "vm", "--type", "headless"]).await.stderr;
    broken(|it| it.kernel_driver = false);
    assert!(start().await.contains("has terminated unexpectedly during startup"));
    broken(|it| it.hardware_virtualization = false);
    assert!(start().await.contains("VERR_SVM_NO_SVM"));
    broken(|it| it.disk_full = true);
    let full = account.run(["createmedium", "disk", "--filename", "/x/y.vdi", "--size", "1"]).await;
    assert!(full.stderr.contains("VERR_DISK_FULL"), "{}", full.stderr);
    broken(|it| it.server = false);
    assert!(start().await.contains("NS_ERROR_SOCKET_FAIL"));
    assert_eq!(account.run(["--version"]).await.exit, 0);
    broken(|it| it.version = "4.2.0r1".to_owned());
    assert_eq!(account.run(["--version"]).await.stdout, "4.2.0r1\n");
    broken(|_| ());
    account.lock("vm").unwrap();
    let locked = account.run(["modifyvm", "vm", "--memory", "64"]).await;
    assert!(locked.stderr.contains("is already locked for a session"), "{}", locked.stderr);
    account.unlock("vm").unwrap();
    ok(&account, "modifyvm vm --memory 64").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_ends_with_its_fault() {
    let (_server, account) = server().await;
    account.set_faults(FaultPlan::one(When::operation("list vms"), FaultKind::Stall { acted: false }));
    let mut child = Command::new(account.directory().join("VBoxManage"))
        .args(["list", "vms"])
        .envs(account.environment())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let arrived = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while account.request_log().is_empty() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.unwrap();
    assert!(child.try_wait().unwrap().is_none(), "it hangs");
    // A client whose driver was killed waits on; it must not stay for ever.
    account.clear_faults();
    let ended = tokio::time::timeout(Duration::from_secs(60), child.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(1));
    assert_eq!(account.run(["list", "vms"]).await.exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_ends_with_its_account() {
    let (server, account) = server().await;
    account.seed_vm("vm").unwrap();
    account.set_faults(FaultPlan::one(When::operation("startvm"), FaultKind::NeverReady));
    let caller = account.clone();
    let waiting = tokio::spawn(async move { caller.run(["startvm", "vm", "--type", "headless"]).await });
    let starting = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while account.state("vm").unwrap() != MachineState::Starting {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), starting).await.unwrap();
    assert!(!waiting.is_finished());
    server.close_account("test");
    let finished = tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap().unwrap();
    assert_eq!(finished.exit, 1, "{finished:?}");
}
