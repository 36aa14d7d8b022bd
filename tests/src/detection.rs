//! The page of the guide with the figures about known-bad drivers.

use std::{
    collections::BTreeSet,
    fmt::{self, Debug, Write as _},
};

use machine_conformance::spec::{Section, Specification, specification};

use crate::{defects, ec2_defects, judge::Expected, vbox_defects};

/// One known-bad driver, with what the suite must say about it.
struct Defect {
    name: String,
    what: String,
    clause: &'static str,
    checks: &'static [&'static str],
}

/// The page, from the tables of the defects and the specification.
///
/// # Errors
///
/// Formatting failed, which it does not for a text.
pub fn page() -> Result<String, fmt::Error> {
    let mut page = String::new();
    write(&mut page, specification(), &tables())?;
    Ok(page)
}

/// The tables, by the driver that is varied.
fn tables() -> [(&'static str, Vec<Defect>); 3] {
    [
        ("template", rows(defects::TABLE, defects::Defect::what)),
        ("ec2", rows(ec2_defects::TABLE, ec2_defects::Defect::what)),
        ("vbox", rows(vbox_defects::TABLE, vbox_defects::Defect::what)),
    ]
}

fn rows<D: Copy + Debug>(table: &[Expected<D>], what: fn(D) -> &'static [&'static str]) -> Vec<Defect> {
    let rows = table.iter().map(|expected| Defect {
        name: format!("{:?}", expected.defect),
        what: what(expected.defect).iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
        clause: expected.clause,
        checks: expected.checks,
    });
    rows.collect()
}

fn write(page: &mut String, specification: &Specification, tables: &[(&str, Vec<Defect>)]) -> fmt::Result {
    let all: Vec<&Defect> = tables.iter().flat_map(|(_, table)| table).collect();
    let checks: BTreeSet<&str> = all.iter().flat_map(|defect| defect.checks).copied().collect();
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
    write_figures(page, specification, tables)?;
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

fn write_figures(
    page: &mut String,
    specification: &Specification,
    tables: &[(&str, Vec<Defect>)],
) -> fmt::Result {
    let names: Vec<&str> = tables.iter().map(|(driver, _)| *driver).collect();
    writeln!(page, "| clauses | about | number | with a defect | {} | seeded | caught |", names.join(" | "))?;
    writeln!(page, "| --- | --- |{} --- |", " --- |".repeat(names.len() + 3))?;
    for section in &specification.sections {
        let clauses: BTreeSet<&str> = ids(specification, section).collect();
        let numbers: Vec<Vec<&Defect>> = tables
            .iter()
            .map(|(_, table)| {
                let of_section = table.iter().filter(|defect| clauses.contains(defect.clause));
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
            clauses.len(),
            broken(&seeded).len(),
            each.join(" | "),
            seeded.len(),
            seeded.len()
        )?;
    }
    let clauses = specification.clauses.len();
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

fn ids<'s>(specification: &'s Specification, section: &'s Section) -> impl Iterator<Item = &'s str> {
    specification.clauses_of(section).map(|clause| clause.id.as_str())
}

fn broken(defects: &[&Defect]) -> BTreeSet<&'static str> {
    defects.iter().map(|defect| defect.clause).collect()
}

/// Text of a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use machine_conformance::checks;

    use super::*;

    #[test]
    fn rows_name_clauses_and_checks_that_there_are() {
        let known: BTreeSet<&str> = checks::all().iter().map(|check| check.id).collect();
        for (driver, table) in tables() {
            assert!(!table.is_empty(), "{driver}");
            for defect in table {
                let name = defect.name;
                assert!(specification().clause(defect.clause).is_some(), "{driver}: {name}");
                assert!(!defect.what.is_empty() && !defect.checks.is_empty(), "{driver}: {name}");
                for check in defect.checks {
                    assert!(known.contains(check), "{driver}: {name}: {check}");
                }
            }
        }
    }
}
