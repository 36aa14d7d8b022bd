//! `machine-conformance new`: a repository for a new driver, made from a reference driver.
//!
//! The sources of the reference drivers are embedded in the executable. Names are replaced, the manifest is made to
//! stand alone, and what gates the repository is added.

mod format;
mod like;
mod manifest;
mod name;
mod rename;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use include_dir::{Dir, DirEntry};
use thiserror::Error;

pub use self::{like::Like, manifest::Source, name::DriverName};
use self::{manifest::ManifestError, rename::Rename};

/// Files that every repository gets beside those of the reference driver; the first word is the path.
const COMMON: [(&str, &str); 7] = [
    ("tests/conformance.rs", include_str!("files/conformance.rs")),
    ("README.md", include_str!("files/README.md")),
    (".gitignore", include_str!("files/gitignore")),
    (".github/workflows/conformance.yml", include_str!("files/conformance.yml")),
    ("clippy.toml", include_str!("../../../clippy.toml")),
    ("LICENSE-MIT", include_str!("../../../LICENSE-MIT")),
    ("LICENSE-APACHE", include_str!("../../../LICENSE-APACHE")),
];
const RUSTFMT: &str = include_str!("../../../rustfmt.toml");

/// What is to be made.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "front ends fill it in")]
pub struct Scaffold {
    /// Name of the driver.
    pub name: DriverName,
    /// The reference driver to start from.
    pub like: &'static Like,
    /// Where the SDK and the suite come from.
    pub source: Source,
}

/// What was written.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "front ends read it")]
pub struct Written {
    /// Paths of the files, in order.
    pub files: Vec<PathBuf>,
    /// Whether the sources are as `cargo fmt` wants them, or why that is not known: new names sort differently.
    pub formatted: Result<(), String>,
}

impl Scaffold {
    /// Writes the repository into `folder`, which must not exist or be empty.
    ///
    /// # Errors
    /// If the folder holds something already, or cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Written, ScaffoldError> {
        refuse_contents(folder)?;
        let mut written = Vec::new();
        for (path, text) in self.files()? {
            let file = folder.join(&path);
            let write = || -> io::Result<()> {
                if let Some(parent) = file.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(&file, &text)
            };
            write().map_err(|problem| ScaffoldError::Unwritten { file: file.clone(), problem })?;
            written.push(path);
        }
        Ok(Written { formatted: format::sources(folder, &written), files: written })
    }

    /// Texts of all files, by path.
    fn files(&self) -> Result<BTreeMap<PathBuf, String>, ScaffoldError> {
        let rename = Rename::new(self.like, &self.name);
        let mut files = BTreeMap::new();
        for (path, text) in COMMON {
            files.insert(PathBuf::from(path), rename.placeholders(text));
        }
        files.insert("rustfmt.toml".into(), RUSTFMT.to_owned());
        for (path, text) in texts(&self.like.folder) {
            let (path, text) = match path.to_str() {
                Some("Cargo.toml") => (path.to_owned(), manifest::standalone(text, self)?),
                // The reference driver's own page is the guide to forking it.
                Some("README.md") => ("FORKING.md".into(), rename.text(path, text)),
                _ => (path.to_owned(), rename.text(path, text)),
            };
            files.entry(path).or_insert(text);
        }
        Ok(files)
    }
}

/// The text files below an embedded folder.
fn texts<'a>(folder: &'a Dir<'a>) -> Vec<(&'a Path, &'a str)> {
    let mut found = Vec::new();
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => found.extend(texts(inner)),
            DirEntry::File(file) => found.extend(file.contents_utf8().map(|text| (file.path(), text))),
        }
    }
    found
}

fn refuse_contents(folder: &Path) -> Result<(), ScaffoldError> {
    let unreadable = |problem| ScaffoldError::Unwritten { file: folder.to_owned(), problem };
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(ScaffoldError::NotEmpty(folder.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unreadable(error)),
    }
}

/// Why a repository was not made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// The folder holds something already; nothing was changed.
    #[error("the folder {} is not empty; nothing was written", .0.display())]
    NotEmpty(PathBuf),
    /// The system refuses.
    #[error("cannot write {}: {problem}", .file.display())]
    Unwritten {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// The embedded manifest is not as expected: a defect of the suite.
    #[error("the manifest of the reference driver cannot be made to stand alone: {0}")]
    Manifest(#[from] ManifestError),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn scaffold(like: &str) -> Scaffold {
        Scaffold {
            name: "acme-cloud".parse().unwrap(),
            like: like.parse::<&'static Like>().unwrap(),
            source: Source::Path("/sdk".into()),
        }
    }

    #[test]
    fn nothing_of_the_reference_drivers_name_is_left() {
        for like in Like::ALL {
            let left: Vec<String> = scaffold(like.word)
                .files()
                .unwrap()
                .into_iter()
                .filter(|(path, _)| path.extension().is_some_and(|end| end == "rs"))
                .flat_map(|(path, text)| {
                    let names = [
                        format!("docker-machine-driver-{}", like.word),
                        format!("docker_machine_driver_{}", like.word),
                        like.type_name.to_owned(),
                        format!("\"{}\"", like.word),
                        format!("\"{}-", like.word),
                    ];
                    let found = names.into_iter().filter(move |name| text.contains(name.as_str()));
                    found.map(|name| format!("{}: {name}", path.display())).collect::<Vec<_>>()
                })
                .collect();
            assert!(left.is_empty(), "{left:#?}");
        }
    }

    #[test]
    fn every_driver_is_gated_from_its_first_commit() {
        for like in Like::ALL {
            let files = scaffold(like.word).files().unwrap();
            for wanted in [
                "Cargo.toml",
                "FORKING.md",
                "README.md",
                "conformance.toml",
                "tests/conformance.rs",
                ".github/workflows/conformance.yml",
                "src/main.rs",
                "LICENSE-MIT",
            ] {
                assert!(files.contains_key(Path::new(wanted)), "{} has no {wanted}", like.word);
            }
            for (path, text) in &files {
                for placeholder in ["{{name}}", "{{like}}"] {
                    assert!(!text.contains(placeholder), "{}", path.display());
                }
            }
        }
    }

    #[test]
    fn a_folder_with_contents_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "").unwrap();
        let error = scaffold("template").write(folder.path()).unwrap_err();
        assert!(matches!(error, ScaffoldError::NotEmpty(_)), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
