//! A million damaged inputs for the decoder, and some thousands for the server's connection, where no fuzzer is at
//! hand. Without change in code and settings, every run is the same.
//!
//! `MUTATION_SEED` starts another run, `MUTATION_COUNT` sets the number of inputs for the decoder; for the connection
//! it is a fiftieth of that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]

use std::{
    collections::BTreeMap,
    env,
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use mutation::mutated;
use recordings::{random::Random, recordings, seeds};
use targets::{connection::Plugin, decoder};

mod mutation;
mod recordings;
mod targets;

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} must be a number, but is {text:?}"))
}

/// Runs `check` on `count` mutations of `seeds`; on a panic, says which input it was.
fn run(what: &str, count: u64, seeds: &[Vec<u8>], mut check: impl FnMut(u64, &[u8])) {
    let seed = setting("MUTATION_SEED", 1);
    println!("{what}: {count} inputs from {} seeds, MUTATION_SEED={seed}", seeds.len());
    let mut random = Random::new(seed);
    for round in 0..count {
        let input = mutated(seeds, &mut random);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(round, &input))) {
            println!("{what}: MUTATION_SEED={seed}, input {round}: {input:02x?}");
            resume_unwind(panic);
        }
    }
}

#[test]
fn decoder_survives_mutations() {
    let seeds = seeds::single_values(&recordings());
    let mut outcomes = Outcomes::default();
    run("decoder", setting("MUTATION_COUNT", 1_000_000), &seeds, |round, input| {
        let read = decoder::read(input, usize::MAX);
        read.check_limits();
        match round % 8 {
            0 => read.check_pieces(input, 1 + input.len() / 7),
            1 => read.check_encoding(),
            2 if round % 64 == 2 => read.check_pieces(input, 1),
            _ => {}
        }
        outcomes.count(&read.outcome);
    });
    outcomes.assert_varied(12);
}

#[test]
fn connection_survives_mutations() {
    let seeds: Vec<Vec<u8>> = (recordings().iter())
        .filter(|recording| recording.direction == "c2s")
        .flat_map(|recording| [recording.gob().to_vec(), recording.bytes.clone()])
        .collect();
    let plugin = Plugin::new();
    for seed in &seeds {
        assert!(plugin.serve(seed).replies > 0);
    }
    let mut outcomes = Outcomes::default();
    let mut replies = 0;
    run("connection", setting("MUTATION_COUNT", 1_000_000) / 50, &seeds, |_, input| {
        let served = plugin.serve(input);
        replies += served.replies;
        outcomes.count(&served.exit.map_err(|error| error.kind()));
    });
    println!("{replies} replies");
    outcomes.assert_varied(3);
    assert!(replies > 0);
}

/// How often what came out: a loop whose inputs all fail in the same way tests nothing.
#[derive(Default)]
struct Outcomes(BTreeMap<String, u64>);

impl Outcomes {
    fn count(&mut self, outcome: &impl Debug) {
        let text = format!("{outcome:?}");
        let kind = text.split([' ', '{']).next().unwrap_or_default();
        match self.0.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(kind.to_owned(), 1)),
        }
    }

    fn assert_varied(&self, kinds: usize) {
        println!("{:#?}", self.0);
        assert!(self.0.len() >= kinds, "only {} different outcomes", self.0.len());
        let total: u64 = self.0.values().sum();
        let good: u64 =
            self.0.iter().filter(|(kind, _)| kind.starts_with("Ok")).map(|(_, count)| count).sum();
        assert!(good * 20 > total && good < total, "{good} of {total} inputs were accepted");
    }
}
