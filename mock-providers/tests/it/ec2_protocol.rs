//! The Query protocol: signatures, errors, versions, headers, pages, regions, HTTPS.

use std::time::{Duration, SystemTime};

use machine_mock_providers::ec2::{Credentials, ServerOptions};

use crate::ec2_client::{Ec2Client, ec2, send};

#[tokio::test]
async fn requests_must_be_signed_by_a_known_key_in_time() {
    let (server, _account, client) = ec2(ServerOptions::default()).await;
    client.call("DescribeRegions", &[]).await.succeeded();
    let refused = async |change: fn(&mut Ec2Client)| {
        let mut other = client.clone();
        change(&mut other);
        let answer = other.call("DescribeRegions", &[]).await;
        (answer.status, answer.code().to_owned())
    };
    let auth_failure = (401, "AuthFailure".to_owned());
    assert_eq!(refused(|it| it.credentials.secret_key.push('x')).await, auth_failure);
    assert_eq!(refused(|it| it.credentials.access_key.push('X')).await, auth_failure);
    assert_eq!(refused(|it| it.credentials.session_token = Some("t".into())).await, auth_failure);
    assert_eq!(refused(|it| it.region = "No Region".into()).await, auth_failure);

    let body = "Action=DescribeRegions&Version=2016-11-15";
    for minutes in [6, 60] {
        let early = SystemTime::now() - Duration::from_secs(minutes * 60);
        assert_eq!(client.post(body, early).await.unwrap().code(), "RequestExpired");
        let late = SystemTime::now() + Duration::from_secs(minutes * 60);
        assert_eq!(client.post(body, late).await.unwrap().code(), "RequestExpired");
    }
    let unsigned =
        "GET /?Action=DescribeRegions&Version=2016-11-15 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = send(client.address, unsigned).await.unwrap();
    assert_eq!(answer.code(), "MissingAuthenticationToken");
    assert_eq!(server.refused_requests().len(), 8);
}

#[tokio::test]
async fn a_session_token_is_part_of_the_credentials() {
    let credentials = Credentials {
        access_key: "ASIAMOCK".into(),
        secret_key: "s3cret".into(),
        session_token: Some("t0ken/+=".into()),
    };
    let (server, ..) =
        ec2(ServerOptions { credentials: Some(credentials), ..ServerOptions::default() }).await;
    let mut client = Ec2Client::new(&server, &server.account("default"));
    client.call("DescribeRegions", &[]).await.succeeded();
    client.credentials.session_token = None;
    assert_eq!(client.call("DescribeRegions", &[]).await.code(), "AuthFailure");
}

#[tokio::test]
async fn answers_have_the_form_of_ec2() {
    let (_server, account, mut client) = ec2(ServerOptions::default()).await;
    let answer = client.call("DescribeInstances", &[]).await.succeeded();
    let id = answer.value("requestId").unwrap();
    assert_eq!(id.len(), 36);
    assert!(answer.head.contains(&format!("x-amzn-requestid: {id}")), "{answer:?}");
    for header in ["content-type: text/xml;charset=utf-8", "server: amazonec2"] {
        assert!(answer.head.contains(header), "{answer:?}");
    }
    let start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">";
    assert!(answer.body.starts_with(start) && answer.body.contains("<reservationSet/>"), "{answer:?}");

    let missing = client.describe("i-0123456789abcdef0").await;
    assert_eq!((missing.status, missing.code()), (400, "InvalidInstanceID.NotFound"));
    assert_eq!(missing.message(), "The instance ID 'i-0123456789abcdef0' does not exist");
    let id = missing.value("RequestID").unwrap();
    assert!(missing.head.contains(&format!("x-amzn-requestid: {id}")));
    assert_eq!(client.describe("foo").await.code(), "InvalidInstanceID.Malformed");

    let code = async |client: &Ec2Client, action: &str, parameters: &[(&str, &str)]| {
        let answer = client.call(action, parameters).await;
        (answer.status, answer.code().to_owned())
    };
    let error = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(code(&client, "Nonsense", &[]).await, error(400, "InvalidAction"));
    assert_eq!(code(&client, "", &[]).await, error(400, "MissingAction"));
    assert_eq!(code(&client, "DescribeInstances", &[("Foo", "1")]).await, error(400, "UnknownParameter"));
    let dry = code(&client, "DescribeInstances", &[("DryRun", "true")]).await;
    assert_eq!(dry, error(412, "DryRunOperation"));
    client.version = "2016-04-01".into();
    let older = client.call("DescribeInstances", &[]).await.succeeded();
    assert!(older.body.contains("doc/2016-04-01/"));
    client.version = "2099-01-01".into();
    assert_eq!(code(&client, "DescribeInstances", &[]).await, error(400, "NoSuchVersion"));
    assert_eq!(account.request_log().len(), 9);
}

#[tokio::test]
async fn a_dry_run_finds_errors_and_changes_nothing() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    let answer = client.run(&image, &[("DryRun", "true")]).await;
    assert_eq!((answer.status, answer.code()), (412, "DryRunOperation"));
    let answer = client.run(&image, &[("DryRun", "true"), ("KeyName", "none")]).await;
    assert_eq!(answer.code(), "InvalidKeyPair.NotFound");
    let answer = client.run(&image, &[("UnknownThing", "1")]).await;
    assert_eq!(answer.code(), "UnknownParameter");
    assert!(account.inventory().is_empty());
}

#[tokio::test]
async fn a_token_makes_a_launch_one_of_a_kind() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    let first = client.run(&image, &[("ClientToken", "t")]).await.succeeded();
    let again = client.run(&image, &[("ClientToken", "t")]).await.succeeded();
    assert_eq!(first.value("instanceId"), again.value("instanceId"));
    assert_eq!(first.value("reservationId"), again.value("reservationId"));
    assert_eq!(again.value("clientToken"), Some("t"));
    let other = client.run(&image, &[("ClientToken", "t"), ("InstanceType", "t3.small")]).await;
    assert_eq!(other.code(), "IdempotentParameterMismatch");
    assert_eq!(account.instances().len(), 1);
}

#[tokio::test]
async fn regions_and_accounts_see_nothing_of_each_other() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let launched = client.run(&server.usable_image(), &[]).await.succeeded();
    let id = launched.value("instanceId").unwrap();
    let elsewhere = Ec2Client { region: "eu-west-1".into(), ..client.clone() };
    assert_eq!(elsewhere.describe(id).await.code(), "InvalidInstanceID.NotFound");
    let stranger = Ec2Client::new(&server, &server.account("stranger"));
    assert_eq!(stranger.describe(id).await.code(), "InvalidInstanceID.NotFound");
    let zones = elsewhere.call("DescribeAvailabilityZones", &[]).await.succeeded();
    assert_eq!(zones.value("zoneName"), Some("eu-west-1a"));
    assert_eq!(account.instances().len(), 1);
    server.close_account("tests");
    assert_eq!(client.describe(id).await.code(), "AuthFailure");
}

#[tokio::test]
async fn listings_come_in_pages_and_through_filters() {
    let (server, _account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    for (count, name) in [("7", "a"), ("5", "b")] {
        let tags = [
            ("MinCount", count),
            ("MaxCount", count),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", name),
        ];
        client.run(&image, &tags).await.succeeded();
    }
    let all = client.call("DescribeInstances", &[]).await.succeeded();
    assert_eq!((all.values("instanceId").len(), all.values("reservationId").len()), (12, 2));
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let mut parameters = vec![("MaxResults", "5")];
        if !token.is_empty() {
            parameters.push(("NextToken", &token));
        }
        let page = client.call("DescribeInstances", &parameters).await.succeeded();
        seen.extend(page.values("instanceId").iter().map(ToString::to_string));
        match page.value("nextToken") {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all.values("instanceId"));
    let filter = [("Filter.1.Name", "tag:Name"), ("Filter.1.Value.1", "b*")];
    let some = client.call("DescribeInstances", &filter).await.succeeded();
    assert_eq!(some.values("instanceId"), all.values("instanceId")[7..]);
    let unknown =
        client.call("DescribeInstances", &[("Filter.1.Name", "x"), ("Filter.1.Value.1", "y")]).await;
    assert_eq!((unknown.status, unknown.code()), (400, "InvalidParameterValue"));
    let both = client.call("DescribeInstances", &[("InstanceId.1", &seen[0]), ("MaxResults", "5")]).await;
    assert_eq!(both.code(), "InvalidParameterCombination");
}

#[tokio::test]
async fn https_is_trusted_with_the_certificate_of_the_authority() {
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::{
        TlsConnector,
        rustls::{
            ClientConfig, RootCertStore,
            crypto::ring,
            pki_types::{CertificateDer, ServerName, pem::PemObject},
        },
    };
    let options =
        ServerOptions { https_listen: Some("127.0.0.1:0".parse().unwrap()), ..ServerOptions::default() };
    let (server, ..) = ec2(options).await;
    let mut roots = RootCertStore::empty();
    let authority = server.certificate_authority().unwrap();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let endpoint = server.https_endpoint().unwrap();
    let port: u16 = endpoint.rsplit_once(':').unwrap().1.parse().unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config.clone()));
        let name = ServerName::try_from(name).unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("MissingAuthenticationToken"), "{answer}");
    }
}
