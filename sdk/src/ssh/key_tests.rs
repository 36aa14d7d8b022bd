#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_new_pair_is_private_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machines/m1/id_rsa");
    let pair = KeyPair::generate(&path, KeyAlgorithm::Ed25519).await.unwrap();

    assert_eq!(pair.path(), path);
    assert!(pair.public_key().starts_with("ssh-ed25519 AAAA"), "{}", pair.public_key());
    assert_eq!(pair.public_key(), pair.public_key().trim());
    assert!(pair.fingerprint().starts_with("SHA256:"));
    let private = fs::read_to_string(&path).unwrap();
    assert!(private.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    assert!(private.ends_with("-----END OPENSSH PRIVATE KEY-----\n"));
    let public = fs::read_to_string(folder.path().join("machines/m1/id_rsa.pub")).unwrap();
    assert_eq!(public, format!("{}\n", pair.public_key()));
    assert_eq!(KeyPair::load(&path).await.unwrap(), pair);
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machines/m1/id_rsa");
    KeyPair::generate(&path, KeyAlgorithm::default()).await.unwrap();
    for name in ["machines", "machines/m1"] {
        assert_eq!(mode(&folder.path().join(name)), 0o700, "{name}");
    }
    for name in ["machines/m1/id_rsa", "machines/m1/id_rsa.pub"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn replaces_an_older_file_and_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id_rsa");
    fs::write(&path, "older").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let first = KeyPair::generate(&path, KeyAlgorithm::Ed25519).await.unwrap();
    assert_eq!(mode(&path), 0o600);
    let second = KeyPair::generate(&path, KeyAlgorithm::Ed25519).await.unwrap();
    assert_ne!(first.fingerprint(), second.fingerprint());
    assert_eq!(names(folder.path()), ["id_rsa", "id_rsa.pub"], "no draft is left");
}

#[tokio::test]
async fn a_failed_write_leaves_no_draft() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id_rsa");
    fs::create_dir(&path).unwrap();
    let error = KeyPair::generate(&path, KeyAlgorithm::Ed25519).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains(&format!("cannot write {}", path.display())), "{error}");
    assert_eq!(names(folder.path()), ["id_rsa", "id_rsa.pub"]);
}

#[tokio::test]
async fn rsa_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id_rsa");
    let pair = KeyPair::generate(&path, KeyAlgorithm::Rsa2048).await.unwrap();
    assert!(pair.public_key().starts_with("ssh-rsa AAAA"));
    // A 2048-bit modulus: type, exponent and modulus with their lengths take 279 bytes.
    let base64 = pair.public_key().split(' ').nth(1).unwrap();
    assert_eq!(base64.len(), 372);
}

#[tokio::test]
async fn a_copy_is_the_same_key_in_a_private_file() {
    let folder = tempfile::tempdir().unwrap();
    let original = KeyPair::generate(folder.path().join("mine"), KeyAlgorithm::Ed25519).await.unwrap();
    // Another format: hosts could not read every one, so the copy is in OpenSSH's.
    let mut pem = Vec::new();
    russh::keys::encode_pkcs8_pem(&read_key(original.path()).unwrap(), &mut pem).unwrap();
    fs::write(folder.path().join("mine"), pem).unwrap();

    let path = folder.path().join("machines/m1/id_rsa");
    let copy = KeyPair::copy(folder.path().join("mine"), &path).await.unwrap();
    assert_eq!(copy.public_key(), original.public_key());
    assert_eq!(copy.path(), path);
    assert!(fs::read_to_string(&path).unwrap().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
}

#[tokio::test]
async fn unusable_files_are_named_and_never_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, contents: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    };
    let key = new_key(KeyAlgorithm::Ed25519).unwrap();
    let mut encrypted = Vec::new();
    russh::keys::encode_pkcs8_pem_encrypted(&key, b"secret", 100, &mut encrypted).unwrap();
    for (path, kind, reason) in [
        (folder.path().join("missing"), ErrorKind::Io, "No such file"),
        (folder.path().to_owned(), ErrorKind::Io, "directory"),
        (write("binary", &[0xff, 0xfe, 0]), ErrorKind::Io, "UTF-8"),
        (write("empty", b""), ErrorKind::InvalidOption, "unencrypted SSH key"),
        (write("text", b"TOP-SECRET"), ErrorKind::InvalidOption, "unencrypted SSH key"),
        (write("cut", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA"), ErrorKind::InvalidOption, "usable"),
        (write("encrypted", &encrypted), ErrorKind::InvalidOption, "encrypted"),
    ] {
        let error = KeyPair::copy(&path, folder.path().join("copy")).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        assert!(text.contains(&path.display().to_string()) && text.contains(reason), "{text}");
        assert!(!text.contains("TOP-SECRET"));
    }
    assert!(!folder.path().join("copy").exists());
}
