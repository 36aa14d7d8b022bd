//! The host's store on disk: `machines/NAME/config.json`, as `docker-machine` writes it (plugin protocol, what the
//! host persists).

use std::{
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use machine_driver::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize, ser::Serializer as _};
use serde_json::{
    ser::{PrettyFormatter, Serializer},
    value::RawValue,
};

/// Version of the file format that hosts write today.
const CONFIG_VERSION: u32 = 3;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a> {
    config_version: u32,
    driver: serde_json::Value,
    driver_name: &'a str,
    host_options: serde_json::Value,
    name: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Read<'a> {
    #[serde(borrow)]
    driver: &'a RawValue,
}

/// Folder of a machine.
pub fn machine_dir(store: &Path, machine: &str) -> PathBuf {
    store.join("machines").join(machine)
}

/// Writes the record of a machine, making its folder with mode 0700 and the file with mode 0600.
///
/// # Errors
/// If the record is no JSON object, or the file system refuses.
pub async fn save(store: &Path, machine: &str, driver_name: &str, record: &[u8]) -> Result<()> {
    let driver = serde_json::from_slice(record).map_err(|error| {
        Error::new(ErrorKind::Protocol, format!("GetConfigRaw did not answer with JSON: {error}"))
    })?;
    let written = Written {
        config_version: CONFIG_VERSION,
        driver,
        driver_name,
        host_options: serde_json::json!({"Driver": "", "Memory": 0, "Disk": 0}),
        name: machine,
    };
    let text = indented(&written)?;
    let dir = machine_dir(store, machine);
    blocking(move || {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        let new = dir.join("config.json.new");
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        std::io::Write::write_all(&mut file, &text)?;
        std::fs::rename(&new, dir.join("config.json"))
    })
    .await
}

/// Reads the record of a machine: the bytes of the key `Driver`, as they stand in the file.
///
/// # Errors
/// If there is no readable file.
pub async fn load(store: &Path, machine: &str) -> Result<Vec<u8>> {
    let path = machine_dir(store, machine).join("config.json");
    let text = tokio::fs::read(&path)
        .await
        .map_err(|error| Error::new(ErrorKind::Io, format!("cannot read {}: {error}", path.display())))?;
    let read: Read<'_> = serde_json::from_slice(&text).map_err(|error| {
        Error::new(ErrorKind::Config, format!("{} is not usable: {error}", path.display()))
    })?;
    Ok(read.driver.get().as_bytes().to_vec())
}

fn indented(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    "));
    serializer
        .serialize_newtype_struct("config", value)
        .map_err(|error| Error::new(ErrorKind::Config, format!("the record cannot be written: {error}")))?;
    Ok(text)
}

async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<()> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => {
            outcome.map_err(|error| Error::new(ErrorKind::Io, format!("cannot write the store: {error}")))
        }
        Err(error) => Err(Error::new(ErrorKind::Other, format!("writing the store was cut short: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn the_record_survives_byte_for_byte_in_its_indented_form() {
        let store = tempfile::tempdir().unwrap();
        save(store.path(), "m", "acme", br#"{"Zeta":1,"Alpha":"x"}"#).await.unwrap();
        let loaded = load(store.path(), "m").await.unwrap();
        let text = String::from_utf8(loaded).unwrap();
        assert_eq!(text, "{\n        \"Zeta\": 1,\n        \"Alpha\": \"x\"\n    }");
    }
}
