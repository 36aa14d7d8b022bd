//! What is left of a command after its end.

/// Process ids and command lines of the living processes of a group; `None` where the system does not list them.
pub(super) fn alive_in_group(group: i32) -> Option<Vec<String>> {
    let processes = std::fs::read_dir("/proc").ok()?;
    let mut found = Vec::new();
    let mut listed = false;
    for process in processes.flatten() {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else {
            continue; // no process, or one that has ended meanwhile
        };
        listed = true;
        if is_alive_in(&stat, group) {
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&words).replace('\0', " ");
            let id = process.file_name();
            found.push(format!("{} {}", id.to_string_lossy(), line.trim_end()));
        }
    }
    listed.then_some(found)
}

/// Reads `PID (NAME) STATE PARENT GROUP ...`; the name may hold anything.
fn is_alive_in(stat: &str, group: i32) -> bool {
    let Some((_, rest)) = stat.rsplit_once(") ") else {
        return false;
    };
    let mut fields = rest.split(' ');
    let state = fields.next().unwrap_or_default();
    let of_group = fields.nth(1).and_then(|field| field.parse().ok()) == Some(group);
    of_group && !matches!(state, "Z" | "X")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_states_are_read() {
        assert!(is_alive_in("12 (a) b) S 1 77 77 0", 77));
        assert!(!is_alive_in("12 (a) Z 1 77 77 0", 77), "only its exit status is left");
        assert!(!is_alive_in("12 (a) S 77 1 1 0", 77));
        assert!(!is_alive_in("", 77));
    }
}
