//! What was changed at the provider.

use crate::{
    check::{Need, Stop},
    context::Context,
};

/// Requests so far that changed something at the provider; `None` in a world that keeps no log.
pub(crate) async fn changes(cx: &Context) -> Result<Option<usize>, Stop> {
    if !cx.offers(Need::RequestLog) {
        return Ok(None);
    }
    let requests = cx.tenant().requests().await?;
    Ok(Some(requests.iter().filter(|request| request.mutating && !request.failed).count()))
}
