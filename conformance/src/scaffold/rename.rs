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
            (
                format!("docker-machine-driver-{old}"),
                format!("docker-machine-driver-{name}"),
            ),
            (
                format!("docker_machine_driver_{old}"),
                format!("docker_machine_driver_{}", name.snake()),
            ),
            (like.type_name.to_owned(), format!("{}Driver", name.camel())),
            (
                format!("reference-drivers/{old}/conformance.toml"),
                "conformance.toml".to_owned(),
            ),
            (format!("-d {old} "), format!("-d {name} ")),
        ];
        Self {
            like,
            name,
            everywhere,
        }
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
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(&old) {
            let (before, name) = rest.split_at(at);
            let is_foreign = self
                .like
                .foreign_variables
                .iter()
                .any(|foreign| name.starts_with(foreign));
            renamed.push_str(before);
            renamed.push_str(if is_foreign { &old } else { &new });
            rest = &name[old.len()..];
        }
        renamed.push_str(rest);
        renamed
    }

    /// The text of a file with `{{placeholders}}`.
    pub(super) fn placeholders(&self, text: &str) -> String {
        text.replace("{{name}}", self.name.as_str())
            .replace("{{like}}", self.like.word)
    }

    /// Names of flags: the driver's name and a dash, at the beginning of a word.
    fn flags(&self, text: &str) -> String {
        let old = format!("{}-", self.like.word);
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(&old) {
            let (before, after) = (&rest[..at], &rest[at + old.len()..]);
            let previous = before.trim_end_matches("--").chars().next_back();
            let begins_a_word = !previous
                .is_some_and(|previous| previous.is_ascii_alphanumeric() || "-_./".contains(previous));
            // The cloud of the template driver keeps its name: the suite still plays it.
            let is_flag = begins_a_word && !after.starts_with("cloud");
            renamed.push_str(before);
            if is_flag {
                renamed.push_str(&format!("{}-", self.name));
            } else {
                renamed.push_str(&old);
            }
            rest = after;
        }
        renamed.push_str(rest);
        renamed
    }
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
            (
                "docker-machine-driver-template is",
                "docker-machine-driver-acme-cloud is",
            ),
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
        assert_eq!(
            renamed_like("vbox", "src/x.rs", text),
            text.replace("VBOX_MEMORY", "ACME_CLOUD_MEMORY")
        );
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
        assert_eq!(
            renamed("conformance.toml", "kind = \"template\""),
            "kind = \"template\""
        );
    }
}
