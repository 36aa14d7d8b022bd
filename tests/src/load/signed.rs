//! Requests signed with AWS Signature Version 4 ("Signature Version 4 signing process", AWS General Reference).

use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use ring::{digest, hmac};

/// What requests are signed with.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal")]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
const SIGNED_HEADERS: &str = "content-type;host;x-amz-date";

/// A whole HTTP/1.1 request with this body to `host`, signed for EC2 in the region. It is good for the minutes that
/// servers allow clocks to differ, and may be sent many times in them.
pub fn post(host: &str, region: &str, body: &str, credentials: &Credentials, now: SystemTime) -> Vec<u8> {
    let time = timestamp(now);
    let date = &time[..8];
    let scope = format!("{date}/{region}/ec2/aws4_request");
    let canonical = format!(
        "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{time}\n\n{SIGNED_HEADERS}\n{}",
        sha256(body.as_bytes())
    );
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = hmac_of(format!("AWS4{}", credentials.secret_key).as_bytes(), date);
    for part in [region, "ec2", "aws4_request"] {
        key = hmac_of(key.as_ref(), part);
    }
    let signature = hexadecimal(hmac_of(key.as_ref(), &to_sign).as_ref());
    format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {CONTENT_TYPE}\r\nX-Amz-Date: {time}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        credentials.access_key,
        body.len()
    )
    .into_bytes()
}

fn hmac_of(key: &[u8], data: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data.as_bytes())
}

fn sha256(data: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, data).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `20261122T232650Z`.
fn timestamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // "Civil from days" of Howard Hinnant's date algorithms, for days after 1970.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (1_795_390_010, "20261122T232650Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    /// The signature is botocore's for the same request.
    #[test]
    fn botocore_signs_the_same() {
        let credentials = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        };
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let request = post(
            "127.0.0.1:9100",
            "us-east-1",
            "Action=DescribeRegions&Version=2016-11-15",
            &credentials,
            now,
        );
        let request = String::from_utf8_lossy(&request).into_owned();
        assert!(
            request
                .contains("Signature=20d8400efd4ee581e9571faa1218a8641cd7bea2f09c6281f8b60b690bc832c2\r\n"),
            "{request}"
        );
    }
}
