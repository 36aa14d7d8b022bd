//! Machines and clouds as their users see them: over SSH, over HTTP, over TLS.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cloud;
mod http_client;
mod ssh_client;

mod ec2_client;

mod cloud_control;
mod cloud_faults;
mod cloud_life;
mod cloud_rules;
mod ec2_control;
mod ec2_faults;
mod ec2_instances;
mod ec2_ipv6;
mod ec2_life;
mod ec2_protocol;
mod ec2_resources;
mod guest_power;
mod guest_ssh;
mod openssh;
mod provisioning;
mod sftp;
mod vbox_fidelity;
mod vbox_life;
mod vbox_template;
