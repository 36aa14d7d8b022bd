use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use machine_driver::{
    Context, Error, ErrorKind, FileLock, Result,
    wait::{Wait, Waits},
};
use reqwest::Url;
use ring::digest::{self, SHA256};
use tokio::io::AsyncWriteExt;

/// Somebody else downloads the same image.
const DOWNLOADED: Wait =
    Wait::new("another process to download the image", Duration::from_secs(1800), Duration::from_secs(1));
/// The next piece of a download.
const PIECE: Wait = Wait::new("the next piece of the image", Duration::from_secs(60), Duration::from_secs(1));
/// Scaling waits down must not cut off downloads.
const SHORTEST_PIECE: Duration = Duration::from_secs(4);
/// Largest image that is downloaded; boot2docker has 57 MB.
const LARGEST: u64 = 2 << 30;
/// Where an ISO 9660 image says that it is one.
const MARK_AT: u64 = 0x8001;
const MARK: &[u8] = b"CD001";

/// A Boot2docker image, or another ISO image, as a driver's options name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    location: Location,
    checksum: Option<Checksum>,
    user_agent: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Location {
    Web(Url),
    File(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Checksum {
    flag: &'static str,
    sha256: String,
}

impl Image {
    /// Reads a URL (`http`, `https`, `file`) or an absolute path, the value of `flag`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] naming the flag (FLAG-009).
    pub fn parse(flag: &str, location: &str) -> Result<Self> {
        let malformed = || {
            let text =
                format!("must be an http, https or file URL, or an absolute path, but is {location:?}");
            Error::invalid_option(flag, text)
        };
        let location = match Url::parse(location) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                if !url.username().is_empty() || url.password().is_some() {
                    // URLs end up in logs.
                    return Err(Error::invalid_option(flag, "must not carry a user or password"));
                }
                Location::Web(url)
            }
            Ok(url) if url.scheme() == "file" => {
                Location::File(url.to_file_path().map_err(|()| malformed())?)
            }
            _ if Path::new(location).is_absolute() => Location::File(location.into()),
            _ => return Err(malformed()),
        };
        let user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        Ok(Self { location, checksum: None, user_agent })
    }

    /// The same image, downloaded in the name of the driver: its name and version, `docker-machine-driver-acme/1.0`.
    #[must_use]
    pub fn with_user_agent(self, user_agent: &'static str) -> Self {
        Self { user_agent, ..self }
    }

    /// The same image, which must have a SHA-256: the value of `flag` in hexadecimal digits, `sha256:` before them or not;
    /// an empty text for any.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] naming the flag (FLAG-009).
    pub fn with_checksum(self, flag: &'static str, checksum: &str) -> Result<Self> {
        let sha256 = checksum.strip_prefix("sha256:").unwrap_or(checksum).to_lowercase();
        let hexadecimal = sha256.len() == 64 && sha256.chars().all(|c| c.is_ascii_hexdigit());
        if !checksum.is_empty() && !hexadecimal {
            return Err(Error::invalid_option(flag, "must be a SHA-256 of 64 hexadecimal digits"));
        }
        let checksum = hexadecimal.then_some(Checksum { flag, sha256 });
        Ok(Self { checksum, ..self })
    }

    /// Path of the image on this computer, looked at: downloaded into the folder `cache` unless it is there (PRE-005).
    /// Several processes that want the same image download it once.
    ///
    /// # Errors
    /// If it cannot be had, is no ISO image, or has another checksum.
    pub async fn fetch(&self, cache: &Path, cx: &Context) -> Result<PathBuf> {
        let url = match &self.location {
            Location::File(path) => {
                self.inspect(path.clone()).await?;
                return Ok(path.clone());
            }
            Location::Web(url) => url,
        };
        let name = &hexadecimal(digest::digest(&SHA256, url.as_str().as_bytes()).as_ref())[..16];
        let path = cache.join(format!("boot2docker-{name}.iso"));
        if path.exists() && self.inspect(path.clone()).await.is_ok() {
            return Ok(path);
        }
        let lock = FileLock::acquire(&path.with_extension("lock"), &DOWNLOADED, cx.waits()).await?;
        if path.exists() && self.inspect(path.clone()).await.is_ok() {
            return Ok(path);
        }
        cx.log().info(format!("Downloading {url}..."));
        let part = path.with_extension("part");
        let downloaded = match download(url, self.user_agent, &part, cx.waits()).await {
            Ok(()) => self.inspect(part.clone()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = downloaded {
            let _ = tokio::fs::remove_file(&part).await;
            return Err(error.with_context("url", url));
        }
        tokio::fs::rename(&part, &path).await?;
        drop(lock);
        Ok(path)
    }

    async fn inspect(&self, path: PathBuf) -> Result<()> {
        let expected = self.checksum.clone();
        let inspected = tokio::task::spawn_blocking(move || inspect(&path, expected.as_ref())).await;
        inspected.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Io, "the look at it broke off").with_source(&error))
        })
    }
}

/// Whether a file is an ISO image and has this checksum.
fn inspect(path: &Path, expected: Option<&Checksum>) -> Result<()> {
    let unreadable = |error: &std::io::Error| {
        let text = format!("cannot read the boot2docker image {}", path.display());
        Error::new(ErrorKind::Io, text).with_source(error)
    };
    let mut file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut mark = [0; MARK.len()];
    file.seek(SeekFrom::Start(MARK_AT)).map_err(|error| unreadable(&error))?;
    if file.read_exact(&mut mark).is_err() || mark != MARK {
        let text = format!("the boot2docker image {} is no ISO image", path.display());
        return Err(Error::new(ErrorKind::InvalidOption, text));
    }
    let Some(Checksum { flag, sha256 }) = expected else { return Ok(()) };
    file.rewind().map_err(|error| unreadable(&error))?;
    let mut context = digest::Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(|error| unreadable(&error))? {
            0 => break,
            read => context.update(&buffer[..read]),
        }
    }
    let got = hexadecimal(context.finish().as_ref());
    if got == *sha256 {
        return Ok(());
    }
    let text =
        format!("the boot2docker image {} has the SHA-256 {got}, but --{flag} is {sha256}", path.display());
    Err(Error::new(ErrorKind::InvalidOption, text))
}

async fn download(url: &Url, user_agent: &str, to: &Path, waits: &Waits) -> Result<()> {
    let failed = |error: reqwest::Error| {
        Error::new(ErrorKind::Connection, "cannot download the boot2docker image")
            .with_source(&error.without_url())
    };
    // Fails if it was chosen before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder().user_agent(user_agent);
    if url.scheme() == "http" {
        // Certificates are not needed, and some systems have none.
        client = client.tls_certs_only([]);
    }
    let limit = waits.scale(PIECE.deadline).max(SHORTEST_PIECE);
    let client = client.read_timeout(limit).connect_timeout(limit).build().map_err(failed)?;
    let mut answer = client.get(url.clone()).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        let text = format!("cannot download the boot2docker image: the server answers {}", answer.status());
        return Err(Error::new(ErrorKind::Connection, text));
    }
    let mut file = tokio::fs::File::create(to).await?;
    let mut length = 0;
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        length += piece.len() as u64;
        if length > LARGEST {
            let text = format!("the boot2docker image is larger than {} GiB", LARGEST >> 30);
            return Err(Error::new(ErrorKind::InvalidOption, text));
        }
        file.write_all(&piece).await?;
    }
    Ok(file.sync_all().await?)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "tests/image.rs"]
mod tests;
