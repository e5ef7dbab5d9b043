//! What a unit's own settings keep its processes from (systemd.exec(5), systemd.resource-control(5)). Who asks from outside of
//! the unit is not kept from it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::filter::AddressFilter;

/// Where a setting stands: the file and the line.
type At = Option<(String, u32)>;

/// The network as the unit's processes have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// `IPAddressDeny=` and `IPAddressAllow=`, of the unit and of its slices.
    #[serde(default, skip_serializing_if = "AddressFilter::is_empty")]
    pub filter: AddressFilter,
    /// `RestrictAddressFamilies=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub families: Option<Restricted>,
    /// `RestrictNetworkInterfaces=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Restricted>,
    /// `PrivateNetwork=yes`, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Private>,
}

/// A network of the unit's own, with no interface but loopback.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Private {
    /// Where `PrivateNetwork=` stands.
    pub at: At,
}

/// A list that names either all that is allowed or all that is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restricted {
    /// Whether it names what is allowed.
    pub allows: bool,
    /// The names.
    pub names: Vec<String>,
    /// Where it stands.
    pub at: At,
}

impl Restricted {
    /// Whether the list lets a name be used.
    pub fn permits(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name) == self.allows
    }

    fn written(&self) -> String {
        format!("{}{}", if self.allows { "" } else { "~" }, self.names.join(" "))
    }
}

/// What of a unit keeps its processes from an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barrier<'a> {
    /// `PrivateNetwork=`.
    Private(&'a Private),
    /// `RestrictAddressFamilies=`; holds the family that is missing.
    Family(&'a Restricted, &'static str),
    /// `RestrictNetworkInterfaces=`.
    Interface(&'a Restricted),
    /// `IPAddressDeny=`.
    Address(&'a AddressFilter),
}

impl Barrier<'_> {
    /// The setting's name.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Private(_) => "PrivateNetwork",
            Self::Family(..) => "RestrictAddressFamilies",
            Self::Interface(_) => "RestrictNetworkInterfaces",
            Self::Address(_) => "IPAddressDeny",
        }
    }

    /// Where it stands.
    pub fn at(&self) -> Option<(&str, u32)> {
        let at = match self {
            Self::Private(it) => &it.at,
            Self::Family(it, _) | Self::Interface(it) => &it.at,
            Self::Address(it) => &it.at,
        };
        at.as_ref().map(|(path, line)| (path.as_str(), *line))
    }
}

impl Sandbox {
    /// Whether it keeps the unit's processes from nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What keeps the unit's processes from an address that is behind an interface.
    pub fn barrier(&self, address: IpAddr, interface: &str) -> Option<Barrier<'_>> {
        let family = if address.is_ipv4() { "AF_INET" } else { "AF_INET6" };
        let families = self.families.as_ref().filter(|it| !it.permits(family));
        let interfaces = self.interfaces.as_ref().filter(|it| !it.permits(interface));
        let private = self.private.as_ref().map(Barrier::Private);
        private
            .or(families.map(|it| Barrier::Family(it, family)))
            .or(interfaces.map(Barrier::Interface))
            .or(self.filter.denies(address).then_some(Barrier::Address(&self.filter)))
    }

    pub(in crate::fact) fn summary(&self) -> String {
        let private = self.private.as_ref().map(|_| ", PrivateNetwork=yes".to_owned());
        let families = self.families.as_ref().map(|it| format!(", RestrictAddressFamilies={}", it.written()));
        let interfaces = self.interfaces.as_ref().map(|it| format!(", RestrictNetworkInterfaces={}", it.written()));
        [private, families, interfaces].into_iter().flatten().chain([self.filter.summary()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_kept_away_or_let_through() {
        let list = |allows, names: &[&str]| {
            Some(Restricted { allows, names: names.iter().map(ToString::to_string).collect(), at: None })
        };
        let setting = |sandbox: &Sandbox, address: &str| {
            sandbox.barrier(address.parse().expect("an address"), "wg0").map(|it| it.setting())
        };
        let only_six = Sandbox { families: list(true, &["AF_UNIX", "AF_INET6"]), ..Sandbox::default() };
        assert_eq!(setting(&only_six, "10.8.0.1"), Some("RestrictAddressFamilies"));
        assert_eq!(setting(&only_six, "fd00::1"), None);
        let no_four = Sandbox { families: list(false, &["AF_INET"]), ..Sandbox::default() };
        assert_eq!(setting(&no_four, "10.8.0.1"), Some("RestrictAddressFamilies"));
        let other = Sandbox { interfaces: list(true, &["eth0"]), ..Sandbox::default() };
        assert_eq!(setting(&other, "10.8.0.1"), Some("RestrictNetworkInterfaces"));
        let private = Sandbox { private: Some(Private::default()), ..Sandbox::default() };
        assert_eq!(setting(&private, "10.8.0.1"), Some("PrivateNetwork"));
        assert!(Sandbox::default().is_empty() && setting(&Sandbox::default(), "10.8.0.1").is_none());
    }
}
