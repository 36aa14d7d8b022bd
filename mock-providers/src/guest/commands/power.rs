//! poweroff, reboot, shutdown.

use super::Call;
use crate::guest::system::Request;

fn request(call: &mut Call<'_>, request: Request) -> u8 {
    if !call.is_root() {
        return call.fail("Call to Reboot failed: Interactive authentication required.");
    }
    call.state.requests.push(request);
    0
}

pub(super) fn power_off(call: &mut Call<'_>) -> u8 {
    request(call, Request::PowerOff)
}

pub(super) fn reboot(call: &mut Call<'_>) -> u8 {
    request(call, Request::Reboot)
}

/// `shutdown [-h|-P|-r] TIME`; the time is always now.
pub(super) fn shutdown(call: &mut Call<'_>) -> u8 {
    if call.has('c') {
        return 0;
    }
    if call.has('r') { reboot(call) } else { power_off(call) }
}
