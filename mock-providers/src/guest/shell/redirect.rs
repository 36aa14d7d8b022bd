//! Redirections, and writing to wherever they lead.

use super::{
    run::Shell,
    streams::{Input, Output, Streams},
    syntax::{Redirect, RedirectKind},
};
use crate::guest::disk::{DiskError, absolute};

impl Shell {
    /// Streams after the redirections of a command, or `None` after an error message.
    pub(super) async fn redirect(&mut self, redirects: &[Redirect], streams: &Streams) -> Option<Streams> {
        let mut streams = streams.clone();
        for Redirect { descriptor, kind } in redirects {
            match kind {
                RedirectKind::Here(text) => {
                    let text = self.text(text, &streams).await;
                    streams.input = Input::bytes(text.into_bytes());
                }
                RedirectKind::Read(word) => {
                    let name = self.text(word, &streams).await;
                    let path = absolute(&self.directory, &name);
                    let data = self.system.lock().disk.read(&path, &self.user);
                    match data {
                        Ok(data) => streams.input = Input::bytes(data.to_vec()),
                        Err(error) => {
                            self.complain(&streams, &format!("cannot open {name}: {error}"));
                            return None;
                        }
                    }
                }
                RedirectKind::Write { target, append } => {
                    let name = self.text(target, &streams).await;
                    let path = absolute(&self.directory, &name);
                    let created = self.create(&path, *append);
                    if let Err(error) = created {
                        self.complain(&streams, &format!("cannot create {name}: {error}"));
                        return None;
                    }
                    let file = Output::File { path, user: self.user.clone() };
                    self.connect(&mut streams, *descriptor, file)?;
                }
                RedirectKind::Duplicate(word) => {
                    let number = self.text(word, &streams).await;
                    let source = match number.as_str() {
                        "1" => streams.output.clone(),
                        "2" => streams.error.clone(),
                        "-" => Output::File { path: "/dev/null".into(), user: self.user.clone() },
                        "0" => continue,
                        other => {
                            self.complain(&streams, &format!("{other}: Bad file descriptor"));
                            return None;
                        }
                    };
                    self.connect(&mut streams, *descriptor, source)?;
                }
            }
        }
        Some(streams)
    }

    /// Opening a file for writing: it exists afterwards, and is empty unless appended to.
    fn create(&self, path: &str, append: bool) -> Result<(), DiskError> {
        self.system.lock().disk.write(path, b"", append, &self.user)
    }

    fn connect(&self, streams: &mut Streams, descriptor: u8, output: Output) -> Option<()> {
        match descriptor {
            1 => streams.output = output,
            2 => streams.error = output,
            0 => {}
            other => {
                self.complain(streams, &format!("{other}: Bad file descriptor"));
                return None;
            }
        }
        Some(())
    }

    /// Writes to a stream; a failing write to a file is a full disk, which is reported once by the next command.
    pub(super) fn write(&self, output: &Output, bytes: &[u8]) {
        match output {
            Output::Buffer(_) => output.write_buffer(bytes),
            Output::File { path, user } => {
                let written = self.system.lock().disk.write(path, bytes, true, user);
                if let Err(error) = written {
                    self.system.note(format!("writing {path}: {error}"));
                }
            }
        }
    }

    /// Writes an error message as the shell does.
    pub(super) fn complain(&self, streams: &Streams, message: &str) {
        self.write(&streams.error, format!("{}: 1: {message}\n", self.name).as_bytes());
    }
}
