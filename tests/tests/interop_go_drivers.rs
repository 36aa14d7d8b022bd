//! The suite against the drivers that are built into an unmodified `rancher-machine`: drivers written in Go, by
//! others. What they break is listed in `interop/findings.json` and explained in `interop/FINDINGS.md`; a change of
//! that list is a change of a driver or a mistake of ours.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{collections::BTreeMap, path::Path, time::Duration};

use machine_driver::ssh::{KeyAlgorithm, KeyPair};
use machine_mock_providers::guest::{Guest, GuestOptions, GuestOs, PowerState, SshPort, User};
use machine_tests::{
    executables,
    peers::available,
    rancher_machine,
    run::{self, Finished},
};
use serde_json::Value;
use tokio::process::Command;

/// Longest run of the suite: `amazonec2` polls every 3 s, whatever the world's pace is.
const LIMIT: Duration = Duration::from_secs(900);

/// Runs `machine-conformance run rancher-machine` for one of its drivers, with nobody as the provider.
async fn verdict(
    rancher_machine: &Path,
    driver: &str,
    flags: &[(&str, &str)],
    options: &[&str],
) -> (Finished, BTreeMap<String, String>) {
    verdict_at("none", rancher_machine, driver, flags, options).await
}

/// The same with a provider that the suite starts.
async fn verdict_at(
    provider: &str,
    rancher_machine: &Path,
    driver: &str,
    flags: &[(&str, &str)],
    options: &[&str],
) -> (Finished, BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut command = Command::new(executables::machine_conformance().unwrap());
    command.arg("run").arg(rancher_machine);
    command.args([
        "--env",
        &format!("MACHINE_PLUGIN_DRIVER_NAME={driver}"),
        "--provider",
        provider,
        "--seed",
        "1",
    ]);
    for (name, value) in flags {
        command.arg("--flag").arg(format!("{name}={value}"));
    }
    command.args(options).arg("--report").arg(format!("json={}", report.display()));
    command.current_dir(folder.path());
    // AWS's SDK for Go otherwise looks for credentials on the network, whatever the flags say.
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let finished = run::to_end(command, LIMIT).await.unwrap();
    assert!(matches!(finished.code, Some(0 | 1)), "no verdict\n{finished}");
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let checks = report["checks"].as_array().unwrap().iter();
    let verdicts = checks.filter(|check| !raced_in_restart(driver, check)).map(|check| {
        let word = |key: &str| check[key].as_str().unwrap().to_owned();
        (word("id"), word("verdict"))
    });
    (finished, verdicts.collect())
}

/// Whether a check met the race in `Restart` of `virtualbox`, which is chance: its `Stop` is content with a machine that is
/// still stopping, and its `Start` then waits for a guest that has gone.
fn raced_in_restart(driver: &str, check: &Value) -> bool {
    let reason = check["reason"].as_str().unwrap_or_default();
    driver == "virtualbox"
        && check["verdict"] == "driver-timeout"
        && reason.starts_with("Restart did not answer")
}

/// The expected list for a row of `interop/findings.json`: check and verdict.
fn expected(row: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/findings.json");
    let rows: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    rows.get(row).unwrap_or_else(|| panic!("findings.json has no {row:?}")).clone()
}

/// The run must have a verdict without a fault of the suite, and find what the list says.
fn compare(row: &str, least_passed: usize, finished: &Finished, verdicts: &BTreeMap<String, String>) {
    let of = |word: &str| verdicts.values().filter(|verdict| *verdict == word).count();
    assert_eq!(of("suite-error"), 0, "{finished}");
    assert_eq!(of("environment-error"), 0, "{finished}");
    let found: BTreeMap<String, String> = verdicts
        .iter()
        .filter(|(_, verdict)| !matches!(verdict.as_str(), "pass" | "not-applicable" | "not-tested"))
        .map(|(id, verdict)| (id.clone(), verdict.clone()))
        .collect();
    let expected = expected(row);
    let only_in = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
        let only = one.iter().filter(|(id, verdict)| other.get(*id) != Some(verdict));
        only.map(|(id, verdict)| format!("{id}: {verdict}")).collect::<Vec<_>>()
    };
    assert!(
        found == expected,
        "row {row:?} of findings.json\nfound, but not listed: {:?}\nlisted, but not found: {:?}\n{finished}",
        only_in(&found, &expected),
        only_in(&expected, &found)
    );
    let failed = found.values().any(|verdict| verdict == "fail" || verdict == "driver-timeout");
    assert_eq!(finished.code, Some(i32::from(failed)), "{finished}");
    assert!(of("pass") >= least_passed, "only {} checks passed\n{finished}", of("pass"));
}

#[tokio::test(flavor = "multi_thread")]
async fn none() {
    let Some(program) = available("none", rancher_machine::executable()) else {
        return;
    };
    let flags = [("url", "tcp://127.0.0.1:2376")];
    let (finished, verdicts) = verdict(&program, "none", &flags, &["--create-machines"]).await;
    compare("none", 50, &finished, &verdicts);
}

#[tokio::test(flavor = "multi_thread")]
async fn noop() {
    let Some(program) = available("noop", rancher_machine::executable()) else {
        return;
    };
    let flags = [("url", "tcp://127.0.0.1:2376")];
    let (finished, verdicts) = verdict(&program, "noop", &flags, &[]).await;
    compare("noop", 38, &finished, &verdicts);
}

#[tokio::test(flavor = "multi_thread")]
async fn noop_with_a_machine() {
    let Some(program) = available("noop_with_a_machine", rancher_machine::executable()) else {
        return;
    };
    let flags = [("url", "tcp://127.0.0.1:2376")];
    // Only what does not wait for a stopped machine: this driver never reports one in a new process.
    let selected =
        ["ssh", "persistence", "network::url_of_a_running_machine", "network::url_has_the_address"];
    let options: Vec<&str> =
        ["--create-machines"].into_iter().chain(selected.into_iter().flat_map(|id| ["--only", id])).collect();
    let (finished, verdicts) = verdict(&program, "noop", &flags, &options).await;
    compare("noop with a machine", 6, &finished, &verdicts);
}

#[tokio::test(flavor = "multi_thread")]
async fn generic_without_a_guest() {
    let Some(program) = available("generic_without_a_guest", rancher_machine::executable()) else {
        return;
    };
    let (finished, verdicts) =
        verdict(&program, "generic", &[("generic-ip-address", "127.0.0.1")], &[]).await;
    compare("generic", 40, &finished, &verdicts);
}

#[tokio::test(flavor = "multi_thread")]
async fn generic_with_a_guest() {
    let Some(program) = available("generic_with_a_guest", rancher_machine::executable()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate(folder.path().join("key"), KeyAlgorithm::Ed25519).await.unwrap();
    let guest = Guest::new(GuestOptions {
        os: GuestOs::Ubuntu,
        users: vec![User { name: "ubuntu".to_owned(), authorized_keys: vec![key.public_key().to_owned()] }],
        ssh_port: SshPort::Ephemeral,
        ..GuestOptions::default()
    })
    .unwrap();
    guest.power_on();
    guest.reached(PowerState::Running).await;
    let flags = [
        ("generic-ip-address", guest.address().to_string()),
        ("generic-ssh-user", "ubuntu".to_owned()),
        ("generic-ssh-port", guest.ssh_port().to_string()),
        ("generic-ssh-key", key.path().display().to_string()),
    ];
    let flags: Vec<(&str, &str)> = flags.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // One at a time: all machines of this driver are the same guest.
    let (finished, verdicts) =
        verdict(&program, "generic", &flags, &["--create-machines", "--jobs", "1"]).await;
    compare("generic with a guest", 60, &finished, &verdicts);
}

/// Waits of `amazonec2` last 180 s; the suite's limits at this pace are shorter, which would be no finding.
const WAITS_OF_MINUTES: [&str; 4] = [
    "faults::failed_boot_fails_create",
    "faults::create_ends_without_a_boot",
    "faults::start_ends_without_a_boot",
    "faults::failed_start_is_an_error",
];

#[tokio::test(flavor = "multi_thread")]
async fn amazonec2() {
    let Some(program) = available("amazonec2", rancher_machine::executable()) else {
        return;
    };
    let skipped = WAITS_OF_MINUTES.into_iter().chain(["sweep", "walk"]);
    // Most of the time is spent in polls, so that many checks run at once; each step takes up to 3 s longer than at
    // the mock's pace.
    let options: Vec<&str> = ["--jobs", "24", "--timeout-factor", "3"]
        .into_iter()
        .chain(skipped.flat_map(|check| ["--skip", check]))
        .collect();
    let (finished, verdicts) = verdict_at("ec2", &program, "amazonec2", &[], &options).await;
    compare("amazonec2", 150, &finished, &verdicts);
}

/// Flags without which a driver refuses its options. Endpoints are a port that refuses connections.
const REQUIRED: [(&str, &[(&str, &str)]); 12] = [
    (
        "azure",
        &[
            ("azure-subscription-id", "00000000-0000-0000-0000-000000000000"),
            ("azure-tenant-id", "00000000-0000-0000-0000-000000000000"),
            ("azure-client-id", "nobody"),
            ("azure-client-secret", "nobodys-secret"),
        ],
    ),
    ("digitalocean", &[("digitalocean-access-token", "nobodys-token")]),
    (
        "exoscale",
        &[
            ("exoscale-url", "http://127.0.0.1:9/"),
            ("exoscale-api-key", "nobodys-key"),
            ("exoscale-api-secret-key", "nobodys-secret"),
        ],
    ),
    ("google", &[("google-project", "nobodys")]),
    ("hyperv", &[]),
    (
        "openstack",
        &[
            ("openstack-auth-url", "http://127.0.0.1:9/v3"),
            ("openstack-username", "nobody"),
            ("openstack-password", "nobodys-word"),
            ("openstack-tenant-name", "nobody"),
            ("openstack-domain-name", "default"),
            ("openstack-flavor-id", "1"),
            ("openstack-image-id", "1"),
            ("openstack-region", "here"),
        ],
    ),
    ("pod", &[]),
    (
        "rackspace",
        &[
            ("rackspace-username", "nobody"),
            ("rackspace-api-key", "nobodys-key"),
            ("rackspace-region", "IAD"),
        ],
    ),
    (
        "softlayer",
        &[
            ("softlayer-api-endpoint", "http://127.0.0.1:9/"),
            ("softlayer-user", "nobody"),
            ("softlayer-api-key", "nobodys-key"),
            ("softlayer-domain", "nowhere.invalid"),
        ],
    ),
    ("vmwarefusion", &[]),
    (
        "vmwarevcloudair",
        &[
            ("vmwarevcloudair-username", "nobody"),
            ("vmwarevcloudair-password", "nobodys-word"),
            ("vmwarevcloudair-vdcid", "nowhere"),
        ],
    ),
    (
        "vmwarevsphere",
        &[
            ("vmwarevsphere-vcenter", "127.0.0.1"),
            ("vmwarevsphere-username", "nobody"),
            ("vmwarevsphere-password", "nobodys-word"),
        ],
    ),
];

/// What a driver does that needs no provider: name, flags, record, plugin process. A proxy that refuses connections keeps
/// every driver from its real provider.
async fn without_a_provider(driver: &str, least_passed: usize) {
    without_a_provider_but(&[], driver, least_passed).await;
}

/// The same without these checks.
async fn without_a_provider_but(skipped: &[&str], driver: &str, least_passed: usize) {
    let Some(program) = available(driver, rancher_machine::executable()) else {
        return;
    };
    let (_, flags) = REQUIRED.iter().find(|(name, _)| *name == driver).unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut environment = vec!["NO_PROXY=127.0.0.1".to_owned(), format!("HOME={}", home.path().display())];
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        environment.push(format!("{name}=http://127.0.0.1:9"));
    }
    let options: Vec<&str> = environment
        .iter()
        .flat_map(|variable| ["--env", variable])
        .chain(skipped.iter().flat_map(|check| ["--skip", *check]))
        .collect();
    let (finished, verdicts) = verdict(&program, driver, flags, &options).await;
    compare(driver, least_passed, &finished, &verdicts);
}

#[tokio::test(flavor = "multi_thread")]
async fn azure() {
    // Its PreCreateCheck and others try for minutes to reach Azure, and these checks wait for them.
    let waiting = [
        "errors",
        "flags::nonsense_ends_no_process",
        "plugin::lines_are_short_enough",
        "plugin::never_panics",
        "plugin::opens_no_browser",
        "plugin::reads_no_input",
        "pre_create",
        "secrets::errors_are_clean",
        "secrets::streams_are_clean",
    ];
    without_a_provider_but(&waiting, "azure", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digitalocean() {
    without_a_provider("digitalocean", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exoscale() {
    without_a_provider("exoscale", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google() {
    without_a_provider("google", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hyperv() {
    without_a_provider("hyperv", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openstack() {
    without_a_provider("openstack", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pod() {
    without_a_provider("pod", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rackspace() {
    without_a_provider("rackspace", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn softlayer() {
    without_a_provider("softlayer", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vmwarefusion() {
    without_a_provider("vmwarefusion", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vmwarevcloudair() {
    without_a_provider("vmwarevcloudair", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vmwarevsphere() {
    without_a_provider("vmwarevsphere", 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn virtualbox() {
    let Some(program) = available("virtualbox", rancher_machine::executable()) else {
        return;
    };
    // Which of its Creates at the same time fails is chance: they race for host-only networks.
    let skipped = WAITS_OF_MINUTES.into_iter().chain(["sweep", "walk", "concurrency"]);
    let options: Vec<&str> = ["--jobs", "16", "--timeout-factor", "3"]
        .into_iter()
        .chain(skipped.flat_map(|check| ["--skip", check]))
        .collect();
    let (finished, verdicts) = verdict_at("vbox", &program, "virtualbox", &[], &options).await;
    compare("virtualbox", 125, &finished, &verdicts);
}
