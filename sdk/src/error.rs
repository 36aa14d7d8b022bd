use std::fmt;

use crate::secret::Secret;

/// Result with the SDK's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The machine is not running. Its text is exactly `Host is not running`, which hosts compare (ERR-003).
    NotRunning,
    /// The machine itself is gone. Hosts swallow errors with this wording (ERR-007), so use it for nothing else.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The provider refuses the credentials.
    Unauthenticated,
    /// An option is missing, malformed or contradicts another one.
    InvalidOption,
    /// The driver cannot do this (ERR-004).
    Unsupported,
    /// The provider refused or failed.
    Provider,
    /// A wait ended without success.
    Timeout,
    /// The provider could not be reached.
    Connection,
    /// The other end broke the plugin protocol.
    Protocol,
    /// The driver panicked.
    Panic,
    /// The configuration JSON cannot be used.
    Config,
    /// A local file or process.
    Io,
    /// An error that a plugin reported; only its text is known (ERR-001).
    Remote,
    /// None of the others.
    Other,
}

/// An error with its kind, whether a retry may help, the operation and ordered context.
///
/// Only text crosses the plugin protocol, so [`Display`](fmt::Display) is complete by itself: one line with
/// operation, message, context and cause. The alternate form `{:#}` puts each of them on its own line.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    retryable: bool,
    operation: Option<&'static str>,
    message: String,
    context: Vec<(&'static str, String)>,
    cause: Option<String>,
}

impl Error {
    /// An error of `kind` with a self-contained message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            retryable: false,
            operation: None,
            message: message.into(),
            context: Vec::new(),
            cause: None,
        }
    }

    /// The error for a machine that is not running; exactly the text that hosts compare (NET-002, ERR-003).
    pub fn not_running() -> Self {
        Self::new(ErrorKind::NotRunning, Self::NOT_RUNNING_TEXT)
    }

    /// The text of [`Error::not_running`].
    pub const NOT_RUNNING_TEXT: &'static str = "Host is not running";

    /// An error that a plugin reported over RPC.
    pub fn remote(text: impl Into<String>) -> Self {
        let text = text.into();
        let kind = if text == Self::NOT_RUNNING_TEXT { ErrorKind::NotRunning } else { ErrorKind::Remote };
        Self::new(kind, text)
    }

    /// An operation that the driver does not offer (ERR-004, KILL-007).
    pub fn unsupported(operation: &'static str) -> Self {
        Self::new(ErrorKind::Unsupported, format!("this driver does not support {operation}"))
    }

    /// An option with a value that cannot be used; `problem` goes on after the flag: `must be a price` (FLAG-009).
    pub fn invalid_option(flag: &str, problem: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidOption, format!("--{flag} {problem}"))
    }

    /// One outcome out of several, for a method that goes on after a failure and reports all of them (RM-014, RM-015).
    ///
    /// # Errors
    /// The first error, with the others as its context.
    pub fn all(outcomes: impl IntoIterator<Item = Result<()>>) -> Result<()> {
        let mut errors = outcomes.into_iter().filter_map(Result::err);
        let Some(first) = errors.next() else { return Ok(()) };
        Err(errors.fold(first, |all, error| all.with_context("and", error)))
    }

    /// Names the operation that failed, for example `create server`.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.operation.get_or_insert(operation);
        self
    }

    /// Adds a named value, for example the object's id.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((name, value.to_string()));
        self
    }

    /// Adds the cause, with its own chain of causes.
    #[must_use]
    pub fn with_source(mut self, source: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = source.to_string();
        let mut next = source.source();
        while let Some(cause) = next {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            next = cause.source();
        }
        self.cause = Some(text);
        self
    }

    /// Marks the error as one that a retry may cure.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// The error of a method that has undone its work after it, with how that went: the first cause comes first, whatever
    /// happened later (CREATE-011).
    #[must_use]
    pub fn after_undoing(self, undone: Result<()>) -> Self {
        match undone {
            Ok(()) => self,
            Err(left) => self.with_context("could not undo it", left),
        }
    }

    /// The same error with `***` in place of a secret: a provider that echoes one must not make the driver print it
    /// (ERR-006).
    #[must_use]
    pub fn without_secret(mut self, secret: &Secret<String>) -> Self {
        let secret = secret.expose();
        if !secret.is_empty() {
            let texts = self.context.iter_mut().map(|(_, value)| value);
            for text in texts.chain([&mut self.message]).chain(&mut self.cause) {
                *text = text.replace(secret.as_str(), "***");
            }
        }
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether a retry may help.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// Whether a wait of the driver itself is over, rather than a provider silent, which is a retryable timeout.
    pub fn is_wait_over(&self) -> bool {
        self.kind == ErrorKind::Timeout && !self.retryable
    }

    pub(crate) fn has_source(&self) -> bool {
        self.cause.is_some()
    }

    /// The message without operation, context and cause.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hosts compare this text as a whole.
        if self.kind == ErrorKind::NotRunning {
            return f.write_str(Self::NOT_RUNNING_TEXT);
        }
        let many = f.alternate();
        if let Some(operation) = self.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.message)?;
        if many {
            for (name, value) in &self.context {
                write!(f, "\n  {name}: {value}")?;
            }
            if let Some(cause) = &self.cause {
                write!(f, "\n  cause: {cause}")?;
            }
            return Ok(());
        }
        for (index, (name, value)) in self.context.iter().enumerate() {
            write!(f, "{}{name}: {value}", if index == 0 { " (" } else { ", " })?;
        }
        if !self.context.is_empty() {
            f.write_str(")")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self:#}", self.kind)
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_and_many_lines() {
        let cause = std::io::Error::other("connection reset");
        let error = Error::new(ErrorKind::Connection, "no answer from the provider")
            .with_operation("create server")
            .with_context("server", "acme-1")
            .with_context("attempt", 3)
            .with_source(&cause)
            .retryable();
        assert_eq!(
            error.to_string(),
            "create server: no answer from the provider (server: acme-1, attempt: 3): connection reset"
        );
        assert_eq!(
            format!("{error:#}"),
            "create server: no answer from the provider\n  server: acme-1\n  attempt: 3\n  cause: connection reset"
        );
        assert!(error.is_retryable());
    }

    #[test]
    fn the_first_error_comes_first_and_none_is_lost() {
        let error = |text: &str| Err(Error::new(ErrorKind::Provider, text));
        assert_eq!(Error::all([Ok(()), Ok(())]), Ok(()));
        let all = Error::all([Ok(()), error("one"), Ok(()), error("two"), error("three")]);
        let text = all.err().map(|all| all.to_string());
        assert_eq!(text.as_deref(), Some("one (and: two, and: three)"));
    }

    #[test]
    fn the_cause_stays_first_when_undoing_fails_too() {
        let error = || Error::new(ErrorKind::Provider, "no server");
        assert_eq!(error().after_undoing(Ok(())), error());
        let left = Error::new(ErrorKind::Timeout, "the key is still there");
        let text = error().after_undoing(Err(left)).to_string();
        assert_eq!(text, "no server (could not undo it: the key is still there)");
    }

    #[test]
    fn secrets_are_hidden_everywhere() {
        let cause = std::io::Error::other("header s3cret refused");
        let error = Error::new(ErrorKind::Provider, "no token s3cret").with_context("token", "s3cret");
        let hidden = error.with_source(&cause).retryable().without_secret(&Secret::new("s3cret".to_owned()));
        assert_eq!(hidden.to_string(), "no token *** (token: ***): header *** refused");
        assert!(hidden.is_retryable());
        assert_eq!(hidden.clone().without_secret(&Secret::default()), hidden);
    }

    #[test]
    fn a_silent_provider_is_no_wait_that_is_over() {
        let timeout = Error::new(ErrorKind::Timeout, "gave up waiting");
        assert!(timeout.is_wait_over() && !timeout.retryable().is_wait_over());
    }

    #[test]
    fn not_running_keeps_its_text_whatever_is_added() {
        let error = Error::not_running().with_operation("url").with_context("machine", "m");
        assert_eq!(error.to_string(), "Host is not running");
        assert_eq!(Error::remote("Host is not running").kind(), ErrorKind::NotRunning);
    }
}
