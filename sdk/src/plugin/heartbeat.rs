use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle, time::sleep};

use super::{client::Client, rpc};

/// Keeps a plugin alive (PROTOCOL section 9), whatever else is called. Ends when dropped.
#[derive(Debug)]
pub(super) struct Heartbeat {
    beating: watch::Sender<bool>,
    answered: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Heartbeat {
    /// Starts to send one after every `interval`, counted from the previous answer.
    pub(super) fn start(client: Arc<Client>, service: &str, interval: Duration) -> Self {
        let method = format!("{service}.Heartbeat");
        let (beating, mut may_beat) = watch::channel(true);
        let (count, answered) = watch::channel(0);
        let task = tokio::spawn(async move {
            loop {
                sleep(interval).await;
                if may_beat.wait_for(|beating| *beating).await.is_err() {
                    return;
                }
                // Once one has failed, the connection or the plugin is gone; calls will say so.
                if client.call(&method, &rpc::EMPTY, &rpc::empty()).await.is_err() {
                    return;
                }
                count.send_modify(|count| *count += 1);
            }
        });
        Self { beating, answered, task }
    }

    pub(super) fn pause(&self) {
        self.beating.send_replace(false);
    }

    pub(super) fn resume(&self) {
        self.beating.send_replace(true);
    }

    /// Number of heartbeats that the plugin answered.
    pub(super) fn answered(&self) -> u64 {
        *self.answered.borrow()
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}
