//! `guestproperty`.

use std::{fmt::Write as _, time::Duration};

use super::{At as _, Call, Failure, Outcome, place};
use crate::{
    timestamp,
    vbox::{arguments::Parts, output::usage::Usage, state::LockKind},
};

const USAGE: Usage = Usage::Of("guestproperty");
/// How long a wait lasts that nobody limits: nothing here sets properties but calls, and drivers do not wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Call<'_> {
    pub(super) fn guest_property(&mut self) -> Outcome {
        let rules = "--verbose|-v --flags|-f= --timeout|-t= --fail-on-timeout|-e --no-timestamp|-t --no-flags|-f --relative|-r --old-format|-o \
                     --patterns|-p=";
        let parts = self.parts(USAGE, rules)?;
        let (Some(verb), Some(machine)) = (parts.word(0), parts.word(1)) else {
            return Err(Failure::syntax(USAGE, "Incorrect parameters"));
        };
        match (verb, parts.word(2)) {
            ("get", Some(name)) => self.get_property(machine, name, parts.has("verbose")),
            ("set", Some(name)) => self.set_guest_property(
                machine,
                name,
                parts.word(3),
                parts.value("flags").unwrap_or_default(),
            ),
            ("unset" | "delete", Some(name)) => self.set_guest_property(machine, name, None, ""),
            ("enumerate", _) => self.enumerate(machine, &parts),
            ("wait", Some(_)) => self.wait_for_property(machine, &parts),
            ("get" | "set" | "unset" | "delete" | "wait", None) => {
                Err(Failure::syntax(USAGE, "Incorrect parameters"))
            }
            (other, _) => Err(Failure::syntax(USAGE, format!("Unknown subcommand: {other}"))),
        }
    }

    fn set_guest_property(&self, machine: &str, name: &str, value: Option<&str>, flags: &str) -> Outcome {
        self.act(|virtual_box, host| {
            let id = virtual_box.find_machine(machine).at(place::FIND_PROPERTY)?;
            virtual_box.lock(id, LockKind::Shared).at(place::LOCK_PROPERTY)?;
            match value {
                Some(value) => virtual_box.set_guest_property(id, name, value, flags, host),
                None => virtual_box.delete_guest_property(id, name, host),
            }
            .at(place::SET_GUEST_PROPERTY)
        })
    }

    fn get_property(&mut self, machine: &str, name: &str, verbose: bool) -> Outcome {
        let id = self.find(machine, place::FIND_PROPERTY)?;
        let found =
            self.tenant.look(|virtual_box| virtual_box.machine(id)?.guest_properties.get(name).cloned());
        let Some(property) = found else {
            self.stdout += "No value set!\n";
            return Ok(());
        };
        let _ = writeln!(self.stdout, "Value: {}", property.value);
        if verbose {
            let _ =
                writeln!(self.stdout, "Timestamp: {}\nFlags: {}", property.set.as_nanos(), property.flags);
        }
        Ok(())
    }

    fn enumerate(&mut self, machine: &str, parts: &Parts) -> Outcome {
        let id = self.find(machine, place::FIND_ENUMERATE)?;
        let mut patterns: Vec<&str> = parts.words.iter().skip(2).map(String::as_str).collect();
        patterns.extend(parts.value("patterns").into_iter().flat_map(|patterns| patterns.split('|')));
        let is_wanted =
            |name: &str| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name));
        let properties = self.tenant.look(|virtual_box| {
            let machine = virtual_box.machine(id);
            machine.map(|machine| machine.guest_properties.clone()).unwrap_or_default()
        });
        let properties: Vec<_> = properties.into_iter().filter(|(name, _)| is_wanted(name)).collect();
        if parts.has("oldformat") {
            for (name, property) in properties {
                let (value, flags) = (property.value, property.flags);
                let time = property.set.as_nanos();
                let _ =
                    writeln!(self.stdout, "Name: {name}, value: {value}, timestamp: {time}, flags: {flags}");
            }
            return Ok(());
        }
        let widest = |length: fn(&(String, crate::vbox::state::GuestProperty)) -> usize| {
            properties.iter().map(length).max().unwrap_or(0)
        };
        let (names, values) = (widest(|(name, _)| name.len()), widest(|(_, it)| it.value.len() + 2));
        for (name, property) in properties {
            let value = format!("'{}'", property.value);
            let mut line = format!("{name:<names$} = {value:<values$}");
            if !parts.has("notimestamp") {
                let milliseconds = u64::try_from(property.set.as_millis()).unwrap_or(u64::MAX);
                let _ = write!(line, " @ {}", timestamp::text(milliseconds));
            }
            if !parts.has("noflags") && !property.flags.is_empty() {
                let _ = write!(line, " {}", property.flags);
            }
            let _ = writeln!(self.stdout, "{line}");
        }
        Ok(())
    }

    fn wait_for_property(&mut self, machine: &str, parts: &Parts) -> Outcome {
        self.find(machine, place::FIND_PROPERTY)?;
        let limit = parts.value("timeout").and_then(|text| text.parse().ok()).map(Duration::from_millis);
        self.tenant.pause(limit.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT));
        self.stderr += "VBoxManage: error: Time out or interruption while waiting for a notification.\n";
        match parts.has("failontimeout") {
            true => Err(Failure::Printed { exit: 2 }),
            false => Ok(()),
        }
    }
}

/// Whether a name matches a pattern with `*` and `?`.
fn matches(pattern: &str, name: &str) -> bool {
    let (mut characters, rest) = (pattern.chars(), name);
    match characters.next() {
        None => rest.is_empty(),
        Some('*') => {
            let tails = rest.char_indices().map(|(at, _)| &rest[at..]).chain([""]);
            tails.into_iter().any(|tail| matches(characters.as_str(), tail))
        }
        Some(wanted) => {
            let mut others = rest.chars();
            let fits = others.next().is_some_and(|other| wanted == '?' || wanted == other);
            fits && matches(characters.as_str(), others.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_names() {
        for (pattern, expected) in
            [("*Mount*", true), ("/a/Mount?ir", true), ("Mount", false), ("*", true), ("/a/*x", false)]
        {
            assert_eq!(matches(pattern, "/a/MountDir"), expected, "{pattern}");
        }
    }
}
