//! Checking AWS Signature Version 4 ("Signature Version 4 signing process", AWS General Reference): in the
//! `Authorization` header or in a presigned query.

use std::{borrow::Cow, time::Duration};

use axum::http::{HeaderMap, header};
use ring::{digest, hmac};

use super::{error::Ec2Error, state::Moment};
use crate::http::is_same;
use crate::timestamp;

/// How far the time of a request may be from the server's.
const SKEW: Duration = Duration::from_secs(5 * 60);
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "ec2";

type Result<T> = std::result::Result<T, Ec2Error>;

/// The parts of a request that are signed, beside the body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn parameter(&self, wanted: &str) -> Option<Cow<'a, str>> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value)
    }
}

/// What a request says about its signature.
#[derive(Clone, Debug)]
pub(super) struct Signature<'a> {
    /// Access key: the account.
    pub(super) access_key: String,
    /// Region of the credential scope.
    pub(super) region: String,
    head: Head<'a>,
    date: String,
    service: String,
    time: String,
    signed_headers: String,
    token: Option<Cow<'a, str>>,
    signature: String,
    /// Seconds for which a presigned request holds; `None` for one that is signed in its header.
    expires: Option<u64>,
}

impl<'a> Signature<'a> {
    /// Finds the signature of a request.
    ///
    /// # Errors
    /// `MissingAuthenticationToken` when there is none, `IncompleteSignature` when a part of it is missing.
    pub(super) fn read(head: Head<'a>) -> Result<Self> {
        if let Some(value) = head.header(header::AUTHORIZATION.as_str()) {
            return Self::from_header(head, value);
        }
        match head.parameter("X-Amz-Algorithm") {
            Some(algorithm) => Self::from_query(head, &algorithm),
            None => Err(Ec2Error::missing_authentication()),
        }
    }

    fn from_header(head: Head<'a>, value: &str) -> Result<Self> {
        let Some(parts) = value.strip_prefix(ALGORITHM) else {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': it must be {ALGORITHM}.")));
        };
        let part = |name: &str| {
            let mut parts = parts.split(',').filter_map(|part| part.trim().split_once('='));
            parts
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
                .ok_or_else(|| incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let Some(time) = head.header("x-amz-date") else {
            let text = "Authorization header requires existence of a 'X-Amz-Date' header.";
            return Err(incomplete(text.to_owned()));
        };
        Self {
            head,
            access_key: String::new(),
            region: String::new(),
            date: String::new(),
            service: String::new(),
            time: time.to_owned(),
            signed_headers: part("SignedHeaders")?.to_owned(),
            token: head.header("x-amz-security-token").map(Cow::Borrowed),
            signature: part("Signature")?.to_owned(),
            expires: None,
        }
        .with_scope(part("Credential")?)
    }

    fn from_query(head: Head<'a>, algorithm: &str) -> Result<Self> {
        if algorithm != ALGORITHM {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': it must be {ALGORITHM}.")));
        }
        let parameter = |name: &str| {
            head.parameter(name)
                .map(Cow::into_owned)
                .ok_or_else(|| incomplete(format!("AWS query-string parameters must include '{name}'.")))
        };
        let expires = parameter("X-Amz-Expires")?;
        Self {
            head,
            access_key: String::new(),
            region: String::new(),
            date: String::new(),
            service: String::new(),
            time: parameter("X-Amz-Date")?,
            signed_headers: parameter("X-Amz-SignedHeaders")?,
            token: head.parameter("X-Amz-Security-Token"),
            signature: parameter("X-Amz-Signature")?,
            expires: Some(expires.parse().map_err(|_| {
                incomplete(format!("X-Amz-Expires must be a number of seconds, not '{expires}'."))
            })?),
        }
        .with_scope(&parameter("X-Amz-Credential")?)
    }

    /// Takes the credential apart: `ACCESS-KEY/DATE/REGION/SERVICE/aws4_request`.
    fn with_scope(mut self, credential: &str) -> Result<Self> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = parts.as_slice() else {
            let text = format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
            );
            return Err(incomplete(text));
        };
        self.access_key = (*access_key).to_owned();
        self.date = (*date).to_owned();
        self.region = (*region).to_owned();
        self.service = (*service).to_owned();
        Ok(self)
    }

    /// Checks scope, time, session token and signature.
    ///
    /// # Errors
    /// `SignatureDoesNotMatch` for a wrong scope, `RequestExpired` for a wrong time, `AuthFailure` for anything else, as
    /// EC2 answers a wrong secret.
    pub(super) fn verify(
        &self,
        body: &[u8],
        secret: &str,
        session_token: Option<&str>,
        now: Moment,
    ) -> Result<()> {
        if self.service != SERVICE {
            return Err(mismatch(format!("Credential should be scoped to correct service: '{SERVICE}'.")));
        }
        self.check_time(now)?;
        let signs_host = self.signed_headers.split(';').any(|name| name == "host");
        if !signs_host {
            return Err(mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));
        }
        let is_right =
            is_same(&self.signature, &self.expected(body, secret)) && self.token.as_deref() == session_token;
        if is_right { Ok(()) } else { Err(Ec2Error::auth_failure()) }
    }

    fn check_time(&self, now: Moment) -> Result<()> {
        let Some(signed) = timestamp::parse_basic(&self.time).map(Moment) else {
            let text = format!("Date must be in ISO-8601 'basic format'. Got '{}'.", self.time);
            return Err(incomplete(text));
        };
        if !self.time.starts_with(&self.date) {
            return Err(mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}'.",
                self.date, self.time
            )));
        }
        let held = self.expires.map_or(SKEW, Duration::from_secs);
        if now.since(signed) > held || signed.since(now) > SKEW {
            let text = format!("Request has expired. Timestamp date is {}. Current date is {}.", signed, now);
            return Err(Ec2Error::request_expired(text));
        }
        Ok(())
    }

    /// The signature that the request should have.
    fn expected(&self, body: &[u8], secret: &str) -> String {
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let canonical =
            hex(digest::digest(&digest::SHA256, self.canonical_request(body).as_bytes()).as_ref());
        let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{canonical}", self.time);
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        for part in [&self.date, &self.region, &self.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        hex(hmac::sign(&key, to_sign.as_bytes()).as_ref())
    }

    fn canonical_request(&self, body: &[u8]) -> String {
        let mut text = String::with_capacity(512);
        text.push_str(self.head.method);
        text.push('\n');
        encode(&mut text, if self.head.path.is_empty() { "/" } else { self.head.path }, true);
        text.push('\n');
        self.canonical_query(&mut text);
        text.push('\n');
        for name in self.signed_headers.split(';') {
            text.push_str(name);
            text.push(':');
            let values = self.head.headers.get_all(name).iter();
            for (index, value) in values.enumerate() {
                if index > 0 {
                    text.push(',');
                }
                let words = String::from_utf8_lossy(value.as_bytes());
                for (index, word) in words.split_ascii_whitespace().enumerate() {
                    if index > 0 {
                        text.push(' ');
                    }
                    text.push_str(word);
                }
            }
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.signed_headers);
        text.push('\n');
        text.push_str(&hex(digest::digest(&digest::SHA256, body).as_ref()));
        text
    }

    /// The query, decoded, encoded again in the one form that is signed, and sorted.
    fn canonical_query(&self, text: &mut String) {
        if self.head.query.is_empty() {
            return;
        }
        let encoded = |text: &str| {
            let mut encoded = String::with_capacity(text.len());
            encode(&mut encoded, text, false);
            encoded
        };
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(self.head.query.as_bytes())
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| (encoded(&name), encoded(&value)))
            .collect();
        pairs.sort_unstable();
        for (index, (name, value)) in pairs.iter().enumerate() {
            if index > 0 {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
    }
}

fn incomplete(message: String) -> Ec2Error {
    Ec2Error::client("IncompleteSignature", message)
}

fn mismatch(message: String) -> Ec2Error {
    Ec2Error::with_status(403, "SignatureDoesNotMatch", message)
}

/// Percent encoding of everything but letters, digits and `-._~`.
fn encode(into: &mut String, text: &str, keep_slash: bool) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            b'/' if keep_slash => into.push('/'),
            _ => {
                into.push('%');
                for digit in [byte >> 4, byte & 15] {
                    into.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                }
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

#[cfg(test)]
mod tests;
