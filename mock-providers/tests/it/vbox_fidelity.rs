//! Recordings of a real VirtualBox 7.2.22, replayed on the mock.
//!
//! `tests/fidelity/` has every call that was recorded, with its arguments, exit code and both outputs; the README there
//! says how to read it. Calls that the mock answers otherwise are listed in `differences.json`, each with its reason. The
//! test fails when another one differs, and when a listed one does not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use machine_mock_providers::{
    faults::{FaultKind, FaultPlan, When},
    guest::Acpi,
    vbox::{Account, Server, ServerOptions},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::vbox_template::Bindings;

/// Share of the calls that must be equal, in percent.
const GOAL: usize = 95;

/// A line of a recording.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    /// Something that was done between two calls.
    Step { before: Vec<String> },
    /// A call of `VBoxManage`.
    Call(Box<Recorded>),
}

#[derive(Debug, Deserialize)]
struct Recorded {
    call: Vec<String>,
    /// None for a call that was given up.
    exit: Option<u8>,
    #[serde(default)]
    stdout: Value,
    #[serde(default)]
    stderr: Value,
    /// Another program than `VBoxManage`.
    program: Option<String>,
    /// Whether it went through the start script of the package.
    #[serde(default)]
    start_script: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    recording: String,
    calls: Vec<usize>,
    #[expect(dead_code, reason = "for readers")]
    reason: String,
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the share of equal calls is the result")]
async fn recordings_of_the_real_one_replay() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fidelity");
    let texts: Vec<Value> = read(&folder.join("texts.json"));
    let listed: Vec<Difference> = read(&folder.join("differences.json"));
    let listed: BTreeSet<(String, usize)> = listed
        .into_iter()
        .flat_map(|it| it.calls.into_iter().map(move |call| (it.recording.clone(), call)))
        .collect();
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let mut found = BTreeMap::new();
    let mut calls = 0;
    let mut recordings: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    recordings.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    recordings.sort();
    for path in recordings {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut replay = Replay::new(server.account(&name).unwrap(), &texts);
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            match serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}")) {
                Line::Step { before } => replay.step(&before).await,
                Line::Call(recorded) => {
                    if let Err(difference) = replay.call(&recorded).await {
                        found.insert((name.clone(), replay.calls), (recorded.call.join(" "), difference));
                    }
                    replay.calls += 1;
                }
            }
        }
        calls += replay.calls;
        server.close_account(&name);
    }
    let equal = calls - found.len();
    println!("{equal} of {calls} recorded calls are equal ({} %)", equal * 100 / calls);
    let new: Vec<String> = found
        .iter()
        .filter(|(place, _)| !listed.contains(*place))
        .map(|((name, number), (call, difference))| format!("{name} {number}: {call}\n    {difference}"))
        .collect();
    let gone: Vec<_> = listed.iter().filter(|place| !found.contains_key(*place)).collect();
    assert!(new.is_empty(), "{} calls differ that are not listed:\n{}", new.len(), new.join("\n"));
    assert!(gone.is_empty(), "listed differences that are none any more: {gone:?}");
    assert!(equal * 100 >= calls * GOAL, "only {equal} of {calls} calls are equal");
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// One recording that is being replayed.
struct Replay<'a> {
    account: Account,
    texts: &'a [Value],
    known: Bindings,
    /// Stands for the root of the file system on which it was recorded.
    root: tempfile::TempDir,
    calls: usize,
}

impl<'a> Replay<'a> {
    fn new(account: Account, texts: &'a [Value]) -> Self {
        Self { account, texts, known: Bindings::default(), root: tempfile::tempdir().unwrap(), calls: 0 }
    }

    /// Puts real folders in.
    fn place(&self, text: &str) -> String {
        let show = |path: &Path| path.display().to_string();
        text.replace("{root}", &show(&self.root.path().canonicalize().unwrap()))
            .replace("{machines}", &show(&self.account.machine_folder()))
            .replace("{home}", &show(self.account.home()))
    }

    async fn call(&mut self, recorded: &Recorded) -> Result<(), String> {
        if let Some(program) = &recorded.program {
            return Err(format!("{program} is another program"));
        }
        let exit = recorded.exit.ok_or("it was given up when it was recorded")?;
        self.set("start-script-warns", json!(recorded.start_script));
        let arguments = recorded.call.iter().map(|argument| self.known.fill(&self.place(argument)));
        let finished = self.account.run_with_input(arguments, b"header".to_vec()).await;
        if finished.exit != exit {
            let (code, stderr) = (finished.exit, finished.stderr);
            return Err(format!("expected exit code {exit}, found {code} with {stderr:?}"));
        }
        self.compare(&recorded.stdout, &finished.stdout)
            .map_err(|error| format!("standard output: {error}"))?;
        self.compare(&recorded.stderr, &finished.stderr).map_err(|error| format!("standard error: {error}"))
    }

    fn compare(&mut self, expected: &Value, actual: &str) -> Result<(), String> {
        match expected {
            Value::Null => self.known.accept("", actual),
            Value::String(text) => {
                let text = self.place(text);
                self.known.accept(&text, actual)
            }
            Value::Number(number) => {
                let index = usize::try_from(number.as_u64().unwrap()).unwrap();
                let text = self.texts[index].clone();
                self.compare(&text, actual)
            }
            // Long texts are kept only in part.
            Value::Object(part) => {
                let begin = self.place(part["begins"].as_str().unwrap());
                self.known.accept(&begin, actual.get(..begin.len()).unwrap_or(actual))
            }
            other => panic!("{other} is no text"),
        }
    }

    fn set(&self, condition: &str, value: Value) {
        let mut conditions = json!(self.account.conditions());
        conditions[condition] = value;
        self.account.set_conditions(serde_json::from_value(conditions).unwrap());
    }

    /// Does what was done between two calls. What starts with `call` are calls that were made and not recorded.
    async fn step(&mut self, words: &[String]) {
        let words: Vec<String> = words.iter().map(|word| self.place(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let account = &self.account;
        match words.as_slice() {
            ["call", arguments @ ..] => {
                let finished = account.run(arguments.iter().copied()).await;
                assert_eq!(finished.exit, 0, "{arguments:?}: {}", finished.stderr);
            }
            ["directory", path] => fs::create_dir_all(path).unwrap(),
            ["file", path, length] => {
                fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
                fs::File::create(path).unwrap().set_len(length.parse().unwrap()).unwrap();
            }
            ["copy", from, to] => drop(fs::copy(from, to).unwrap()),
            ["remove", path] => fs::remove_file(path).unwrap(),
            ["remove-folder", path] => fs::remove_dir_all(path).unwrap(),
            ["condition", name, value] => self.set(name, json!(*value == "true")),
            ["seed-interface"] => drop(account.seed_interface().unwrap()),
            ["crash"] => account.crash_server(),
            ["abort", vm] => account.abort(vm).unwrap(),
            ["power-off", vm] => account.power_off(vm).unwrap(),
            ["triple-fault", vm] => account.triple_fault(vm).unwrap(),
            ["hold", vm, state] => account.hold_state(vm, state).unwrap(),
            ["lock", vm] => account.lock(vm).unwrap(),
            ["request-lock", vm] => account.request_lock(vm).unwrap(),
            ["unlock", vm] => account.unlock(vm).unwrap(),
            ["ignore-acpi", vm] => account.set_acpi(vm, Acpi::Ignores).unwrap(),
            ["kill-process-at-start"] => {
                account.set_faults(FaultPlan::one(
                    When::operation("startvm"),
                    FaultKind::BootError { message: None },
                ));
            }
            ["die-at-next-call"] => {
                account.set_faults(FaultPlan::one(When::call(1), FaultKind::Drop { acted: false }));
            }
            ["no-faults"] => account.clear_faults(),
            ["truncate", folder] => {
                for entry in fs::read_dir(folder).unwrap() {
                    fs::File::create(entry.unwrap().path()).unwrap();
                }
            }
            ["empty-folder", folder] => {
                for entry in fs::read_dir(folder).unwrap() {
                    fs::remove_file(entry.unwrap().path()).unwrap();
                }
            }
            other => panic!("there is no step {other:?}"),
        }
    }
}
