//! Without `--ec2-access-key` the driver finds credentials where every AWS tool does. The mock checks each signature
//! and the session token, so that an answer means that the right ones were found.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use machine_driver::{
    BaseDriver, DriverOptions, DynDriver, Error, OptionValue,
    plugin::{Host, HostOptions},
};
use machine_mock_providers::ec2::{Credentials, Server, ServerOptions};
use serde_json::json;
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

const DRIVER: &str = env!("CARGO_BIN_EXE_docker-machine-driver-ec2");
const ACCESS_KEY: &str = "ASIAIOSFODNN7EXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "AQoDYXdzEJr1K+example";
/// Later than any run of this test.
const EXPIRATION: &str = "2099-01-01T00:00:00Z";

/// EC2, a user's home, and the environment that leads from it to the credentials.
struct User {
    ec2: Server,
    home: TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl User {
    /// A user whose environment and files say nothing. The computer is no EC2 instance.
    async fn new() -> Self {
        let credentials = Credentials {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            session_token: Some(SESSION_TOKEN.to_owned()),
        };
        let options = ServerOptions { credentials: Some(credentials), ..ServerOptions::default() };
        let home = tempfile::tempdir().unwrap();
        let mut user = Self { ec2: Server::start(options).await.unwrap(), environment: Vec::new(), home };
        user.set("AWS_PROFILE", "default");
        for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            user.set(variable, "");
        }
        let files = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
        for (variable, name) in files {
            let file = user.home.path().join(name);
            user.set(variable, file);
        }
        let folder = user.home.path().to_owned();
        user.set("HOME", folder);
        user.set("AWS_EC2_METADATA_DISABLED", "true");
        user
    }

    fn set(&mut self, variable: &str, value: impl Into<OsString>) {
        self.environment.retain(|(name, _)| name != variable);
        self.environment.push((variable.into(), value.into()));
    }

    /// Writes a file below the user's home.
    fn write(&self, name: impl AsRef<Path>, text: &str) -> PathBuf {
        let file = self.home.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// `PreCreateCheck`, which asks EC2, of a driver that was told no keys.
    async fn pre_create_check(&self) -> Result<(), Error> {
        let mut options = HostOptions::new(DRIVER);
        for (name, value) in &self.environment {
            options = options.env(name, value);
        }
        let driver = Host::spawn(options).await?;
        let record = BaseDriver::new("m1", self.home.path().to_string_lossy());
        driver.set_config_raw(serde_json::to_vec(&record).unwrap()).await?;
        let mut options = DriverOptions::defaults(&driver.create_flags().await?);
        options.insert("ec2-endpoint", OptionValue::String(self.ec2.endpoint()));
        options.insert("ec2-retries", OptionValue::Int(0));
        driver.set_config_from_flags(options).await?;
        let outcome = driver.pre_create_check().await;
        driver.close().await?;
        outcome
    }
}

/// A credentials file with one profile.
fn profile(name: &str, secret_key: &str) -> String {
    format!(
        "[{name}]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {secret_key}\naws_session_token = \
         {SESSION_TOKEN}\n"
    )
}

#[tokio::test]
async fn the_default_profile() {
    let user = User::new().await;
    user.write("credentials", &profile("default", SECRET_KEY));
    user.pre_create_check().await.unwrap();
}

#[tokio::test]
async fn the_profile_that_the_environment_names() {
    let mut user = User::new().await;
    user.set("AWS_PROFILE", "work");
    let both = profile("default", "wrong") + &profile("work", SECRET_KEY);
    user.write("credentials", &both);
    user.pre_create_check().await.unwrap();
}

#[tokio::test]
async fn the_program_that_a_profile_names() {
    let user = User::new().await;
    let credentials = json!({
        "Version": 1, "AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "SessionToken": SESSION_TOKEN,
        "Expiration": EXPIRATION,
    });
    let answer = user.write("answer.json", &credentials.to_string());
    let config = format!("[default]\ncredential_process = cat {}\n", answer.display());
    user.write("config", &config);
    user.pre_create_check().await.unwrap();
}

#[tokio::test]
async fn the_role_of_the_instance_on_which_the_host_runs() {
    let mut user = User::new().await;
    let metadata = MockServer::start().await;
    let role = "/latest/meta-data/iam/security-credentials/";
    let answers = [
        (role.to_owned(), "machines".to_owned()),
        (
            format!("{role}machines"),
            json!({
                "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
                "AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": SESSION_TOKEN,
                "Expiration": EXPIRATION,
            })
            .to_string(),
        ),
    ];
    Mock::given(method("PUT"))
        .and(path("/latest/api/token"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
                .set_body_string("session"),
        )
        .mount(&metadata)
        .await;
    for (place, body) in answers {
        Mock::given(method("GET"))
            .and(path(place))
            .and(header("x-aws-ec2-metadata-token", "session"))
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .mount(&metadata)
            .await;
    }
    user.set("AWS_EC2_METADATA_DISABLED", "false");
    user.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.uri());
    user.pre_create_check().await.unwrap();
}

#[tokio::test]
async fn the_session_of_single_sign_on() {
    let mut user = User::new().await;
    let portal = MockServer::start().await;
    let credentials = json!({ "roleCredentials": {
        "accessKeyId": ACCESS_KEY, "secretAccessKey": SECRET_KEY, "sessionToken": SESSION_TOKEN,
        "expiration": 4_070_908_800_000_u64,
    }});
    Mock::given(method("GET"))
        .and(path("/federation/credentials"))
        .and(query_param("account_id", "123456789012"))
        .and(query_param("role_name", "machines"))
        .and(header("x-amz-sso_bearer_token", "signed-in"))
        .respond_with(ResponseTemplate::new(200).set_body_json(credentials))
        .expect(1..)
        .mount(&portal)
        .await;
    user.set("AWS_ENDPOINT_URL_SSO", portal.uri());
    user.write(
        "config",
        "[default]\nsso_session = admin\nsso_account_id = 123456789012\nsso_role_name = machines\n\
         [sso-session admin]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    // Where `aws sso login` leaves what it got: SHA-1 of the session's name.
    user.write(
        ".aws/sso/cache/d033e22ae348aeb5660fc2140aec35850c4da997.json",
        &json!({ "accessToken": "signed-in", "expiresAt": EXPIRATION, "region": "us-east-1" }).to_string(),
    );
    user.pre_create_check().await.unwrap();
}

#[tokio::test]
async fn without_any_the_error_says_what_to_do() {
    let error = User::new().await.pre_create_check().await.unwrap_err().to_string();
    assert!(error.contains("credentials"), "{error}");
    assert!(error.contains("--ec2-access-key"), "{error}");
}

#[tokio::test]
async fn a_profile_with_a_wrong_secret_is_refused() {
    let user = User::new().await;
    user.write("credentials", &profile("default", "wrong"));
    let error = user.pre_create_check().await.unwrap_err().to_string();
    assert!(error.contains("answers 4"), "{error}");
    assert!(!error.contains("wrong"), "the secret is in the error: {error}");
}
