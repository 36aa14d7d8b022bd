//! Makes the manifest of a reference driver stand alone: what it takes from the workspace is written out.

use std::path::PathBuf;

use thiserror::Error;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::Scaffold;

/// The workspace's manifest, from which reference drivers inherit.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// Where the SDK and the suite come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A repository.
    Git {
        /// Address.
        url: String,
        /// Commit, tag or branch; the default branch if there is none.
        revision: Option<String>,
    },
    /// A working copy: the folder that holds `sdk` and `conformance`.
    Path(PathBuf),
}

impl Source {
    /// The dependency on the crate in this folder of the project.
    fn dependency(&self, folder: &str) -> Value {
        let mut table = InlineTable::new();
        match self {
            Self::Git { url, revision } => {
                table.insert("git", url.as_str().into());
                if let Some(revision) = revision {
                    table.insert("rev", revision.as_str().into());
                }
            }
            Self::Path(project) => {
                let path = project.join(folder).display().to_string();
                table.insert("path", path.into());
            }
        }
        table.into()
    }
}

/// What is wrong with an embedded manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not TOML.
    #[error("{0}")]
    Toml(#[from] toml_edit::TomlError),
    /// The workspace does not have what the driver takes from it.
    #[error("the workspace has no {0}")]
    Missing(String),
}

/// The manifest of the new driver's package.
pub(super) fn standalone(text: &str, scaffold: &Scaffold) -> Result<String, ManifestError> {
    let workspace: DocumentMut = WORKSPACE.parse()?;
    let inherited = &workspace["workspace"];
    let mut manifest: DocumentMut = text.parse()?;
    let name = &scaffold.name;
    if let Some(package) = manifest.get_mut("package").and_then(Item::as_table_like_mut) {
        inherit(package, inherited, "package", |_, value| value)?;
        package.insert("name", string(&format!("docker-machine-driver-{name}")));
        package.insert("description", string(&format!("Machine driver for {name}")));
    }
    for section in ["dependencies", "dev-dependencies"] {
        if let Some(dependencies) = manifest.get_mut(section).and_then(Item::as_table_like_mut) {
            inherit(dependencies, inherited, "dependencies", |_, value| {
                let path = value.as_table_like().and_then(|table| table.get("path"));
                match path.and_then(Item::as_str) {
                    Some(folder) => Item::Value(scaffold.source.dependency(folder)),
                    None => value,
                }
            })?;
        }
    }
    for (key, item) in [("lints", inherited.get("lints")), ("profile", workspace.get("profile"))] {
        let item = item.ok_or_else(|| ManifestError::Missing(key.to_owned()))?;
        manifest.insert(key, plain(item.clone()));
    }
    forget_profiles_of_others(&mut manifest, inherited);
    // A root of its own, also inside of another workspace.
    manifest.insert("workspace", Item::Table(Table::new()));
    Ok(manifest.to_string())
}

/// Cargo warns about profiles of packages that are not there: those of other members' dependencies.
fn forget_profiles_of_others(manifest: &mut DocumentMut, inherited: &Item) {
    let own = |manifest: &DocumentMut, package: &str| {
        let depends = |section: &str| manifest.get(section).and_then(|section| section.get(package));
        depends("dependencies").is_some() || depends("dev-dependencies").is_some()
    };
    let of_workspace = inherited.get("dependencies").and_then(Item::as_table_like);
    let others: Vec<String> = of_workspace
        .map(|dependencies| dependencies.iter().map(|(package, _)| package.to_owned()).collect())
        .unwrap_or_default();
    for package in others {
        if own(manifest, &package) {
            continue;
        }
        let packages = manifest
            .get_mut("profile")
            .and_then(|profile| profile.get_mut("dev"))
            .and_then(|dev| dev.get_mut("package"))
            .and_then(Item::as_table_like_mut);
        packages.map(|packages| packages.remove(&package));
    }
}

/// Replaces each `KEY.workspace = true` by the workspace's value of the key.
fn inherit(
    table: &mut dyn TableLike,
    inherited: &Item,
    section: &str,
    adapt: impl Fn(&str, Item) -> Item,
) -> Result<(), ManifestError> {
    let keys: Vec<String> = table
        .iter()
        .filter(|(_, item)| {
            let own = item.as_table_like().and_then(|table| table.get("workspace"));
            own.and_then(Item::as_bool) == Some(true)
        })
        .map(|(key, _)| key.to_owned())
        .collect();
    for key in keys {
        let value = inherited
            .get(section)
            .and_then(|section| section.get(&key))
            .ok_or_else(|| ManifestError::Missing(format!("{section}.{key}")))?;
        let value = adapt(&key, value.clone());
        if let Some(item) = table.get_mut(&key) {
            *item = value;
        }
    }
    Ok(())
}

/// The item without the comments and the order of the document that it comes from.
fn plain(mut item: Item) -> Item {
    fn forget(table: &mut Table) {
        table.decor_mut().clear();
        table.set_position(None);
        for (mut key, item) in table.iter_mut() {
            key.leaf_decor_mut().clear();
            if let Some(inner) = item.as_table_mut() {
                forget(inner);
            }
        }
    }
    if let Some(table) = item.as_table_mut() {
        forget(table);
    }
    item
}

fn string(text: &str) -> Item {
    Item::Value(text.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::scaffold::Like;

    fn manifest(source: Source) -> String {
        let like = "template".parse::<&'static Like>().unwrap();
        let scaffold = Scaffold { name: "acme".parse().unwrap(), like, source };
        let text = like.folder.get_file("Cargo.toml").unwrap().contents_utf8().unwrap();
        standalone(text, &scaffold).unwrap()
    }

    #[test]
    fn nothing_is_inherited_any_more() {
        let text = manifest(Source::Path("/project".into()));
        assert!(!text.contains("workspace = true"), "{text}");
        let document: DocumentMut = text.parse().unwrap();
        assert_eq!(document["package"]["edition"].as_str(), Some("2024"));
        assert_eq!(document["dependencies"]["machine-driver"]["path"].as_str(), Some("/project/sdk"));
        assert_eq!(
            document["dev-dependencies"]["machine-conformance"]["path"].as_str(),
            Some("/project/conformance")
        );
        assert_eq!(document["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
        let profiles = &document["profile"]["dev"]["package"];
        assert!(profiles.get("sha2").is_some() && profiles.get("aws-sdk-ec2").is_none(), "{text}");
    }

    #[test]
    fn the_sdk_comes_from_a_repository() {
        let text = manifest(Source::Git {
            url: "https://git.example/machine-conformance".to_owned(),
            revision: Some("v0.1.0".to_owned()),
        });
        assert!(
            text.contains(
                "machine-driver = { git = \"https://git.example/machine-conformance\", rev = \"v0.1.0\" }"
            ),
            "{text}"
        );
    }
}
