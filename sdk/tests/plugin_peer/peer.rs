//! A plugin for the tests of the protocol: a good one, or one that misbehaves in the way that `PEER` names.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::zombie_processes,
    reason = "a process that misbehaves"
)]

mod panicking;
mod scripted;
mod sleepy;

use std::{
    env,
    io::{Write, stdout},
    net::{Ipv4Addr, TcpListener},
    process::{Command, ExitCode, Stdio, exit},
    sync::Arc,
    time::Duration,
};

use machine_driver::{
    Hosted,
    plugin::{self, ServeOptions, main_with, standard_log, waits_from_environment},
};

use crate::{panicking::Panicking, sleepy::Sleepy};

fn main() -> ExitCode {
    if let Some(path) = env::var_os("PEER_PID_FILE") {
        std::fs::write(path, std::process::id().to_string()).unwrap();
    }
    match env::var("PEER").unwrap_or_default().as_str() {
        "" => plugin::main::<Sleepy>(),
        "impatient" => {
            let mut options = ServeOptions::default();
            options.heartbeat_timeout =
                Duration::from_millis(env::var("PEER_HEARTBEAT_MS").unwrap().parse().unwrap());
            let waits = waits_from_environment().unwrap();
            main_with(Arc::new(Hosted::new(Sleepy::default(), standard_log(), waits)), options)
        }
        "panicking" => main_with(Arc::new(Panicking), ServeOptions::default()),
        "exit" => {
            eprintln!("no licence found");
            exit(3)
        }
        "junk" => {
            println!("Welcome to Acme Cloud!");
            wait_forever()
        }
        "empty-line" => {
            println!("\n127.0.0.1:1");
            wait_forever()
        }
        "silent" => {
            eprintln!("still thinking");
            wait_forever()
        }
        "half-line" => {
            print!("127.0.0.1:4");
            stdout().flush().unwrap();
            wait_forever()
        }
        "endless-line" => loop {
            if stdout().write_all(&[b'x'; 64 * 1024]).is_err() {
                exit(1);
            }
        },
        #[cfg(unix)]
        "closed-stdout" => {
            use std::os::unix::process::CommandExt;
            let problem =
                Command::new(env::current_exe().unwrap()).env("PEER", "silent").stdout(Stdio::null()).exec();
            panic!("{problem}")
        }
        "nobody-there" => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            println!("{address}");
            wait_forever()
        }
        "family" => {
            let child = Command::new(env::current_exe().unwrap())
                .env("PEER", "silent")
                .env_remove("PEER_PID_FILE")
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            eprintln!("child {}", child.id());
            plugin::main::<Sleepy>()
        }
        "introduce" => {
            let variable = |name| env::var(name).unwrap_or_default();
            eprintln!("arguments {:?}", env::args().skip(1).collect::<Vec<_>>());
            eprintln!("folder {}", env::current_dir().unwrap().display());
            eprintln!("driver {}", variable("MACHINE_PLUGIN_DRIVER_NAME"));
            eprintln!("token {}", variable("MACHINE_PLUGIN_TOKEN"));
            eprintln!("hobby {}", variable("PEER_HOBBY"));
            eprintln!("home {}", variable("HOME"));
            eprintln!("input {}", std::io::stdin().lines().count());
            plugin::main::<Sleepy>()
        }
        "chatter" => {
            let text = vec![b'x'; 300_000];
            for _ in 0..20 {
                std::io::stderr().write_all(&text).unwrap();
            }
            eprintln!();
            plugin::main::<Sleepy>()
        }
        script => scripted::play(script),
    }
}

pub(crate) fn wait_forever() -> ! {
    loop {
        std::thread::park();
    }
}
