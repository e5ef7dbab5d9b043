//! What the kernel of this machine received and dropped while something was waited for.

use std::collections::BTreeMap;

use crate::probe::host;
use crate::read::snmp;

/// The counters as they stand.
pub(super) struct Drops(BTreeMap<&'static str, u64>);

impl Drops {
    pub(super) fn now() -> Self {
        let read = |path: &str| match host::read(path) {
            host::Text::Read(text) => snmp::drops(&text),
            host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => BTreeMap::new(),
        };
        let mut all = read("/proc/net/snmp");
        all.extend(read("/proc/net/netstat"));
        Self(all)
    }

    /// Those that moved since, and by how much.
    pub(super) fn since(&self) -> BTreeMap<String, u64> {
        let moved = |(name, now): (&&'static str, &u64)| {
            let by = now.saturating_sub(*self.0.get(*name)?);
            (by > 0).then(|| ((*name).to_owned(), by))
        };
        Self::now().0.iter().filter_map(moved).collect()
    }
}
