#![allow(clippy::unwrap_used)]

use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::*;

/// The smallest thing that says it is an ISO image.
fn iso() -> Vec<u8> {
    let mut bytes = vec![0; 36 << 10];
    let at = usize::try_from(MARK_AT).unwrap();
    bytes[at..at + MARK.len()].copy_from_slice(MARK);
    bytes
}

fn checksum(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&SHA256, bytes).as_ref())
}

fn image(location: &str, sum: &str) -> Result<Image> {
    Image::parse("b2d-url", location)?.with_checksum("b2d-checksum", sum)
}

async fn server(times: u64, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/b.iso")).respond_with(answer).expect(times).mount(&server).await;
    server
}

#[tokio::test]
async fn an_image_is_downloaded_once_and_looked_at() {
    let cache = tempfile::tempdir().unwrap();
    let cx = Context::for_tests(1.0);
    let server = server(1, ResponseTemplate::new(200).set_body_bytes(iso())).await;
    let url = format!("{}/b.iso", server.uri());
    let wanted = image(&url, &checksum(&iso())).unwrap().with_user_agent("acme/1.0");
    let (first, second) = tokio::join!(wanted.fetch(cache.path(), &cx), wanted.fetch(cache.path(), &cx));
    assert_eq!(std::fs::read(first.unwrap()).unwrap(), iso());
    second.unwrap();
    let asked = server.received_requests().await.unwrap();
    assert_eq!(asked[0].headers["user-agent"], "acme/1.0");
    let left: Vec<_> = std::fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().unwrap() != "part"), "{left:?}");
}

#[tokio::test]
async fn what_is_no_image_or_another_one_is_refused_and_not_kept() {
    let cx = Context::for_tests(1.0);
    for (answer, sum, says) in [
        (ResponseTemplate::new(404), "", "404"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "", "no ISO image"),
        (ResponseTemplate::new(200).set_body_bytes(iso()), &"0".repeat(64), "SHA-256"),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let server = server(1, answer).await;
        let wanted = image(&format!("{}/b.iso", server.uri()), sum).unwrap();
        let error = wanted.fetch(cache.path(), &cx).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        let names = std::fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path());
        assert!(names.into_iter().all(|path| path.extension().unwrap() == "lock"));
    }
}

#[tokio::test]
async fn an_image_of_this_computer_is_taken_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let cx = Context::for_tests(1.0);
    let path = folder.path().join("my b2d.iso");
    std::fs::write(&path, iso()).unwrap();
    for source in [path.display().to_string(), Url::from_file_path(&path).unwrap().to_string()] {
        let wanted = image(&source, "").unwrap();
        assert_eq!(wanted.fetch(folder.path(), &cx).await.unwrap(), path);
    }
    let missing = image("/no/such/b.iso", "").unwrap();
    let error = missing.fetch(folder.path(), &cx).await.unwrap_err().to_string();
    assert!(error.contains("/no/such/b.iso"), "{error}");
}

#[test]
fn locations_and_checksums_are_read() {
    for wrong in
        ["", "b.iso", "ftp://h/b.iso", "http://", "https://user:word@host/b.iso", "file://host/b.iso"]
    {
        assert!(image(wrong, "").is_err(), "{wrong}");
    }
    let sum = checksum(b"x");
    assert_eq!(
        image("/b.iso", &format!("sha256:{}", sum.to_uppercase().replace("SHA256", "sha256"))).unwrap(),
        image("/b.iso", &sum).unwrap()
    );
    assert!(image("/b.iso", "12").is_err());
}
