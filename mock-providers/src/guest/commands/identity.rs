//! hostname, hostnamectl, sethostname, uname, date, uptime, nproc, pwd.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Call;

pub(super) fn hostname(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    if call.has('I') || call.has('i') {
        let addresses = super::network::addresses(call);
        let addresses: Vec<&str> =
            addresses.iter().map(|(_, address)| address.split('/').next().unwrap_or_default()).collect();
        call.line(addresses.join(" "));
        return 0;
    }
    let file = call.arguments.windows(2).find(|pair| pair[0] == "-F").map(|pair| call.path(&pair[1]));
    let name = match (&file, operands.first()) {
        (Some(path), _) => call.state.disk.text(path).unwrap_or_default().trim().to_owned(),
        (None, Some(name)) => (*name).to_owned(),
        (None, None) => {
            call.line(call.state.host_name.clone());
            return 0;
        }
    };
    if !call.is_root() {
        return call.fail("hostname: you must be root to change the host name");
    }
    if name.is_empty() || name.len() > 64 {
        return call.fail("hostname: name too long");
    }
    call.state.host_name = name;
    0
}

pub(super) fn hostnamectl(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    match operands.as_slice() {
        ["set-hostname" | "hostname", name] if call.is_root() => {
            call.state.host_name = (*name).to_owned();
            let written =
                call.state.disk.write("/etc/hostname", format!("{name}\n").as_bytes(), false, "root");
            written.map_or_else(|error| call.fail(format!("Could not set static hostname: {error}")), |()| 0)
        }
        ["set-hostname" | "hostname", _] => {
            call.fail("Could not set static hostname: Interactive authentication required.")
        }
        ["hostname"] => {
            call.line(call.state.host_name.clone());
            0
        }
        _ => {
            call.line(format!(
                " Static hostname: {}\nOperating System: {}",
                call.state.host_name,
                call.state.os.pretty_name()
            ));
            0
        }
    }
}

/// Boot2Docker's own program: sets the name and keeps it.
pub(super) fn sethostname(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let Some(name) = operands.first() else {
        return call.fail("usage: sethostname NAME");
    };
    if !call.is_root() {
        return call.fail("sethostname: you must be root to change the host name");
    }
    call.state.host_name = (*name).to_owned();
    let line = format!("{name}\n");
    call.state.disk.install("/var/lib/boot2docker/etc/hostname", "root", 0o644, Some(line.as_bytes()));
    call.state.disk.install("/etc/hostname", "root", 0o644, Some(line.as_bytes()));
    0
}

pub(super) fn uname(call: &mut Call<'_>) -> u8 {
    let (name, kernel) = (call.state.host_name.clone(), call.state.os.kernel());
    let all = call.has('a');
    let mut parts = Vec::new();
    for (letter, part) in
        [('s', "Linux"), ('n', &*name), ('r', kernel), ('v', "#1 SMP"), ('m', "x86_64"), ('o', "GNU/Linux")]
    {
        if all || call.has(letter) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        parts.push("Linux");
    }
    call.line(parts.join(" "));
    0
}

pub(super) fn date(call: &mut Call<'_>) -> u8 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, time) = (seconds.as_secs() / 86_400, seconds.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    let format = call.arguments.iter().find_map(|argument| argument.strip_prefix('+'));
    let text = match format {
        None => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC"),
        Some(format) => {
            let mut text = String::new();
            let mut characters = format.chars();
            while let Some(character) = characters.next() {
                match (character, if character == '%' { characters.next() } else { None }) {
                    ('%', Some('s')) => text += &seconds.as_secs().to_string(),
                    ('%', Some('N')) => text += &format!("{:09}", seconds.subsec_nanos()),
                    ('%', Some('Y')) => text += &format!("{year:04}"),
                    ('%', Some('m')) => text += &format!("{month:02}"),
                    ('%', Some('d')) => text += &format!("{day:02}"),
                    ('%', Some('H')) => text += &format!("{hour:02}"),
                    ('%', Some('M')) => text += &format!("{minute:02}"),
                    ('%', Some('S')) => text += &format!("{second:02}"),
                    ('%', Some('F')) => text += &format!("{year:04}-{month:02}-{day:02}"),
                    ('%', Some('T')) => text += &format!("{hour:02}:{minute:02}:{second:02}"),
                    ('%', Some('Z')) => text += "UTC",
                    ('%', Some('z')) => text += "+0000",
                    ('%', Some(other)) => text.push(other),
                    (character, _) => text.push(character),
                }
            }
            text
        }
    };
    call.line(text);
    0
}

/// Year, month and day of a number of days since 1970 (the usual algorithm with years that start in March).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

pub(super) fn uptime(call: &mut Call<'_>) -> u8 {
    let started = call.state.boot.as_ref().map(|boot| boot.started.elapsed()).unwrap_or_default();
    if call.has('s') {
        let since = SystemTime::now().checked_sub(started).and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        call.line(format!("@{}", since.unwrap_or_default().as_secs()));
    } else {
        call.line(format!(" up {} min,  1 user,  load average: 0.00, 0.00, 0.00", started.as_secs() / 60));
    }
    0
}

pub(super) fn nproc(call: &mut Call<'_>) -> u8 {
    call.line("1");
    0
}

pub(super) fn pwd(call: &mut Call<'_>) -> u8 {
    call.line(call.directory);
    0
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_780), (2026, 11, 23));
    }
}
