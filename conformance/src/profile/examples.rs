//! Options that the driver must refuse, and options that it must take.

use std::collections::BTreeMap;

use super::{
    Profile, ProfileError, ProfileSetting,
    reader::{Reader, Value},
    sections,
    setting::{Setting, SettingSource},
};
use crate::facts::Examples;

/// `[[refused]]` or `[[accepted]]`: options beside those of the run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Example {
    /// Values by the name of their flag.
    pub flags: BTreeMap<String, ProfileSetting>,
}

impl Example {
    /// Reads all tables of a name.
    pub(super) fn read_all(
        reader: &mut Reader<'_>,
        value: &Value<'_>,
        section: &str,
        secrets: &[String],
    ) -> Vec<Self> {
        let Some(entries) = value.get_ref().as_array() else {
            reader.wrong_type(value, section, &format!("a list of tables: write [[{section}]]"));
            return Vec::new();
        };
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let mut examples = Vec::new();
        for entry in entries {
            let flags = sections::settings(reader, entry, "flags", &secrets);
            for (name, setting) in &flags {
                let is_plain = !matches!(
                    setting.source,
                    SettingSource::Variable(_) | SettingSource::Given(Setting::Provider(_))
                );
                if !is_plain {
                    let message = format!("\"{name}\" must be a value here, not a reference");
                    let mistake = reader.source.mistake(setting.value.clone(), message);
                    reader.mistake(mistake.conceal(setting.secret));
                }
            }
            if flags.is_empty() {
                let mistake = reader.source.mistake(entry.span(), format!("[[{section}]] names no flag"));
                reader.mistake(mistake.help("write FLAG = VALUE below it"));
            }
            examples.push(Self { flags });
        }
        examples
    }
}

impl Profile {
    /// The options of `[[refused]]` and `[[accepted]]`.
    pub fn examples(&self) -> Examples {
        let given = |examples: &[Example]| {
            let values = |example: &Example| {
                let flags = example.flags.iter();
                flags.filter_map(|(name, setting)| Some((name.clone(), setting.given()?))).collect()
            };
            examples.iter().map(values).collect()
        };
        Examples { refused: given(&self.refused), accepted: given(&self.accepted) }
    }

    /// The error for an example that does not fit the driver; `problem` says why.
    pub fn wrong_example(&self, setting: &ProfileSetting, problem: String) -> ProfileError {
        let mistake = self.source.mistake(setting.key.start..setting.value.end, problem);
        ProfileError::new(&self.source, vec![mistake.conceal(setting.secret)])
    }
}
