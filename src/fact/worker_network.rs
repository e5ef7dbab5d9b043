//! What a worker reaches that has a network of its own, dialled by its host from inside that network.

use serde::{Deserialize, Serialize};

use super::dial::TcpOutcome;
use super::network::Links;
use super::network::routes::Routes;

/// The network of one worker, as its own program uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerNetwork {
    /// Whose it is: the container's name, or the process of a worker without Docker.
    pub worker: String,
    /// Its interfaces.
    pub links: Links,
    /// Its routes.
    pub routes: Routes,
    /// What became of dials from inside, of those services that this machine itself reached just before.
    pub dials: Vec<TcpOutcome>,
}

impl WorkerNetwork {
    pub(crate) fn summary(&self) -> Vec<String> {
        let addresses = self.links.links.iter().filter(|link| link.name != "lo").flat_map(|link| &link.addresses);
        let addresses: Vec<String> = addresses.map(ToString::to_string).collect();
        let has = if addresses.is_empty() { "no address".to_owned() } else { addresses.join(" ") };
        let dials = self.dials.iter().flat_map(TcpOutcome::summary);
        std::iter::once(format!("the network of {} has {has}", self.worker))
            .chain(dials.map(|line| format!("from inside it, {line}")))
            .collect()
    }
}
