//! Writes the inputs to start from, made of the recorded sessions, to `corpus/decoder` and `corpus/connection`.
//! Takes the folder of the recordings as its only argument; without one, the project's own.

use std::{env, fs, io, path::Path, path::PathBuf};

#[path = "../../tests/recordings/mod.rs"]
mod recordings;

fn main() -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = env::args_os().nth(1).map_or(here.join("../fixtures/sessions"), PathBuf::from);
    let recordings = recordings::recordings_in(&folder);
    let streams = recordings.iter().map(|recording| recording.gob().to_vec());
    let decoder = recordings::seeds::single_values(&recordings).into_iter().chain(streams);
    write(&here.join("corpus/decoder"), decoder)?;
    let from_hosts = recordings.iter().filter(|recording| recording.direction == "c2s");
    let connection = from_hosts.flat_map(|recording| [recording.gob().to_vec(), recording.bytes.clone()]);
    write(&here.join("corpus/connection"), connection)
}

fn write(folder: &Path, inputs: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut count = 0;
    for input in inputs {
        fs::write(folder.join(format!("recorded-{count:04}")), input)?;
        count += 1;
    }
    println!("{count} inputs in {}", folder.display());
    Ok(())
}
