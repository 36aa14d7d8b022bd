//! mkdir, mktemp, ls, stat, df, readlink, basename, dirname.

use super::Call;

pub(super) fn mkdir(call: &mut Call<'_>) -> u8 {
    let parents = call.has('p') || call.has_long("--parents");
    let mode = call.arguments.windows(2).find(|pair| pair[0] == "-m").map(|pair| pair[1].clone());
    let mut status = 0;
    for name in call.operands() {
        if Some(name) == mode.as_deref() {
            continue;
        }
        let path = call.path(name);
        let created = call.state.disk.make_directory(&path, parents, call.user);
        match (created, mode.as_deref().map(|mode| u16::from_str_radix(mode, 8))) {
            (Ok(()), Some(Ok(mode))) => {
                // It was just made by this user.
                let _ = call.state.disk.change(&path, call.user, |entry| entry.mode = mode);
            }
            (Ok(()), _) => {}
            (Err(error), _) => {
                status = call.fail(format!("mkdir: cannot create directory '{name}': {error}"));
            }
        }
    }
    status
}

pub(super) fn mktemp(call: &mut Call<'_>) -> u8 {
    let path = format!("/tmp/tmp.{:010x}", rand::random::<u32>());
    let made = match call.has('d') {
        true => call.state.disk.make_directory(&path, false, call.user),
        false => call.state.disk.write(&path, b"", false, call.user),
    };
    match made {
        Ok(()) => {
            call.line(path);
            0
        }
        Err(error) => call.fail(format!("mktemp: failed to create file: {error}")),
    }
}

pub(super) fn ls(call: &mut Call<'_>) -> u8 {
    let mut names = call.operands();
    if names.is_empty() {
        names.push(".");
    }
    let (long, all) = (call.has('l'), call.has('a') || call.has('A'));
    let mut status = 0;
    for name in names {
        let path = call.path(name);
        if !call.state.disk.exists(&path) {
            call.fail(format!("ls: cannot access '{name}': No such file or directory"));
            status = 2;
            continue;
        }
        let entries = match call.state.disk.is_directory(&path) && !call.has('d') {
            true => call.state.disk.names(&path),
            false => vec![name.to_owned()],
        };
        for entry in entries.iter().filter(|entry| all || !entry.starts_with('.') || entry.as_str() == name) {
            let full =
                if entry == name { path.clone() } else { format!("{}/{entry}", path.trim_end_matches('/')) };
            let details = call.state.disk.entry(&full).filter(|_| long).map(|found| {
                let size = found.data.as_ref().map_or(4096, |data| data.len());
                format!("{} 1 {} {} {size} Jan  1 00:00 ", mode_text(found), found.owner, found.owner)
            });
            call.line(format!("{}{entry}", details.unwrap_or_default()));
        }
    }
    status
}

fn mode_text(entry: &crate::guest::disk::Entry) -> String {
    let kind = if entry.data.is_none() { 'd' } else { '-' };
    let bits =
        (0..9).rev().map(|bit| if entry.mode >> bit & 1 == 1 { ['x', 'w', 'r'][bit % 3] } else { '-' });
    std::iter::once(kind).chain(bits).collect()
}

pub(super) fn stat(call: &mut Call<'_>) -> u8 {
    let format = call.arguments.windows(2).find(|pair| matches!(pair[0].as_str(), "-c" | "--format"));
    let format = format.map(|pair| pair[1].clone());
    let inline = call.arguments.iter().find_map(|argument| argument.strip_prefix("--format="));
    let format = format.or_else(|| inline.map(str::to_owned));
    let (file_system, owner) = (call.has('f'), call.user.to_owned());
    let mut status = 0;
    for name in call.operands() {
        if Some(name) == format.as_deref() {
            continue;
        }
        let path = call.path(name);
        if !call.state.disk.exists(&path) {
            status = call.fail(format!("stat: cannot statx '{name}': No such file or directory"));
            continue;
        }
        let entry = call.state.disk.entry(&path).cloned();
        let (mode, owner, size) = match &entry {
            Some(entry) => {
                (entry.mode, entry.owner.to_string(), entry.data.as_ref().map_or(4096, |data| data.len()))
            }
            None => (0o755, owner.clone(), 4096),
        };
        let directory = entry.is_none_or(|entry| entry.data.is_none());
        let Some(format) = &format else {
            call.line(format!("  File: {name}\n  Size: {size}\nAccess: ({mode:04o})  Uid: ({owner})"));
            continue;
        };
        let mut text = String::new();
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            match (character, if character == '%' { characters.next() } else { None }) {
                ('%', Some('T')) if file_system => text.push_str("ext2/ext3"),
                ('%', Some('a')) => text += &format!("{mode:o}"),
                ('%', Some('A')) => text += &entry_mode(mode, directory),
                ('%', Some('U' | 'G')) => text += &owner,
                ('%', Some('u' | 'g')) => text += if owner == "root" { "0" } else { "1000" },
                ('%', Some('s')) => text += &size.to_string(),
                ('%', Some('n')) => text += name,
                ('%', Some('F')) => text += if directory { "directory" } else { "regular file" },
                ('%', Some('%')) => text.push('%'),
                ('%', Some(_)) => text.push('?'),
                (character, _) => text.push(character),
            }
        }
        call.line(text);
    }
    status
}

fn entry_mode(mode: u16, directory: bool) -> String {
    let data = (!directory).then(std::sync::Arc::default);
    mode_text(&crate::guest::disk::Entry { owner: "".into(), mode, data })
}

pub(super) fn df(call: &mut Call<'_>) -> u8 {
    call.print(
        "Filesystem     1K-blocks    Used Available Use% Mounted on\n\
         /dev/vda1       20134592 2097152  18037440  11% /\n",
    );
    0
}

pub(super) fn readlink(call: &mut Call<'_>) -> u8 {
    let mut status = 1;
    for name in call.operands() {
        let path = call.path(name);
        call.line(path);
        status = 0;
    }
    status
}

pub(super) fn basename(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some(path) = operands.first() else {
        return call.fail("basename: missing operand");
    };
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or("/");
    let shorter =
        operands.get(1).and_then(|suffix| name.strip_suffix(suffix)).filter(|name| !name.is_empty());
    call.line(shorter.unwrap_or(name));
    0
}

pub(super) fn dirname(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some(path) = operands.first() else {
        return call.fail("dirname: missing operand");
    };
    let trimmed = path.trim_end_matches('/');
    call.line(match trimmed.rfind('/') {
        Some(0) => "/",
        Some(slash) => &trimmed[..slash],
        None if path.starts_with('/') => "/",
        None => ".",
    });
    0
}
