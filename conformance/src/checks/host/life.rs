//! The whole life of a machine in a host.

use super::story::Story;
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    provider::{instances_of, left_over, parse_engine_url},
    world::Object,
};

/// Command that prints the boot id.
const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

pub(super) const LIFE_OF_A_MACHINE: Check = Check {
    id: "host::life_of_a_machine",
    title: "A machine lives its whole life in a host: create, ls, status, ip, ssh, stop, start, restart, kill, rm",
    clauses: &[
        "CREATE-002",
        "PERSIST-001",
        "CREATE-001",
        "NAME-001",
        "NAME-004",
        "STATE-001",
        "NET-001",
        "NET-003",
        "SSH-001",
        "STOP-001",
        "NET-002",
        "START-001",
        "START-002",
        "RST-001",
        "KILL-001",
        "RM-005",
        "RM-001",
        "RM-002",
        "PLUG-006",
    ],
    needs: &[Need::Host, Need::Process, Need::Machine, Need::Guest, Need::Inventory],
    why: "This is what users do; every command is another process, and provisioning asks more of a machine than a login.",
    good: "Every command ends with exit status 0, `ls` and `status` tell the state, and in the end nothing is left.",
    bad: "create succeeds; after stop and start the machine has another address, and `ssh` goes to the old one.",
    run: |cx| {
        Box::pin(async move {
            let story = Story::begin(&cx).await?;
            let baseline = cx.inventory().await?;
            let lived = live(&cx, &story, &baseline).await;
            story.end().await?;
            lived
        })
    },
};

async fn live(cx: &Context, story: &Story<'_>, baseline: &[Object]) -> Result<(), Stop> {
    let created = story.create().await?;
    if !story.ends_well("CREATE-002", &created) {
        return Ok(());
    }
    let made = instances_of(&left_over(baseline, &cx.inventory().await?));
    cx.rule("CREATE-001").equals("the number of instances that create has made", &1, &made.len());
    is_recorded(cx, story).await?;
    is_shown(cx, story).await?;
    if cx.offers(Need::Power) {
        power(cx, story).await?;
    }
    let machine = story.machine();
    let removed = story.run(&["rm", "-y", machine]).await?;
    if story.ends_well("RM-005", &removed) {
        let folder = story.machine_folder();
        cx.rule("RM-005").holds(!folder.exists(), "the machine is gone from the store", || {
            format!("{} is still there", folder.display())
        });
        if let Err(left) = cx.back_to(baseline).await {
            let instances = instances_of(&left_over(baseline, &cx.inventory().await?));
            let clause = if instances.is_empty() { "RM-002" } else { "RM-001" };
            cx.rule(clause).broken("the inventory back at the baseline", left);
        }
    }
    Ok(())
}

/// What the host has saved is what the driver is found by.
async fn is_recorded(cx: &Context, story: &Story<'_>) -> Result<(), Stop> {
    match story.record().await {
        Ok(record) => {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            cx.rule("NAME-001").equals(
                "DriverName in the store",
                &cx.driver_name()?.to_owned(),
                &text(&record["DriverName"]),
            );
            cx.rule("NAME-004").equals(
                "Driver.MachineName in the store",
                &story.machine().to_owned(),
                &text(&record["Driver"]["MachineName"]),
            );
        }
        Err(why) => cx.rule("PERSIST-001").broken("a record in the store after create", why),
    }
    Ok(())
}

/// `ls`, `status`, `ip`, `url` and `ssh` of a machine that runs.
async fn is_shown(cx: &Context, story: &Story<'_>) -> Result<(), Stop> {
    let machine = story.machine();
    let listed = is_listed(cx, story, "Running").await?;
    cx.rule("STATE-001").equals("the error that `ls` shows", &String::new(), &listed);
    if let Some(url) = story.says("NET-001", &["url", machine]).await?
        && let Some(ip) = story.says("NET-003", &["ip", machine]).await?
    {
        match parse_engine_url(&url) {
            Ok((host, _)) => {
                cx.rule("NET-003").equals("the host of `url`, beside what `ip` prints", &ip, &host);
            }
            Err(why) => cx.rule("NET-001").broken("`url` prints tcp://HOST:PORT", why),
        }
    }
    logs_in(cx, story, "SSH-001").await.map(drop)
}

/// `ls` and `status` agree on the state, and `ls` shows a URL only of a machine that runs. Returns the error that `ls`
/// shows. After a start with another address there is one that is not the driver's: hosts do not renew the certificate.
async fn is_listed(cx: &Context, story: &Story<'_>, state: &str) -> Result<String, Stop> {
    const COLUMNS: &str = "{{.Name}}|{{.State}}|{{.URL}}|{{.Error}}";
    let mut found = String::new();
    let machine = story.machine();
    let clause = if state == "Running" { "STATE-001" } else { "STOP-001" };
    if let Some(line) = story.says(clause, &["ls", "--format", COLUMNS]).await? {
        let columns: Vec<&str> = line.split('|').collect();
        let (shown, url, error) = match columns.as_slice() {
            [name, shown, url, error] if *name == machine => (*shown, *url, *error),
            _ => (line.as_str(), "", ""),
        };
        cx.rule(clause).equals("the state that `ls` shows", &state, &shown);
        error.clone_into(&mut found);
        let (rule, wanted) =
            if state == "Running" { ("NET-001", !url.is_empty()) } else { ("NET-002", url.is_empty()) };
        let expected = if state == "Running" {
            "`ls` shows the URL of a machine that runs"
        } else {
            "`ls` shows no URL of a machine that does not run"
        };
        cx.rule(rule).holds(wanted, expected, || format!("{line:?}"));
    }
    if let Some(shown) = story.says(clause, &["status", machine]).await? {
        cx.rule(clause).equals("what `status` prints", &state, &shown.as_str());
    }
    Ok(found)
}

/// The boot id, over the host's SSH.
async fn logs_in(cx: &Context, story: &Story<'_>, clause: &'static str) -> Result<Option<String>, Stop> {
    let id = story.says(clause, &["ssh", story.machine(), BOOT_ID]).await?;
    if let Some(id) = &id {
        cx.rule(clause).holds(id.len() == 36, "`ssh` prints the boot id of the guest", || format!("{id:?}"));
    }
    Ok(id)
}

async fn power(cx: &Context, story: &Story<'_>) -> Result<(), Stop> {
    let machine = story.machine();
    if story.says("STOP-001", &["stop", machine]).await?.is_none() {
        return Ok(());
    }
    is_listed(cx, story, "Stopped").await?;
    if story.says("START-001", &["start", machine]).await?.is_none() {
        return Ok(());
    }
    is_listed(cx, story, "Running").await?;
    let before = logs_in(cx, story, "START-002").await?;
    if story.says("RST-001", &["restart", machine]).await?.is_some() {
        let after = logs_in(cx, story, "RST-001").await?;
        cx.rule("RST-001").holds(before != after, "another boot id after `restart`", || {
            format!("still {}", after.unwrap_or_default())
        });
    }
    if story.says("KILL-001", &["kill", machine]).await?.is_some() {
        is_listed(cx, story, "Stopped").await?;
    }
    Ok(())
}
