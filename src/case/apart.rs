//! A tunnel that is in a container's own network: this machine's own system is not in it.

use super::Seat;
use crate::fact::{Fact, FactKey};

impl<'a> Seat<'a> {
    /// The container that has the tunnel to itself.
    pub(crate) fn tunnel_apart(&self) -> Option<&'a str> {
        let Fact::WgConf(conf) = self.snapshot.fact(&FactKey::WgConf)? else { return None };
        let maker = conf.made_by.as_ref().filter(|maker| maker.apart)?;
        maker.name.as_deref()
    }
}
