//! whoami, id, useradd, chpasswd, and programs that only need root.

use super::Call;
use crate::guest::{disk::Disk, password};

fn number(user: &str) -> u32 {
    if user == "root" { 0 } else { 1000 }
}

/// Whether the user has an entry in `/etc/passwd`.
fn is_user(disk: &Disk, name: &str) -> bool {
    let passwd = disk.text("/etc/passwd").unwrap_or_default();
    passwd.lines().any(|line| line.split(':').next() == Some(name))
}

pub(super) fn whoami(call: &mut Call<'_>) -> u8 {
    call.line(call.user);
    0
}

pub(super) fn id(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let user = operands.first().copied().unwrap_or(call.user).to_owned();
    if !is_user(&call.state.disk, &user) {
        return call.fail(format!("id: '{user}': no such user"));
    }
    let id = number(&user);
    let numeric = call.has('u') || call.has('g') || call.has('G');
    call.line(match (numeric, call.has('n')) {
        (true, true) => user,
        (true, false) => id.to_string(),
        (false, _) => format!("uid={id}({user}) gid={id}({user}) groups={id}({user})"),
    });
    0
}

pub(super) fn useradd(call: &mut Call<'_>) -> u8 {
    if !call.is_root() {
        return call.fail("useradd: Permission denied.");
    }
    let operands = call.operands();
    let Some(name) = operands.last().map(|name| (*name).to_owned()) else {
        return call.fail("Usage: useradd [options] LOGIN");
    };
    add_user(&mut call.state.disk, &name);
    0
}

/// Lines `USER:PASSWORD` of the input.
pub(super) fn chpasswd(call: &mut Call<'_>) -> u8 {
    if !call.is_root() {
        return call.fail("chpasswd: Permission denied.");
    }
    let input = String::from_utf8_lossy(&std::mem::take(&mut call.input)).into_owned();
    let mut status = 0;
    for (index, line) in input.lines().enumerate() {
        let number = index + 1;
        match line.split_once(':') {
            Some((user, password)) if is_user(&call.state.disk, user) => {
                password::set(&mut call.state.disk, user, password);
            }
            Some((user, _)) => {
                status = call.fail(format!("chpasswd: line {number}: user '{user}' does not exist"));
            }
            None => status = call.fail(format!("chpasswd: line {number}: missing new password")),
        }
    }
    status
}

/// Makes an entry in `/etc/passwd` and a home directory.
pub(crate) fn add_user(disk: &mut Disk, name: &str) {
    let home = crate::guest::shell::home(name);
    let id = number(name);
    if !is_user(disk, name) {
        let mut passwd = disk.text("/etc/passwd").unwrap_or_default();
        passwd += &format!("{name}:x:{id}:{id}::{home}:/bin/sh\n");
        disk.install("/etc/passwd", "root", 0o644, Some(passwd.as_bytes()));
    }
    if !disk.is_directory(&home) {
        disk.install(&home, name, 0o755, None);
    }
}

/// Changes to accounts and groups that have no effect here.
pub(super) fn needs_root(call: &mut Call<'_>) -> u8 {
    if call.is_root() { 0 } else { call.fail("Permission denied; you must be root.") }
}
