//! A tunnel that is in the network of a container or of the worker alone: this machine's own system is not in it.

use super::Seat;
use crate::fact::{Fact, FactKey};

impl Seat<'_> {
    /// Who has the tunnel, where that is in another network than this machine's own.
    pub(crate) fn tunnel_apart(&self) -> Option<String> {
        if let Some(Fact::WgConf(conf)) = self.snapshot.fact(&FactKey::WgConf)
            && let Some(container) = conf.made_by.as_ref().filter(|maker| maker.apart).and_then(|it| it.name.as_ref())
        {
            return Some(format!("the container {container}"));
        }
        let Fact::WorkerNetwork(network) = self.snapshot.fact(&FactKey::WorkerNetwork)? else { return None };
        let Fact::Links(links) = self.snapshot.fact(&FactKey::Links)? else { return None };
        let name = &self.addresses().interface.value;
        (links.named(name).is_none() && network.links.named(name).is_some()).then(|| network.worker.clone())
    }
}
