//! `machine-conformance new`

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};

use super::{failure::Failure, output::Stopped};
use crate::scaffold::{DriverName, Like, Scaffold, ScaffoldError, Source};

/// Address of the project's repository, as its manifest has it.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

const EXAMPLES: &str = "\
Examples:
  machine-conformance new acme
  machine-conformance new acme --like ec2 --sdk-path ../machine-conformance";

/// A repository for a new driver in Rust: it builds, passes the suite, and is gated from its first commit.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct NewArguments {
    /// Name of the driver: lower-case letters, digits and dashes
    #[arg(value_name = "NAME")]
    name: DriverName,

    /// The reference driver to start from
    #[arg(long, value_name = "DRIVER", default_value = "template", value_parser = likes())]
    like: &'static Like,

    /// Folder to write to; by default docker-machine-driver-NAME
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,

    /// Take the SDK and the suite from this repository
    #[arg(long, value_name = "URL", help_heading = "SDK")]
    sdk_git: Option<String>,

    /// Commit of the repository
    #[arg(long, value_name = "REVISION", help_heading = "SDK", conflicts_with = "sdk_path")]
    sdk_revision: Option<String>,

    /// Take the SDK and the suite from this working copy
    #[arg(long, value_name = "FOLDER", help_heading = "SDK", conflicts_with = "sdk_git")]
    sdk_path: Option<PathBuf>,
}

fn likes() -> impl TypedValueParser<Value = &'static Like> {
    PossibleValuesParser::new(Like::ALL.iter().map(|like| PossibleValue::new(like.word).help(like.purpose)))
        .try_map(|word| word.parse::<&'static Like>())
}

impl NewArguments {
    pub(super) fn write(&self, out: &mut dyn Write) -> Result<(), Stopped> {
        let scaffold = Scaffold { name: self.name.clone(), like: self.like, source: self.source()? };
        let folder = self
            .path
            .clone()
            .unwrap_or_else(|| PathBuf::from(format!("docker-machine-driver-{}", self.name)));
        let written = scaffold.write(&folder).map_err(|error| refused(&error))?;
        let shown = folder.display();
        writeln!(
            out,
            "wrote {} files into {shown}: a driver like {} ({})",
            written.files.len(),
            self.like.word,
            self.like.purpose
        )?;
        if let Err(problem) = &written.formatted {
            writeln!(out, "not formatted ({problem}): run cargo fmt once (rustup component add rustfmt)")?;
        }
        writeln!(
            out,
            "\nNext:\n  cd {shown}\n  cargo test\n  git init && git add . && git commit -m \"docker-machine-driver-{}: begin\"",
            self.name
        )?;
        Ok(writeln!(out, "\nFORKING.md says what to change, and in which order.")?)
    }

    fn source(&self) -> Result<Source, Failure> {
        if let Some(path) = &self.sdk_path {
            let project = path
                .canonicalize()
                .map_err(|error| Failure::usage(format!("--sdk-path {}: {error}", path.display())))?;
            for part in ["sdk", "conformance"] {
                if !project.join(part).join("Cargo.toml").is_file() {
                    return Err(not_the_project(path, part));
                }
            }
            return Ok(Source::Path(project));
        }
        let url = self.sdk_git.clone().unwrap_or_else(|| REPOSITORY.to_owned());
        if url.is_empty() {
            return Err(Failure::usage(
                "this build does not know where its repository is: say where the SDK comes from",
            )
            .help("--sdk-git URL for a repository, --sdk-path FOLDER for a working copy"));
        }
        Ok(Source::Git { url, revision: self.sdk_revision.clone() })
    }
}

fn not_the_project(path: &Path, part: &str) -> Failure {
    Failure::usage(format!(
        "--sdk-path {}: there is no {part}/Cargo.toml in it; name the folder of the project",
        path.display()
    ))
}

fn refused(error: &ScaffoldError) -> Failure {
    match error {
        ScaffoldError::NotEmpty(_) => Failure::usage(error.to_string()).help("name another one with --path"),
        ScaffoldError::Manifest(_) => Failure::suite(error.to_string()),
        _ => Failure::environment(error.to_string()),
    }
}
