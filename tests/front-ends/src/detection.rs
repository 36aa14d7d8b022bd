//! The page of the guide with the figures about known-bad drivers.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    path::Path,
};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::defects::{self, DRIVERS, Defect};

/// A group of clauses.
struct Section {
    key: String,
    title: String,
    clauses: Vec<String>,
}

/// The page, from the tables of the defects and the specification in `workspace`.
///
/// # Errors
///
/// A table or the specification cannot be read, or a defect breaks a clause that there is not.
pub fn page(workspace: &Path) -> anyhow::Result<String> {
    let sections = sections(workspace)?;
    let mut tables = Vec::new();
    for (driver, folder) in DRIVERS {
        let table = defects::read(workspace, folder)?;
        for defect in &table {
            ensure!(
                sections
                    .iter()
                    .any(|section| section.clauses.contains(&defect.clause)),
                "{} breaks {}, which is no clause",
                defect.name,
                defect.clause
            );
        }
        tables.push((driver, table));
    }
    let mut page = String::new();
    write(&mut page, &sections, &tables).context("writing the page")?;
    Ok(page)
}

fn sections(workspace: &Path) -> anyhow::Result<Vec<Section>> {
    let path = workspace.join("conformance/src/spec/clauses.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let document: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    let list = |name: &str| {
        document[name]
            .as_array()
            .with_context(|| format!("{} has no {name}", path.display()))
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let clauses = list("clauses")?;
    let sections = list("sections")?.iter().map(|section| Section {
        key: text(&section["key"]),
        title: text(&section["title"]),
        clauses: clauses
            .iter()
            .filter(|clause| clause["section"] == section["key"])
            .map(|clause| text(&clause["id"]))
            .collect(),
    });
    Ok(sections.collect())
}

fn write(page: &mut String, sections: &[Section], tables: &[(&str, Vec<Defect>)]) -> fmt::Result {
    let all: Vec<&Defect> = tables.iter().flat_map(|(_, table)| table).collect();
    let checks: BTreeSet<&String> = all.iter().flat_map(|defect| &defect.checks).collect();
    write!(
        page,
        "# Detection figures\n\n\
         Known-bad drivers that were planted, by the clause that they break. Every one is caught: the tests `known_bad`,\n\
         `known_bad_ec2` and `known_bad_vbox` fail if a check that must complain does not, if another one does, or if the\n\
         message does not name the problem. A clause without a defect of its own is decided by a check all the same, unless\n\
         `machine-conformance spec` says why none can; it is only less proven that the check sees.\n\n\
         {} defects break {} clauses and are caught by {} checks.\n\n",
        all.len(),
        broken(&all).len(),
        checks.len()
    )?;
    write_figures(page, sections, tables)?;
    for (driver, table) in tables {
        write!(page, "\n## Variations of the {driver} driver\n\n")?;
        page.push_str("| defect | what is wrong | clause | caught by |\n| --- | --- | --- | --- |\n");
        for defect in table {
            let checks: Vec<String> = defect.checks.iter().map(|id| format!("`{id}`")).collect();
            writeln!(
                page,
                "| {} | {} | {} | {} |",
                defect.name,
                cell(&defect.what),
                defect.clause,
                checks.join(", ")
            )?;
        }
    }
    Ok(())
}

fn write_figures(page: &mut String, sections: &[Section], tables: &[(&str, Vec<Defect>)]) -> fmt::Result {
    let names: Vec<&str> = tables.iter().map(|(driver, _)| *driver).collect();
    writeln!(
        page,
        "| clauses | about | number | with a defect | {} | seeded | caught |",
        names.join(" | ")
    )?;
    writeln!(page, "| --- | --- |{} --- |", " --- |".repeat(names.len() + 3))?;
    for section in sections {
        let numbers: Vec<Vec<&Defect>> = tables
            .iter()
            .map(|(_, table)| {
                let of_section = table
                    .iter()
                    .filter(|defect| section.clauses.contains(&defect.clause));
                of_section.collect()
            })
            .collect();
        let seeded: Vec<&Defect> = numbers.iter().flatten().copied().collect();
        let each: Vec<String> = numbers.iter().map(|defects| defects.len().to_string()).collect();
        writeln!(
            page,
            "| [{}](reference/clauses/{}.md) | {} | {} | {} | {} | {} | {} |",
            section.key,
            section.key.to_lowercase(),
            cell(&section.title),
            section.clauses.len(),
            broken(&seeded).len(),
            each.join(" | "),
            seeded.len(),
            seeded.len()
        )?;
    }
    let clauses: usize = sections.iter().map(|section| section.clauses.len()).sum();
    let all: Vec<&Defect> = tables.iter().flat_map(|(_, table)| table).collect();
    let each: Vec<String> = tables.iter().map(|(_, table)| table.len().to_string()).collect();
    writeln!(
        page,
        "| all | | {clauses} | {} | {} | {} | {} |",
        broken(&all).len(),
        each.join(" | "),
        all.len(),
        all.len()
    )
}

fn broken<'d>(defects: &[&'d Defect]) -> BTreeSet<&'d str> {
    defects.iter().map(|defect| defect.clause.as_str()).collect()
}

/// Text of a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
