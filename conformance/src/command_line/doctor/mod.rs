//! `machine-conformance doctor`

mod driver;
mod machine;
mod tools;

use std::io::Write;

use clap::Args;
use owo_colors::OwoColorize;
use serde::Serialize;

use super::{failure::Failure, output, run::RunArguments};
use crate::verdict::ExitCode;

const EXAMPLES: &str = "\
Examples:
  machine-conformance doctor
  machine-conformance doctor ./docker-machine-driver-acme --provider none
  machine-conformance doctor --profile conformance.toml --json";

/// What works on this machine, and what a run would not test.
///
/// Nothing is changed and no machine is made. With a driver or a profile, it also says which checks a run with them
/// would execute. Missing tools are no failure; exit code 3 says that the suite cannot run here, or that the driver does
/// not start.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct DoctorArguments {
    /// The driver's executable; by default the `command` of the profile
    #[arg(value_name = "DRIVER")]
    driver: Option<String>,

    /// The driver's description; by default conformance.toml, if there is one and no DRIVER is given
    #[arg(long, value_name = "FILE")]
    profile: Option<String>,

    /// Who plays the provider
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,

    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// Heading that it stands under.
    area: &'static str,
    /// What was looked at.
    name: String,
    state: State,
    /// Version, number, or what is wrong.
    detail: String,
    /// What it means when this is not in order; what it is for when it is.
    meaning: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Works,
    /// Not there; nobody needs it for everything.
    Missing,
    /// Nothing to mend: it is as it is.
    Note,
    /// Does not work, and the suite needs it.
    Broken,
}

impl Finding {
    fn works(area: &'static str, name: &str, detail: impl Into<String>, meaning: &str) -> Self {
        Self::new(area, name, State::Works, detail, meaning)
    }

    fn missing(area: &'static str, name: &str, detail: impl Into<String>, meaning: &str) -> Self {
        Self::new(area, name, State::Missing, detail, meaning)
    }

    fn broken(area: &'static str, name: &str, detail: impl Into<String>, meaning: &str) -> Self {
        Self::new(area, name, State::Broken, detail, meaning)
    }

    fn new(area: &'static str, name: &str, state: State, detail: impl Into<String>, meaning: &str) -> Self {
        Self { area, name: name.to_owned(), state, detail: detail.into(), meaning: meaning.to_owned() }
    }
}

impl DoctorArguments {
    pub(super) fn execute(&self) -> Result<u8, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment(format!("cannot start the runtime: {error}")))?;
        let mut findings = runtime.block_on(machine::look());
        findings.extend(runtime.block_on(tools::look()));
        if let Some(options) = self.run_options()? {
            findings.extend(driver::look(&options, &runtime)?);
        }
        output::to_stdout(|out| if self.json { json(&findings, out) } else { text(&findings, out) })?;
        let broken = findings.iter().any(|finding| finding.state == State::Broken);
        Ok(match broken {
            true => ExitCode::ENVIRONMENT,
            false => ExitCode::CONFORMANT,
        })
    }

    /// The options of the run that is asked about; `None` if no driver is named in any way.
    fn run_options(&self) -> Result<Option<RunArguments>, Failure> {
        if self.driver.is_none() && self.profile.is_none() && !RunArguments::usual_profile_exists() {
            return Ok(None);
        }
        let named = |option: &'static str, value: &Option<String>| {
            value.as_ref().map(|value| [option.to_owned(), value.clone()])
        };
        let mut words: Vec<String> = self.driver.iter().cloned().collect();
        words.extend(named("--profile", &self.profile).into_iter().flatten());
        words.extend(named("--provider", &self.provider).into_iter().flatten());
        RunArguments::from_words(words.iter().map(String::as_str))
            .map(Some)
            .map_err(|error| Failure::usage(error.to_string().trim_start_matches("error: ").trim_end()))
    }
}

fn text(findings: &[Finding], out: &mut dyn Write) -> Result<(), output::Stopped> {
    let width = findings.iter().map(|finding| finding.name.len()).max().unwrap_or_default();
    let mut area = "";
    for finding in findings {
        if finding.area != area {
            if !area.is_empty() {
                writeln!(out)?;
            }
            area = finding.area;
            writeln!(out, "{}", area.bold())?;
        }
        let mark = match finding.state {
            State::Works => "ok     ".green().to_string(),
            State::Missing => "missing".yellow().to_string(),
            State::Note => "-      ".dimmed().to_string(),
            State::Broken => "BROKEN ".red().to_string(),
        };
        let name = format!("{:<width$}", finding.name);
        let meaning = match finding.meaning.as_str() {
            "" => String::new(),
            meaning => format!("  ({meaning})"),
        };
        writeln!(out, "  {mark}  {name}  {}{}", finding.detail, meaning.dimmed())?;
    }
    Ok(())
}

/// Schema of `doctor --json`.
const SCHEMA: &str = "machine-conformance/doctor/v1";

fn json(findings: &[Finding], out: &mut dyn Write) -> Result<(), output::Stopped> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        findings: &'a [Finding],
    }
    let document = Document { schema: SCHEMA, findings };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
