//! Snapshots that no test writes any more.

use std::{fs, path::Path};

#[test]
fn every_snapshot_belongs_to_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let text_of = |path: std::path::PathBuf| fs::read_to_string(path).unwrap();
    let files = |folder: &Path| -> Vec<std::path::PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let tests: String = files(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(text_of)
        .collect();
    for path in files(&folder.join("snapshots")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.ends_with(".snap"), "{name} is no accepted snapshot");
        let snapshot = name.trim_end_matches(".snap").rsplit("__").next().unwrap_or_default();
        assert!(tests.contains(&format!("\"{snapshot}\"")), "no test writes {name}");
    }
}
