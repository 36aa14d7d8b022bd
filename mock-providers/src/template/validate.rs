//! Rules for fields.

use super::{
    catalog,
    error::ApiError,
    model::{NewFirewall, NewServer},
    state::Result,
};
use crate::guest;

/// Longest user data in bytes.
const MAX_USER_DATA: usize = 16 << 10;

fn name(field: &str, name: &str, longest: usize) -> Result<()> {
    if name.is_empty() || name.len() > longest || name.chars().any(char::is_control) {
        return Err(ApiError::field(field, format!("{field} must have 1 to {longest} printable characters")));
    }
    Ok(())
}

pub(super) fn key_name(text: &str) -> Result<()> {
    name("name", text, 255)
}

/// Checks a public key; the result is its fingerprint.
pub(super) fn public_key(text: &str) -> Result<String> {
    guest::fingerprint(text).map_err(|reason| {
        ApiError::field("public_key", format!("public_key is not an OpenSSH public key: {reason}"))
    })
}

/// Checks an order; `own_images` are ids of images that the account has beside those of all.
pub(super) fn server(new: &NewServer, own_images: &[String]) -> Result<()> {
    name("name", &new.name, 63)?;
    let plain = |c: char| c.is_ascii_alphanumeric();
    let inside = new.name.chars().all(|c| plain(c) || c == '-' || c == '.');
    if !(inside && new.name.starts_with(plain) && new.name.ends_with(plain)) {
        let rule = "name may have letters, digits, '-' and '.', and starts and ends with a letter or digit";
        return Err(ApiError::field("name", rule));
    }
    let known =
        |field: &str, value: &str, mut ids: Box<dyn Iterator<Item = &str>>| match ids.any(|id| id == value) {
            true => Ok(()),
            false => Err(ApiError::field(field, format!("{field} {value:?} does not exist"))),
        };
    known(
        "image",
        &new.image,
        Box::new(catalog::images().map(|(id, _)| id).chain(own_images.iter().map(String::as_str))),
    )?;
    known("size", &new.size, Box::new(catalog::SIZES.iter().map(|(id, ..)| *id)))?;
    known("region", &new.region, Box::new(catalog::REGIONS.iter().map(|(id, _)| *id)))?;
    if new.user_data.as_ref().is_some_and(|data| data.len() > MAX_USER_DATA) {
        return Err(ApiError::field("user_data", format!("user_data is limited to {MAX_USER_DATA} bytes")));
    }
    if new.tags.len() > 64 {
        return Err(ApiError::field("tags", "there can be no more than 64 tags"));
    }
    if new.idempotency_key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 255) {
        return Err(ApiError::field("idempotency_key", "idempotency_key must have 1 to 255 characters"));
    }
    Ok(())
}

pub(super) fn firewall(new: &NewFirewall) -> Result<()> {
    name("name", &new.name, 255)?;
    if new.ports.is_empty() || new.ports.len() > 64 || new.ports.contains(&0) {
        return Err(ApiError::field("ports", "ports must list 1 to 64 ports from 1 to 65535"));
    }
    Ok(())
}
