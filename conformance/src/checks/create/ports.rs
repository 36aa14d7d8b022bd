//! Which ports of a machine can be reached.

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
    provider::parse_engine_url,
};

/// Ports that nobody asked for: the engine without TLS, Swarm, a web server.
const UNASKED: [u16; 3] = [2375, 3376, 8080];

pub(super) const SWARM_PORT_IS_OPEN: Check = Check {
    id: "create::swarm_port_is_open",
    title: "The port of a swarm master can be reached from outside",
    clauses: &["CREATE-006"],
    needs: &[Need::Machine, Need::Guest],
    why: "The swarm is reached through its master; `create` succeeds, and no node can join.",
    good: "With --swarm-master and --swarm-host tcp://0.0.0.0:4376 a listener on port 4376 of the guest answers.",
    bad: "Ports 22 and 2376 are open whatever the options say.",
    run: |cx| {
        Box::pin(async move {
            let (machine, port) = (cx.created_swarm_master().await?, Context::SWARM_PORT);
            let host = listening(&cx, &machine, &[port]).await?;
            cx.rule("CREATE-006").succeeds(
                &cx.reaches(&host, port).await,
                &format!("connecting to {host}:{port}, where the guest of a swarm master listens"),
            );
            Ok(())
        })
    },
};

pub(super) const OTHER_PORTS_ARE_CLOSED: Check = Check {
    id: "create::other_ports_are_closed",
    title: "Only the ports that hosts need can be reached from outside",
    clauses: &["SEC-006"],
    needs: &[Need::Machine, Need::Guest, Need::Cloud],
    why: "Whatever the guest happens to serve is open to the world, the engine without TLS first of all.",
    good: "Listeners on ports 2375 and 8080 of the guest cannot be reached, the one on 2376 can.",
    bad: "The driver makes a group that lets everything through.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let url = machine.session().url().await.map_err(|error| cx.prerequisite("GetURL", &error))?;
            let (_, engine) = parse_engine_url(&url)
                .map_err(|why| cx.prerequisite("reading GetURL", &format!("{url:?}: {why}")))?;
            let unasked: Vec<u16> = UNASKED.into_iter().filter(|port| *port != engine).collect();
            let mut ports = unasked.clone();
            ports.push(engine);
            let host = listening(&cx, &machine, &ports).await?;
            // Where a listener on an open port does not answer, a closed one shows nothing.
            cx.reaches(&host, engine)
                .await
                .map_err(|error| cx.prerequisite(&format!("reaching port {engine}"), &error))?;
            for port in unasked {
                let open = cx.reaches_at_once(&host, port).await;
                cx.rule("SEC-006").holds(
                    !open,
                    format!("port {port} cannot be reached, for nobody asked for it"),
                    || format!("{host}:{port} answers"),
                );
            }
            Ok(())
        })
    },
};

/// Lets the guest listen on these ports, and makes sure that it does. The result is its address.
pub(super) async fn listening(cx: &Context, machine: &Machine, ports: &[u16]) -> Result<String, Stop> {
    let host = machine.session().ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
    let ssh = machine.endpoint().await.map_err(|error| cx.prerequisite("the SSH getters", &error))?;
    cx.reaches(&ssh.host, ssh.port)
        .await
        .map_err(|error| cx.prerequisite(&format!("connecting to {ssh}"), &error))?;
    for port in ports {
        machine
            .guest(&format!("nc -l -p {port} </dev/null >/dev/null 2>&1 &"))
            .await
            .map_err(|error| cx.prerequisite("starting a listener", &error))?;
    }
    let listed = machine
        .guest("ss -ltn || netstat -ltn")
        .await
        .map_err(|error| cx.prerequisite("listing listeners", &error))?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    match ports.iter().find(|port| !listed.contains(&format!(":{port} "))) {
        None => Ok(host),
        Some(port) => Err(Stop::NotTested(format!("the guest cannot be made to listen on port {port}"))),
    }
}
