//! The objects of an account in the form that all providers share.

use super::{model::Server, state::Cloud};
use crate::inventory::Object;

/// All objects, in the order of their creation within each kind.
pub(super) fn objects(cloud: &Cloud) -> Vec<Object> {
    let object = |kind: &str, id: &str, name: &str| Object {
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: name.to_owned(),
        ..Object::default()
    };
    let mut objects = Vec::new();
    for key in &cloud.keys {
        let mut it = object("key", &key.id, &key.name);
        it.attributes.insert("fingerprint".into(), key.fingerprint.clone());
        it.attributes.insert("public_key".into(), key.public_key.clone());
        objects.push(it);
    }
    for record in &cloud.servers {
        let server = &record.server;
        let mut it = object("server", &server.id, &server.name);
        it.owner = server.tags.get("machine").cloned();
        it.attributes = attributes(server).into_iter().collect();
        objects.push(it);
    }
    for firewall in &cloud.firewalls {
        let mut it = object("firewall", &firewall.id, &firewall.name);
        let server = cloud.servers.iter().find(|record| record.server.id == firewall.server_id);
        it.owner = server.and_then(|record| record.server.tags.get("machine").cloned());
        let ports: Vec<String> = firewall.ports.iter().map(u16::to_string).collect();
        it.attributes.insert("server_id".into(), firewall.server_id.clone());
        it.attributes.insert("ports".into(), ports.join(","));
        objects.push(it);
    }
    objects
}

fn attributes(server: &Server) -> Vec<(String, String)> {
    let mut attributes = vec![
        ("state".to_owned(), server.state.word().to_owned()),
        ("image".to_owned(), server.image.clone()),
        ("size".to_owned(), server.size.clone()),
        ("region".to_owned(), server.region.clone()),
        ("key_id".to_owned(), server.key_id.clone()),
    ];
    let optional = [
        ("address", server.address.clone()),
        ("ssh_port", server.ssh_port.map(|port| port.to_string())),
        ("user_data", server.user_data.clone()),
        ("error", server.error.clone()),
    ];
    attributes.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    attributes.extend(server.tags.iter().map(|(name, value)| (format!("tag.{name}"), value.clone())));
    attributes
}
