use std::{future::Future, pin::Pin};

use crate::{error::Result, flag::Flag, options::DriverOptions, state::State};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The object-safe twin of [`Driver`](crate::Driver): what hosts, the plugin server and the suite hold.
///
/// Every method takes `&self` and may be called at any time, also while another one runs; every method may fail,
/// because the driver may live in another process. [`Hosted`](crate::Hosted) turns a driver value into one,
/// [`plugin::Host`](crate::plugin::Host) an executable.
///
/// The methods are those of the specification; what they must keep stands on [`Driver`](crate::Driver). Each returns
/// the driver's error, or one of kind [`Protocol`](crate::ErrorKind::Protocol) or
/// [`Connection`](crate::ErrorKind::Connection) if the driver's process is at fault.
pub trait DynDriver: Send + Sync {
    /// `DriverName`.
    fn driver_name(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetCreateFlags`.
    fn create_flags(&self) -> BoxFuture<'_, Result<Vec<Flag>>>;
    /// `GetConfigRaw`: the record as a JSON object.
    fn config_raw(&self) -> BoxFuture<'_, Result<Vec<u8>>>;
    /// `SetConfigRaw`: merges a JSON object into the record.
    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>>;
    /// `SetConfigFromFlags`.
    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>>;
    /// `GetMachineName`.
    fn machine_name(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetIP`.
    fn ip(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetIPv6` (rancher-machine).
    fn ipv6(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetSSHHostname`.
    fn ssh_hostname(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetSSHKeyPath`.
    fn ssh_key_path(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetSSHPort`.
    fn ssh_port(&self) -> BoxFuture<'_, Result<u16>>;
    /// `GetSSHUsername`.
    fn ssh_username(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetURL`.
    fn url(&self) -> BoxFuture<'_, Result<String>>;
    /// `GetState`.
    fn state(&self) -> BoxFuture<'_, Result<State>>;
    /// `PreCreateCheck`.
    fn pre_create_check(&self) -> BoxFuture<'_, Result<()>>;
    /// `Create`.
    fn create(&self) -> BoxFuture<'_, Result<()>>;
    /// `Remove`.
    fn remove(&self) -> BoxFuture<'_, Result<()>>;
    /// `Start`.
    fn start(&self) -> BoxFuture<'_, Result<()>>;
    /// `Stop`.
    fn stop(&self) -> BoxFuture<'_, Result<()>>;
    /// `Restart`.
    fn restart(&self) -> BoxFuture<'_, Result<()>>;
    /// `Kill`.
    fn kill(&self) -> BoxFuture<'_, Result<()>>;
}
