//! Carries a story out, and judges what each operation answers.

use futures_util::future::join_all;
use machine_driver::Result as DriverResult;
use machine_mock_providers::faults::{Fault, FaultKind, FaultPlan, When};

use super::{
    Action, Move, Situation, Story,
    contract::{self, Expected, Outcome, Weather},
    inspect::{self, Operation, Step},
    walker::{Attempt, Walker},
};
use crate::{
    check::{Need, Stop},
    context::Context,
    engine::record_provider_calls,
    event::{CallRecord, LogRecord, Problem, StoryLine},
    session::{hit_the_limit, is_crash},
    world::Object,
};

/// Reason of the provider when it refuses a change.
const REASON: &str = "rack K17 is under maintenance";

/// A story that was carried out.
#[derive(Debug)]
pub(super) struct Walked {
    /// What really happened: the story without the moves that could not, and without those after the first problem.
    pub(super) happened: Story,
    /// The same, told line by line with what came of it.
    pub(super) lines: Vec<StoryLine>,
    /// Situation before, what was done, situation afterwards.
    pub(super) transitions: Vec<(Situation, Action, Situation)>,
    /// What was wrong, at the first step at which anything was.
    pub(super) problems: Vec<Problem>,
    pub(super) calls: Vec<CallRecord>,
    pub(super) log: Vec<LogRecord>,
    /// Why it broke off.
    pub(super) stop: Option<Stop>,
}

impl Walked {
    /// Nothing yet of `story`.
    pub(super) fn empty(story: &Story) -> Self {
        Self {
            happened: Story { rounds: Vec::new(), ..story.clone() },
            lines: Vec::new(),
            transitions: Vec::new(),
            problems: Vec::new(),
            calls: Vec::new(),
            log: Vec::new(),
            stop: None,
        }
    }

    /// The clauses that were broken, each once.
    pub(super) fn clauses(&self) -> Vec<String> {
        let mut clauses: Vec<String> = Vec::new();
        for problem in &self.problems {
            if !clauses.contains(&problem.clause) {
                clauses.push(problem.clause.clone());
            }
        }
        clauses
    }
}

/// Carries `story` out in a part of the provider of its own. `label` is unique in the check.
pub(super) async fn carry_out(check: &Context, label: &str, story: &Story) -> Walked {
    let mut walked = Walked::empty(story);
    let cx = match check.for_case(label, None).await {
        Ok(cx) => cx,
        Err(stop) => {
            walked.stop = Some(stop);
            return walked;
        }
    };
    walked.stop = from_begin_to_end(&cx, story, &mut walked).await.err();
    record_provider_calls(cx.recorder(), cx.tenant().as_ref()).await;
    walked.problems = cx.take_problems();
    if let Some(what) = cx.recorder().first_timeout() {
        check.recorder().timed_out(format!("{what} ({label}: {})", walked.happened));
    }
    check.recorder().absorb(cx.recorder().observations());
    (walked.calls, walked.log) = cx.recorder().finish();
    cx.end_case(true).await;
    walked
}

async fn from_begin_to_end(cx: &Context, story: &Story, walked: &mut Walked) -> Result<(), Stop> {
    // Somebody else's instance, which nothing may happen to. Where the provider cannot make one, there is none to watch.
    let _ = cx.tenant().crowd(1).await;
    let baseline = cx.inventory().await?;
    let mut walkers = Vec::new();
    for number in 1..=story.machines {
        walkers.push(Walker::begin(cx, number).await?);
    }
    let mut walk = Walk { cx, story, walked, walkers, baseline, provider_is_up: true, refuses_next: false };
    let outcome = walk.rounds().await;
    walk.tidy().await;
    outcome
}

/// A story that is under way.
struct Walk<'a> {
    cx: &'a Context,
    story: &'a Story,
    walked: &'a mut Walked,
    walkers: Vec<Walker>,
    /// The provider's objects before there was a machine.
    baseline: Vec<Object>,
    provider_is_up: bool,
    /// Whether the provider will refuse a change, and has not yet.
    refuses_next: bool,
}

/// What a move did.
enum Done {
    Operation(Attempt),
    Event(Result<(), Stop>),
}

impl Walk<'_> {
    /// All rounds until something is wrong, and then, unless something is, the end that every machine has: `Remove`.
    async fn rounds(&mut self) -> Result<(), Stop> {
        for round in &self.story.rounds {
            let moves: Vec<Move> = round.iter().filter(|step| self.can_happen(step)).copied().collect();
            if moves.is_empty() {
                continue;
            }
            self.walked.happened.rounds.push(moves.clone());
            self.round(&moves).await?;
            if self.cx.has_problems() {
                return Ok(());
            }
        }
        self.heal().await?;
        let left = self.walkers.iter().filter(|walker| walker.situation != Situation::Removed);
        let moves: Vec<Move> = left.map(|walker| Move::new(walker.number, Action::Remove)).collect();
        for step in moves {
            self.walked.happened.rounds.push(vec![step]);
            self.round(&[step]).await?;
            if self.cx.has_problems() {
                return Ok(());
            }
        }
        inspect::baseline(self.cx, &self.baseline).await;
        Ok(())
    }

    fn can_happen(&self, step: &Move) -> bool {
        let Some(walker) = self.walkers.get(step.machine - 1) else {
            return false;
        };
        match step.action {
            Action::ProviderUp => !self.provider_is_up,
            Action::ProviderDown | Action::RefuseNextChange => self.provider_is_up,
            action if action.is_operation() => true,
            event => contract::after_event(event, walker.situation).is_some(),
        }
    }

    async fn round(&mut self, moves: &[Move]) -> Result<(), Stop> {
        let number = self.walked.lines.iter().map(|line| line.round).max().unwrap_or(0) + 1;
        let before = self.cx.inventory().await?;
        if let [step] = moves
            && step.action.is_about_the_provider()
        {
            self.change_provider(step.action).await?;
            let situation = self.walkers[step.machine - 1].situation;
            self.tell(number, step, situation, situation, "");
            return self.inspect(number, &[], &before).await;
        }
        let done = self.do_all(moves).await;
        let weather = self.weather().await?;
        let mut operations = Vec::new();
        for (step, done) in moves.iter().zip(done) {
            match done {
                Done::Event(outcome) => {
                    outcome?;
                    let walker = &mut self.walkers[step.machine - 1];
                    let situation = walker.situation;
                    walker.situation = contract::after_event(step.action, situation).unwrap_or(situation);
                    let after = walker.situation;
                    self.tell(number, step, situation, after, "");
                }
                Done::Operation(attempt) => {
                    let alone = moves.len() == 1;
                    operations.push(self.judge(number, step, attempt, weather, alone).await?);
                }
            }
        }
        self.inspect(number, &operations, &before).await
    }

    /// Does everything of a round at the same time; the results are in the order of `moves`.
    async fn do_all(&mut self, moves: &[Move]) -> Vec<Done> {
        let (cx, processes) = (self.cx, self.story.processes);
        let mut doing = Vec::new();
        for walker in &mut self.walkers {
            let place = moves.iter().position(|step| step.machine == walker.number);
            if let Some(place) = place {
                let step = moves[place];
                doing.push(async move {
                    let done = if step.action.is_operation() {
                        Done::Operation(walker.operate(cx, processes, step.action, step.getters).await)
                    } else {
                        Done::Event(happen(cx, walker, step.action).await)
                    };
                    (place, done)
                });
            }
        }
        let mut done = join_all(doing).await;
        done.sort_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, done)| done).collect()
    }

    /// What the provider has done to the operations of the round.
    async fn weather(&mut self) -> Result<Weather, Stop> {
        if !self.provider_is_up {
            return Ok(Weather::Down);
        }
        if self.refuses_next && self.cx.tenant().fault_hits().await?.iter().any(|hits| *hits > 0) {
            self.refuses_next = false;
            return Ok(Weather::Refused);
        }
        Ok(Weather::Fair)
    }

    async fn change_provider(&mut self, action: Action) -> Result<(), Stop> {
        let tenant = self.cx.tenant();
        match action {
            Action::ProviderDown => {
                tenant.break_provider().await?;
                self.provider_is_up = false;
                self.refuses_next = false;
            }
            Action::ProviderUp => self.heal().await?,
            _ => {
                tenant.set_faults(refusal()).await?;
                self.refuses_next = true;
            }
        }
        Ok(())
    }

    async fn heal(&mut self) -> Result<(), Stop> {
        if !self.provider_is_up || self.refuses_next {
            self.cx.tenant().heal().await?;
        }
        self.provider_is_up = true;
        self.refuses_next = false;
        Ok(())
    }

    /// Compares what an operation answered with the reference state machine, and says what it was for the inspection.
    async fn judge(
        &mut self,
        number: usize,
        step: &Move,
        attempt: Attempt,
        weather: Weather,
        alone: bool,
    ) -> Result<Operation, Stop> {
        let cx = self.cx;
        let (action, machine) = (step.action, step.machine);
        let before = self.walkers[machine - 1].situation;
        let expected = contract::expected(action, before, weather);
        let first = self.walked.lines.is_empty() && alone && !step.getters;
        let here = format!("step {number}, {} of a machine that is {}", self.story.told(step), before.word());
        if let (Err(error), true) = (&attempt.outcome, first && expected.outcome == Outcome::Nil)
            && action == Action::Create
            && !is_crash(error, cx.offers(Need::Process))
        {
            self.tell(number, step, before, before, &shown(&attempt.outcome));
            return Err(cx.prerequisite("Create", error));
        }
        self.judge_answer(&here, action, &attempt, &expected);
        let candidates = match &attempt.outcome {
            Ok(()) => &expected.after_nil,
            Err(_) => &expected.after_error,
        };
        let after = inspect::observed(cx, &self.walkers[machine - 1], candidates).await?;
        self.walkers[machine - 1].situation = after;
        self.tell(number, step, before, after, &shown(&attempt.outcome));
        Ok(Operation { machine, action, clause: expected.clause, before, nil: attempt.outcome.is_ok() })
    }

    fn judge_answer(&self, here: &str, action: Action, attempt: &Attempt, expected: &Expected) {
        let cx = self.cx;
        if let Some(trouble) = &attempt.trouble {
            let what = format!("{here}: the saved record serves a new process");
            return cx.rule("PERSIST-001").broken(what, trouble);
        }
        if let Some(beside) = &attempt.beside {
            let what = format!("{here}: an answer or an error of every getter beside it");
            cx.rule("CONC-004").broken(what, beside);
        }
        if let Err(error) = &attempt.outcome {
            if hit_the_limit(action.told(), error) {
                return cx.rule(contract::must_end(action)).broken(format!("{here} ends"), error);
            }
            if is_crash(error, cx.offers(Need::Process)) {
                let what = format!("{here}: an answer or an error, and a process that lives");
                return cx.rule("PLUG-007").broken(what, error);
            }
        }
        match expected.outcome {
            Outcome::Nil => {
                cx.rule(expected.clause).succeeds(&attempt.outcome, here);
            }
            Outcome::Error => {
                cx.rule(expected.clause).fails(&attempt.outcome, here);
            }
            Outcome::Either => {}
        }
    }

    /// Looks at every machine, and at what belongs to nobody of them.
    async fn inspect(
        &mut self,
        number: usize,
        operations: &[Operation],
        before: &[Object],
    ) -> Result<(), Stop> {
        if self.cx.has_problems() {
            return Ok(());
        }
        let alone = self.story.machines == 1;
        for walker in &mut self.walkers {
            let operation = operations.iter().find(|operation| operation.machine == walker.number);
            let of = if alone { String::new() } else { format!(" of machine {}", walker.number) };
            let step = Step {
                here: format!("after step {number}{of} ({})", walker.situation.word()),
                operation,
                provider_is_up: self.provider_is_up,
                alone,
                baseline: &self.baseline,
            };
            inspect::machine(self.cx, walker, &step).await?;
            if self.cx.has_problems() {
                return Ok(());
            }
        }
        inspect::objects(self.cx, number, operations, before, &self.baseline, alone).await
    }

    fn tell(&mut self, round: usize, step: &Move, before: Situation, after: Situation, result: &str) {
        self.walked.transitions.push((before, step.action, after));
        self.walked.lines.push(StoryLine {
            round,
            told: self.story.told(step),
            before,
            after,
            result: self.cx.recorder().clean(result),
        });
    }

    /// Removes what a story that broke off has left, as well as it goes. What goes wrong is not judged: something else
    /// was wrong before.
    async fn tidy(&mut self) {
        let _ = self.heal().await;
        for walker in &self.walkers {
            if !matches!(walker.situation, Situation::Absent | Situation::Removed) {
                let _ = walker.machine.remove().await;
            }
        }
    }
}

/// Lets an event happen to one machine.
async fn happen(cx: &Context, walker: &mut Walker, event: Action) -> Result<(), Stop> {
    let tenant = cx.tenant();
    let name = walker.machine.name();
    match event {
        Action::PowerOff => tenant.power_off(name).await?,
        Action::DeleteInstance => tenant.delete_instance(name).await?,
        Action::ChangeAddress => {
            walker.address = Some(tenant.readdress(name).await?);
            return Ok(());
        }
        Action::Pause => tenant.pause(name).await?,
        _ => {
            if let Some(trouble) = walker.new_process().await {
                cx.rule("PERSIST-001").broken("a new process takes the record of the one before", trouble);
            }
            return Ok(());
        }
    }
    walker.address = None;
    Ok(())
}

/// The next change is refused, once.
fn refusal() -> FaultPlan {
    Fault::new(When::mutating(), FaultKind::failing(REASON)).times(1).into()
}

fn shown(outcome: &DriverResult<()>) -> String {
    match outcome {
        Ok(()) => "nil".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}
