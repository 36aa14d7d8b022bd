//! Replaces the names of a reference driver in its texts.

use std::path::Path;

use super::{DriverName, Like};

/// Replacements of one reference driver by one new driver.
pub(super) struct Rename<'a> {
    like: &'a Like,
    name: &'a DriverName,
    /// In every file.
    everywhere: Vec<(String, String)>,
}

impl<'a> Rename<'a> {
    pub(super) fn new(like: &'a Like, name: &'a DriverName) -> Self {
        let old = like.word;
        let everywhere = vec![
            (format!("docker-machine-driver-{old}"), format!("docker-machine-driver-{name}")),
            (format!("docker_machine_driver_{old}"), format!("docker_machine_driver_{}", name.snake())),
            (like.type_name.to_owned(), format!("{}Driver", name.camel())),
            (format!("reference-drivers/{old}/conformance.toml"), "conformance.toml".to_owned()),
            (format!("-d {old} "), format!("-d {name} ")),
        ];
        Self { like, name, everywhere }
    }

    /// The text of a file of the reference driver.
    pub(super) fn text(&self, path: &Path, text: &str) -> String {
        let mut text = text.to_owned();
        for (old, new) in &self.everywhere {
            text = text.replace(old, new);
        }
        text = self.variables(&self.flags(&text));
        if path.extension().is_some_and(|end| end == "rs") {
            text = text.replace(&format!("\"{}\"", self.like.word), &format!("\"{}\"", self.name));
        }
        text
    }

    /// Names of environment variables, but for those that belong to somebody else.
    fn variables(&self, text: &str) -> String {
        let old = format!("{}_", self.like.word.to_uppercase());
        let new = format!("{}_", self.name.snake().to_uppercase());
        replace_if(text, &old, &new, |_, after| {
            let foreign = self.like.foreign_variables.iter();
            let mut endings = foreign.filter_map(|foreign| foreign.strip_prefix(old.as_str()));
            !endings.any(|ending| after.starts_with(ending))
        })
    }

    /// The text of a file with `{{placeholders}}`.
    pub(super) fn placeholders(&self, text: &str) -> String {
        text.replace("{{name}}", self.name.as_str()).replace("{{like}}", self.like.word)
    }

    /// Names of flags: the driver's name and a dash, at the beginning of a word.
    fn flags(&self, text: &str) -> String {
        let (old, new) = (format!("{}-", self.like.word), format!("{}-", self.name));
        replace_if(text, &old, &new, |before, after| {
            let previous = before.trim_end_matches("--").chars().next_back();
            let begins_a_word = !previous
                .is_some_and(|previous| previous.is_ascii_alphanumeric() || "-_./".contains(previous));
            // The cloud of the template driver keeps its name: the suite still plays it.
            begins_a_word && !after.starts_with("cloud")
        })
    }
}

/// Puts `new` for each `old`, if that is right between what stands before it (since the last one) and all after it.
fn replace_if(text: &str, old: &str, new: &str, is_right: impl Fn(&str, &str) -> bool) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(old) {
        replaced.push_str(before);
        replaced.push_str(if is_right(before, after) { new } else { old });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn renamed(path: &str, text: &str) -> String {
        renamed_like("template", path, text)
    }

    fn renamed_like(like: &str, path: &str, text: &str) -> String {
        let like = like.parse::<&'static Like>().unwrap();
        let name = "acme-cloud".parse().unwrap();
        Rename::new(like, &name).text(Path::new(path), text)
    }

    #[test]
    fn names_flags_and_variables_are_replaced() {
        for (old, new) in [
            ("docker-machine-driver-template is", "docker-machine-driver-acme-cloud is"),
            (
                "docker_machine_driver_template::TemplateDriver",
                "docker_machine_driver_acme_cloud::AcmeCloudDriver",
            ),
            (
                "name = \"template-token\", env = \"TEMPLATE_TOKEN\"",
                "name = \"acme-cloud-token\", env = \"ACME_CLOUD_TOKEN\"",
            ),
            ("use --template-key.", "use --acme-cloud-key."),
            ("template-token = {", "acme-cloud-token = {"),
            ("[\"template\"]", "[\"acme-cloud\"]"),
        ] {
            assert_eq!(renamed("src/x.rs", old), new);
        }
    }

    #[test]
    fn variables_of_the_hypervisor_keep_their_names() {
        let text = "env = \"VBOX_MEMORY\"; variable(\"VBOX_USER_HOME\"); \"code VBOX_E_OBJECT_NOT_FOUND\"";
        assert_eq!(renamed_like("vbox", "src/x.rs", text), text.replace("VBOX_MEMORY", "ACME_CLOUD_MEMORY"));
    }

    #[test]
    fn other_templates_keep_their_names() {
        for same in [
            "https://api.template-cloud.example",
            "ResponseTemplate::new(200)",
            "reference-drivers/template-x",
        ] {
            assert_eq!(renamed("src/x.rs", same), same);
        }
        assert_eq!(renamed("conformance.toml", "kind = \"template\""), "kind = \"template\"");
    }
}
