//! Spot requests.

use super::{
    Hardware, Id, Kind, Launch, Moment, Region, Result, SpotOptions, TagSpecification, Tags, tags,
    timeline::Change, timeline::Timer,
};
use crate::ec2::error::Ec2Error;

/// Price in dollars an hour when nothing is said: that of the instance type on demand, here the same for all.
const ON_DEMAND_PRICE: &str = "0.096000";

/// A spot request for one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpotRequest {
    /// Id.
    pub(crate) id: Id,
    /// What was asked for.
    pub(crate) launch: Launch,
    /// Options.
    pub(crate) options: SpotOptions,
    /// Highest price, in dollars an hour.
    pub(crate) price: String,
    /// State.
    pub(crate) state: SpotState,
    /// Status code, for example `fulfilled`.
    pub(crate) status: &'static str,
    /// Status in words.
    pub(crate) status_message: String,
    /// When the status changed.
    pub(crate) status_since: Moment,
    /// When it was made.
    pub(crate) created: Moment,
    /// Instance that fulfils it, also after it was cancelled.
    pub(crate) instance: Option<Id>,
    /// Zone in which it was fulfilled.
    pub(crate) zone: Option<String>,
    /// Tags.
    pub(crate) tags: Tags,
    timer: Option<Timer>,
}

/// State of a spot request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpotState {
    /// Waits.
    Open,
    /// Has its instance.
    Active,
    /// Over, because its instance ended.
    Closed,
    /// Over, because somebody cancelled it.
    Cancelled,
    /// Over, because it could not be fulfilled.
    Failed,
}

impl SpotState {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Active => "active",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

impl SpotRequest {
    fn enter(&mut self, state: SpotState, status: &'static str, message: impl Into<String>, now: Moment) {
        self.state = state;
        self.status = status;
        self.status_message = message.into();
        self.status_since = now;
    }
}

impl Region {
    /// Asks for spot instances (`RequestSpotInstances`): one request for each, fulfilled after a while.
    ///
    /// # Errors
    /// What an order of such an instance would be refused for; a price that is none.
    pub(crate) fn request_spot_instances(
        &mut self,
        count: u32,
        launch: &Launch,
        options: &SpotOptions,
        specifications: &[TagSpecification],
        now: Moment,
    ) -> Result<Vec<Id>> {
        tags::require_types(specifications, &["spot-instances-request"])?;
        let own_tags = tags::tags_for(specifications, "spot-instances-request")?;
        if count == 0 {
            return Err(Ec2Error::invalid_value("instanceCount", 0, "Must be at least 1."));
        }
        let launch = Launch { min_count: 1, max_count: 1, spot: None, client_token: None, ..launch.clone() };
        price(options)?;
        self.require_visible_parts(&launch, now)?;
        self.plan(&launch)?;
        let requests = (0..count).map(|_| {
            let id = self.add_spot_request(&launch, options, own_tags.clone(), now);
            let timer = self.timeline.add(now.after(self.times.spot_fulfilment), Change::Fulfil(id.clone()));
            if let Some(request) = self.spot_requests.get_mut(&id) {
                request.timer = Some(timer);
            }
            self.hide(Kind::SpotRequest, &id, self.lag, now);
            id
        });
        Ok(requests.collect())
    }

    /// Cancels spot requests: all or none. Instances that they have go on.
    ///
    /// # Errors
    /// No such request.
    pub(crate) fn cancel_spot_requests(&mut self, ids: &[&str], now: Moment) -> Result<()> {
        self.visible_spot_requests(ids, now)?;
        for id in ids {
            let Some(request) = self.spot_requests.get_mut(id) else {
                continue;
            };
            self.timeline.cancel(request.timer.take());
            match (request.state, &request.instance) {
                (SpotState::Open, _) => {
                    let message = "Your Spot request was canceled before it was fulfilled.";
                    request.enter(SpotState::Cancelled, "canceled-before-fulfillment", message, now);
                }
                (SpotState::Active, _) => {
                    let message = "Your Spot request was canceled, but your instance is still running.";
                    request.enter(
                        SpotState::Cancelled,
                        "request-canceled-and-instance-running",
                        message,
                        now,
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The order behind a spot request is carried out.
    pub(super) fn fulfil(&mut self, id: &Id, now: Moment, hardware: &mut dyn Hardware) {
        let Some(request) = self.spot_requests.get(id).filter(|it| it.state == SpotState::Open) else {
            return;
        };
        let (launch, persistent) = (request.launch.clone(), request.options.persistent);
        match self.plan(&launch) {
            Ok(plan) => {
                let launched = self.carry_out(&plan, &launch, now, hardware);
                for instance in &launched.instances {
                    self.join(id, instance, persistent, now);
                }
            }
            Err(error) => {
                if let Some(request) = self.spot_requests.get_mut(id) {
                    request.timer = None;
                    request.enter(SpotState::Failed, "bad-parameters", error.message, now);
                }
            }
        }
    }

    /// The spot request of an instance that was launched as a spot instance.
    pub(super) fn add_fulfilled_spot_request(
        &mut self,
        launch: &Launch,
        options: &SpotOptions,
        instance: &Id,
        own_tags: &Tags,
        now: Moment,
    ) {
        let id = self.add_spot_request(launch, options, own_tags.clone(), now);
        self.join(&id, instance, options.persistent, now);
    }

    /// The instance of a spot request has ended.
    pub(super) fn close_spot_request(&mut self, instance: &Id, now: Moment) {
        let request = self.instances.get(instance).and_then(|it| it.spot_request.clone());
        let Some(request) = request.and_then(|id| self.spot_requests.get_mut(&id)) else {
            return;
        };
        if request.state == SpotState::Active {
            let message = "Your Spot instance was terminated by the user.";
            request.enter(SpotState::Closed, "instance-terminated-by-user", message, now);
        }
    }

    fn add_spot_request(&mut self, launch: &Launch, options: &SpotOptions, tags: Tags, now: Moment) -> Id {
        let id = self.ids.next(Kind::SpotRequest);
        let request = SpotRequest {
            id: id.clone(),
            launch: launch.clone(),
            options: options.clone(),
            price: price(options).unwrap_or_else(|_| ON_DEMAND_PRICE.to_owned()),
            state: SpotState::Open,
            status: "pending-evaluation",
            status_message: "Your Spot request has been submitted for review, and is pending evaluation."
                .to_owned(),
            status_since: now,
            created: now,
            instance: None,
            zone: None,
            tags,
            timer: None,
        };
        self.spot_requests.insert(id.clone(), request);
        id
    }

    fn join(&mut self, request: &Id, instance: &Id, persistent: bool, now: Moment) {
        let zone = self.instances.get_mut(instance).map(|it| {
            it.spot_request = Some(request.clone());
            it.is_persistent_spot = persistent;
            it.zone.name.clone()
        });
        if let Some(request) = self.spot_requests.get_mut(request) {
            request.timer = None;
            request.instance = Some(instance.clone());
            request.zone = zone;
            request.enter(SpotState::Active, "fulfilled", "Your Spot request is fulfilled.", now);
        }
    }
}

/// The price that is offered, with six decimals as AWS shows it.
pub(super) fn price(options: &SpotOptions) -> Result<String> {
    let Some(text) = options.max_price.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(ON_DEMAND_PRICE.to_owned());
    };
    match text.parse::<f64>() {
        Ok(price) if price > 0.0 && price.is_finite() => Ok(format!("{price:.6}")),
        _ => Err(Ec2Error::invalid_value("price", text, "Prices are positive decimal numbers.")),
    }
}
