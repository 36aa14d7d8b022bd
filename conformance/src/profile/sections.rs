//! The tables of a profile.

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Example, KnownFailure, Profile, ProfileSetting, Setting, external,
    reader::{Reader, Value, type_name, whole},
    setting::SettingSource,
};
use crate::{
    check::Check,
    checks::PROVISIONED_SYSTEMS,
    nearest::did_you_mean,
    provider_kind::ProviderKind,
    spec::{Gate, RequirementSet},
};

/// Abilities that a profile can deny.
const LACKABLE: [Gate; 5] = [Gate::Power, Gate::Ssh, Gate::Pause, Gate::Xkey, Gate::Par];

/// Programs that a driver is made for, and whether the rules of rancher-machine hold for it.
const HOSTS: [(&str, bool); 2] = [("docker-machine", false), ("rancher-machine", true)];

impl Profile {
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        document: &DeTable<'_>,
        checks: &[&'static Check],
    ) {
        const SECTIONS: [&str; 8] =
            ["driver", "provider", "expect", "waits", "walks", "known-failure", "refused", "accepted"];
        reader.only_keys(document, "the profile", &SECTIONS);
        for (key, value) in document {
            let name: &str = key.get_ref();
            if name == "known-failure" {
                self.known_failures = KnownFailure::read_all(reader, value, checks);
                continue;
            }
            if !SECTIONS.contains(&name) {
                continue;
            }
            if ["refused", "accepted"].contains(&name) {
                continue;
            }
            let Some(table) = reader.table(value, name) else {
                continue;
            };
            match name {
                "driver" => self.read_driver(reader, table),
                "provider" => self.read_provider(reader, table),
                "expect" => self.read_expect(reader, table),
                "walks" => self.read_walks(reader, table),
                _ => self.read_waits(reader, table),
            }
        }
        // After the names of secrets, which may stand below.
        let secrets = &self.driver.secrets;
        let mut examples = |section| {
            let value = document.get(section)?;
            Some(Example::read_all(reader, value, section, secrets))
        };
        let (refused, accepted) = (examples("refused"), examples("accepted"));
        self.refused = refused.unwrap_or_default();
        self.accepted = accepted.unwrap_or_default();
    }

    fn read_driver(&mut self, reader: &mut Reader<'_>, table: &DeTable<'_>) {
        reader.only_keys(
            table,
            "[driver]",
            &["command", "arguments", "secrets", "source", "flags", "environment"],
        );
        let driver = &mut self.driver;
        driver.command = table.get("command").and_then(|value| reader.text(value, "command"));
        driver.source = table.get("source").and_then(|value| reader.text(value, "source"));
        if let Some(value) = table.get("arguments") {
            driver.arguments = plain(reader.texts(value, "arguments").unwrap_or_default());
        }
        let secrets =
            table.get("secrets").and_then(|value| reader.texts(value, "secrets")).unwrap_or_default();
        let names: Vec<&str> = secrets.iter().map(|secret| secret.get_ref().as_str()).collect();
        if let Some(value) = table.get("flags") {
            driver.flags = settings(reader, value, "flags", &names);
        }
        if let Some(value) = table.get("environment") {
            driver.environment = settings(reader, value, "environment", &names);
        }
        driver.secrets = plain(secrets);
    }

    fn read_provider(&mut self, reader: &mut Reader<'_>, table: &DeTable<'_>) {
        reader.only_keys(table, "[provider]", &["kind", "create-machines", "external"]);
        if let Some(value) = table.get("external")
            && let Some(external) = reader.table(value, "external")
        {
            self.external = Some(external::read(reader, external, &self.folder));
        }
        if let Some(value) = table.get("kind")
            && let Some(text) = reader.text(value, "kind")
        {
            self.provider = reader.word(&text, value.span(), "kind", &ProviderKind::WORDS);
        }
        if let Some(value) = table.get("create-machines") {
            match value.get_ref().as_bool() {
                Some(consent) => self.create_machines = consent,
                None => reader.wrong_type(value, "create-machines", "true or false"),
            }
        }
    }

    fn read_expect(&mut self, reader: &mut Reader<'_>, table: &DeTable<'_>) {
        reader.only_keys(table, "[expect]", &["lacks", "guest", "host", "spec"]);
        if let Some(value) = table.get("lacks") {
            let words = LACKABLE.map(|gate| (gate.word(), gate));
            for lack in reader.texts(value, "lacks").unwrap_or_default() {
                self.expect.lacks.extend(reader.word(lack.get_ref(), lack.span(), "lacks", &words));
            }
        }
        if let Some(value) = table.get("host")
            && let Some(text) = reader.text(value, "host")
        {
            self.expect.rancher = reader.word(&text, value.span(), "host", &HOSTS).unwrap_or_default();
        }
        if let Some(value) = table.get("spec")
            && let Some(text) = reader.text(value, "spec")
        {
            let words = RequirementSet::NAMES.map(|name| (name, name));
            let word = reader.word(&text, value.span(), "spec", &words);
            self.expect.requirements = word.and_then(RequirementSet::named);
        }
        if let Some(value) = table.get("guest")
            && let Some(guest) = reader.table(value, "guest")
        {
            reader.only_keys(guest, "[expect.guest]", &["os"]);
            if let Some(value) = guest.get("os")
                && let Some(text) = reader.text(value, "os")
            {
                let words = PROVISIONED_SYSTEMS.map(|id| (id, id));
                self.expect.guest_os = reader.word(&text, value.span(), "os", &words).map(str::to_owned);
            }
        }
    }

    fn read_waits(&mut self, reader: &mut Reader<'_>, table: &DeTable<'_>) {
        reader.only_keys(table, "[waits]", &["factor"]);
        if let Some(value) = table.get("factor")
            && let Some(factor) = reader.number(value, "factor")
        {
            if factor > 0.0 && factor <= MAX_WAIT_FACTOR {
                self.wait_factor = Some(factor);
            } else {
                let message = format!("\"factor\" must be above 0 and at most {MAX_WAIT_FACTOR}");
                let mistake = reader.source.mistake(value.span(), message);
                reader.mistake(mistake);
            }
        }
    }
}

/// Largest factor for waits; the longest wait of the suite then takes days.
pub(crate) const MAX_WAIT_FACTOR: f64 = 1000.0;

fn plain(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(Spanned::into_inner).collect()
}

/// A table of values by flag or variable name.
pub(super) fn settings(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    section: &str,
    secrets: &[&str],
) -> BTreeMap<String, ProfileSetting> {
    let mut settings = BTreeMap::new();
    let Some(table) = reader.table(value, section) else {
        return settings;
    };
    for (key, value) in table {
        let name: &str = key.get_ref();
        if section == "flags"
            && let Some(bare) = name.strip_prefix("--")
        {
            let message = format!("write flag names without dashes: \"{name}\"");
            let mistake = reader.source.mistake(key.span(), message).help(format!("{bare} = ..."));
            reader.mistake(mistake);
            continue;
        }
        let secret = secrets.contains(&name);
        if let Some(source) = setting(reader, value, name, secret) {
            let setting = ProfileSetting { source, key: key.span(), value: value.span(), secret };
            settings.insert(name.to_owned(), setting);
        }
    }
    settings
}

fn setting(reader: &mut Reader<'_>, value: &Value<'_>, name: &str, secret: bool) -> Option<SettingSource> {
    match value.get_ref() {
        DeValue::String(text) => Some(SettingSource::Given(Setting::Text(text.to_string()))),
        DeValue::Boolean(on) => Some(SettingSource::Given(Setting::Switch(*on))),
        DeValue::Integer(_) => match whole(value) {
            Some(number) => Some(SettingSource::Given(Setting::Integer(number))),
            None => refuse(reader, value, format!("\"{name}\" does not fit into 64 bits"), secret),
        },
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            match texts {
                Some(texts) => Some(SettingSource::Given(Setting::List(texts))),
                None => {
                    refuse(reader, value, format!("\"{name}\" is a list that holds more than texts"), secret)
                }
            }
        }
        DeValue::Table(table) => reference(reader, value, table, name),
        other => {
            let message = format!("\"{name}\" is {}, which no flag takes", type_name(other));
            refuse(reader, value, message, secret)
        }
    }
}

fn refuse<T>(reader: &mut Reader<'_>, value: &Value<'_>, message: String, secret: bool) -> Option<T> {
    let mistake = reader
        .source
        .mistake(value.span(), message)
        .help("allowed: a text, a whole number, true or false, a list of texts, { env = \"VARIABLE\" } or { provider = \"endpoint\" }")
        .conceal(secret);
    reader.mistake(mistake);
    None
}

/// `{ env = "VARIABLE" }` or `{ provider = "endpoint" }`.
fn reference(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    table: &DeTable<'_>,
    name: &str,
) -> Option<SettingSource> {
    reader.only_keys(table, &format!("the value of \"{name}\""), &["env", "provider"]);
    match (table.get("env"), table.get("provider")) {
        (Some(variable), None) => reader.text(variable, "env").map(SettingSource::Variable),
        (None, Some(offer)) => {
            let text = reader.text(offer, "provider")?;
            offered(reader, offer, &text).then_some(SettingSource::Given(Setting::Provider(text)))
        }
        (both, _) => {
            let message = match both {
                Some(_) => format!("\"{name}\" takes its value from one place, not from two"),
                None => format!("\"{name}\" has no value"),
            };
            let mistake = reader.source.mistake(value.span(), message);
            reader.mistake(mistake.help("write { env = \"VARIABLE\" } or { provider = \"endpoint\" }"));
            None
        }
    }
}

fn offered(reader: &mut Reader<'_>, value: &Value<'_>, text: &str) -> bool {
    let known: Vec<&str> = ProviderKind::WORDS.iter().flat_map(|(_, kind)| kind.offers()).copied().collect();
    if known.contains(&text) {
        return true;
    }
    let mistake = reader
        .source
        .mistake(value.span(), format!("no provider offers \"{text}\""))
        .help(format!("allowed: {}", known.join(", ")))
        .maybe_help(did_you_mean(text, known));
    reader.mistake(mistake);
    false
}
