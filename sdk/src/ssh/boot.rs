use std::{fmt, time::Duration};

use super::{
    client::{Client, Endpoint, Limits},
    ready::wait_until,
};
use crate::{
    error::{Error, ErrorKind, Result},
    wait::{Wait, Waits},
};

/// Wait for a guest's next boot.
pub const NEW_BOOT: Wait =
    Wait::new("the next boot of the guest", Duration::from_secs(240), Duration::from_secs(1));

const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// Identity of one boot of a guest: the kernel draws a new one each time (RST-001).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootId(String);

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the boot id of the guest.
///
/// # Errors
/// As [`Client::run`]; a retryable error if the guest answers something else.
pub async fn boot_id(client: &Client) -> Result<BootId> {
    let output = client.run(&format!("cat {BOOT_ID_FILE}")).await?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let plausible = text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if output.exit_status == 0 && plausible {
        return Ok(BootId(text));
    }
    let text =
        format!("the guest has no boot id: `cat {BOOT_ID_FILE}` ended with status {}", output.exit_status);
    Err(Error::new(ErrorKind::Other, text).retryable())
}

/// The guest's boot id if it answers soon; `None` from a guest that is down, or not reachable yet.
///
/// For restarts where the address may change meanwhile: read it before, and look for another one at each new address.
pub async fn current_boot(endpoint: &Endpoint, waits: &Waits) -> Option<BootId> {
    let client = Client::connect(endpoint, Limits::soon(waits)).await.ok()?;
    boot_id(&client).await.ok()
}

/// Waits until the guest answers SSH on another boot than `before`, for at most [`NEW_BOOT`] (RST-001, RST-002).
///
/// During a reboot the old boot keeps answering for a while, and the provider may say "running" throughout; only the
/// boot id tells the two apart.
///
/// # Errors
/// [`ErrorKind::Timeout`] if it does not come, with the last reason.
pub async fn wait_for_new_boot(endpoint: &Endpoint, before: &BootId, waits: &Waits) -> Result<BootId> {
    wait_until(endpoint, waits, &NEW_BOOT, |client| async move {
        let now = boot_id(&client).await?;
        if now == *before {
            let text = format!("the guest still runs on the boot {before}");
            return Err(Error::new(ErrorKind::Other, text).retryable());
        }
        Ok(Some(now))
    })
    .await
}
