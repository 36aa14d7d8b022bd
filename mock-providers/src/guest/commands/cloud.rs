//! cloud-init.

use super::Call;

pub(super) fn cloud_init(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    match operands.first() {
        Some(&"status") => {
            // With --wait a dot is printed for each quarter of a second.
            call.line("status: done");
            0
        }
        Some(&"query") => {
            let data = call.state.disk.text("/var/lib/cloud/instance/user-data.txt").unwrap_or_default();
            call.print(data);
            0
        }
        _ => 0,
    }
}
