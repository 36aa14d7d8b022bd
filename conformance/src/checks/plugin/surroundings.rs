//! What a plugin must leave alone: standard input, the terminal, the browser.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use machine_driver::{DynDriver, plugin::Host, wait::Waits};
use tokio::time::timeout;

use super::processes::read_position_of_stdin;
use crate::{
    check::{Check, Need, Stop},
    checks::persistence::answers::answers_state_first,
    context::Context,
};

/// Programs that open a browser.
const BROWSERS: [&str; 9] = [
    "xdg-open",
    "open",
    "sensible-browser",
    "x-www-browser",
    "www-browser",
    "gnome-open",
    "kde-open",
    "firefox",
    "chromium",
];

pub(super) const READS_NO_INPUT: Check = Check {
    id: "plugin::reads_no_input",
    title: "No method reads standard input",
    clauses: &["PLUG-010", "CREATE-016"],
    needs: &[Need::Process],
    why: "Standard input of a plugin is not connected; who waits for it waits for ever, or takes nothing for an answer.",
    good: "A file given as standard input is unread at the end of Create.",
    bad: "\"Really create the server? [y/n]\": the answer is read from standard input.",
    run: |cx| {
        Box::pin(async move {
            let host = with_input(&cx).await?;
            let Some(_) = read_position_of_stdin(host.pid()) else {
                return Err(Stop::NotTested(
                    "this system does not tell how far a process has read its input".to_owned(),
                ));
            };
            drive(&cx, &host).await?;
            let read = read_position_of_stdin(host.pid());
            cx.rule("PLUG-010").holds(
                matches!(read, None | Some(0)),
                "standard input is left unread",
                || format!("{} bytes of it were read", read.unwrap_or_default()),
            );
            host.close().await.ok();
            if read.is_none() {
                return Err(Stop::NotTested(
                    "the process ended before its input could be looked at".to_owned(),
                ));
            }
            Ok(())
        })
    },
};

pub(super) const OPENS_NO_BROWSER: Check = Check {
    id: "plugin::opens_no_browser",
    title: "Neither configuration nor getters open a browser",
    clauses: &["PLUG-010"],
    needs: &[Need::Process],
    why: "Hosts run in scripts and on servers; `ls` must not ask anybody to log in.",
    good: "With expired credentials, an error that says which command renews them.",
    bad: "GetState opens a page for logging in and waits until somebody does.",
    run: |cx| {
        Box::pin(async move {
            let folder = cx.private_dir().join("browsers");
            let environment = fake_browsers(&folder)
                .map_err(|error| Stop::Environment(format!("cannot make {}: {error}", folder.display())))?;
            let session = cx.process_in(environment).await?;
            let machine = cx.named().await?;
            session
                .set_config(&machine.first_config())
                .await
                .map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
            if let Ok(options) = cx.options() {
                // Whatever these answer, they must do it without a browser.
                let _ = session.set_config_from_flags(&options).await;
                let _ = session.pre_create_check().await;
            }
            answers_state_first(&session).await;
            let opened = tokio::fs::read_to_string(folder.join("opened")).await.unwrap_or_default();
            cx.rule("PLUG-010")
                .holds(opened.is_empty(), "no browser is opened", || format!("it ran: {}", opened.trim()));
            Ok(())
        })
    },
};

/// A plugin whose standard input is a file with lines in it.
async fn with_input(cx: &Context) -> Result<Arc<Host>, Stop> {
    let input = cx.private_dir().join("input");
    tokio::fs::write(&input, "y\n".repeat(1000))
        .await
        .map_err(|error| Stop::Environment(format!("cannot write {}: {error}", input.display())))?;
    let executable = cx.executable()?;
    let mut options = executable.host_options();
    // The shell connects the file and then becomes the plugin, with the same process id.
    let mut arguments =
        vec!["-c".into(), "exec \"$0\" \"$@\" <\"$CONFORMANCE_INPUT\"".into(), executable.program().into()];
    arguments.append(&mut options.arguments);
    options.arguments = arguments;
    options.program = "/bin/sh".into();
    options.environment.insert("CONFORMANCE_INPUT".into(), input.into());
    // As a machine of this world lives, so that the driver's own waits are as short as in other checks.
    let factor = cx.limits().pace().to_string();
    options.environment.insert(Waits::FACTOR_VARIABLE.into(), factor.into());
    let host = Host::spawn(options).await;
    host.map(Arc::new).map_err(|error| {
        Stop::Prerequisite(format!("the driver does not start with a file as input: {error}"))
    })
}

/// Takes a machine from its configuration to Remove, as far as the run allows. Errors are a matter of other checks.
async fn drive(cx: &Context, host: &Host) -> Result<(), Stop> {
    let limit = cx.limits().operation();
    let machine = cx.named().await?;
    let driver: &dyn DynDriver = host;
    let within = |call| timeout(limit, call);
    let _ = within(driver.set_config_raw(machine.first_config())).await;
    let Ok(options) = cx.options() else { return Ok(()) };
    let accepted = within(driver.set_config_from_flags(options)).await;
    let _ = within(driver.pre_create_check()).await;
    if matches!(accepted, Ok(Ok(()))) && cx.offers(Need::Machine) {
        cx.admit(machine.name())?;
        let _ = tokio::fs::create_dir_all(machine.dir()).await;
        let created = within(driver.create()).await;
        let _ = timeout(limit, driver.state()).await;
        let _ = timeout(limit, driver.url()).await;
        if matches!(created, Ok(Ok(()))) && cx.offers(Need::Power) {
            let _ = within(driver.stop()).await;
            let _ = within(driver.start()).await;
        }
        let _ = within(driver.remove()).await;
    }
    Ok(())
}

/// Environment in which every browser is a program that writes down how it was called.
fn fake_browsers(folder: &Path) -> std::io::Result<BTreeMap<String, String>> {
    std::fs::create_dir_all(folder)?;
    let opened = folder.join("opened");
    let script = format!("#!/bin/sh\necho \"$0 $@\" >>'{}'\n", opened.display());
    for name in BROWSERS {
        let program = folder.join(name);
        std::fs::write(&program, &script)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    Ok(BTreeMap::from([
        ("PATH".to_owned(), format!("{}:{path}", folder.display())),
        ("BROWSER".to_owned(), folder.join("www-browser").to_string_lossy().into_owned()),
    ]))
}
