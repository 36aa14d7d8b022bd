//! Surroundings in which a driver finds neither a network nor credentials nor a home folder.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use machine_driver::FlagKind;
use tokio::{io::AsyncReadExt, net::TcpListener, task::JoinHandle};

use crate::{check::Stop, context::Context};

/// Variables by which programs of most languages find their HTTP proxy.
const PROXY_VARIABLES: [&str; 6] =
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
/// Variables with places exempt from the proxy.
const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// Variables by which programs find places for their files.
const FOLDER_VARIABLES: [&str; 4] = ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"];

/// The surroundings. They end with the value.
#[derive(Debug)]
pub(crate) struct Isolation {
    proxy: String,
    folder: PathBuf,
    blank: Vec<String>,
    contacts: Arc<Mutex<Vec<String>>>,
    watcher: JoinHandle<()>,
}

impl Isolation {
    /// Surroundings of their own for a check. The proxy refuses everything and remembers who was asked for.
    pub(crate) async fn new(cx: &Context) -> Result<Self, Stop> {
        let unusable =
            |error: std::io::Error| Stop::Environment(format!("cannot make quiet surroundings: {error}"));
        let folder = cx.private_dir().join("home");
        tokio::fs::create_dir_all(&folder).await.map_err(unusable)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(unusable)?;
        let proxy = format!("http://{}", listener.local_addr().map_err(unusable)?);
        let contacts = Arc::default();
        let watcher = tokio::spawn(watch(listener, Arc::clone(&contacts)));
        let blank = cx.facts().map(|facts| variables_of_texts(&facts.flags)).unwrap_or_default();
        Ok(Self { proxy, folder, blank, contacts, watcher })
    }

    /// Environment of a process in these surroundings.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let folder = self.folder.to_string_lossy().into_owned();
        let mut environment: BTreeMap<String, String> =
            self.blank.iter().map(|name| (name.clone(), String::new())).collect();
        environment.extend(PROXY_VARIABLES.map(|name| (name.to_owned(), self.proxy.clone())));
        environment.extend(NO_PROXY_VARIABLES.map(|name| (name.to_owned(), String::new())));
        environment.extend(FOLDER_VARIABLES.map(|name| (name.to_owned(), folder.clone())));
        environment
    }

    /// First lines of what was sent to the proxy, for example `CONNECT api.acme.example:443 HTTP/1.1`.
    pub(crate) fn contacts(&self) -> Vec<String> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Files that were made in the home folder, relative to it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_below(&self.folder)
    }
}

impl Drop for Isolation {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// All files below `folder`, relative to it, sorted. A folder that cannot be read has none.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        for entry in std::fs::read_dir(&current).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                files.push(relative.to_owned());
            }
        }
    }
    files.sort();
    files
}

async fn watch(listener: TcpListener, contacts: Arc<Mutex<Vec<String>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let contacts = Arc::clone(&contacts);
        tokio::spawn(async move {
            let mut start = [0; 300];
            // Who connects and says nothing counts too.
            let length = stream.read(&mut start).await.unwrap_or_default();
            let text = String::from_utf8_lossy(&start[..length]);
            let line = text.lines().next().unwrap_or_default().to_owned();
            contacts.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        });
    }
}

/// Environment variables of text flags. Blank ones hide the credentials of the user who runs the suite; numbers and
/// switches cannot be blank.
fn variables_of_texts(flags: &[machine_driver::Flag]) -> Vec<String> {
    flags
        .iter()
        .filter(|flag| matches!(flag.kind, FlagKind::String { .. }))
        .flat_map(|flag| flag.env_var.split(','))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty() && !name.contains(['=', '\0']))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use machine_driver::Flag;
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[test]
    fn files_are_found_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        std::fs::write(folder.path().join("a/b/c"), "").unwrap();
        std::fs::write(folder.path().join("d"), "").unwrap();
        assert_eq!(files_below(folder.path()), [PathBuf::from("a/b/c"), PathBuf::from("d")]);
        assert_eq!(files_below(&folder.path().join("missing")), Vec::<PathBuf>::new());
    }

    #[test]
    fn only_variables_of_texts_are_blank() {
        let flags = [Flag::string("a").env_var("A, B"), Flag::int("c").env_var("C"), Flag::string("d")];
        assert_eq!(variables_of_texts(&flags), ["A", "B"]);
    }

    #[tokio::test]
    async fn contacts_are_remembered_and_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let contacts: Arc<Mutex<Vec<String>>> = Arc::default();
        let watcher = tokio::spawn(watch(listener, Arc::clone(&contacts)));
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"CONNECT api:443 HTTP/1.1\r\nHost: api\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // The end of the connection is the refusal, in whatever form it comes.
        let _ = stream.read_to_end(&mut answer).await;
        watcher.abort();
        assert!(answer.is_empty());
        assert_eq!(*contacts.lock().unwrap(), ["CONNECT api:443 HTTP/1.1"]);
    }
}
