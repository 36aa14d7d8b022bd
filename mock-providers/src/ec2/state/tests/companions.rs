//! What goes with instances: Elastic IPs, rules of security groups, spot requests.

use super::{Desk, hardware};
use crate::ec2::state::{
    Direction, InstanceState, Launch, NewGroup, Revoked, SpotOptions, SpotState, StartFaults,
};

use InstanceState::{Pending, Running, Stopped};

#[test]
fn an_elastic_address_stays_over_stop_and_start() {
    let mut desk = Desk::new();
    let id = desk.running();
    let elastic = desk.region.allocate_address(&[], desk.now, &mut desk.table).unwrap().clone();
    let association =
        desk.region.associate_address(&elastic.allocation, &id, true, desk.now, &mut desk.table).unwrap();
    assert_eq!(desk.table.taken.len(), 1, "the address of its own is given back");
    let error = desk.region.release_address(&elastic.allocation, desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "InvalidIPAddress.InUse");
    desk.region.stop_instances(&[&id], false, desk.now, &mut desk.table).unwrap();
    desk.wait(4);
    let address = |desk: &Desk| desk.region.instances.get(&id).unwrap().public.clone().map(|it| it.address);
    assert_eq!((desk.state(&id), address(&desk)), (Stopped, Some(elastic.address)));
    desk.region.start_instances(&[&id], &StartFaults::default(), desk.now, &mut desk.table).unwrap();
    desk.wait(5);
    assert_eq!((desk.state(&id), address(&desk)), (Running, Some(elastic.address)));
    desk.region.disassociate_address(&association, &mut desk.table).unwrap();
    assert!(address(&desk).is_some_and(|address| address != elastic.address));
    desk.region.release_address(&elastic.allocation, desk.now, &mut desk.table).unwrap();
}

#[test]
fn rules_open_and_close_ports_of_running_machines() {
    let mut desk = Desk::new();
    let new = NewGroup { name: "g".to_owned(), description: "d".to_owned(), ..NewGroup::default() };
    let group = desk.region.create_group(&new, desk.now).unwrap();
    let order = Launch { group_ids: vec![group.to_string()], ..desk.order() };
    let id = desk.launch(&order);
    assert!(desk.table.machines[&id].ports.ipv4.ranges().is_empty());
    let rules = [hardware::ingress(22, 22), hardware::ingress(80, 90)];
    let (now, table) = (desk.now, &mut desk.table);
    let added =
        desk.region.authorize(&group, Direction::Ingress, &rules, &Default::default(), now, table).unwrap();
    assert_eq!(added.len(), 2);
    assert_eq!(desk.table.machines[&id].ports.ipv4.ranges(), [(22, 22), (80, 90)]);
    let both = [hardware::ingress(443, 443), hardware::ingress(22, 22)];
    let error = desk
        .region
        .authorize(&group, Direction::Ingress, &both, &Default::default(), desk.now, &mut desk.table)
        .unwrap_err();
    assert_eq!(error.code, "InvalidPermission.Duplicate");
    let words =
        "the specified rule \"peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW\" already exists";
    assert_eq!(error.message, words);
    assert!(!desk.table.machines[&id].ports.ipv4.contains(443), "the whole call is refused");
    let gone = Revoked::Ids(vec![added[0].id.to_string()]);
    desk.region.revoke(&group, Direction::Ingress, &gone, desk.now, &mut desk.table).unwrap();
    assert_eq!(desk.table.machines[&id].ports.ipv4.ranges(), [(80, 90)]);
    assert_eq!(desk.region.delete_group(&group, desk.now).unwrap_err().code, "DependencyViolation");
    desk.region.terminate_instances(&[&id], desk.now, &mut desk.table).unwrap();
    assert_eq!(desk.region.delete_group(&group, desk.now).unwrap_err().code, "DependencyViolation");
    desk.wait(6);
    desk.region.delete_group(&group, desk.now).unwrap();
}

#[test]
fn spot_requests_are_fulfilled_and_follow_their_instance() {
    let mut desk = Desk::new();
    let (order, options) = (desk.order(), SpotOptions::default());
    let ids = desk.region.request_spot_instances(2, &order, &options, &[], desk.now).unwrap();
    let state = |desk: &Desk, index: usize| {
        let request = desk.region.spot_requests.get(&ids[index]).unwrap();
        (request.state, request.status)
    };
    assert_eq!(state(&desk, 0), (SpotState::Open, "pending-evaluation"));
    desk.region.cancel_spot_requests(&[&ids[1]], desk.now).unwrap();
    desk.wait(3);
    assert_eq!(state(&desk, 0), (SpotState::Active, "fulfilled"));
    assert_eq!(state(&desk, 1), (SpotState::Cancelled, "canceled-before-fulfillment"));
    let instance = desk.region.spot_requests.get(&ids[0]).unwrap().instance.clone().unwrap();
    assert_eq!(desk.region.instances.get(&instance).unwrap().spot_request.as_ref(), Some(&ids[0]));
    desk.wait(5);
    let error = desk.region.stop_instances(&[&instance], false, desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "UnsupportedOperation");
    desk.region.terminate_at_once(&instance, desk.now, &mut desk.table);
    assert_eq!(state(&desk, 0), (SpotState::Closed, "instance-terminated-by-user"));
    let spot = Launch { spot: Some(options), ..desk.order() };
    let id = desk.launch(&spot);
    let request = desk.region.instances.get(&id).unwrap().spot_request.clone().unwrap();
    desk.region.cancel_spot_requests(&[&request], desk.now).unwrap();
    assert_eq!(
        desk.region.spot_requests.get(&request).unwrap().status,
        "request-canceled-and-instance-running"
    );
    assert_eq!(desk.state(&id), Pending);
}
