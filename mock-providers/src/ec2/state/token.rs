//! Client tokens: an order that is repeated with the same token is not carried out again.

use std::{collections::HashMap, time::Duration};

use super::{Id, Kind, Moment, Region, Result, timeline::Change};
use crate::ec2::error::Ec2Error;

/// Longest token.
const LONGEST: usize = 64;
/// How long a token is remembered; AWS promises a day.
const LIFE: Duration = Duration::from_secs(25 * 60 * 60);

/// Token of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientToken {
    /// The token.
    pub(crate) token: String,
    /// Fingerprint of all parameters, to tell another order with the same token.
    pub(crate) fingerprint: u64,
}

/// What was made for each token, by the kind of object that the order is about.
pub(super) type Tokens = HashMap<(Kind, String), Made>;

/// What was made for a token.
#[derive(Clone, Debug)]
pub(super) struct Made {
    fingerprint: u64,
    id: Id,
}

impl Region {
    /// What was made for a token before: the id that [`Region::remember`] was given.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch` for another order, `InvalidParameterValue` for a token that is too long.
    pub(super) fn made_before(&self, kind: Kind, token: Option<&ClientToken>) -> Result<Option<Id>> {
        let Some(ClientToken { token, fingerprint }) = token else {
            return Ok(None);
        };
        if token.len() > LONGEST {
            let rule = "Client tokens have up to 64 ASCII characters.";
            return Err(Ec2Error::invalid_value("clientToken", token, rule));
        }
        match self.tokens.get(&(kind, token.clone())) {
            Some(made) if made.fingerprint != *fingerprint => Err(Ec2Error::idempotent_mismatch()),
            made => Ok(made.map(|made| made.id.clone())),
        }
    }

    /// Remembers what was made for a token.
    pub(super) fn remember(&mut self, kind: Kind, token: Option<&ClientToken>, id: &Id, now: Moment) {
        if let Some(ClientToken { token, fingerprint }) = token {
            let made = Made { fingerprint: *fingerprint, id: id.clone() };
            self.tokens.insert((kind, token.clone()), made);
            let forget = Change::ForgetToken(kind, token.clone());
            self.timeline.add(now.after(LIFE), forget);
        }
    }

    /// A token can be used again.
    pub(super) fn forget_token(&mut self, kind: Kind, token: String) {
        self.tokens.remove(&(kind, token));
    }
}
