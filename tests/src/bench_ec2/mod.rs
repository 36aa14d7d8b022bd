//! Figures of the EC2 mock beside its peers: every server answers the same calls in one run, one server at a time.

mod api;
mod guests;
mod server;
mod table;

use std::path::{Path, PathBuf};

pub use server::Peer;

use crate::{executables, peers::NotTested, python_tools::PythonTools};

/// What is measured.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the command line's options")]
pub struct Plan {
    /// Executable of our mock; without it, it is built in the profile of this program.
    pub mock: Option<PathBuf>,
    /// Instances that the servers hold when they are measured, ascending.
    pub sizes: Vec<usize>,
    /// Running instances with live SSH, ascending; empty for none.
    pub guests: Vec<usize>,
    /// Servers beside ours and those that are installed from Python's registry.
    pub peers: Vec<Peer>,
    /// Names of the servers to leave out.
    pub without: Vec<String>,
}

/// Measures everything and returns the tables as Markdown.
///
/// # Errors
///
/// Our mock cannot be built or fails. A peer that fails is a column with the reason.
pub async fn figures(plan: &Plan) -> anyhow::Result<String> {
    let mock = match &plan.mock {
        Some(mock) => mock.clone(),
        None => executables::machine_conformance()?,
    };
    let (peers, missing) = peers(&mock, plan);
    let mut columns = Vec::new();
    for peer in peers {
        eprint_line(&format!("measuring {}", peer.name));
        let sizes = plan.sizes.clone();
        columns.push(tokio::task::spawn_blocking(move || api::measured(&peer, &sizes)).await??);
    }
    let mut text = table::of_servers(&columns, &missing);
    if !plan.guests.is_empty() {
        let rows = guests::measured(&mock, &plan.guests).await?;
        text.push('\n');
        text.push_str(&table::of_guests(&rows));
    }
    Ok(text)
}

fn peers(mock: &Path, plan: &Plan) -> (Vec<Peer>, Vec<NotTested>) {
    let mut peers = vec![Peer::ours(mock)];
    let mut missing = Vec::new();
    match PythonTools::installed() {
        Ok(tools) => peers.push(Peer::moto(&tools)),
        Err(not_tested) => missing.push(not_tested),
    }
    peers.extend(plan.peers.iter().cloned());
    peers.retain(|peer| !plan.without.contains(&peer.name));
    (peers, missing)
}

fn eprint_line(text: &str) {
    use std::io::Write;
    // Progress only.
    let _ = writeln!(std::io::stderr(), "{text}");
}
