//! Recorded connections of other hosts and plugins, byte for byte through the codec.
//!
//! The environment variable `PLUGIN_SESSIONS` names a folder with further recordings (see `fixtures/README.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]

use machine_driver::plugin::wire::{Decoded, Decoder, Encoder, Value};
use recordings::{Recording, decode, random::Random, recordings, register_types, render};
use serde_json::{Value as Json, json};

mod recordings;

#[test]
fn recorded_sessions() {
    let mut problems = Vec::new();
    let recordings = recordings();
    for recording in &recordings {
        let label = recording.label();
        for problem in check(recording) {
            problems.push(format!("{label}: {problem}"));
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    println!("{} sessions agree with their recordings", recordings.len() / 2);
}

fn check(recording: &Recording) -> Vec<String> {
    let recorded: Json = match serde_json::from_str(&recording.file("json")) {
        Ok(json) => render::canonical(json),
        Err(error) => return vec![format!("its JSON cannot be read: {error}")],
    };
    let gob = recording.gob();
    let (values, decoder, outcome) = decode(gob, || gob.len());
    if let Err(error) = outcome {
        return vec![format!("after {} values: {error}", values.len())];
    }
    let mut problems = Vec::new();
    check_against_json(recording, &values, &decoder, &recorded, &mut problems);
    check_pieces(gob, &values, &mut problems);
    check_encoding_again(&values, &decoder, &mut problems);
    check_calls(recording, &values, &mut problems);
    problems
}

fn check_against_json(
    recording: &Recording,
    values: &[Decoded],
    decoder: &Decoder,
    recorded: &Json,
    problems: &mut Vec<String>,
) {
    let prelude = recording.prelude();
    let mut whole = json!({
        "http_prelude": String::from_utf8_lossy(prelude),
        "http_prelude_len": prelude.len(),
        "total_len": recording.bytes.len(),
        "all_types": values.iter().flat_map(|value| &value.definitions)
            .map(|definition| (definition.id.to_string(), render::shape(definition)))
            .collect::<serde_json::Map<_, _>>(),
    });
    // Null if the process died before.
    if recorded["http_prelude"].is_null() && prelude.is_empty() {
        whole["http_prelude"] = Json::Null;
    }
    compare_known(recorded, &whole, "", problems);

    // The last call of a process that died may lack its body, or be marked as incomplete.
    let no_calls = Vec::new();
    let calls = recorded["rpcs"].as_array().unwrap_or(&no_calls);
    let expected: Vec<(String, &Json)> = (calls.iter().enumerate())
        .flat_map(|(call, parts)| {
            ["header", "body"].map(|part| (format!("rpcs[{call}].{part}"), &parts[part]))
        })
        .filter(|(_, part)| part.get("value").is_some())
        .filter(|(_, part)| part.get("error").is_none() && part.get("incomplete").is_none())
        .collect();
    if expected.len() != values.len() {
        problems.push(format!("{} values recorded, {} decoded", expected.len(), values.len()));
    }
    for ((path, expected), decoded) in expected.iter().zip(values) {
        compare_known(expected, &render::decoded(decoded, decoder, prelude.len()), path, problems);
    }
    let spanned: usize = values.iter().flat_map(|value| &value.messages).map(message_length).sum();
    if spanned + decoder.buffered() != recording.gob().len() {
        problems.push(format!("messages span {spanned} bytes, {} are left over", decoder.buffered()));
    }
}

fn message_length(message: &machine_driver::plugin::wire::Message) -> usize {
    message.len + usize::try_from(message.payload_offset - message.offset).unwrap()
}

/// Every field of `decoded` must be in `recorded`, and equal.
fn compare_known(recorded: &Json, decoded: &Json, path: &str, problems: &mut Vec<String>) {
    for (name, decoded) in decoded.as_object().unwrap() {
        match recorded.get(name) {
            Some(recorded) => compare(recorded, decoded, &format!("{path}.{name}"), problems),
            None => problems.push(format!("{path}.{name} is not recorded, decoded {decoded}")),
        }
    }
}

fn compare(recorded: &Json, decoded: &Json, path: &str, problems: &mut Vec<String>) {
    match (recorded, decoded) {
        (Json::Object(expected), Json::Object(found))
            if expected.len() == found.len() && expected.keys().all(|name| found.contains_key(name)) =>
        {
            for (name, expected) in expected {
                compare(expected, &found[name], &format!("{path}.{name}"), problems);
            }
        }
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(expected, found, &format!("{path}[{index}]"), problems);
            }
        }
        _ if recorded == decoded => {}
        _ => problems.push(format!("{path}: recorded {recorded}, decoded {decoded}")),
    }
}

/// However the bytes arrive, the result is the same.
fn check_pieces(gob: &[u8], values: &[Decoded], problems: &mut Vec<String>) {
    let mut random = Random::new(gob.len() as u64);
    let mut pieces = |name: &str, mut length: Box<dyn FnMut() -> usize + '_>| {
        let (again, _, outcome) = decode(gob, &mut length);
        if outcome.is_err() || again != values {
            problems.push(format!("{name}: other values than in one piece ({outcome:?})"));
        }
    };
    pieces("byte by byte", Box::new(|| 1));
    for round in 0..8 {
        pieces(&format!("random pieces, round {round}"), Box::new(|| 1 + random.below(1 << (round + 1))));
    }
}

/// What our encoder makes of the values is read as the same values and types.
fn check_encoding_again(values: &[Decoded], decoder: &Decoder, problems: &mut Vec<String>) {
    let mut encoder = Encoder::new();
    let mut bytes = Vec::new();
    for decoded in values {
        register_types(decoded, decoder, &mut encoder);
        let of = decoder.type_of(decoded.type_id).expect("recorded types are not recursive");
        encoder.encode(&of, &decoded.value, &mut bytes).unwrap();
    }
    let (again, other_decoder, outcome) = decode(&bytes, || usize::MAX);
    if outcome.is_err() || again.len() != values.len() {
        problems.push(format!("encoded again: {} values, {outcome:?}", again.len()));
    }
    for (index, (before, after)) in values.iter().zip(&again).enumerate() {
        let (was, is) = (decoder.describe_type(before.type_id), other_decoder.describe_type(after.type_id));
        if was != is || before.value != after.value {
            problems.push(format!(
                "encoded again, value {index}: {was} {:?}, then {is} {:?}",
                before.value, after.value
            ));
        }
    }
}

/// Every call in `calls.txt` is in the stream of its direction, and the other way round.
fn check_calls(recording: &Recording, values: &[Decoded], problems: &mut Vec<String>) {
    let Ok(calls) = std::fs::read_to_string(recording.directory.join("calls.txt")) else {
        return;
    };
    let mut listed: Vec<(u64, &str)> = (calls.lines())
        .filter(|line| recording.direction == "c2s" || !line.contains("-> NO REPLY"))
        .filter_map(|line| {
            let (_, rest) = line.split_once(" seq=")?;
            let (seq, rest) = rest.split_once(' ')?;
            Some((seq.parse().ok()?, rest.split(' ').next()?))
        })
        .collect();
    let mut found: Vec<(u64, &str)> = (values.chunks(2))
        .map(|call| {
            let seq = match call[0].value.field("Seq") {
                Some(Value::Uint(seq)) => *seq,
                _ => 0,
            };
            match call[0].value.field("ServiceMethod") {
                Some(Value::String(method)) => (seq, method.as_str()),
                _ => (seq, ""),
            }
        })
        .collect();
    // Replies come in another order than the calls.
    listed.sort_unstable();
    found.sort_unstable();
    if listed != found {
        problems.push(format!("calls.txt has {listed:?}, the stream {found:?}"));
    }
}

#[test]
fn all_ways_to_write_bytes_are_one() {
    let one = json!({ "$bytes": "fbff00" });
    for json in [json!({ "$bytes_hex": "fBff00" }), json!({ "$bytes_b64": "+/8A" }), one.clone()] {
        assert_eq!(render::canonical(json), one);
    }
    assert_eq!(
        render::canonical(json!({ "$bytes_base64": "aMO8" })),
        render::canonical(json!({ "$bytes_utf8": "hü" }))
    );
    assert_eq!(render::canonical(json!({ "$bytes_b64": "aA==" })), json!({ "$bytes": "68" }));
}
