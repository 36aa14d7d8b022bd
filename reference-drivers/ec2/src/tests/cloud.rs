//! An EC2 that answers what it was told to, and a machine that asks it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use machine_driver::{
    BaseDriver, Context, Driver, DriverFlags, DriverOptions, Error, ErrorKind, FlagKind, OptionValue, Result,
};
use tempfile::TempDir;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

use crate::{Ec2Driver, Options};

/// The parameters of one request.
pub(crate) type Parameters = HashMap<String, String>;
/// Answers by action; the last one of an action stays.
type Script = Arc<Mutex<HashMap<String, Vec<ResponseTemplate>>>>;

/// The secrets of the machine, which no error may quote.
pub(crate) const SECRETS: [&str; 2] = ["wJalrXUtnFEMI", "FwoGZXIvYXdz"];

/// A machine as hosts save it before `create`, and its EC2.
pub(crate) struct Setting {
    pub(crate) driver: Ec2Driver,
    pub(crate) cx: Context,
    pub(crate) store: TempDir,
    server: MockServer,
    script: Script,
}

/// A machine whose EC2 has what `create` needs, and nothing else.
pub(crate) async fn machine() -> Setting {
    let server = MockServer::start().await;
    let script = Script::default();
    let responder = Responder(Arc::clone(&script));
    Mock::given(matchers::any()).respond_with(responder).mount(&server).await;
    let store = tempfile::tempdir().unwrap();
    let base = BaseDriver::new("m1", store.path().to_str().unwrap());
    let mut driver = Ec2Driver { base, ..Ec2Driver::default() };
    configure(&mut driver, &[("ec2-endpoint", &server.uri())]).unwrap();
    let setting = Setting { driver, cx: Context::for_tests(0.01), store, server, script };
    setting.answers("DescribeVpcs", "<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>");
    setting.answers(
        "DescribeSubnets",
        "<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId></item></subnetSet>",
    );
    setting.answers(
        "DescribeInstanceTypes",
        "<instanceTypeSet><item><processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures>\
         </processorInfo></item></instanceTypeSet>",
    );
    setting.answers(
        "DescribeImages",
        "<imagesSet><item><imageId>ami-1</imageId><architecture>x86_64</architecture><imageState>available</imageState>\
         <rootDeviceName>/dev/sda1</rootDeviceName></item></imagesSet>",
    );
    setting.answers("ImportKeyPair", "<keyPairId>key-1</keyPairId>");
    setting
}

/// The options of `create`: the defaults, keys, and what is given.
pub(crate) fn configure(driver: &mut Ec2Driver, given: &[(&str, &str)]) -> Result<()> {
    driver.set_config_from_flags(options(given)?)
}

/// Options from texts, in the types of their flags.
pub(crate) fn options(given: &[(&str, &str)]) -> Result<Options> {
    let flags = Options::flags();
    let mut options = DriverOptions::defaults(&flags);
    let keys = [
        ("ec2-access-key", "AKIAIOSFODNN7EXAMPLE"),
        ("ec2-secret-key", SECRETS[0]),
        ("ec2-session-token", SECRETS[1]),
    ];
    for (name, text) in keys.iter().chain(given) {
        let flag = flags.iter().find(|flag| flag.name == *name).expect(name);
        let value = match flag.kind {
            FlagKind::String { .. } => OptionValue::String((*text).to_owned()),
            FlagKind::StringList { .. } => OptionValue::List(text.split(' ').map(str::to_owned).collect()),
            FlagKind::Int { .. } => OptionValue::Int(text.parse().unwrap()),
            FlagKind::Bool => OptionValue::Bool(*text == "true"),
        };
        options.insert(*name, value);
    }
    Options::from_options(&options)
}

impl Setting {
    /// Another machine of the same EC2 and store.
    pub(crate) fn configure(&mut self, given: &[(&str, &str)]) {
        let uri = self.server.uri();
        let given: Vec<_> =
            [("ec2-endpoint", uri.as_str())].into_iter().chain(given.iter().copied()).collect();
        configure(&mut self.driver, &given).unwrap();
    }

    /// From now on, and after earlier answers were given once.
    pub(crate) fn then(&self, action: &str, answer: ResponseTemplate) {
        self.script.lock().unwrap().entry(action.to_owned()).or_default().push(answer);
    }

    /// From now on.
    pub(crate) fn answers(&self, action: &str, content: &str) {
        self.script.lock().unwrap().remove(action);
        self.then(action, success(action, content));
    }

    pub(crate) fn refuses(&self, action: &str, status: u16, code: &str) {
        self.script.lock().unwrap().remove(action);
        self.then(action, refusal(status, code));
    }

    /// One instance with the machine's mark from now on.
    pub(crate) fn shows(&self, id: &str, state: &str) {
        self.answers("DescribeInstances", &instance(id, state, &self.driver.owner()));
    }

    /// After the next look at the instance it is in this state.
    pub(crate) fn turns(&self, id: &str, state: &str) {
        let answer = instance(id, state, &self.driver.owner());
        self.then("DescribeInstances", success("DescribeInstances", &answer));
    }

    /// The actions that were asked for, in order.
    pub(crate) async fn actions(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().map(|request| parameters(request)["Action"].clone()).collect()
    }

    /// The actions that change something.
    pub(crate) async fn changes(&self) -> Vec<String> {
        let mut actions = self.actions().await;
        actions.retain(|action| !action.starts_with("Describe"));
        actions
    }

    /// A header of the last request.
    pub(crate) async fn header(&self, name: &str) -> String {
        let requests = self.server.received_requests().await.unwrap();
        requests.last().unwrap().headers[name].to_str().unwrap().to_owned()
    }

    /// The requests for one action.
    pub(crate) async fn requests(&self, action: &str) -> Vec<Parameters> {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().map(parameters).filter(|request| request["Action"] == action).collect()
    }
}

struct Responder(Script);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let action = parameters(request)["Action"].clone();
        let mut script = self.0.lock().unwrap();
        match script.get_mut(&action).map(|answers| (answers.len(), answers)) {
            None | Some((0, _)) => success(&action, ""),
            Some((1, answers)) => answers[0].clone(),
            Some((_, answers)) => answers.remove(0),
        }
    }
}

fn parameters(request: &Request) -> Parameters {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

pub(crate) fn success(action: &str, content: &str) -> ResponseTemplate {
    let body = format!(
        "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r-1</requestId>{content}\
         </{action}Response>"
    );
    ResponseTemplate::new(200).set_body_string(body)
}

pub(crate) fn refusal(status: u16, code: &str) -> ResponseTemplate {
    let body = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>reason of the {code}</Message></Error></Errors>\
         <RequestID>r-1</RequestID></Response>"
    );
    ResponseTemplate::new(status).set_body_string(body)
}

/// The content of an answer with one instance.
pub(crate) fn instance(id: &str, state: &str, owner: &str) -> String {
    format!(
        "<reservationSet><item><instancesSet><item><instanceId>{id}</instanceId><instanceState><name>{state}</name>\
         </instanceState><privateIpAddress>10.0.0.9</privateIpAddress><ipAddress>127.0.0.9</ipAddress>{}</item>\
         </instancesSet></item></reservationSet>",
        tags(owner)
    )
}

/// The tags of an object with an owner.
pub(crate) fn tags(owner: &str) -> String {
    format!("<tagSet><item><key>machine-driver:owner</key><value>{owner}</value></item></tagSet>")
}

/// The kind, the words, and what no error may have: secrets, and "not found" for anything but the machine.
#[track_caller]
pub(crate) fn assert_error(error: &Error, kind: ErrorKind, words: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(text.contains("not found"), kind == ErrorKind::NotFound, "{text}");
}
