//! From walks to the problems and numbers of their check.

use std::collections::BTreeMap;

use super::{Situation, Story, carry_out::Walked, shrink::Shrunk, story::Action};
use crate::{
    check::Stop,
    context::Context,
    event::{FailedStory, Problem, Transition, Walks},
};

/// A story that was carried out.
pub(super) struct Found {
    /// Where it comes from.
    pub(super) origin: String,
    pub(super) story: Story,
    pub(super) walked: Walked,
}

/// A story that failed in a way of its own.
pub(super) struct Failure {
    pub(super) origin: String,
    /// Clauses that it broke at first.
    pub(super) clauses: Vec<String>,
    pub(super) shrunk: Shrunk<Walked>,
}

/// Records problems, evidence and numbers in the context of the check.
///
/// # Errors
/// Why a story broke off.
pub(super) async fn report(
    cx: &Context,
    mut found: Vec<Found>,
    failures: Vec<Failure>,
    unsuited: usize,
) -> Result<(), Stop> {
    let mut walks = Walks {
        stories: found.len(),
        steps: found.iter().map(|found| found.walked.lines.len()).sum(),
        transitions: transitions(&found),
        ..Walks::default()
    };
    if unsuited > 0 {
        walks.left_out.push(format!(
            "{unsuited} of {} stories need what this provider does not offer",
            unsuited + found.len()
        ));
    }
    let stop = stop_of(&found);
    let mut evidence = None;
    for failure in failures {
        let place = found.iter().position(|found| found.origin == failure.origin);
        // Every failure is of a story that was found.
        let Some(place) = place else { continue };
        let likewise = likewise(&found, place, &failure.clauses);
        let first = &mut found[place];
        let steps_at_first = first.story.steps();
        let repeats = failure.shrunk.evidence.is_some();
        let walked = failure
            .shrunk
            .evidence
            .unwrap_or_else(|| std::mem::replace(&mut first.walked, Walked::empty(&first.story)));
        for problem in &walked.problems {
            cx.add_problem(in_story(problem, &walked.happened, repeats));
        }
        let clauses = walked.clauses();
        let saved = save(cx, &first.origin, &clauses, &walked.happened).await;
        walks.failures.push(FailedStory {
            origin: first.origin.clone(),
            clauses,
            lines: walked.lines,
            story: walked.happened,
            steps_at_first,
            attempts: failure.shrunk.attempts,
            repeats,
            likewise,
            saved,
        });
        evidence.get_or_insert((walked.calls, walked.log));
    }
    // Without a failure the first story shows what a walk looks like.
    let evidence = evidence.or_else(|| {
        let walked = &mut found.first_mut()?.walked;
        Some((std::mem::take(&mut walked.calls), std::mem::take(&mut walked.log)))
    });
    if let Some((calls, log)) = evidence {
        cx.recorder().adopt(calls, log);
    }
    cx.set_walks(walks);
    stop.map_or(Ok(()), Err)
}

/// The problem, with the story that leads to it.
fn in_story(problem: &Problem, story: &Story, repeats: bool) -> Problem {
    let chance =
        if repeats { "" } else { "; it did not fail when it was carried out again, so chance is part of it" };
    Problem { got: format!("{} (story: {story}{chance})", problem.got), ..problem.clone() }
}

fn likewise(found: &[Found], place: usize, clauses: &[String]) -> Vec<String> {
    let others = found.iter().enumerate().filter(|(index, _)| *index != place);
    others
        .filter(|(_, found)| found.walked.clauses().iter().any(|clause| clauses.contains(clause)))
        .map(|(_, found)| found.origin.clone())
        .collect()
}

fn transitions(found: &[Found]) -> Vec<Transition> {
    let mut counts: BTreeMap<(Situation, Action, Situation), usize> = BTreeMap::new();
    for way in found.iter().flat_map(|found| &found.walked.transitions) {
        *counts.entry(*way).or_default() += 1;
    }
    counts.into_iter().map(|((from, action, to), count)| Transition { from, action, to, count }).collect()
}

/// Why the first story of those that broke off did, and how many others.
fn stop_of(found: &[Found]) -> Option<Stop> {
    let stops: Vec<(&str, &Stop)> =
        found.iter().filter_map(|found| Some((found.origin.as_str(), found.walked.stop.as_ref()?))).collect();
    let (origin, stop) = stops.first()?;
    Some(match stop {
        Stop::Prerequisite(why) => Stop::Prerequisite(format!(
            "{} of {} stories broke off, the first one ({origin}): {why}",
            stops.len(),
            found.len()
        )),
        other => (*other).clone(),
    })
}

/// Saves a story that was made up, if the run keeps stories. A file that cannot be written is said in the report.
async fn save(cx: &Context, origin: &str, clauses: &[String], story: &Story) -> Option<String> {
    let folder = cx.walks().folder.clone()?;
    if !origin.starts_with("walk ") {
        // It has a file already.
        return None;
    }
    let clause = clauses.first().map_or("unknown", String::as_str);
    let mut story = story.clone();
    story.why = format!("Broke {} once", clauses.join(", "));
    let name = format!("{clause}-{:08x}", fingerprint(&story.to_string()));
    let saved = tokio::task::spawn_blocking(move || story.save(&folder, &name)).await;
    Some(match saved {
        Ok(Ok(path)) => path.display().to_string(),
        Ok(Err(error)) => format!("(not saved: {error})"),
        Err(error) => format!("(not saved: {error})"),
    })
}

/// A number that differs between stories, and is the same for the same one in every version (FNV-1a).
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
