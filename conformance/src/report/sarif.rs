//! `--report sarif=PATH`: SARIF 2.1.0, for code scanning: the clauses are rules, each broken one is a result.

use std::{
    collections::BTreeSet,
    io::{self, BufWriter, Write},
};

use serde_json::{Value, json};

use super::{Report, RunRecord, statistics, text::one_line};
use crate::{
    event::{CheckResult, Problem},
    spec::{Clause, specification},
    verdict::{Level, Verdict},
};

/// Characters of a message.
const MESSAGE: usize = 1000;
/// Rule of findings that are about no clause: a call that did not end, a provider that was not there.
const NO_CLAUSE: &str = "SUITE";

/// Writes the findings as SARIF when the run is over.
///
/// A result points at the driver's source if the profile names it (`[driver] source`), else at its executable.
pub struct SarifReport<W: Write> {
    writer: W,
}

impl<W: Write> SarifReport<W> {
    /// A report to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Report for SarifReport<W> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        let mut writer = BufWriter::new(&mut self.writer);
        serde_json::to_writer_pretty(&mut writer, &log(run))?;
        writer.write_all(b"\n")?;
        writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for SarifReport<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SarifReport").finish_non_exhaustive()
    }
}

fn log(run: &RunRecord) -> Value {
    let findings: Vec<(&CheckResult, Finding<'_>)> = statistics::findings(run)
        .into_iter()
        .flat_map(|result| Finding::all_of(result).map(move |finding| (result, finding)))
        .collect();
    let rules: BTreeSet<&str> = findings.iter().map(|(_, finding)| finding.rule()).collect();
    let rules: Vec<&str> = rules.into_iter().collect();
    let results: Vec<Value> =
        findings.iter().map(|(check, finding)| result(run, check, finding, &rules)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "machine-conformance",
                "version": one_line(&run.run.suite_version, 40),
                "rules": rules.iter().map(|id| rule(id)).collect::<Vec<_>>(),
            } },
            "automationDetails": { "id": format!("machine-conformance/{}", one_line(&run.run.driver_name, 60)) },
            "invocations": [{
                "executionSuccessful": !run.summary.interrupted,
                "exitCode": run.summary.exit_code,
                "startTimeUtc": run.run.started_at,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A broken clause, or a check that found no clause to blame.
enum Finding<'r> {
    Problem(&'r Problem),
    Verdict,
}

impl<'r> Finding<'r> {
    fn all_of(result: &'r CheckResult) -> impl Iterator<Item = Self> {
        let alone = result.problems.is_empty().then_some(Self::Verdict);
        result.problems.iter().map(Self::Problem).chain(alone)
    }

    fn rule(&self) -> &'r str {
        match self {
            Self::Problem(problem) => &problem.clause,
            Self::Verdict => NO_CLAUSE,
        }
    }
}

fn rule(id: &str) -> Value {
    match specification().clause(id) {
        Some(clause) => clause_rule(clause),
        None => json!({
            "id": one_line(id, 40),
            "shortDescription": { "text": "The run did not go as it should" },
        }),
    }
}

fn clause_rule(clause: &Clause) -> Value {
    json!({
        "id": clause.id,
        "name": clause.id,
        "shortDescription": { "text": clause.requirement },
        "fullDescription": { "text": format!("{} ({})", clause.requirement, clause.level.keyword()) },
        "help": { "text": format!("Source: {}\nObserved: {}", clause.source, clause.observe) },
        "defaultConfiguration": { "level": severity(clause.level) },
    })
}

fn result(run: &RunRecord, check: &CheckResult, finding: &Finding<'_>, rules: &[&str]) -> Value {
    let (level, message) = match finding {
        Finding::Problem(problem) => (
            severity(problem.level),
            format!("{}: expected: {}. Got: {}", check.id, problem.expected, problem.got),
        ),
        Finding::Verdict => (
            if statistics::is_failure(check.verdict) { "error" } else { "note" },
            format!("{}: {}: {}", check.id, check.verdict.word(), statistics::headline(check)),
        ),
    };
    let known = check.verdict == Verdict::KnownFailure;
    let reason = check.reason.as_deref().unwrap_or_default();
    let suppressions = match known {
        true => json!([{ "kind": "external", "justification": one_line(reason, MESSAGE) }]),
        false => json!([]),
    };
    let rule = finding.rule();
    json!({
        "ruleId": one_line(rule, 40),
        "ruleIndex": rules.iter().position(|known| *known == rule),
        "level": level,
        "message": { "text": one_line(&message, MESSAGE) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(run) },
                "region": { "startLine": 1 },
            },
            "logicalLocations": [{ "fullyQualifiedName": one_line(&check.id, 120), "kind": "function" }],
        }],
        "partialFingerprints": { "checkAndClause/v1": one_line(&format!("{}/{rule}", check.id), 200) },
        "suppressions": suppressions,
        "properties": { "verdict": check.verdict.word(), "rerun": check.rerun },
    })
}

/// The driver's source if the profile names it, else its executable: as a relative reference.
fn uri(run: &RunRecord) -> String {
    let path = run.run.source.as_deref().unwrap_or(&run.run.driver);
    let path = path.trim_start_matches("./");
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' | b'+' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Must => "error",
        Level::Should => "warning",
        Level::May => "note",
    }
}
