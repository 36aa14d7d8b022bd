//! Objects that belong to somebody else, or to the user: made without a signature, unseen by the log and by faults.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    account::Account,
    api::{self, Request},
    catalog,
    error::Ec2Error,
    query::Query,
    server::DEFAULT_REGION,
};
use crate::inventory::Object;

type Result<T> = std::result::Result<T, Ec2Error>;

const VERSION: &str = "2016-11-15";

/// All are made in the default region. The result is every object that came into being, as the inventory lists it.
impl Account {
    /// Makes `count` small instances with the tag `Name`. They are running and stay as they are; nobody can log in to them.
    ///
    /// # Errors
    /// Those of `RunInstances`.
    pub fn seed_instances(&self, name: &str, count: usize) -> Result<Vec<Object>> {
        let (image, count) = (catalog::ubuntu(DEFAULT_REGION), count.to_string());
        let made = self.seed(&[
            ("Action", "RunInstances"),
            ("ImageId", &image),
            ("InstanceType", "t3.micro"),
            ("MinCount", &count),
            ("MaxCount", &count),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", name),
        ])?;
        for instance in made.iter().filter(|object| object.kind == "instance") {
            self.hold_state(&instance.id, "running")?;
        }
        Ok(self.as_now(&made))
    }

    /// Imports a public key, a line in OpenSSH's format.
    ///
    /// # Errors
    /// Those of `ImportKeyPair`.
    pub fn seed_key_pair(&self, name: &str, public_key: &str) -> Result<Vec<Object>> {
        self.seed(&[
            ("Action", "ImportKeyPair"),
            ("KeyName", name),
            ("PublicKeyMaterial", &STANDARD.encode(public_key)),
        ])
    }

    /// Makes a security group of the default VPC that lets everybody reach the TCP ports.
    ///
    /// # Errors
    /// Those of `CreateSecurityGroup` and `AuthorizeSecurityGroupIngress`.
    pub fn seed_security_group(&self, name: &str, ports: &[u16]) -> Result<Vec<Object>> {
        let made = self.seed(&[
            ("Action", "CreateSecurityGroup"),
            ("GroupName", name),
            ("GroupDescription", "made by somebody else"),
        ])?;
        for port in ports.iter().map(ToString::to_string) {
            self.ask(&[
                ("Action", "AuthorizeSecurityGroupIngress"),
                ("GroupName", name),
                ("IpProtocol", "tcp"),
                ("FromPort", &port),
                ("ToPort", &port),
                ("CidrIp", "0.0.0.0/0"),
            ])?;
        }
        Ok(self.as_now(&made))
    }

    /// The same objects as the inventory lists them now.
    fn as_now(&self, made: &[Object]) -> Vec<Object> {
        let mut objects = self.inventory();
        objects.retain(|object| is_among(object, made));
        objects
    }

    fn seed(&self, parameters: &[(&str, &str)]) -> Result<Vec<Object>> {
        let before = self.inventory();
        self.ask(parameters)?;
        let mut objects = self.inventory();
        objects.retain(|object| !is_among(object, &before));
        Ok(objects)
    }

    fn ask(&self, parameters: &[(&str, &str)]) -> Result<()> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Version", VERSION).extend_pairs(parameters);
        let form = form.finish();
        let query = Query::parse(&form)?;
        let parameters = query.parameters();
        let request = Request {
            operation: api::find(&parameters)?,
            parameters,
            faults: &[],
            generated_key: None,
            request_id: "seed",
            now: self.tenant.now(),
        };
        let region = self.tenant.region(DEFAULT_REGION)?;
        let answer = region.contents.lock().carry_out(&request);
        region.wake();
        answer.map(drop)
    }
}

fn is_among(object: &Object, objects: &[Object]) -> bool {
    objects.iter().any(|it| it.kind == object.kind && it.id == object.id)
}
