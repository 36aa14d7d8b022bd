//! SSH: what the getters describe is what a client finds.

mod keys;

use std::os::unix::fs::PermissionsExt;

use crate::check::{Check, Need, Stop};

pub(crate) const CHECKS: &[Check] = &[
    KEY_ALONE_SUFFICES,
    KEY_FILE_IS_PRIVATE,
    KEY_IS_PLAIN,
    SUDO_WITHOUT_PASSWORD,
    OUTPUT_IS_CLEAN,
    HOST_IS_BARE,
    HOST_BEFORE_CREATE,
    WORKS_AFTER_POWER_CYCLES,
    keys::KEY_IS_NEW_FOR_EACH_MACHINE,
    keys::KEY_IS_COPIED,
    keys::HOST_IS_AN_ADDRESS,
    keys::NO_DEFAULT_PASSWORD,
];

const KEY_ALONE_SUFFICES: Check = Check {
    id: "ssh::key_alone_suffices",
    title: "User, port and key of the getters suffice to log in without a question",
    clauses: &["SSH-001", "SSH-004", "SSH-005"],
    needs: &[Need::Machine, Need::Guest],
    why: "Hosts log in with passwords and other keys switched off.",
    good: "A login as GetSSHUsername on GetSSHPort with the key at GetSSHKeyPath runs `exit 0`.",
    bad: "GetSSHPort answers 22 although the image serves 2222, or the user asks for a password.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let endpoint =
                machine.endpoint().await.map_err(|error| cx.prerequisite("the SSH getters", &error))?;
            cx.rule("SSH-005")
                .holds(!endpoint.user.is_empty(), "a user name", || "an empty user name".to_owned());
            cx.rule("SSH-004").holds(endpoint.port != 0, "a port", || "port 0".to_owned());
            let who = machine.guest("whoami").await;
            if cx.rule("SSH-001").succeeds(&who, &format!("logging in as {} at {endpoint}", endpoint.user))
                && let Ok(who) = who
            {
                let name = String::from_utf8_lossy(&who.stdout).trim().to_owned();
                cx.rule("SSH-005").equals("the user that is logged in", &endpoint.user, &name);
            }
            Ok(())
        })
    },
};

const KEY_FILE_IS_PRIVATE: Check = Check {
    id: "ssh::key_file_is_private",
    title: "The private key exists and only its owner can read it",
    clauses: &["SSH-002", "SSH-003"],
    needs: &[Need::Machine],
    why: "OpenSSH refuses keys that others can read, and so do hosts.",
    good: "The file at GetSSHKeyPath has mode 0600.",
    bad: "It has mode 0644, or does not exist.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let path = machine
                .session()
                .ssh_key_path()
                .await
                .map_err(|error| cx.prerequisite("GetSSHKeyPath", &error))?;
            if path.is_empty() {
                return Err(Stop::NotApplicable(
                    "GetSSHKeyPath is empty: the user's own keys are used".to_owned(),
                ));
            }
            let metadata = tokio::fs::metadata(&path).await;
            if cx.rule("SSH-002").succeeds(&metadata, &format!("looking at the key file {path}"))
                && let Ok(metadata) = metadata
            {
                let mode = metadata.permissions().mode() & 0o777;
                cx.rule("SSH-002").holds(
                    mode & 0o077 == 0 && mode & 0o400 != 0,
                    format!("{path} readable by its owner alone"),
                    || format!("mode {mode:04o}"),
                );
            }
            Ok(())
        })
    },
};

const KEY_IS_PLAIN: Check = Check {
    id: "ssh::key_is_plain",
    title: "The private key is not encrypted and has a usual format",
    clauses: &["SSH-009"],
    needs: &[Need::Machine],
    why: "Hosts read the key themselves and cannot ask for a passphrase.",
    good: "The file starts with `-----BEGIN OPENSSH PRIVATE KEY-----` or `-----BEGIN RSA PRIVATE KEY-----`.",
    bad: "It contains `ENCRYPTED`, or is a PuTTY key.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let path = machine
                .session()
                .ssh_key_path()
                .await
                .map_err(|error| cx.prerequisite("GetSSHKeyPath", &error))?;
            if path.is_empty() {
                return Err(Stop::NotApplicable(
                    "GetSSHKeyPath is empty: the user's own keys are used".to_owned(),
                ));
            }
            let loaded = machine_driver::ssh::KeyPair::load(&path).await;
            cx.rule("SSH-009").succeeds(&loaded, &format!("reading the private key {path}"));
            Ok(())
        })
    },
};

const SUDO_WITHOUT_PASSWORD: Check = Check {
    id: "ssh::sudo_without_password",
    title: "The user is root or has sudo without a password and without a terminal",
    clauses: &["SSH-007"],
    needs: &[Need::Machine, Need::Guest],
    why: "Every step of provisioning is run with sudo.",
    good: "`sudo -n true` ends with 0.",
    bad: "sudo: a password is required.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let output = machine
                .guest("test \"$(id -u)\" = 0 || sudo -n true")
                .await
                .map_err(|error| cx.prerequisite("SSH", &error))?;
            cx.rule("SSH-007").holds(output.exit_status == 0, "`sudo -n true` ends with 0", || {
                format!(
                    "exit status {}: {}",
                    output.exit_status,
                    String::from_utf8_lossy(&output.stderr).trim()
                )
            });
            Ok(())
        })
    },
};

const OUTPUT_IS_CLEAN: Check = Check {
    id: "ssh::output_is_clean",
    title: "A command's output and exit status come through unchanged",
    clauses: &["SSH-008"],
    needs: &[Need::Machine, Need::Guest],
    why: "Hosts parse the output; a banner in it breaks the detection of the operating system.",
    good: "`echo conformance; exit 7` prints one line and ends with 7.",
    bad: "A login banner is printed before the output.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let output = machine
                .guest("echo conformance; exit 7")
                .await
                .map_err(|error| cx.prerequisite("SSH", &error))?;
            let text = [output.stdout, output.stderr].concat();
            cx.rule("SSH-008").equals(
                "the output",
                &"conformance\n".to_owned(),
                &String::from_utf8_lossy(&text).into_owned(),
            );
            cx.rule("SSH-008").equals("the exit status", &7, &output.exit_status);
            Ok(())
        })
    },
};

const HOST_IS_BARE: Check = Check {
    id: "ssh::host_is_bare",
    title: "GetSSHHostname of a running machine is a bare host",
    clauses: &["SSH-006"],
    needs: &[Need::Machine],
    why: "The value goes to the ssh command line as it is.",
    good: "`203.0.113.9`",
    bad: "`tcp://203.0.113.9`, `203.0.113.9:22`, or an empty text.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let host = machine.session().ssh_hostname().await;
            if cx.rule("SSH-006").succeeds(&host, "GetSSHHostname of a running machine")
                && let Ok(host) = host
            {
                let bare =
                    !host.is_empty() && !host.contains(['/', '@', ' ']) && host.matches(':').count() != 1;
                cx.rule("SSH-006").holds(bare, "a bare host or address", || format!("{host:?}"));
            }
            Ok(())
        })
    },
};

const HOST_BEFORE_CREATE: Check = Check {
    id: "ssh::no_empty_host_before_create",
    title: "GetSSHHostname before Create is an error, never an empty text",
    clauses: &["SSH-006"],
    needs: &[],
    why: "With an empty host the client dials the port on the host's own machine.",
    good: "GetSSHHostname fails: the address is not known yet.",
    bad: "GetSSHHostname answers an empty text and no error.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            if let Ok(host) = machine.session().ssh_hostname().await {
                cx.rule("SSH-006").holds(!host.is_empty(), "an error while the host is unknown", || {
                    "\"\" and no error".to_owned()
                });
            }
            Ok(())
        })
    },
};

const WORKS_AFTER_POWER_CYCLES: Check = Check {
    id: "ssh::works_after_power_cycles",
    title: "The same key and user work after stop and start, kill and start, and restart",
    clauses: &["SSH-011"],
    needs: &[Need::Machine, Need::Guest, Need::Power],
    why: "A machine that can only be logged in to until its first reboot is lost.",
    good: "`exit 0` ends with 0 after each cycle.",
    bad: "The driver makes a new key at Start.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            machine.guest("exit 0").await.map_err(|error| cx.prerequisite("logging in before", &error))?;
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            machine.start().await.map_err(|error| cx.prerequisite("Start", &error))?;
            cx.rule("SSH-011").succeeds(&machine.guest("exit 0").await, "logging in after stop and start");
            machine.kill().await.map_err(|error| cx.prerequisite("Kill", &error))?;
            machine.start().await.map_err(|error| cx.prerequisite("Start", &error))?;
            cx.rule("SSH-011").succeeds(&machine.guest("exit 0").await, "logging in after kill and start");
            machine.restart().await.map_err(|error| cx.prerequisite("Restart", &error))?;
            cx.rule("SSH-011").succeeds(&machine.guest("exit 0").await, "logging in after restart");
            Ok(())
        })
    },
};
