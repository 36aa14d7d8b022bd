use aws_sdk_ec2::types::KeyPairInfo;
use machine_driver::{
    Context, Driver, Error, Result,
    ssh::{KeyAlgorithm, KeyPair},
};

use crate::{api::Ec2, driver::Ec2Driver, instance::SEARCHED, names::is_owned};

impl Ec2Driver {
    /// Writes the private key and uploads the public one; the name of the key pair. With an existing pair nothing is
    /// uploaded.
    pub(crate) async fn make_key(&mut self, ec2: &Ec2, cx: &Context) -> Result<String> {
        let key = match &self.options.ssh_keypath {
            Some(source) => KeyPair::copy(source, self.ssh_key_path()).await?,
            None => KeyPair::generate(self.ssh_key_path(), KeyAlgorithm::Ed25519).await?,
        };
        if !self.options.keypair_name.is_empty() {
            return Ok(self.options.keypair_name.clone());
        }
        let name = self.object_name();
        self.key_pair_id = match ec2.import_key_pair(&name, key.public_key(), &self.machine_tags()).await {
            Err(failure) if failure.is(&["InvalidKeyPair.Duplicate"]) => {
                // It may be this key: the call is repeated when its answer is lost. Nobody else has it.
                self.uploaded(ec2, cx, &name, &key).await?.ok_or(failure)?
            }
            answer => answer?,
        };
        cx.publish(self);
        Ok(name)
    }

    async fn uploaded(&self, ec2: &Ec2, cx: &Context, name: &str, key: &KeyPair) -> Result<Option<String>> {
        let look = || async { Ok(ec2.key_pairs(name).await?.into_iter().next()) };
        let found = cx.waits().until_or_none(&SEARCHED, look).await?;
        Ok(found.filter(|pair| differs(pair, key) == Some(false)).and_then(|pair| pair.key_pair_id))
    }

    /// The user's key file and key pair, if there are any, exist and belong together (PRE-004).
    pub(crate) async fn check_key(&self, ec2: &Ec2) -> Result<()> {
        let Some(path) = &self.options.ssh_keypath else {
            return Ok(());
        };
        let key = KeyPair::load(path).await?;
        let name = &self.options.keypair_name;
        if name.is_empty() {
            return Ok(());
        }
        let refused = |problem: &str| Error::invalid_option("ec2-keypair-name", format!("{name} {problem}"));
        let pair = ec2.key_pairs(name).await?.into_iter().next();
        let pair = pair.ok_or_else(|| refused("is no key pair of the region"))?;
        match differs(&pair, &key) {
            Some(true) => Err(refused(&format!("has another key than --ec2-ssh-keypath {}", path.display()))),
            _ => Ok(()),
        }
    }

    pub(crate) async fn remove_key(&mut self, ec2: &Ec2) -> Result<()> {
        if !self.options.keypair_name.is_empty() {
            return Ok(());
        }
        if self.key_pair_id.is_empty() {
            let found = self.own_key(ec2).await?;
            return match found.and_then(|pair| pair.key_pair_id) {
                Some(id) => ec2.delete_key_pair(&id).await,
                None => Ok(()),
            };
        }
        ec2.delete_key_pair(&self.key_pair_id).await?;
        self.key_pair_id.clear();
        Ok(())
    }

    /// The key pair with the machine's mark.
    pub(crate) async fn own_key(&self, ec2: &Ec2) -> Result<Option<KeyPairInfo>> {
        let mut pairs = ec2.key_pairs(&self.object_name()).await?.into_iter();
        Ok(pairs.find(|pair| is_owned(pair.tags(), &self.owner())))
    }
}

/// Whether a key pair is another one than the key; `None` if EC2 does not tell.
fn differs(pair: &KeyPairInfo, key: &KeyPair) -> Option<bool> {
    let words = |line: &str| line.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
    pair.public_key().map(|line| words(line) != words(key.public_key()))
}
