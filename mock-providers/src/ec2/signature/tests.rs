use axum::http::HeaderName;

use super::*;

const SECRET: &str = "secretsecretsecretsecretsecretsecretsecr";
const TIME: &str = "20261122T232650Z";

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    lines.iter().map(header).collect()
}

fn verify(
    method: &str,
    query: &str,
    lines: &[(&str, &str)],
    body: &str,
    secret: &str,
    token: Option<&str>,
    time: &str,
) -> Result<String> {
    let headers = headers(lines);
    let head = Head { method, path: "/", query, headers: &headers };
    let signature = Signature::read(head)?;
    let now = Moment(timestamp::parse_basic(time).unwrap());
    signature.verify(body.as_bytes(), secret, token, now)?;
    Ok(signature.region)
}

/// A recorded call of aws-sdk-go 1.55.
fn recorded<'a>() -> [(&'a str, &'a str); 5] {
    [
        ("Host", "127.0.0.1:5001"),
        ("Content-Length", "63"),
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("X-Amz-Date", TIME),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIATESTTESTTESTTEST/20261122/us-east-1/ec2/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-date, Signature=ef24cacdea913a1fd4c8f65a14cf0e3ed8d1bd8b7ff61d1eef51538ad69267e7",
        ),
    ]
}
const RECORDED_BODY: &str = "Action=DescribeImages&ImageId.1=ami-785db401&Version=2016-11-15";

/// The query of a URL that botocore 1.43 presigned, with a session token.
const PRESIGNED: &str = "Action=DescribeTags&Version=2016-11-15&Filter.1.Name=tag%3AName&Filter.1.Value.1=a%20b%2Bc%2A~&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIATESTTESTTESTTEST%2F20261122%2Fus-east-1%2Fec2%2Faws4_request&X-Amz-Date=20261122T232650Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Security-Token=session%2Ftoken%2B1%3D%3D&X-Amz-Signature=3915a7f78f69e8d73706ba8368d2bb77050f319b651fd6c5193b13251dfa97ff";

#[test]
fn other_implementations_agree() {
    let region = verify("POST", "", &recorded(), RECORDED_BODY, SECRET, None, TIME).unwrap();
    assert_eq!(region, "us-east-1");
    let token = Some("session/token+1==");
    verify("GET", PRESIGNED, &[("Host", "127.0.0.1:5001")], "", SECRET, token, "20261122T233149Z").unwrap();
    // botocore 1.43: a header with spaces, a session token, another region.
    let lines = [
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("Host", "127.0.0.1:5001"),
        ("X-Spaces", "  a   b  "),
        ("X-Amz-Date", TIME),
        ("X-Amz-Security-Token", "session/token+1=="),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIATESTTESTTESTTEST/20261122/eu-central-1/ec2/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-spaces, Signature=81989f1c4d244a0e5acd5b7df5d1399328d03c881ea12ac55131d3f10bae1224",
        ),
    ];
    let body = "Action=DescribeInstances&Version=2016-11-15";
    assert_eq!(verify("POST", "", &lines, body, SECRET, token, TIME).unwrap(), "eu-central-1");
}

/// AWS's published test suite, cases `get-vanilla` and `get-vanilla-query-order-key-case`.
#[test]
fn the_published_vectors_hold() {
    for (query, expected) in [
        ("", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ] {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={expected}"
        );
        let headers = headers(&[
            ("Host", "example.amazonaws.com"),
            ("X-Amz-Date", "20150830T123600Z"),
            ("Authorization", &authorization),
        ]);
        let head = Head { method: "GET", path: "/", query, headers: &headers };
        let signature = Signature::read(head).unwrap();
        assert_eq!(signature.expected(b"", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), expected);
    }
}

#[test]
fn what_is_wrong_is_told_apart() {
    let code = |query: &str, lines: &[(&str, &str)], body: &str, secret: &str, time: &str| {
        verify("POST", query, lines, body, secret, None, time).unwrap_err().code
    };
    let good = recorded();
    assert_eq!(code("", &good, RECORDED_BODY, "other", TIME), "AuthFailure");
    assert_eq!(code("", &good, "Action=Other", SECRET, TIME), "AuthFailure");
    assert_eq!(code("", &good, RECORDED_BODY, SECRET, "20261122T233151Z"), "RequestExpired");
    assert_eq!(code("", &good, RECORDED_BODY, SECRET, "20261122T232149Z"), "RequestExpired");
    assert_eq!(code("", &good[..4], RECORDED_BODY, SECRET, TIME), "MissingAuthenticationToken");
    let with = |old: &str, new: &str| {
        let mut lines = good.map(|(name, value)| (name, value.replace(old, new)));
        lines.sort_unstable();
        let lines: Vec<(&str, &str)> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
        code("", &lines, RECORDED_BODY, SECRET, TIME)
    };
    assert_eq!(with("/ec2/", "/s3/"), "SignatureDoesNotMatch");
    assert_eq!(with("/20261122/", "/20261121/"), "SignatureDoesNotMatch");
    assert_eq!(with("length;content-type;host;", "length;content-type;"), "SignatureDoesNotMatch");
    assert_eq!(with("/aws4_request", ""), "IncompleteSignature");
    assert_eq!(with("Signature=", "Nothing="), "IncompleteSignature");
    assert_eq!(with("AWS4-HMAC", "AWS3-HMAC"), "IncompleteSignature");
    assert_eq!(with(TIME, "yesterday"), "IncompleteSignature");
}

#[test]
fn a_presigned_query_ends_and_cannot_be_changed() {
    let host = [("Host", "127.0.0.1:5001")];
    let token = Some("session/token+1==");
    let code = |query: &str, token, time: &str| {
        verify("GET", query, &host, "", SECRET, token, time).unwrap_err().code
    };
    assert_eq!(code(PRESIGNED, token, "20261122T233151Z"), "RequestExpired");
    assert_eq!(code(&PRESIGNED.replace("tag%3AName", "tag%3AOther"), token, TIME), "AuthFailure");
    assert_eq!(code(PRESIGNED, None, TIME), "AuthFailure");
    assert_eq!(code(&PRESIGNED.replace("X-Amz-Expires=300&", ""), token, TIME), "IncompleteSignature");
}
