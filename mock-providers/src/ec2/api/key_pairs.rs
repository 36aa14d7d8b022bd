//! Key pairs.

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::{
    error::Ec2Error,
    key_material::{self, KeyType},
    query::Parameters,
    state::{KeyPair, Kind, tag_pairs},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("CreateKeyPair", Effect::Changes, Kind::KeyPair, create_key_pair),
    Operation::new("DeleteKeyPair", Effect::Changes, Kind::KeyPair, delete_key_pair),
    Operation::new("DescribeKeyPairs", Effect::Reads, Kind::KeyPair, describe_key_pairs),
    Operation::new("ImportKeyPair", Effect::Changes, Kind::KeyPair, import_key_pair),
];

/// The key that a call needs to have made for it beforehand, if it is one that creates a key pair.
pub(in crate::ec2) fn wanted_key(parameters: &Parameters<'_>) -> Option<KeyType> {
    let creates = parameters.text("Action") == Some("CreateKeyPair");
    creates.then(|| key_type(parameters).ok()).flatten()
}

fn key_type(parameters: &Parameters<'_>) -> Result<KeyType> {
    let word = parameters.word("KeyType", &["rsa", "ed25519"])?;
    Ok(match word {
        Some("ed25519") => KeyType::Ed25519,
        _ => KeyType::Rsa,
    })
}

fn create_key_pair(call: &mut Call<'_>) -> Result<()> {
    let name = call.parameters.required("KeyName")?;
    key_type(&call.parameters)?;
    let format = call.parameters.word("KeyFormat", &["pem", "ppk"])?.unwrap_or("pem");
    let tags = call.tag_specifications();
    let key = call.generated_key;
    let Stage { region, xml, now, .. } = call.begin()?;
    region.check_new_key_pair(name, &tags)?;
    let key = key.ok_or_else(Ec2Error::internal)?;
    let material = match format {
        "ppk" => key.ppk(name).map_err(|_| Ec2Error::internal())?,
        _ => key.pem.clone(),
    };
    let pair = region.add_key_pair(name, &key.public, &tags, now)?;
    xml.plain("keyPairId", &pair.id);
    write_tags(xml, pair);
    xml.text("keyName", &pair.name);
    xml.plain("keyFingerprint", &pair.fingerprint);
    xml.text("keyMaterial", &material);
    Ok(())
}

fn import_key_pair(call: &mut Call<'_>) -> Result<()> {
    let name = call.parameters.required("KeyName")?;
    let material = call.parameters.required("PublicKeyMaterial")?;
    let tags = call.tag_specifications();
    let Stage { region, xml, now, .. } = call.begin()?;
    let decoded = BASE64_STANDARD.decode(material.trim_ascii()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let key = text.and_then(|text| key_material::read_public(&text).ok()).ok_or_else(|| {
        Ec2Error::client("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
    })?;
    let pair = region.add_key_pair(name, &key, &tags, now)?;
    xml.plain("keyFingerprint", &pair.fingerprint);
    xml.text("keyName", &pair.name);
    xml.plain("keyPairId", &pair.id);
    write_tags(xml, pair);
    Ok(())
}

fn delete_key_pair(call: &mut Call<'_>) -> Result<()> {
    let (name, id) = (call.parameters.filled("KeyName"), call.parameters.filled("KeyPairId"));
    let Stage { region, xml, .. } = call.begin()?;
    let removed = match (name, id) {
        (Some(name), _) => region.delete_key_pair(name),
        (None, Some(id)) => {
            let pair = region.key_pairs.values().find(|pair| *pair.id == *id);
            let name = pair.map(|pair| pair.name.to_string());
            name.and_then(|name| region.delete_key_pair(&name))
        }
        (None, None) => return Err(Ec2Error::missing_parameter("KeyName")),
    };
    super::done(xml);
    if let Some(id) = removed {
        xml.plain("keyPairId", &id);
    }
    Ok(())
}

fn describe_key_pairs(call: &mut Call<'_>) -> Result<()> {
    let (names, ids) = (call.parameters.list("KeyName"), call.parameters.list("KeyPairId"));
    let with_key = call.parameters.boolean("IncludePublicKey")?.unwrap_or(false);
    let filters = call.filters(&["fingerprint", "key-name", "key-pair-id", "tag-key", "tag-value"])?;
    let Stage { region, xml, now, .. } = call.begin()?;
    region.visible_key_pairs(&names, now)?;
    for id in &ids {
        if !region.key_pairs.values().any(|pair| *pair.id == **id) {
            return Err(Ec2Error::not_found(Kind::KeyPair, &[id]));
        }
    }
    let hidden = match names.is_empty() {
        true => region.hidden_among(Kind::KeyPair, now),
        false => HashSet::new(),
    };
    let shown = region.key_pairs.values().filter(|pair| {
        let named = names.contains(&&*pair.name) || ids.contains(&&*pair.id);
        let is_wanted = names.is_empty() && ids.is_empty() || named;
        let fits = filters.fit(
            || tag_pairs(&pair.tags),
            |name, test| match name {
                "fingerprint" => test(&pair.fingerprint),
                "key-name" => test(&pair.name),
                "key-pair-id" => test(&pair.id),
                _ => false,
            },
        );
        is_wanted && fits && !hidden.contains(&*pair.name)
    });
    xml.list("keySet", shown, |xml, pair| {
        xml.plain("keyPairId", &pair.id);
        xml.plain("keyType", pair.key_type);
        write_tags(xml, pair);
        if with_key {
            xml.text("publicKey", &pair.public_key);
        }
        xml.time("createTime", pair.created);
        xml.text("keyName", &pair.name);
        xml.plain("keyFingerprint", &pair.fingerprint);
    });
    Ok(())
}

fn write_tags(xml: &mut Xml, pair: &KeyPair) {
    xml.tags(tag_pairs(&pair.tags));
}
