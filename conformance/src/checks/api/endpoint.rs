//! Where the provider is, and whether it is the right one.

use machine_driver::{DriverOptions, OptionValue};
use machine_mock_providers::tls::UntrustedServer;

use crate::{
    check::{Check, Need, Stop},
    checks::name::isolation::Isolation,
    context::Context,
    machine::Machine,
};

/// A name that is nobody's (RFC 2606), so that only a proxy can be asked for it.
const ELSEWHERE: &str = "provider.invalid";

pub(super) const CAN_BE_CHANGED: Check = Check {
    id: "api::endpoint_can_be_changed",
    title: "The provider's endpoint is an option, and is reached through the proxy of the environment",
    clauses: &["API-003"],
    needs: &[Need::Process, Need::Cloud, Need::Machine],
    why: "Private clouds and test servers have other addresses, and many networks have no way out but a proxy.",
    good: "With --acme-endpoint http://provider.invalid and HTTP_PROXY the proxy is asked for provider.invalid.",
    bad: "The driver has its own HTTP client, which knows no proxy.",
    run: |cx| {
        Box::pin(async move {
            let (name, endpoint) = endpoint_option(&cx)?;
            let mut options = cx.options()?;
            let elsewhere = moved(&endpoint, "http", ELSEWHERE, None)?;
            options.insert(&name, OptionValue::String(elsewhere));
            let surroundings = Isolation::new(&cx).await?;
            let machine = cx.machine_in(surroundings.environment(), cx.machine_name(), options).await?;
            let asked = || surroundings.contacts().iter().any(|line| line.contains(ELSEWHERE));
            let waits = cx.limits().process_waits();
            tokio::select! {
                () = ask_provider(&machine) => {}
                () = async { while !asked() { waits.pause(&cx.limits().sample()).await } } => {}
            }
            machine.session().abandon().await;
            cx.rule("API-003").holds(
                asked(),
                format!("the proxy in HTTP_PROXY is asked for {ELSEWHERE}, which --{name} names"),
                || match surroundings.contacts() {
                    contacts if contacts.is_empty() => "nobody asked it for anything".to_owned(),
                    contacts => format!("it was asked for: {}", contacts.join(", ")),
                },
            );
            Ok(())
        })
    },
};

pub(super) const CERTIFICATES_ARE_VERIFIED: Check = Check {
    id: "api::certificates_are_verified",
    title: "A server whose certificate nobody signed is told nothing",
    clauses: &["API-004"],
    needs: &[Need::Cloud, Need::Machine],
    why: "Whoever can redirect the driver gets the credentials with the first request.",
    good: "\"self-signed certificate\"; the connection ends before the first request.",
    bad: "The HTTP client is made with `InsecureSkipVerify: true`, left over from a test.",
    run: |cx| {
        Box::pin(async move {
            let (name, endpoint) = endpoint_option(&cx)?;
            let server = UntrustedServer::start()
                .await
                .map_err(|error| Stop::Environment(format!("cannot listen on loopback: {error}")))?;
            let address = server.address();
            let mut options = cx.options()?;
            let secure = moved(&endpoint, "https", &address.ip().to_string(), Some(address.port()))?;
            options.insert(&name, OptionValue::String(secure));
            let machine = cx.machine_with(cx.machine_name(), options).await?;
            ask_provider(&machine).await;
            let told = server.requests();
            cx.rule("API-004").holds(
                told.is_empty(),
                "no request to a server with a certificate that nobody signed",
                || told.join(", "),
            );
            if told.is_empty() && server.connections() == 0 {
                return Err(Stop::NotTested(format!(
                    "the driver did not connect to the server that --{name} named"
                )));
            }
            Ok(())
        })
    },
};

/// The option that has the provider's endpoint in this run, and its value.
fn endpoint_option(cx: &Context) -> Result<(String, String), Stop> {
    let Some(endpoint) = cx.tenant().settings().remove("endpoint") else {
        return Err(Stop::NotTested("the provider of this run has no endpoint".to_owned()));
    };
    match with_value(&cx.options()?, &endpoint) {
        Some(name) => Ok((name, endpoint)),
        None => Err(Stop::NotTested("no option of the run has the provider's endpoint".to_owned())),
    }
}

fn with_value(options: &DriverOptions, value: &str) -> Option<String> {
    let is_it = |other: &OptionValue| matches!(other, OptionValue::String(text) if text == value);
    options.iter().find(|(_, other)| is_it(other)).map(|(name, _)| name.to_owned())
}

/// The endpoint with another scheme, host and port.
fn moved(endpoint: &str, scheme: &str, host: &str, port: Option<u16>) -> Result<String, Stop> {
    let unusable = || Stop::NotTested(format!("the provider's endpoint {endpoint:?} is no URL"));
    let mut url = url::Url::parse(endpoint).map_err(|_| unusable())?;
    url.set_host(Some(host)).map_err(|_| unusable())?;
    url.set_port(port).map_err(|()| unusable())?;
    url.set_scheme(scheme).map_err(|()| unusable())?;
    Ok(url.to_string().trim_end_matches('/').to_owned())
}

/// Lets the driver ask its provider: in PreCreateCheck, or else in Create. Both are expected to fail.
async fn ask_provider(machine: &Machine) {
    let session = machine.session();
    if machine.configure().await.is_ok() && session.pre_create_check().await.is_ok() {
        let _ = session.create().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn endpoints_move() {
        let there = |endpoint| moved(endpoint, "http", ELSEWHERE, None).unwrap();
        assert_eq!(there("http://127.0.0.1:8080"), "http://provider.invalid");
        assert_eq!(there("https://127.0.0.1:8080/v2/region"), "http://provider.invalid/v2/region");
        assert_eq!(
            moved("http://127.0.0.1:1", "https", "127.0.0.1", Some(2)).unwrap(),
            "https://127.0.0.1:2"
        );
        assert!(moved("127.0.0.1", "http", ELSEWHERE, None).is_err());
    }
}
