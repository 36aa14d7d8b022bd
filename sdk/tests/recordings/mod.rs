//! The recorded sessions, for the tests that feed on them.
#![allow(dead_code, reason = "no test uses everything")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use machine_driver::plugin::wire::{DecodeError, Decoded, Decoder, Encoder, Limits, Value};

pub(crate) mod random;
pub(crate) mod render;
pub(crate) mod seeds;

pub(crate) const DIRECTIONS: [&str; 2] = ["c2s", "s2c"];

/// One direction of one recorded connection.
pub(crate) struct Recording {
    pub(crate) directory: PathBuf,
    /// `c2s` or `s2c`.
    pub(crate) direction: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// All recordings: those in the folder named by `PLUGIN_SESSIONS`, by default the project's own.
pub(crate) fn recordings() -> Vec<Recording> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sessions");
    recordings_in(&env::var_os("PLUGIN_SESSIONS").map_or(own, PathBuf::from))
}

/// All recordings in a folder, at any depth.
pub(crate) fn recordings_in(folder: &Path) -> Vec<Recording> {
    let mut sessions = Vec::new();
    find_sessions(folder, &mut sessions);
    sessions.sort();
    assert!(
        !sessions.is_empty(),
        "no recorded session in {}: expected directories with c2s.hex and s2c.hex",
        folder.display()
    );
    let both = |session: PathBuf| DIRECTIONS.map(|direction| Recording::read(session.clone(), direction));
    sessions.into_iter().flat_map(both).collect()
}

fn find_sessions(folder: &Path, sessions: &mut Vec<PathBuf>) {
    let files =
        DIRECTIONS.map(|direction| ["hex", "json"].map(|kind| folder.join(format!("{direction}.{kind}"))));
    if files.as_flattened().iter().any(|file| file.exists()) {
        sessions.push(folder.to_owned());
    }
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_sessions(&path, sessions);
        }
    }
}

impl Recording {
    fn read(directory: PathBuf, direction: &'static str) -> Self {
        let mut recording = Self { directory, direction, bytes: Vec::new() };
        recording.bytes = from_hex(&recording.file("hex"));
        recording
    }

    /// Text of the file of this direction with this extension.
    pub(crate) fn file(&self, extension: &str) -> String {
        let path = self.directory.join(format!("{}.{extension}", self.direction));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    pub(crate) fn label(&self) -> String {
        let session = self.directory.file_name().unwrap_or_default().to_string_lossy();
        format!("{session}/{}", self.direction)
    }

    /// The HTTP prelude, up to and including its empty line.
    pub(crate) fn prelude(&self) -> &[u8] {
        let end = (1..=self.bytes.len())
            .find(|end| self.bytes[..*end].ends_with(b"\n\n") || self.bytes[..*end].ends_with(b"\r\n\r\n"));
        &self.bytes[..end.unwrap_or(0)]
    }

    /// The gob stream.
    pub(crate) fn gob(&self) -> &[u8] {
        &self.bytes[self.prelude().len()..]
    }
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2), "odd number of hexadecimal digits");
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Decodes a whole stream that arrives in the pieces whose lengths `next_length` names.
pub(crate) fn decode(
    mut gob: &[u8],
    mut next_length: impl FnMut() -> usize,
) -> (Vec<Decoded>, Decoder, Result<(), DecodeError>) {
    let mut decoder = Decoder::new(Limits::default());
    let mut values = Vec::new();
    loop {
        loop {
            match decoder.next() {
                Ok(Some(value)) => values.push(value),
                Ok(None) => break,
                Err(error) => return (values, decoder, Err(error)),
            }
        }
        if gob.is_empty() {
            return (values, decoder, Ok(()));
        }
        let (piece, rest) = gob.split_at(next_length().clamp(1, gob.len()));
        decoder.push(piece);
        gob = rest;
    }
}

/// Registers the types of the interfaces in a decoded value as they were on the wire.
pub(crate) fn register_types(decoded: &Decoded, decoder: &Decoder, encoder: &mut Encoder) {
    register(&decoded.value, decoder, encoder, &mut decoded.concrete_types.iter());
}

fn register<'a>(
    value: &Value,
    decoder: &Decoder,
    encoder: &mut Encoder,
    concrete_types: &mut impl Iterator<Item = &'a i64>,
) {
    match value {
        Value::Slice(items) => items.iter().for_each(|item| register(item, decoder, encoder, concrete_types)),
        Value::Struct(fields) => {
            fields.iter().for_each(|(_, field)| register(field, decoder, encoder, concrete_types));
        }
        Value::Map(pairs) => pairs.iter().for_each(|(key, element)| {
            register(key, decoder, encoder, concrete_types);
            register(element, decoder, encoder, concrete_types);
        }),
        Value::Interface(Some(held)) => {
            let concrete = concrete_types.next().expect("a concrete type for every interface");
            if let Some(of) = decoder.type_of(*concrete) {
                encoder.register(&held.0, of);
            }
            register(&held.1, decoder, encoder, concrete_types);
        }
        _ => {}
    }
}
