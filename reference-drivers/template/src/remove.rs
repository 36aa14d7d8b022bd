use machine_driver::{Context, Error, Result};

use crate::{
    api::Api,
    driver::TemplateDriver,
    instance::GONE,
    names,
    server::{Firewall, Key, Server},
};

/// The parts of `remove`. Each deletes by the recorded id, or else what carries the owner's mark (RM-016); what is
/// gone already is deleted (RM-008, RM-012).
impl TemplateDriver {
    /// Needs neither the guest nor local files (RM-019, RM-020), and ends when the name is free again (RM-017).
    pub(crate) async fn remove_server(&mut self, api: &Api, cx: &Context) -> Result<()> {
        let id = if self.server_id.is_empty() {
            let Some(server) = self.find(api).await? else {
                return Ok(());
            };
            server.id
        } else {
            self.server_id.clone()
        };
        api.delete::<Server>(&id).await?;
        let gone = cx
            .waits()
            .until(&GONE, || async { Ok(api.object::<Server>(&id).await?.is_none().then_some(())) });
        gone.await.map_err(|error| error.with_context("server", &id))?;
        self.server_id.clear();
        Ok(())
    }

    pub(crate) async fn remove_firewalls(&self, api: &Api) -> Result<()> {
        let mut outcomes = Vec::new();
        for firewall in api.named::<Firewall>(&self.object_name()).await? {
            outcomes.push(api.delete::<Firewall>(&firewall.id).await);
        }
        Error::all(outcomes)
    }

    pub(crate) async fn remove_key(&mut self, api: &Api) -> Result<()> {
        if !self.key_id.is_empty() {
            api.delete::<Key>(&self.key_id).await?;
            self.key_id.clear();
            return Ok(());
        }
        if !self.key_name.is_empty() {
            // The user's own (RM-003).
            return Ok(());
        }
        let name = self.object_name();
        let mut outcomes = Vec::new();
        for key in
            api.named::<Key>(&name).await?.iter().filter(|key| names::is_marked(&key.public_key, &name))
        {
            outcomes.push(api.delete::<Key>(&key.id).await);
        }
        Error::all(outcomes)
    }
}

#[cfg(test)]
#[path = "tests/remove.rs"]
mod tests;
