//! cat, tee, cp, mv, rm, touch, chmod, chown.

use super::Call;

pub(super) fn cat(call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (contents, status) = call.inputs("cat", &names);
    for content in contents {
        call.output.extend(content);
    }
    status
}

pub(super) fn tee(call: &mut Call<'_>) -> u8 {
    let input = std::mem::take(&mut call.input);
    let append = call.has('a');
    let mut status = 0;
    for name in call.operands() {
        let path = call.path(name);
        if let Err(error) = call.state.disk.write(&path, &input, append, call.user) {
            status = call.fail(format!("tee: {name}: {error}"));
        }
    }
    call.output.extend(input);
    status
}

/// Where a file ends up: the target, or inside it when it is a directory.
fn destination(call: &Call<'_>, source: &str, target: &str) -> String {
    let path = call.path(target);
    if !call.state.disk.is_directory(&path) {
        return path;
    }
    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
    call.path(&format!("{path}/{name}"))
}

pub(super) fn copy(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some((target, sources)) = operands.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        return call.fail("cp: missing file operand");
    };
    let recursive = call.has('r') || call.has('R') || call.has('a');
    let mut status = 0;
    for source in sources {
        let from = call.path(source);
        let to = destination(call, source, target);
        if call.state.disk.is_directory(&from) && !recursive {
            status = call.fail(format!("cp: -r not specified; omitting directory '{source}'"));
            continue;
        }
        let below: Vec<String> = call.state.disk.below(&from).map(|(path, _)| path.clone()).collect();
        for path in std::iter::once(&from).chain(&below) {
            let target = format!("{to}{}", &path[from.len()..]);
            let copied = match call.state.disk.is_directory(path) {
                true => call.state.disk.make_directory(&target, true, call.user),
                false => {
                    let mode = call.state.disk.entry(path).map(|entry| entry.mode);
                    let data = call.state.disk.read(path, call.user);
                    data.and_then(|data| call.state.disk.write(&target, &data, false, call.user)).map(|()| {
                        // Not the owner: the mode stays as it is, as cp does.
                        let _ = call.state.disk.change(&target, call.user, |entry| {
                            entry.mode = mode.unwrap_or(entry.mode);
                        });
                    })
                }
            };
            if let Err(error) = copied {
                status = call.fail(format!("cp: cannot copy '{source}' to '{target}': {error}"));
                break;
            }
        }
    }
    status
}

pub(super) fn rename(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some((target, sources)) = operands.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        return call.fail("mv: missing file operand");
    };
    let mut status = 0;
    for source in sources {
        let (from, to) = (call.path(source), destination(call, source, target));
        if to.starts_with(&format!("{from}/")) {
            status = call.fail(format!("mv: cannot move '{source}' to a subdirectory of itself, '{target}'"));
        } else if let Err(error) = call.state.disk.rename(&from, &to, call.user) {
            status = call.fail(format!("mv: cannot move '{source}' to '{target}': {error}"));
        }
    }
    status
}

pub(super) fn remove(call: &mut Call<'_>) -> u8 {
    let recursive = call.has('r') || call.has('R');
    let force = call.has('f');
    let mut status = 0;
    for name in call.operands() {
        let path = call.path(name);
        if force && !call.state.disk.exists(&path) {
            continue;
        }
        if let Err(error) = call.state.disk.remove(&path, recursive, call.user) {
            status = call.fail(format!("rm: cannot remove '{name}': {error}"));
        }
    }
    status
}

pub(super) fn touch(call: &mut Call<'_>) -> u8 {
    let mut status = 0;
    for name in call.operands() {
        let path = call.path(name);
        if call.state.disk.is_directory(&path) {
            continue;
        }
        if let Err(error) = call.state.disk.write(&path, b"", true, call.user) {
            status = call.fail(format!("touch: cannot touch '{name}': {error}"));
        }
    }
    status
}

pub(super) fn chmod(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    // `-x` looks like an option.
    let symbolic = call.arguments.iter().find(|argument| {
        argument.len() > 1 && argument.starts_with('-') && argument[1..].chars().all(|c| "rwx".contains(c))
    });
    let (mode, names) = match (symbolic, operands.split_first()) {
        (Some(mode), _) => (mode.as_str(), operands.as_slice()),
        (None, Some((mode, names))) => (*mode, names),
        (None, None) => return call.fail("chmod: missing operand"),
    };
    change_all(call, "chmod", "changing permissions", names, |entry| {
        if let Some(mode) = new_mode(mode, entry.mode) {
            entry.mode = mode;
        }
    })
}

/// Mode after applying an octal number or terms such as `u+x,go-w`.
fn new_mode(text: &str, old: u16) -> Option<u16> {
    if let Ok(mode) = u16::from_str_radix(text, 8) {
        return Some(mode & 0o7777);
    }
    let mut mode = old;
    for term in text.split(',') {
        let operator = term.find(['+', '-', '='])?;
        let who = &term[..operator];
        let who = if who.is_empty() || who.contains('a') { "ugo" } else { who };
        let mut bits = 0;
        for letter in term[operator + 1..].chars() {
            bits |= match letter {
                'r' => 4,
                'w' => 2,
                'x' | 'X' => 1,
                _ => 0,
            };
        }
        for person in who.chars() {
            let shift = match person {
                'u' => 6,
                'g' => 3,
                _ => 0,
            };
            mode = match &term[operator..=operator] {
                "+" => mode | bits << shift,
                "-" => mode & !(bits << shift),
                _ => mode & !(7 << shift) | bits << shift,
            };
        }
    }
    Some(mode)
}

pub(super) fn chown(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some((owner, names)) = operands.split_first() else {
        return call.fail("chown: missing operand");
    };
    if !call.is_root() {
        let name = names.first().copied().unwrap_or_default();
        return call.fail(format!("chown: changing ownership of '{name}': Operation not permitted"));
    }
    let owner: String = owner.split([':', '.']).next().unwrap_or_default().to_owned();
    change_all(call, "chown", "changing ownership", names, |entry| {
        entry.owner = owner.as_str().into();
    })
}

fn change_all(
    call: &mut Call<'_>,
    program: &str,
    what: &str,
    names: &[&str],
    change: impl Fn(&mut crate::guest::disk::Entry),
) -> u8 {
    let recursive = call.has('R');
    let mut status = 0;
    for name in names {
        let path = call.path(name);
        let below: Vec<String> = match recursive {
            true => call.state.disk.below(&path).map(|(path, _)| path.clone()).collect(),
            false => Vec::new(),
        };
        for path in std::iter::once(&path).chain(&below) {
            if let Err(error) = call.state.disk.change(path, call.user, &change) {
                status = call.fail(format!("{program}: {what} of '{name}': {error}"));
            }
        }
    }
    status
}
