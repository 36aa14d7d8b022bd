//! Stories that are carried out before any that are made up: the suite's own, and those in a folder of the author.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{Story, StoryError};

/// Names and texts of the suite's own stories. Most of them are defects of real drivers, told as stories.
const COMPILED_IN: &[(&str, &str)] = &[
    ("asked-meanwhile", include_str!("corpus/asked-meanwhile.json")),
    ("create-stop-start-remove", include_str!("corpus/create-stop-start-remove.json")),
    ("deleted-then-started", include_str!("corpus/deleted-then-started.json")),
    ("deleted-while-stopped", include_str!("corpus/deleted-while-stopped.json")),
    ("everything-twice", include_str!("corpus/everything-twice.json")),
    ("in-one-process", include_str!("corpus/in-one-process.json")),
    ("left-by-a-failed-remove", include_str!("corpus/left-by-a-failed-remove.json")),
    ("not-created", include_str!("corpus/not-created.json")),
    ("off-at-the-provider", include_str!("corpus/off-at-the-provider.json")),
    ("paused", include_str!("corpus/paused.json")),
    ("provider-down", include_str!("corpus/provider-down.json")),
    ("refused-create", include_str!("corpus/refused-create.json")),
    ("three-at-once", include_str!("corpus/three-at-once.json")),
];

/// The suite's own stories.
pub(super) fn compiled_in() -> Vec<(String, Story)> {
    let stories = COMPILED_IN.iter();
    stories
        .map(|(name, text)| {
            #[expect(clippy::expect_used, reason = "embedded data, parsed by a unit test")]
            let story = Story::from_json(text).expect("the suite's own stories are valid");
            ((*name).to_owned(), story)
        })
        .collect()
}

impl Story {
    /// Reads a story from a file.
    ///
    /// # Errors
    /// [`CorpusError`] with the file, if it cannot be read or is no story.
    pub fn load(path: &Path) -> Result<Self, CorpusError> {
        let text = std::fs::read_to_string(path)
            .map_err(|problem| CorpusError::Unreadable { path: path.to_owned(), problem })?;
        Self::from_json(&text).map_err(|problem| CorpusError::Wrong { path: path.to_owned(), problem })
    }

    /// Reads the stories in a folder, its files `*.json`, in the order of their names. A folder that does not exist has
    /// none.
    ///
    /// # Errors
    /// [`CorpusError`] with the file or folder that is at fault.
    pub fn load_folder(folder: &Path) -> Result<Vec<(String, Self)>, CorpusError> {
        let unreadable = |problem| CorpusError::Unreadable { path: folder.to_owned(), problem };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        let stories = paths.into_iter().map(|path| {
            let story = Self::load(&path)?;
            Ok((path.display().to_string(), story))
        });
        stories.collect()
    }

    /// Writes the story to a file `NAME.json` in `folder`, which is made if need be. The same story has the same file.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn save(&self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.json"));
        std::fs::write(&path, self.to_json())?;
        Ok(path)
    }
}

/// Why stories cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A file or folder cannot be read.
    #[error("cannot read the stories in {}: {problem}", .path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// A file holds no story.
    #[error("{}: {problem}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: StoryError,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Action, Processes};

    #[test]
    fn the_suites_own_stories_are_all_here_and_say_why() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/model/corpus")).unwrap();
        assert_eq!(files.count(), COMPILED_IN.len(), "every file is compiled in");
        for (name, story) in compiled_in() {
            assert!(story.why.split_whitespace().count() > 3, "{name} says why");
            assert_eq!(story.to_json(), text_of(&name), "{name} is written as the suite writes it");
        }
    }

    fn text_of(name: &str) -> &'static str {
        COMPILED_IN.iter().find(|(other, _)| *other == name).unwrap().1
    }

    #[test]
    fn folders_keep_stories() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("stories");
        assert!(Story::load_folder(&inner).unwrap().is_empty());
        let story = Story::of(Processes::Fresh, &[Action::Create, Action::Remove]);
        let path = story.save(&inner, "b").unwrap();
        story.save(&inner, "a").unwrap();
        std::fs::write(inner.join("README.md"), "no story").unwrap();
        let loaded = Story::load_folder(&inner).unwrap();
        assert_eq!(loaded.len(), 2);
        assert!(loaded[0].0.ends_with("a.json"), "{}", loaded[0].0);
        assert_eq!(loaded[1], (path.display().to_string(), story));
        std::fs::write(&path, "{}").unwrap();
        let error = Story::load_folder(&inner).unwrap_err().to_string();
        assert!(error.contains("b.json: not a story: missing field `schema`"), "{error}");
    }
}
