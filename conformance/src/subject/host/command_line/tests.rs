//! Tests with hosts that are shell scripts.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const LONG: Duration = Duration::from_secs(60);
const EXIT: Wait = Wait::new("the end", Duration::from_millis(300), Duration::from_millis(10));

fn prepared(
    folder: &Path,
    host: &str,
    driver_name: &str,
    arguments: &[&str],
) -> Result<HostCommandLine, Unusable> {
    let (program, driver) = (folder.join("docker-machine"), folder.join("the driver's file"));
    write_script(&program, host).unwrap();
    write_script(&driver, "echo \"driver $*\"").unwrap();
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let environment = BTreeMap::from([
        ("ACME_PROXY".to_owned(), "proxy".to_owned()),
        (DRIVER_NAME_VARIABLE.to_owned(), "acme".to_owned()),
    ]);
    let driver = PluginSubject::new(&driver, arguments, environment).unwrap();
    let host = HostProgram::find(&program).unwrap();
    HostCommandLine::prepare(&host, &driver, driver_name, &folder.join("private"), 0.5)
}

async fn ran(host: &HostCommandLine, arguments: &[&str], limit: Duration) -> io::Result<Ran> {
    let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
    host.run(&arguments, limit, &Waits::default(), &EXIT).await
}

#[tokio::test]
async fn the_host_finds_the_driver_by_its_name_and_has_its_own_store() {
    let folder = tempfile::tempdir().unwrap();
    let text = "docker-machine-driver-acme 1; echo \"$1 $2 $3 $ACME_PROXY $MACHINE_DRIVER_WAIT_FACTOR\
                ${MACHINE_PLUGIN_DRIVER_NAME-}\"; exit 3";
    for arguments in [&[][..], &["--a b", "it's"]] {
        let private = folder.path().join(arguments.len().to_string());
        std::fs::create_dir(&private).unwrap();
        let host = prepared(&private, text, "acme", arguments).unwrap();
        let ran = ran(&host, &["ls"], LONG).await.unwrap();
        let given: Vec<&str> = arguments.iter().copied().chain(["1"]).collect();
        assert_eq!(
            ran.stdout,
            format!("driver {}\n--storage-path {} ls proxy 0.5\n", given.join(" "), host.store().display())
        );
        assert_eq!((ran.status, ran.command.as_str()), (Some(3), "docker-machine ls"));
        assert_eq!(ran.ending(), format!("exit status 3: {}", ran.stdout.lines().last().unwrap()));
        assert!(ran.left.is_empty(), "{:?}", ran.left);
    }
}

#[tokio::test]
async fn processes_that_a_command_leaves_are_named_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let host = prepared(folder.path(), "sleep 600 >/dev/null 2>&1 & exit 0", "acme", &[]).unwrap();
    let ran = ran(&host, &["ls"], LONG).await.unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(ran.left.len(), 1, "{:?}", ran.left);
        let (pid, line) = ran.left[0].split_once(' ').unwrap();
        assert_eq!(line, "sleep 600");
        let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        while !(state().is_empty() || state().contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_command_that_does_not_end_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let host = prepared(folder.path(), "sleep 600", "acme", &[]).unwrap();
    let error = ran(&host, &["stop"], Duration::from_millis(100)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn a_driver_that_the_host_has_itself_is_not_taken_for_the_one_under_test() {
    let folder = tempfile::tempdir().unwrap();
    let error = prepared(folder.path(), "", "amazonec2", &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "docker-machine has a driver amazonec2 of its own, and would start that one"
    );
    // A host that is the driver's executable starts itself.
    let program = folder.path().join("docker-machine");
    let itself = PluginSubject::new(&program, Vec::new(), BTreeMap::new()).unwrap();
    let host = HostProgram::find(&program).unwrap();
    assert!(HostCommandLine::prepare(&host, &itself, "amazonec2", &folder.path().join("p"), 1.0).is_ok());
}
