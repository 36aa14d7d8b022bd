//! The EC2 driver with one thing wrong, as a wrapper around its object-safe form.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use docker_machine_driver_ec2::Ec2Driver;
use machine_driver::{
    BoxFuture, DriverOptions, DynDriver, Error, ErrorKind, Flag, Hosted, Log, OptionValue, Result, State,
    wait::Waits,
};
use serde_json::{Map, Value};

use super::{Defect, answers::Twisted, calls::Calls};
use crate::{
    defects::inner::{Inner, pass_on},
    relay::Detour,
};

/// Flag with the URL of the provider.
const ENDPOINT: &str = "ec2-endpoint";
/// Security group that the defective drivers share between machines.
const SHARED: &str = "docker-machine";
/// Port of the engine.
const ENGINE_PORT: i32 = 2376;
/// Between looking for a shared object and making it: what a real driver needs for its other look-ups.
const MEANWHILE: Duration = Duration::from_millis(400);

/// What a driver waits that does not look.
const A_MOMENT: Duration = Duration::from_millis(500);

/// The EC2 driver with a defect.
pub struct Defective {
    inner: Inner,
    defect: Defect,
    twisted: Arc<Twisted>,
    detour: Detour,
    /// What the defect remembers of an address.
    address: Mutex<String>,
}

impl std::fmt::Debug for Defective {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Defective").field("defect", &self.defect).finish_non_exhaustive()
    }
}

impl Defective {
    /// The driver with `defect`.
    pub fn new(defect: Defect, log: Log, waits: Waits) -> Self {
        Self {
            inner: Inner(Arc::new(Hosted::new(Ec2Driver::default(), log, waits))),
            defect,
            twisted: Arc::new(Twisted::new(defect)),
            detour: Detour::default(),
            address: Mutex::default(),
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn address(&self) -> String {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, address: &str) {
        address.clone_into(&mut self.address.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn calls(&self) -> Result<Calls> {
        Ok(Calls::of(&self.inner.record().await?).await)
    }

    /// Names of the security groups that the user supplied.
    async fn supplied_groups(&self) -> Vec<String> {
        let record = self.inner.record().await.unwrap_or_default();
        let names = record.get("SecurityGroups").and_then(Value::as_array).cloned();
        let names = names.unwrap_or_default().into_iter();
        names.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
    }

    /// Name of the driver's own security group.
    async fn own_group(&self) -> String {
        let (machine, owner) = (self.inner.text("MachineName").await, self.inner.text("Owner").await);
        format!("machine-{machine}-{owner}")
    }

    /// What an error of any method says, with the defect.
    async fn spoilt<T>(&self, outcome: Result<T>) -> Result<T> {
        let Err(error) = outcome else { return outcome };
        if self.has(Defect::SecretKeyInErrors) {
            let key = self.inner.text("SecretKey").await;
            return Err(Error::new(error.kind(), format!("{error} (signed with {key})")));
        }
        Err(error)
    }

    /// Does something in the background, and returns at once.
    fn later<F>(&self, act: impl FnOnce(Arc<dyn DynDriver>) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let act = act(Arc::clone(&self.inner.0));
        tokio::spawn(async move {
            // Nobody is there any more to be told of an error.
            let _ = act.await;
        });
    }

    async fn before_create(&self) -> Result<()> {
        match self.defect {
            Defect::SwarmPortStaysClosed => self.inner.set("SwarmMaster", false).await?,
            Defect::InstanceTypeIsIgnored => self.inner.set("InstanceType", "t3.micro").await?,
            Defect::ImageIsIgnored => {
                self.inner.set("Ami", "").await?;
                self.inner.set("SSHUser", "ubuntu").await?;
            }
            Defect::ZoneIsIgnored => self.inner.set("Zone", "").await?,
            Defect::TagsAreIgnored => self.inner.set("Tags", "").await?,
            Defect::UserDataIsEncodedTwice => self.encode_user_data().await?,
            Defect::SharedGroupGoesWithTheFirst => {
                let calls = self.calls().await?;
                if calls.group(SHARED).await?.is_none() {
                    // How two machines meet here is another defect.
                    let _ = calls.create_group(SHARED).await;
                }
            }
            Defect::SharedGroupIsLookedForThenMade => {
                let calls = self.calls().await?;
                if calls.group(SHARED).await?.is_none() {
                    tokio::time::sleep(MEANWHILE).await;
                    calls.create_group(SHARED).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn encode_user_data(&self) -> Result<()> {
        let path = PathBuf::from(self.inner.text("Userdata").await);
        let Ok(data) = tokio::fs::read(&path).await else {
            return Ok(());
        };
        let encoded = path.with_extension("encoded");
        tokio::fs::write(&encoded, aws_smithy_types::base64::encode(&data))
            .await
            .map_err(|error| Error::new(ErrorKind::Io, error.to_string()))?;
        self.inner.set("Userdata", encoded.display().to_string()).await
    }

    async fn after_create(&self) -> Result<()> {
        let calls = self.calls().await?;
        match self.defect {
            Defect::SwarmPortStaysClosed => self.inner.set("SwarmMaster", true).await?,
            Defect::SuppliedGroupIsOpened => {
                for name in self.supplied_groups().await {
                    if let Some(group) = calls.group(&name).await? {
                        calls.open(&group, (8443, 8443)).await?;
                    }
                }
            }
            Defect::EnginePortStaysClosed => {
                if let Some(group) = calls.group(&self.own_group().await).await? {
                    calls.close(&group, ENGINE_PORT).await?;
                }
            }
            Defect::GroupLetsEverythingIn => {
                if let Some(group) = calls.group(&self.own_group().await).await? {
                    calls.open(&group, (-1, -1)).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn after_remove(&self) -> Result<()> {
        let calls = self.calls().await?;
        match self.defect {
            Defect::RemoveGoesByTheNameTag => {
                calls.terminate_named(&self.inner.text("MachineName").await).await?;
            }
            Defect::SuppliedKeyPairIsDeleted => {
                let name = self.inner.text("KeypairName").await;
                if !name.is_empty() {
                    calls.delete_key_pair(&name).await?;
                }
            }
            Defect::SuppliedGroupIsDeleted => {
                for name in self.supplied_groups().await {
                    if let Some(group) = calls.group(&name).await? {
                        calls.delete_group(&group).await?;
                    }
                }
            }
            // Collected with the last machine, as it should be.
            Defect::SharedGroupIsLookedForThenMade if calls.has_instances().await? => {}
            Defect::SharedGroupGoesWithTheFirst | Defect::SharedGroupIsLookedForThenMade => {
                if let Some(group) = calls.group(SHARED).await? {
                    calls.delete_group(&group).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl DynDriver for Defective {
    fn config_raw(&self) -> BoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            let json = self.detour.outward(self.inner.0.config_raw().await?);
            let address = self.address();
            if !self.has(Defect::StartKeepsTheOldAddress) || address.is_empty() {
                return Ok(json);
            }
            let mut record: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
            record.insert("IPAddress".to_owned(), address.into());
            Ok(serde_json::to_vec(&record).unwrap_or_default())
        })
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let json = if self.twisted.is_needed() {
                self.detour.inward(json, self.twisted.clone()).await?
            } else {
                json
            };
            self.inner.0.set_config_raw(json).await?;
            if self.has(Defect::StartKeepsTheOldAddress) {
                self.remember(&self.inner.text("IPAddress").await);
            }
            Ok(())
        })
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut options = options;
            if self.twisted.is_needed() {
                let endpoint = options.string(ENDPOINT).to_owned();
                let url = self.detour.through(&endpoint, self.twisted.clone()).await?;
                if !url.is_empty() {
                    options.insert(ENDPOINT, OptionValue::String(url));
                }
            }
            if self.has(Defect::ThrottledCallIsNotRepeated) {
                options.insert("ec2-retries", OptionValue::Int(0));
            }
            if self.has(Defect::PortZeroIsLeftOut) {
                let ports =
                    options.list("ec2-open-port").iter().filter(|port| *port != "0").cloned().collect();
                options.insert("ec2-open-port", OptionValue::List(ports));
            }
            if self.has(Defect::ContradictionIsTaken) && options.bool("ec2-ipv6-address-only") {
                options.insert("ec2-use-private-address", OptionValue::Bool(false));
            }
            if self.has(Defect::UdpIsRefused)
                && options.list("ec2-open-port").iter().any(|port| port.ends_with("udp"))
            {
                return Err(Error::new(ErrorKind::InvalidOption, "--ec2-open-port is no port of TCP"));
            }
            let outcome = self.inner.0.set_config_from_flags(options).await;
            self.spoilt(outcome).await
        })
    }

    fn pre_create_check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::PreCreateCheckTriesTheGroup) {
                let calls = self.calls().await?;
                calls.create_group("can-it-be-made").await?;
                if let Some(group) = calls.group("can-it-be-made").await? {
                    calls.delete_group(&group).await?;
                }
            }
            let checked = self.inner.0.pre_create_check().await;
            match checked {
                Err(error)
                    if self.has(Defect::UnknownOfferIsAccepted)
                        && matches!(error.kind(), ErrorKind::InvalidOption | ErrorKind::Provider) =>
                {
                    Ok(())
                }
                checked => self.spoilt(checked).await,
            }
        })
    }

    fn create(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.before_create().await?;
            self.twisted.begin("Create");
            let created = self.inner.0.create().await;
            self.twisted.begin("");
            if let Err(error) = &created
                && self.has(Defect::RollBackHidesTheCause)
                && let Some((_, second)) = error.to_string().split_once("could not undo it")
            {
                let second = second.trim_start_matches([':', ' ', '=']);
                return Err(Error::new(ErrorKind::Other, second));
            }
            self.spoilt(created).await?;
            self.after_create().await
        })
    }

    fn remove(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let id = self.inner.text("InstanceId").await;
            match self.defect {
                Defect::RemoveNeedsTheIds
                    if id.is_empty() && self.inner.text("KeyPairId").await.is_empty() =>
                {
                    return Ok(());
                }
                Defect::OnlyTheFirstPageIsRead if id.is_empty() => {
                    let machine = self.inner.text("MachineName").await;
                    if !self.calls().await?.is_on_the_first_page(&machine).await? {
                        return Ok(());
                    }
                }
                Defect::RemoveLeavesTheVolume if !id.is_empty() => {
                    self.calls().await?.keep_the_volume(&id).await?;
                }
                Defect::RemoveFailsWhenTerminated if !id.is_empty() => {
                    self.inner.0.state().await?;
                }
                _ => {}
            }
            self.twisted.begin("Remove");
            let removed = self.inner.0.remove().await;
            self.twisted.begin("");
            match removed {
                Err(error)
                    if self.has(Defect::RemoveIgnoresRefusals)
                        && matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Provider) =>
                {
                    Ok(())
                }
                removed => {
                    self.spoilt(removed).await?;
                    self.after_remove().await
                }
            }
        })
    }

    fn start(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::StartReturnsEarly) {
                self.inner.0.state().await?;
                self.later(|driver| async move { driver.start().await });
                return Ok(());
            }
            let started = self.inner.0.start().await;
            self.spoilt(started).await
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::StopTerminates) {
                let id = self.inner.text("InstanceId").await;
                return self.calls().await?.terminate(&id).await;
            }
            self.twisted.begin("Stop");
            let stopped = self.inner.0.stop().await;
            self.twisted.begin("");
            if self.has(Defect::StopReturnsEarly) {
                // Most guests are off by then.
                tokio::time::sleep(A_MOMENT).await;
            }
            self.spoilt(stopped).await
        })
    }

    fn restart(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let state = self.inner.0.state().await;
            match (self.defect, state) {
                (Defect::RestartOfStoppedDoesNothing, Ok(State::Stopped)) => Ok(()),
                (Defect::RestartReturnsEarly, Ok(State::Running)) => {
                    self.later(|driver| async move { driver.restart().await });
                    Ok(())
                }
                _ => {
                    let restarted = self.inner.0.restart().await;
                    self.spoilt(restarted).await
                }
            }
        })
    }

    fn kill(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let killed = if self.has(Defect::KillWithoutForce) {
                self.inner.0.stop().await
            } else {
                self.inner.0.kill().await
            };
            self.spoilt(killed).await
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<State>> {
        Box::pin(async move {
            let state = self.inner.0.state().await;
            match (self.defect, &state) {
                (Defect::TerminatedIsStopped, Err(error)) if error.kind() == ErrorKind::NotFound => {
                    return Ok(State::Stopped);
                }
                (Defect::OutageIsStopped, Err(error))
                    if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Other) =>
                {
                    return Ok(State::Stopped);
                }
                (Defect::PendingIsRunning, Ok(State::Starting)) => return Ok(State::Running),
                (Defect::NoReservationPanics, Err(error)) if error.kind() == ErrorKind::NotFound => {
                    return Err(Error::new(
                        ErrorKind::Panic,
                        "Panic in the driver: index out of range [0] with length 0",
                    ));
                }
                (Defect::StateListsEverything, Ok(_)) => self.calls().await?.list_everything().await?,
                _ => {}
            }
            self.spoilt(state).await
        })
    }

    fn ip(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let ip = self.spoilt(self.inner.0.ip().await).await?;
            match self.defect {
                // What a machine with IPv6 alone is told is the matter of other defects.
                Defect::PrivateAddressIsReported if !ip.contains(':') => {
                    Ok(self.inner.text("PrivateIPAddress").await)
                }
                Defect::AddressIsRemembered => {
                    if self.address().is_empty() {
                        self.remember(&ip);
                    }
                    Ok(self.address())
                }
                _ => Ok(ip),
            }
        })
    }

    fn url(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let url = self.spoilt(self.inner.0.url().await).await?;
            if self.has(Defect::UrlKeepsThePublicAddress) && !url.contains('[') {
                let private = self.inner.0.ip().await?;
                let id = self.inner.text("InstanceId").await;
                let public = self.calls().await?.public_address(&id).await?;
                return Ok(url.replace(&private, &public));
            }
            if self.has(Defect::UrlLacksBrackets) {
                return Ok(url.replace(['[', ']'], ""));
            }
            Ok(url)
        })
    }

    pass_on! {
        driver_name() -> String;
        create_flags() -> Vec<Flag>;
        machine_name() -> String;
        ipv6() -> String;
        ssh_hostname() -> String;
        ssh_key_path() -> String;
        ssh_port() -> u16;
        ssh_username() -> String;
    }
}
