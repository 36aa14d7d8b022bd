//! The world `external`: the suite drives the Go driver `amazonec2` at moto, a mock of EC2 that is not ours, and sees
//! it through boto3, by the profile and the commands of `interop/external`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use machine_tests::{
    executables,
    peers::available,
    python_tools::{self, PythonTools},
    rancher_machine,
    run::{self, Finished},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Longest run of the suite: `amazonec2` polls every 3 s, and one check runs at a time.
const LIMIT: Duration = Duration::from_secs(900);
/// Longest time until moto says where it listens.
const START: Duration = Duration::from_secs(120);

/// moto's server, until this is dropped.
struct Moto {
    _server: Child,
    environment: BTreeMap<&'static str, String>,
}

impl Moto {
    async fn start(python: &PythonTools) -> Self {
        let mut server = Command::new(python.python())
            .args(["-m", "fidelity.moto_peer"])
            .current_dir(python_tools::ec2_folder())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("MOTO_ENABLE_AMI_VALIDATION", "true")
            .env("INITIAL_NO_AUTH_ACTION_COUNT", "3")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(START, lines.next_line()).await.unwrap();
        let told: Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
        let told = |key: &str| told[key].as_str().unwrap().to_owned();
        let programs = python.programs().to_path_buf();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(programs).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(path).unwrap().into_string().unwrap();
        let mut moto = Self {
            _server: server,
            environment: BTreeMap::from([
                ("AWS_ENDPOINT_URL", told("url")),
                ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
                ("AWS_ACCESS_KEY_ID", told("access_key")),
                ("AWS_SECRET_ACCESS_KEY", told("secret_key")),
                ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
                // The commands are called `python3`.
                ("PATH", path),
            ]),
        };
        let vpc = moto.lines_of(python, "default-vpc").await.remove(0);
        moto.environment.insert("AMAZONEC2_VPC_ID", vpc);
        moto
    }

    fn secret(&self) -> &str {
        &self.environment["AWS_SECRET_ACCESS_KEY"]
    }

    /// What the example's own command lists.
    async fn inventory(&self, python: &PythonTools) -> Vec<String> {
        self.lines_of(python, "inventory").await
    }

    async fn lines_of(&self, python: &PythonTools, word: &str) -> Vec<String> {
        let mut command = Command::new(python.python());
        command.args(["provider.py", word]).current_dir(folder());
        command.envs(&self.environment);
        let listed = run::to_end(command, START).await.unwrap().exits(0);
        listed.lines().into_iter().map(str::to_owned).collect()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/external")
}

/// Runs the suite with the example's profile; the report by check.
async fn suite(
    moto: &Moto,
    driver: &Path,
    profile: &Path,
    options: &[&str],
) -> (Finished, BTreeMap<String, Value>) {
    let private = tempfile::tempdir().unwrap();
    let report = private.path().join("report.json");
    let mut command = Command::new(executables::machine_conformance().unwrap());
    command.arg("run").arg(driver).arg("--profile").arg(profile);
    command.args(["--seed", "1", "--timeout-factor", "3"]).args(options);
    command.arg("--report").arg(format!("json={}", report.display()));
    command.envs(&moto.environment);
    let finished = run::to_end(command, LIMIT).await.unwrap();
    let checks = std::fs::read(&report).map_or_else(
        |_| BTreeMap::new(),
        |text| {
            let report: Value = serde_json::from_slice(&text).unwrap();
            let checks = report["checks"].as_array().unwrap().iter();
            checks.map(|check| (check["id"].as_str().unwrap().to_owned(), check.clone())).collect()
        },
    );
    (finished, checks)
}

fn verdict<'a>(checks: &'a BTreeMap<String, Value>, id: &str) -> &'a str {
    checks[id]["verdict"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn amazonec2_at_moto() {
    let (Some(python), Some(driver)) = (
        available("amazonec2_at_moto", PythonTools::installed()),
        available("amazonec2_at_moto", rancher_machine::executable()),
    ) else {
        return;
    };
    let moto = Moto::start(&python).await;
    let before = moto.inventory(&python).await;
    let profile = folder().join("conformance.toml");
    let only = |ids: &[&'static str]| ids.iter().flat_map(|id| ["--only", id]).collect::<Vec<_>>();
    let guest = "ssh::key_alone_suffices";
    let first = ["create::makes_one_instance", "state::powered_off_is_stopped", guest];
    let (finished, checks) = suite(&moto, &driver, &profile, &only(&first)).await;
    assert_eq!(finished.code, Some(0), "{finished}");
    assert!(finished.stderr.contains("this run creates at most "), "{finished}");
    assert!(!finished.to_string().contains(moto.secret()), "{finished}");
    for (id, wanted) in first.into_iter().zip(["pass", "pass", "not-tested"]) {
        assert_eq!(verdict(&checks, id), wanted, "{id}\n{finished}");
    }
    let reason = checks[guest]["reason"].as_str().unwrap();
    assert!(reason.contains("cannot log in"), "{reason}");
    // The security group, which the driver never deletes, is there from the first run.
    let second = ["remove::everything_is_gone", "remove::instance_already_gone"];
    let (finished, checks) = suite(&moto, &driver, &profile, &only(&second)).await;
    assert_eq!(finished.code, Some(0), "{finished}");
    for id in second {
        assert_eq!(verdict(&checks, id), "pass", "{id}\n{finished}");
    }
    let left: Vec<_> = moto.inventory(&python).await;
    let left: Vec<_> = left.iter().filter(|line| !before.contains(line)).collect();
    assert!(left.iter().all(|line| line.contains("\"kind\": \"security-group\"")), "{left:#?}");
}

/// What a run is told that it may not do, and what it must clean up when it fails.
#[tokio::test(flavor = "multi_thread")]
async fn money_faults_of_commands_and_left_machines() {
    let test = "money_faults_of_commands_and_left_machines";
    let (Some(python), Some(driver)) =
        (available(test, PythonTools::installed()), available(test, rancher_machine::executable()))
    else {
        return;
    };
    let moto = Moto::start(&python).await;
    let example = std::fs::read_to_string(folder().join("conformance.toml")).unwrap();
    let private = tempfile::tempdir().unwrap();
    std::fs::copy(folder().join("provider.py"), private.path().join("provider.py")).unwrap();
    let profile = private.path().join("conformance.toml");
    let only = ["--only", "create::makes_one_instance"];

    let costly = example.replace("costs-money = false", "costs-money = true");
    std::fs::write(&profile, &costly).unwrap();
    let (refused, _) = suite(&moto, &driver, &profile, &only).await;
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains("creates at most 3 machines"), "{refused}");
    assert!(refused.stderr.contains("--yes-this-costs-money"), "{refused}");

    let bad = example.replace("[\"python3\", \"provider.py\", \"inventory\"]", "[\"echo\", \"i-1 running\"]");
    std::fs::write(&profile, &bad).unwrap();
    let (finished, checks) = suite(&moto, &driver, &profile, &only).await;
    assert_eq!(finished.code, Some(3), "{finished}");
    assert_eq!(verdict(&checks, only[1]), "environment-error", "{finished}");
    let reason = checks[only[1]]["reason"].as_str().unwrap();
    assert!(reason.ends_with("i-1 running"), "{reason}");

    // A check that fails in the middle: its machine is removed all the same.
    let broken = example.replace(
        "[\"python3\", \"provider.py\", \"delete\"]",
        "[\"sh\", \"-c\", \"echo quota exceeded >&2; exit 1\"]",
    );
    std::fs::write(&profile, &broken).unwrap();
    let only = ["--only", "remove::instance_already_gone"];
    let (finished, checks) = suite(&moto, &driver, &profile, &only).await;
    assert_eq!(verdict(&checks, only[1]), "environment-error", "{finished}");
    let reason = checks[only[1]]["reason"].as_str().unwrap();
    assert!(reason.ends_with(": quota exceeded"), "{reason}");
    let left = moto.inventory(&python).await;
    assert!(left.iter().all(|line| line.contains("\"kind\": \"security-group\"")), "{left:#?}");
}
