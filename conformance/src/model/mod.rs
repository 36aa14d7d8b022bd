//! Model-based walks: stories of operations and outside events, and the state that each step must lead to.
//!
//! A story is carried out against the driver as a host would, and the reference state machine (`contract`) says what each
//! operation may answer in each situation, also where it makes no sense. After each step the machine is looked at from
//! all sides (`inspect`). A story that fails is made as short as it can be (`shrink`), told step by step, and can be
//! carried out again from its JSON ([`Story`]).
//!
//! Stories come from three places: a corpus that is compiled in, the author's folder, and a generator that is seeded by
//! the run. The generator and the shrinking are our own: libraries for property tests generate without knowing the
//! state and remove one step at a time; here each candidate takes processes and a provider, so what is generated should
//! make progress, and what is removed is removed in halves first.

mod carry_out;
mod contract;
mod corpus;
mod generate;
mod inspect;
mod settings;
mod shrink;
mod situation;
mod story;
mod summary;
mod walker;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::task::JoinSet;

use self::{
    carry_out::{Walked, carry_out},
    summary::{Failure, Found},
};
pub use self::{
    corpus::CorpusError,
    settings::Settings,
    situation::Situation,
    story::{Action, Move, Processes, SCHEMA, Story, StoryError},
};
use crate::{
    check::{Need, Stop},
    context::Context,
};

pub(crate) use self::{
    generate::Shape,
    settings::{MOST_STEPS, MOST_WALKS},
};

/// Stories of a check that are made shorter. A driver that is wrong in more ways has enough to read.
const MOST_SHORTENED: usize = 3;

/// Group of the checks that are walks.
pub(crate) const GROUP: &str = "walk";

/// Carries out the stories that are known: those of the run's `--replay`, or else the corpus and the author's folder.
///
/// # Errors
/// [`Stop`] if a machine cannot be created at all, or no story can be told at this provider.
pub(crate) async fn known(cx: Context) -> Result<(), Stop> {
    let settings = cx.walks();
    let stories = if settings.replay.is_empty() {
        let mut stories = corpus::compiled_in();
        stories.extend(settings.known.iter().cloned());
        stories
    } else {
        settings.replay.clone()
    };
    walk(cx, stories).await
}

/// Carries out stories that are made up for this run.
///
/// # Errors
/// As [`known`].
pub(crate) async fn generated(cx: Context, shape: Shape) -> Result<(), Stop> {
    let settings = cx.walks();
    let offers = |need| cx.offers(need);
    let stories = (1..=shape.share_of(settings.walks))
        .map(|number| {
            let name = format!("walk {number}");
            let story = generate::story(cx.random(&name), shape, &settings, &offers);
            (name, story)
        })
        .collect();
    walk(cx, stories).await
}

/// Carries stories out, as many at the same time as the run has jobs; then makes those shorter that fail in new ways,
/// and reports what was found.
async fn walk(cx: Context, stories: Vec<(String, Story)>) -> Result<(), Stop> {
    let told = stories.len();
    let mut walking = JoinSet::new();
    let suited = stories.into_iter().filter(|(_, story)| story.needs().iter().all(|need| cx.offers(*need)));
    for (index, (origin, story)) in suited.enumerate() {
        let cx = cx.clone();
        walking.spawn(async move {
            let walked = permitted(&cx, &format!("{index} {origin}"), &story).await;
            (index, Found { origin, story, walked })
        });
    }
    let mut found = Vec::new();
    while let Some(joined) = walking.join_next().await {
        found.push(joined.map_err(|error| Stop::Suite(format!("a walk broke: {error}")))?);
    }
    found.sort_by_key(|(index, _)| *index);
    let found: Vec<Found> = found.into_iter().map(|(_, found)| found).collect();
    let unsuited = told - found.len();
    if found.is_empty() {
        return Err(Stop::NotTested(format!(
            "this provider offers too little for each of the {unsuited} stories"
        )));
    }
    let mut failures: Vec<Failure> = Vec::new();
    for failed in found.iter().filter(|found| !found.walked.problems.is_empty()) {
        let clauses = failed.walked.clauses();
        let known = |clause: &String| failures.iter().any(|failure| failure.clauses.contains(clause));
        if !clauses.iter().all(known) {
            let budget = match failures.len() {
                0..MOST_SHORTENED => cx.walks().shrinking,
                // Only whether it fails again.
                _ => 1,
            };
            failures.push(shortened(&cx, failed, clauses, budget).await);
        }
    }
    summary::report(&cx, found, failures, unsuited).await
}

/// Makes a story that fails shorter, as long as it breaks one of the same clauses.
async fn shortened(cx: &Context, failed: &Found, clauses: Vec<String>, budget: usize) -> Failure {
    let attempts = AtomicUsize::new(0);
    let fails = |candidate: Story| {
        let number = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let label = format!("{} shorter {number}", failed.origin);
        let clauses = &clauses;
        async move {
            let walked = permitted(cx, &label, &candidate).await;
            let same = walked.clauses().iter().any(|clause| clauses.contains(clause));
            same.then_some(walked)
        }
    };
    let shrunk = shrink::shrink(&failed.walked.happened, budget, fails).await;
    Failure { origin: failed.origin.clone(), clauses, shrunk }
}

async fn permitted(cx: &Context, label: &str, story: &Story) -> Walked {
    // Closed permits mean that the run ends; then nothing that comes of the walk counts.
    let _permit = Arc::clone(cx.case_permits()).acquire_owned().await;
    carry_out(cx, label, story).await
}

/// What the run must offer for an action.
fn need_of(action: Action) -> Option<Need> {
    match action {
        Action::Create | Action::Remove | Action::NewProcess => None,
        Action::Start | Action::Stop | Action::Kill | Action::Restart => Some(Need::Power),
        Action::PowerOff | Action::DeleteInstance => Some(Need::OutOfBand),
        Action::ChangeAddress => Some(Need::Readdress),
        Action::Pause => Some(Need::Pause),
        Action::RefuseNextChange | Action::ProviderDown | Action::ProviderUp => Some(Need::Faults),
    }
}
