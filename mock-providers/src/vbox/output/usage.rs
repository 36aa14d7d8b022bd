//! Usage texts.

use std::{fmt::Write as _, sync::LazyLock};

/// The synopses of all subcommands: a line `# NAME: HEADING`, then the text.
const TEXTS: &str = include_str!("usage.txt");

/// Version in the banner.
const BANNER: &str = "Oracle VirtualBox Command Line Management Interface Version 7.2.22_Debian\n\
                      Copyright (C) 2005-2026 Oracle and/or its affiliates\n\n";

/// Texts of this many lines scroll an error away, so it is repeated below them.
const TALL: usize = 16;

struct Section {
    name: &'static str,
    heading: &'static str,
    text: &'static str,
}

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    let sections = TEXTS.split("\n# ").map(|section| section.trim_start_matches("# "));
    sections
        .filter_map(|section| {
            let (title, text) = section.split_once('\n')?;
            let (name, heading) = title.split_once(':')?;
            Some(Section { name, heading: heading.trim(), text: text.trim_end_matches('\n') })
        })
        .collect()
});

/// Which usage text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::vbox) enum Usage {
    /// Of everything.
    All,
    /// Of a subcommand.
    Of(&'static str),
    /// Of one word of a subcommand, such as `snapshot take`.
    Part(&'static str, &'static str),
}

/// Whether there is such a subcommand, and its name as a constant.
pub(in crate::vbox) fn subcommand(name: &str) -> Option<&'static str> {
    let found = SECTIONS.iter().skip(1).find(|section| section.name == name)?;
    Some(found.name)
}

/// The text for standard output when there are no arguments.
pub(in crate::vbox) fn text(usage: Usage) -> String {
    match usage {
        Usage::All => {
            let texts: Vec<&str> = SECTIONS.iter().map(|section| section.text).collect();
            let heading = SECTIONS.first().map_or("", |section| section.heading);
            format!("Usage - {heading}:\n\n{}\n", texts.join("\n\n\n"))
        }
        Usage::Of(name) => section(name, |section| {
            let heading = match section.heading {
                "" => "Usage".to_owned(),
                heading => format!("Usage - {heading}"),
            };
            format!("{heading}:\n\n{}\n", section.text)
        }),
        Usage::Part(name, word) => section(name, |section| {
            let entries = section.text.split("\n\n");
            let is_meant = |entry: &&str| {
                // The word stands behind the subcommand, or behind the VM that it is about.
                let mut words = entry.split(['[', '\n']).next().unwrap_or_default().split_whitespace();
                words.any(|it| it == word)
            };
            let entries: Vec<&str> = entries.filter(is_meant).collect();
            format!("Usage:\n\n{}\n", entries.join("\n\n"))
        }),
    }
}

fn section(name: &str, write: impl FnOnce(&Section) -> String) -> String {
    let found = SECTIONS.iter().find(|section| section.name == name);
    found.map(write).unwrap_or_default()
}

/// What `help` prints.
pub(in crate::vbox) fn help(usage: Usage) -> String {
    format!("{BANNER}{}", text(usage))
}

/// What is printed on standard error when the arguments are wrong.
pub(in crate::vbox) fn error(usage: Usage, message: &str, is_apart: bool) -> String {
    format!("{BANNER}{}", further_error(usage, message, is_apart))
}

/// The same for the second error of a call: the banner is printed once.
pub(in crate::vbox) fn further_error(usage: Usage, message: &str, is_apart: bool) -> String {
    let text = text(usage);
    let line = format!("VBoxManage: error: {message}\n");
    let gap = if is_apart { "\n" } else { "" };
    let mut error = format!("{line}{gap}{text}");
    if text.lines().count() >= TALL {
        let _ = write!(error, "\n{line}");
    }
    error
}

/// Options of a subcommand as its usage text has them: name without dashes, and whether it is `on` or `off`.
/// A name that ends with `N` or `X` is numbered.
pub(in crate::vbox) fn options(name: &str) -> Vec<(String, bool)> {
    let text = section(name, |section| section.text.split_whitespace().collect::<Vec<_>>().join(" "));
    let options = text.split("[--").skip(1).filter_map(|option| {
        let (name, rest) = option.split_once(['=', ']'])?;
        let values: String = rest.split(']').next()?.split_whitespace().collect();
        Some((name.replace('-', ""), values == "on|off"))
    });
    options.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_found_by_its_name() {
        assert_eq!(SECTIONS.len(), 52);
        assert!(
            text(Usage::All)
                .starts_with("Usage - Oracle VirtualBox command-line interface:\n\n  VBoxManage [-q")
        );
        assert_eq!(subcommand("startvm"), Some("startvm"));
        assert_eq!(subcommand("VBoxManage"), None);
        assert_eq!(
            text(Usage::Of("unregistervm")),
            "Usage - Unregister a virtual machine:\n\n  VBoxManage unregistervm <uuid | vmname> [--delete] [--delete-all]\n"
        );
    }

    #[test]
    fn parts_are_cut_out() {
        let take = text(Usage::Part("snapshot", "take"));
        assert!(take.starts_with("Usage:\n\n  VBoxManage snapshot <uuid | vmname> take"), "{take}");
        assert_eq!(take.matches("VBoxManage snapshot").count(), 1);
    }

    #[test]
    fn long_texts_repeat_the_error() {
        assert_eq!(error(Usage::Of("modifyvm"), "no", true).matches("error: no\n").count(), 2);
        assert_eq!(error(Usage::Of("createvm"), "no", false).matches("error: no\n").count(), 1);
        assert!(error(Usage::Of("createvm"), "no", false).contains("no\nUsage - "));
    }

    #[test]
    fn options_are_read_from_the_text() {
        let options = options("modifyvm");
        for expected in [
            ("x86pae", true),
            ("memory", false),
            ("nictypeN", false),
            ("cableconnectedN", true),
            ("bootX", false),
        ] {
            assert!(options.contains(&(expected.0.to_owned(), expected.1)), "{expected:?}");
        }
    }
}
