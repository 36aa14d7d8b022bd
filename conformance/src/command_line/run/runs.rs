//! Carries a command line out: once, repeatedly, or after every change.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    RunArguments, again::Failed, cost::Cost, execution::Execution, note_on_stderr, order::Order, watch::Watch,
};
use crate::{
    command_line::failure::Failure,
    engine::Pause,
    report::{Report, RunRecord},
    verdict::ExitCode,
};

/// The runs of one command line.
pub(super) struct Runs<'a> {
    pub(super) arguments: &'a RunArguments,
    /// What failed before, if only that is to run.
    pub(super) failed: Option<Failed>,
    pub(super) pause: Option<Arc<dyn Pause>>,
}

impl Runs<'_> {
    /// One run.
    pub(super) fn once(&self, seed: Option<u64>) -> Result<u8, Failure> {
        let order = self.order(seed)?;
        Ok(self.run(order, None, None)?.summary.exit_code)
    }

    /// Runs until one is not conformant. A run that is conformant gets one line, the other one its whole report.
    pub(super) fn repeat(&self, seed: Option<u64>, most: Option<u32>) -> Result<u8, Failure> {
        let execution = Execution::new()?;
        let mut seed = seed;
        let mut number = 1;
        loop {
            let order = self.order(seed)?;
            let this_seed = order.seed;
            let text = Kept::default();
            let terminal = self.arguments.terminal(text.clone());
            let record = self.run(order, Some(&execution), Some(Box::new(terminal)))?;
            let code = record.summary.exit_code;
            if code != ExitCode::CONFORMANT {
                note_on_stderr(&format!(
                    "run {number} with seed {this_seed} is the first that is not conformant"
                ));
                text.show()?;
                return Ok(code);
            }
            note_on_stderr(&format!(
                "run {number} with seed {this_seed}: {} passed in {:.1} s",
                record.summary.passed,
                record.summary.duration_ms as f64 / 1000.0
            ));
            if most == Some(number) || execution.interrupted() {
                return Ok(code);
            }
            number += 1;
            seed = Some(this_seed.wrapping_add(1));
        }
    }

    /// Runs after every change of the driver or the profile, until the user ends it. The exit code is that of the last
    /// run that ended by itself.
    pub(super) fn watch(&self, seed: Option<u64>) -> Result<u8, Failure> {
        let execution = Execution::new()?;
        let mut order = self.order(seed)?;
        let mut watch = Watch::start(order.files(&order.subject()?))?;
        loop {
            let code = match self.run(order, Some(&execution), None) {
                Ok(record) => record.summary.exit_code,
                // The next change may repair it.
                Err(failure) => failure.report(&mut anstream::AutoStream::auto(io::stderr())),
            };
            order = loop {
                if execution.interrupted() {
                    return Ok(code);
                }
                note_on_stderr(&format!("waiting for a change of {}; Ctrl-C ends", watch.names()));
                if execution.until_interrupted(watch.changed()).is_none() {
                    return Ok(code);
                }
                match self.order(seed) {
                    Ok(order) => break order,
                    Err(failure) => drop(failure.report(&mut anstream::AutoStream::auto(io::stderr()))),
                }
            };
        }
    }

    fn order(&self, seed: Option<u64>) -> Result<Order, Failure> {
        let mut order = Order::new(self.arguments, &|name| std::env::var(name).ok())?;
        order.seed = seed.unwrap_or(order.seed);
        for note in &order.notes {
            note_on_stderr(note);
        }
        Ok(order)
    }

    fn run(
        &self,
        order: Order,
        execution: Option<&Execution>,
        terminal: Option<Box<dyn Report>>,
    ) -> Result<RunRecord, Failure> {
        let subject = order.subject()?;
        let selected = self.arguments.selected(&order)?;
        let selected = match &self.failed {
            Some(failed) => failed.of(selected)?,
            None => selected,
        };
        // Before the files of reports are made: nothing runs without the user's consent.
        let cost = Cost::of(&order, &selected)?;
        let reports = self.arguments.open_reports(order.seed, terminal)?;
        let own;
        let execution = match execution {
            Some(execution) => execution,
            None => {
                own = Execution::new()?;
                &own
            }
        };
        execution.run(order, subject, selected, cost, self.pause.clone(), reports)
    }
}

/// Text that may be shown later.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn show(&self) -> Result<(), Failure> {
        let text = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut stdout = anstream::AutoStream::auto(io::stdout());
        let written = stdout.write_all(&text).and_then(|()| stdout.flush());
        written.map_err(|error| Failure::environment(format!("cannot write to standard output: {error}")))
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
