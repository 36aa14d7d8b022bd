//! Certificates that a Boot2Docker guest makes for itself, so that its engine listens before anybody provisioned it.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::guest::disk::Disk;

/// Makes what is missing in the directory: `ca.pem`, `server.pem` and `serverkey.pem`. Nobody has a client
/// certificate of that authority, so the engine listens without serving anybody.
///
/// # Errors
/// What the init script would say.
pub(super) fn generate(disk: &mut Disk, directory: &str) -> Result<(), String> {
    let path = |name: &str| format!("{directory}/{name}");
    if ["ca.pem", "server.pem", "serverkey.pem"].iter().all(|name| disk.exists(&path(name))) {
        return Ok(());
    }
    let [authority, certificate, key] =
        pems().map_err(|error| format!("Error: generating certificates failed: {error}"))?;
    for (name, mode, pem) in
        [("ca.pem", 0o644, authority), ("server.pem", 0o644, certificate), ("serverkey.pem", 0o600, key)]
    {
        disk.install(&path(name), "root", mode, Some(pem.as_bytes()));
    }
    Ok(())
}

fn pems() -> Result<[String; 3], rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(authority.clone(), KeyPair::generate()?);
    let authority = authority.self_signed(issuer.key())?;
    let key = KeyPair::generate()?;
    let server = CertificateParams::new(vec!["boot2docker".to_owned(), "127.0.0.1".to_owned()])?;
    let server = server.signed_by(&key, &issuer)?;
    Ok([authority.pem(), server.pem(), key.serialize_pem()])
}

#[cfg(test)]
mod tests {
    use crate::guest::{Guest, GuestOptions, GuestOs, PowerState};

    #[tokio::test(flavor = "multi_thread")]
    async fn boot2docker_listens_from_its_first_boot_on_and_keeps_its_certificates() {
        let guest = Guest::new(GuestOptions { os: GuestOs::Boot2Docker, ..GuestOptions::default() }).unwrap();
        guest.power_on();
        guest.reached(PowerState::Running).await;
        assert_eq!(guest.engine_ports(), [2376]);
        let certificate = guest.file("/var/lib/boot2docker/tls/server.pem").unwrap();
        guest.reset();
        guest.reached(PowerState::Running).await;
        assert_eq!(guest.engine_ports(), [2376]);
        assert_eq!(guest.file("/var/lib/boot2docker/tls/server.pem").unwrap(), certificate);
    }
}
