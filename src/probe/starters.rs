//! Who starts programs at boot, beside Docker's restart policies and units that are enabled: scripts, cron, and units that start
//! others by a command. Only read where nothing else starts what is asked for.

use super::{host, host_worker};
use crate::fact::touch::{Touch, reads, reads_in};

/// What systemd runs at the end of a boot, where it is executable.
pub(super) const RC_LOCAL: &str = "/etc/rc.local";

/// Files (systemd-rc-local-generator(8), crontab(5)), and folders of them.
const FILES: [&str; 2] = [RC_LOCAL, "/etc/crontab"];
const FOLDERS: [&str; 2] = ["/etc/cron.d", "/var/spool/cron/crontabs"];

/// More files than one of the folders has.
const MOST: usize = 40;

/// A command that starts it, and where it stands.
pub(super) struct Starter {
    /// The file.
    pub(super) path: String,
    /// Whether cron runs it at each boot (crontab(5), `@reboot`).
    pub(super) at_reboot: bool,
}

impl Starter {
    /// The unit whose file it is, or a drop-in of it.
    pub(super) fn unit(&self) -> Option<&str> {
        let name = self.path.strip_prefix(host_worker::UNITS)?.strip_prefix('/')?;
        Some(name.split_once(".d/").map_or(name, |(unit, _)| unit))
    }
}

/// The first of them whose text is one that starts it.
pub(super) fn find(starts: impl Fn(&str) -> bool) -> Option<Starter> {
    let units = host_worker::units().into_iter().map(|(name, text)| (format!("{}/{name}", host_worker::UNITS), text));
    let names = |folder: &str| host::list(folder).ok().flatten().unwrap_or_default().into_iter();
    let beside = names(host_worker::UNITS).filter(|name| name.ends_with(".service.d")).take(MOST);
    let beside = beside.map(|name| format!("{}/{name}", host_worker::UNITS));
    let drop_ins = beside.flat_map(|folder| {
        names(&folder).filter(|name| name.ends_with(".conf")).take(MOST).map(move |name| format!("{folder}/{name}"))
    });
    let listed = FOLDERS.iter().flat_map(|folder| names(folder).take(MOST).map(move |name| format!("{folder}/{name}")));
    let files = drop_ins.chain(FILES.iter().map(ToString::to_string)).chain(listed);
    let files = files.filter_map(|path| Some((path.clone(), host::read_if_there(path).ok()??)));
    let written = |text: &str| {
        let line = text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')).find(|line| starts(line))?;
        Some(line.starts_with("@reboot"))
    };
    units.chain(files).find_map(|(path, text)| Some(Starter { at_reboot: written(&text)?, path }))
}

/// What [`find`] does.
pub(super) fn touches() -> Vec<Touch> {
    let beside = reads_in(&[host_worker::UNITS], &["*.service.d", "*.service.d/*.conf"]);
    [reads(&FILES), reads_in(&FOLDERS, &["*"]), host_worker::units_touches(), beside].concat()
}
