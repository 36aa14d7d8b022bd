//! The guide is true: its commands run, its links lead somewhere, and its table of contents is complete.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use machine_front_end_tests::{
    executables::workspace,
    markdown::{local_links, marked_blocks},
    shell::{bash, furnish},
};

fn guide() -> PathBuf {
    workspace().join("guide/src")
}

/// The written pages; the generated ones are not here.
fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(guide()).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.sort();
    pages
}

#[tokio::test]
async fn every_marked_command_runs() {
    let mut commands = 0;
    for page in pages() {
        let folder = tempfile::tempdir().unwrap();
        furnish(folder.path()).unwrap();
        for block in marked_blocks(&fs::read_to_string(&page).unwrap()) {
            if let Some(file) = block.mark.strip_prefix("file: ") {
                fs::write(folder.path().join(file), &block.text).unwrap();
                continue;
            }
            let code = match block.mark.as_str() {
                "run" => 0,
                mark => mark.strip_prefix("run: ").unwrap().parse().unwrap(),
            };
            let finished = bash(folder.path(), &block.text, &[]).await.unwrap();
            assert!(
                finished.code == Some(code),
                "{}:{}: exit code {code} expected\n{finished}",
                page.display(),
                block.line
            );
            commands += 1;
        }
    }
    assert!(commands >= 12, "only {commands} blocks are marked");
}

#[tokio::test]
async fn links_lead_to_pages() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path()).unwrap();
    let finished = bash(folder.path(), "machine-conformance reference reference", &[]).await;
    finished.unwrap().exits(0);
    let mut written = BTreeSet::from([PathBuf::from("SUMMARY.md")]);
    for page in pages() {
        let name = page.file_name().unwrap();
        fs::copy(&page, folder.path().join(name)).unwrap();
        written.insert(name.into());
    }
    written.extend(below(&folder.path().join("reference"), folder.path()));
    for page in &written {
        let text = fs::read_to_string(folder.path().join(page)).unwrap();
        for link in local_links(&text) {
            let target = folder.path().join(page.parent().unwrap()).join(&link);
            assert!(target.is_file(), "{}: {link} leads nowhere", page.display());
        }
    }
    let contents = fs::read_to_string(folder.path().join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<PathBuf> = local_links(&contents).into_iter().map(PathBuf::from).collect();
    written.remove(Path::new("SUMMARY.md"));
    assert_eq!(listed, written, "SUMMARY.md lists every page, and no other");
}

fn below(folder: &Path, base: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => below(&path, base),
            false => vec![path.strip_prefix(base).unwrap().to_owned()],
        })
        .collect()
}
