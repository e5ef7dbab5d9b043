//! What a worker's container reaches, dialled by its host from inside the container's network.

use serde::{Deserialize, Serialize};

use crate::fact::dial::TcpOutcome;
use crate::fact::network::Links;
use crate::fact::network::routes::Routes;

/// The network of one container, as a program inside it would use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerNetwork {
    /// The container's name.
    pub container: String,
    /// Its interfaces.
    pub links: Links,
    /// Its routes.
    pub routes: Routes,
    /// What became of dials from inside, of those services that this machine itself reached just before.
    pub dials: Vec<TcpOutcome>,
}

impl ContainerNetwork {
    pub(crate) fn summary(&self) -> Vec<String> {
        let addresses = self.links.links.iter().filter(|link| link.name != "lo").flat_map(|link| &link.addresses);
        let addresses: Vec<String> = addresses.map(ToString::to_string).collect();
        let has = if addresses.is_empty() { "no address".to_owned() } else { addresses.join(" ") };
        let dials = self.dials.iter().flat_map(TcpOutcome::summary);
        std::iter::once(format!("container {} has {has}", self.container))
            .chain(dials.map(|line| format!("from inside it, {line}")))
            .collect()
    }
}
