//! Which keys open a machine, and what else does.

use std::path::{Path, PathBuf};

use machine_driver::{
    Flag, FlagKind, OptionValue,
    ssh::{KeyAlgorithm, KeyPair, Limits, accepted_password},
};

use crate::{
    check::{Check, Need, Stop},
    checks::guest::system_of,
    context::Context,
    machine::Machine,
};

/// Ends of the names of flags that take the path of a private key.
const KEY_FLAGS: [&str; 8] = [
    "ssh-key",
    "ssh-key-path",
    "ssh-keypath",
    "ssh-key-file",
    "ssh-private-key-path",
    "private-key-path",
    "private-key-file",
    "private-key",
];
/// Passwords that images were shipped with, beside the name of the user.
const PASSWORDS: [&str; 4] = ["", "password", "tcuser", "docker"];

pub(super) const KEY_IS_NEW_FOR_EACH_MACHINE: Check = Check {
    id: "ssh::key_is_new_for_each_machine",
    title: "Each machine has a key pair of its own",
    clauses: &["SSH-010"],
    needs: &[Need::Machine, Need::Guest, Need::Parallel, Need::Inventory],
    why: "With one key for all, whoever gets hold of one machine's folder has all machines.",
    good: "The public keys of two machines differ.",
    bad: "The driver makes one key at its first use and keeps it in the store.",
    run: |cx| {
        Box::pin(async move {
            let machines = cx.several_created(2).await?;
            let mut keys = Vec::new();
            for machine in &machines {
                keys.push(key_of(&cx, machine).await?);
            }
            let given = given_keys(&cx).await?;
            if keys.iter().any(|key| given.contains(key)) {
                return Err(Stop::NotApplicable("the run gives the driver a key by an option".to_owned()));
            }
            cx.rule("SSH-010")
                .holds(keys[0] != keys[1], "two machines have two keys", || format!("both have {}", keys[0]));
            Ok(())
        })
    },
};

pub(super) const KEY_IS_COPIED: Check = Check {
    id: "ssh::key_is_copied",
    title: "A private key given by an option is copied into the store",
    clauses: &["SSH-013"],
    needs: &[Need::Machine, Need::Guest],
    why: "Keys are moved and deleted; the machines must stay within reach.",
    good: "After the original is deleted, GetSSHKeyPath names a file below the store, and the login works.",
    bad: "The record holds /home/ann/.ssh/id_rsa.",
    run: |cx| {
        Box::pin(async move {
            let Some(flag) = cx.flags()?.iter().find(|flag| takes_key(flag)) else {
                return Err(Stop::NotApplicable(
                    "the driver has no option for the path of a private key".to_owned(),
                ));
            };
            let original = cx.private_dir().join("users-key");
            KeyPair::generate(&original, KeyAlgorithm::Ed25519)
                .await
                .map_err(|error| Stop::Environment(format!("cannot make a key pair: {error}")))?;
            let mut options = cx.options()?;
            options.insert(&flag.name, OptionValue::String(original.display().to_string()));
            let machine = cx.configured_with(cx.machine_name(), options).await?;
            cx.create(&machine).await?;
            machine.guest("exit 0").await.map_err(|error| cx.prerequisite("logging in", &error))?;
            for file in [original.clone(), original.with_extension("pub")] {
                // Whether there is a second file is the library's matter.
                let _ = tokio::fs::remove_file(file).await;
            }
            let session = machine.fresh_process().await?;
            let path =
                session.ssh_key_path().await.map_err(|error| cx.prerequisite("GetSSHKeyPath", &error))?;
            cx.rule("SSH-013").holds(
                Path::new(&path).starts_with(machine.store()),
                format!("GetSSHKeyPath is below the store with --{}", flag.name),
                || format!("{path:?}"),
            );
            cx.rule("SSH-013").succeeds(
                &machine.guest("exit 0").await,
                &format!("logging in after the file that --{} named was deleted", flag.name),
            );
            Ok(())
        })
    },
};

pub(super) const HOST_IS_AN_ADDRESS: Check = Check {
    id: "ssh::host_is_an_address",
    title: "For rancher-machine, GetSSHHostname is an IP address",
    clauses: &["SSH-014"],
    needs: &[Need::Machine, Need::Rancher],
    why: "rancher-machine reads it as an address and gives up on a name.",
    good: "`203.0.113.9`",
    bad: "`node-1.example`",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let host = machine
                .session()
                .ssh_hostname()
                .await
                .map_err(|error| cx.prerequisite("GetSSHHostname", &error))?;
            cx.rule("SSH-014").holds(
                host.parse::<std::net::IpAddr>().is_ok(),
                "GetSSHHostname answers an IP address",
                || format!("{host:?}"),
            );
            Ok(())
        })
    },
};

pub(super) const NO_DEFAULT_PASSWORD: Check = Check {
    id: "ssh::no_default_password",
    title: "Nobody can log in with a password that is known",
    clauses: &["SEC-005"],
    needs: &[Need::Machine, Need::Guest],
    why: "Machines with a public address get thousands of such attempts a day.",
    good: "The server takes keys only, or at least refuses the usual passwords.",
    bad: "docker/tcuser, as in Boot2Docker.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            machine
                .guest("exit 0")
                .await
                .map_err(|error| cx.prerequisite("logging in with the key", &error))?;
            if system_of(&cx, &machine).await?.as_deref() == Some("boot2docker") {
                return Err(Stop::NotApplicable(
                    "boot2docker has a known password, which the specification allows for it".to_owned(),
                ));
            }
            let endpoint =
                machine.endpoint().await.map_err(|error| cx.prerequisite("the SSH getters", &error))?;
            let mut passwords = vec![endpoint.user.as_str()];
            passwords.extend(PASSWORDS);
            let accepted = accepted_password(&endpoint, &passwords, Limits::default())
                .await
                .map_err(|error| cx.prerequisite("trying passwords", &error))?;
            cx.rule("SEC-005").holds(
                accepted.is_none(),
                format!("{} cannot log in with a usual password", endpoint.user),
                || format!("the password {:?} is accepted", accepted.unwrap_or_default()),
            );
            Ok(())
        })
    },
};

/// Type and key of a machine's public key.
async fn key_of(cx: &Context, machine: &Machine) -> Result<String, Stop> {
    let path =
        machine.session().ssh_key_path().await.map_err(|error| cx.prerequisite("GetSSHKeyPath", &error))?;
    if path.is_empty() {
        return Err(Stop::NotApplicable("GetSSHKeyPath is empty: the user's own keys are used".to_owned()));
    }
    let pair =
        KeyPair::load(&path).await.map_err(|error| cx.prerequisite("reading the private key", &error))?;
    Ok(without_comment(pair.public_key()))
}

/// Public keys of all private keys that the options of the run name.
async fn given_keys(cx: &Context) -> Result<Vec<String>, Stop> {
    let mut keys = Vec::new();
    for (_, value) in cx.options()?.iter() {
        let OptionValue::String(text) = value else {
            continue;
        };
        let path = PathBuf::from(text);
        // Most options are no paths, and most files are no keys.
        if path.is_absolute()
            && let Ok(pair) = KeyPair::load(&path).await
        {
            keys.push(without_comment(pair.public_key()));
        }
    }
    Ok(keys)
}

fn without_comment(public_key: &str) -> String {
    let words: Vec<&str> = public_key.split_whitespace().take(2).collect();
    words.join(" ")
}

/// Whether a flag takes the path of a private key.
fn takes_key(flag: &Flag) -> bool {
    let named = KEY_FLAGS.iter().any(|end| flag.name.ends_with(end));
    matches!(flag.kind, FlagKind::String { .. }) && named && !flag.usage.to_lowercase().contains("public key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_for_keys() {
        for name in ["generic-ssh-key", "amazonec2-ssh-keypath", "acme-ssh-key-path"] {
            assert!(takes_key(&Flag::string(name)), "{name}");
        }
        assert!(!takes_key(&Flag::string("acme-key-name")));
        assert!(!takes_key(&Flag::string("acme-ssh-key").usage("Public key of the user")));
        assert!(!takes_key(&Flag::bool("acme-ssh-key")));
    }

    #[test]
    fn comments_make_no_other_key() {
        assert_eq!(without_comment("ssh-ed25519 AAAA ann@laptop"), "ssh-ed25519 AAAA");
    }
}
