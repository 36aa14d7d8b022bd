//! Keys of key pairs: reading public ones, making new ones, and their fingerprints ("Verify the fingerprint of your key
//! pair" of the EC2 User Guide).

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::{digest, hmac};
use rsa::{pkcs1::EncodeRsaPrivateKey, pkcs8::EncodePrivateKey, traits::PublicKeyParts};
use russh::keys::{
    PrivateKey, PublicKey as OpenSshKey, decode_secret_key,
    ssh_key::{LineEnding, private::KeypairData, public::KeyData},
};

/// Size of RSA keys that are made here.
const RSA_BITS: usize = 2048;

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// `rsa` or `ed25519`.
    pub(crate) key_type: &'static str,
    /// OpenSSH line.
    pub(crate) line: String,
    /// Fingerprint.
    pub(crate) fingerprint: String,
}

/// Type of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    /// RSA with 2048 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
}

/// A key that was made.
#[derive(Clone, Debug)]
pub(crate) struct GeneratedKey {
    /// The public half.
    pub(crate) public: PublicKey,
    /// The private half as a PEM document.
    pub(crate) pem: String,
}

impl GeneratedKey {
    /// The key as a file of PuTTY, version 2, without a pass phrase (PuTTY User Manual, appendix "PPK file format").
    ///
    /// # Errors
    /// When the key cannot be read again.
    pub(crate) fn ppk(&self, comment: &str) -> Result<String, String> {
        let key = decode_secret_key(&self.pem, None).map_err(|error| error.to_string())?;
        let private = match key.key_data() {
            KeypairData::Rsa(pair) => {
                let private = pair.private();
                let numbers = [private.d(), private.p(), private.q(), private.iqmp()];
                numbers.map(|number| string(number.as_bytes())).concat()
            }
            KeypairData::Ed25519(pair) => string(pair.private.as_ref()),
            _ => return Err("the type of the key is not known to PuTTY".to_owned()),
        };
        let algorithm = key.algorithm().to_string();
        let blob = key.public_key().to_bytes().map_err(|error| error.to_string())?;
        let mac_key = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"putty-private-key-file-mac-key");
        let parts: [&[u8]; 5] = [algorithm.as_bytes(), b"none", comment.as_bytes(), &blob, &private];
        let mac_key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, mac_key.as_ref());
        let mac = hmac::sign(&mac_key, &parts.map(string).concat());
        Ok(format!(
            "PuTTY-User-Key-File-2: {algorithm}\nEncryption: none\nComment: {comment}\nPublic-Lines: {}Private-Lines: {}Private-MAC: {}\n",
            ppk_lines(&blob),
            ppk_lines(&private),
            colons(mac.as_ref()).replace(':', ""),
        ))
    }
}

/// Base64 in lines of 64 characters, after their number.
fn ppk_lines(bytes: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("{}\n{}\n", lines.len(), lines.join("\n"))
}

/// A string with its length in front (RFC 4251, section 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// Reads the public key of `ImportKeyPair`: an OpenSSH line, or a document by RFC 4716.
///
/// # Errors
/// Why it is none. EC2 takes RSA and Ed25519 alone.
pub(crate) fn read_public(material: &str) -> Result<PublicKey, String> {
    let line = match material.trim_start().starts_with("---- BEGIN SSH2 PUBLIC KEY ----") {
        true => line_of_rfc4716(material)?,
        false => material.trim().to_owned(),
    };
    let key = OpenSshKey::from_openssh(&line).map_err(|error| error.to_string())?;
    let (key_type, fingerprint) = match key.key_data() {
        KeyData::Rsa(rsa) => {
            let (modulus, exponent) = (rsa.n().as_positive_bytes(), rsa.e().as_positive_bytes());
            let (Some(modulus), Some(exponent)) = (modulus, exponent) else {
                return Err("the numbers of the RSA key are not positive".to_owned());
            };
            ("rsa", colons(&md5::compute(subject_public_key(modulus, exponent)).0))
        }
        KeyData::Ed25519(_) => ("ed25519", sha256(&key)),
        other => return Err(format!("keys of type {} are not supported", other.algorithm())),
    };
    Ok(PublicKey { key_type, line, fingerprint })
}

/// Makes a key.
///
/// # Errors
/// When the key cannot be written.
pub(crate) fn generate(key_type: KeyType) -> Result<GeneratedKey, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut random = rand::rng();
    match key_type {
        KeyType::Ed25519 => {
            let key = PrivateKey::random(&mut random, russh::keys::Algorithm::Ed25519)
                .map_err(|error| text(&error))?;
            let line = key.public_key().to_openssh().map_err(|error| text(&error))?;
            let public = PublicKey { key_type: "ed25519", line, fingerprint: sha256(key.public_key()) };
            let pem = key.to_openssh(LineEnding::LF).map_err(|error| text(&error))?;
            Ok(GeneratedKey { public, pem: pem.to_string() })
        }
        KeyType::Rsa => {
            let key = rsa::RsaPrivateKey::new(&mut random, RSA_BITS).map_err(|error| text(&error))?;
            let pem = key.to_pkcs1_pem(LineEnding::LF).map_err(|error| text(&error))?;
            let pkcs8 = key.to_pkcs8_der().map_err(|error| text(&error))?;
            let public = PublicKey {
                key_type: "rsa",
                line: rsa_line(&key.n_bytes(), &key.e_bytes()),
                fingerprint: colons(
                    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, pkcs8.as_bytes()).as_ref(),
                ),
            };
            Ok(GeneratedKey { public, pem: pem.to_string() })
        }
    }
}

/// OpenSSH line of an RSA key (RFC 4253, section 6.6).
fn rsa_line(modulus: &[u8], exponent: &[u8]) -> String {
    let parts = [b"ssh-rsa".to_vec(), positive(exponent), positive(modulus)];
    let blob = parts.map(|part| string(&part)).concat();
    format!("ssh-rsa {}", BASE64_STANDARD.encode(blob))
}

fn line_of_rfc4716(document: &str) -> Result<String, String> {
    // Headers have a colon, and a backslash at the end when they go on in the next line.
    let mut in_header = false;
    let mut body = String::new();
    for line in document.lines().map(str::trim) {
        let is_header = in_header || line.contains(':');
        in_header = is_header && line.ends_with('\\');
        if !is_header && !line.starts_with("----") {
            body.push_str(line);
        }
    }
    let blob = BASE64_STANDARD.decode(&body).map_err(|error| error.to_string())?;
    let length = blob.first_chunk().map(|bytes| u32::from_be_bytes(*bytes) as usize);
    let name = length.and_then(|length| blob.get(4..4_usize.checked_add(length)?));
    let name = name.and_then(|name| std::str::from_utf8(name).ok());
    Ok(format!("{} {body}", name.ok_or("the type of the key is missing")?))
}

/// SHA-256 in Base64, as for Ed25519 keys.
fn sha256(key: &OpenSshKey) -> String {
    BASE64_STANDARD.encode(key.fingerprint(russh::keys::HashAlg::Sha256).as_bytes())
}

/// Hexadecimal digits with colons.
fn colons(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(":")
}

/// DER of an RSA key in the form of X.509 (`SubjectPublicKeyInfo`, RFC 3279 section 2.3.1).
fn subject_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: &[u8] =
        &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let numbers = [tagged(0x02, &positive(modulus)), tagged(0x02, &positive(exponent))].concat();
    // A bit string begins with the number of unused bits.
    let bits = [vec![0], tagged(0x30, &numbers)].concat();
    tagged(0x30, &[RSA_ENCRYPTION.to_vec(), tagged(0x03, &bits)].concat())
}

/// A number whose first bit would be taken for a sign gets a zero in front.
fn positive(number: &[u8]) -> Vec<u8> {
    let significant = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let number = number.get(significant..).unwrap_or_default();
    let sign = number.first().is_none_or(|byte| byte & 0x80 != 0);
    let mut bytes = if sign { vec![0] } else { Vec::new() };
    bytes.extend(number);
    bytes
}

/// A DER element.
fn tagged(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let significant = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let length = length.get(significant..).unwrap_or_default();
    let mut element = vec![tag];
    if contents.len() >= 0x80 {
        // At most eight bytes of length.
        element.push(0x80 | length.len() as u8);
    }
    element.extend(length);
    element.extend(contents);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `ssh-keygen -t rsa -b 1024`; the fingerprint with `ssh-keygen -e -m PKCS8 | openssl pkey -pubin
    /// -outform DER | openssl md5 -c`.
    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC3JBh4DFRJ5bvK0Gi7LDWof+RFAqoF0f6mfV4vO3+tfGRREn2+edXOsg0gA2RYygjkMPxBXAr8M1dcqyipQ8q4wDA8tuS/xPwk6WKy5M/DkRWLjP9Y0zGeVYktH9xyA58qN3W530Z7JkqtqRQaXm+Uy2m8E+JkBd+PnAnUV7+jQQ== t";
    const RSA_FINGERPRINT: &str = "18:2c:35:91:23:33:0d:65:44:09:3d:4e:74:8d:b2:ca";
    /// Made with `ssh-keygen -t ed25519`; the fingerprint is that of `ssh-keygen -l` with its padding.
    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM6twzqzbpuwkwAkrinoXeZxIyGhOI444BKvJd95+xDL t";
    const ED25519_FINGERPRINT: &str = "PeWpyLznaAOtwcGh0zNL9FR3HGx5ND1RajsOxPN2usk=";

    #[test]
    fn fingerprints_are_those_of_aws() {
        let rsa = read_public(&format!("{RSA}\n")).unwrap();
        assert_eq!((rsa.key_type, rsa.fingerprint.as_str()), ("rsa", RSA_FINGERPRINT));
        let ed25519 = read_public(ED25519).unwrap();
        assert_eq!((ed25519.key_type, ed25519.fingerprint.as_str()), ("ed25519", ED25519_FINGERPRINT));
    }

    #[test]
    fn documents_of_rfc_4716_are_read() {
        let blob = RSA.split(' ').nth(1).unwrap();
        let document = format!(
            "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"long \\\nline\"\n{}\n{}\n---- END SSH2 PUBLIC KEY ----\n",
            &blob[..70],
            &blob[70..]
        );
        assert_eq!(read_public(&document).unwrap().fingerprint, RSA_FINGERPRINT);
    }

    #[test]
    fn other_texts_are_refused() {
        for wrong in [
            "",
            "hello",
            "ssh-rsa AAAA",
            "---- BEGIN SSH2 PUBLIC KEY ----\n",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
        ] {
            assert!(read_public(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn made_keys_can_be_read_again() {
        for (key_type, begin, groups) in [
            (KeyType::Ed25519, "-----BEGIN OPENSSH PRIVATE KEY-----\n", 1),
            (KeyType::Rsa, "-----BEGIN RSA PRIVATE KEY-----\n", 20),
        ] {
            let key = generate(key_type).unwrap();
            assert!(key.pem.starts_with(begin));
            assert_eq!(read_public(&key.public.line).unwrap().key_type, key.public.key_type);
            assert_eq!(key.public.fingerprint.split(':').count(), groups);
            let private = decode_secret_key(&key.pem, None).unwrap();
            assert!(key.ppk("demo").unwrap().starts_with("PuTTY-User-Key-File-2: ssh-"));
            let line = private.public_key().to_openssh().unwrap();
            assert_eq!(line.split(' ').nth(1), key.public.line.split(' ').nth(1));
        }
    }
}
