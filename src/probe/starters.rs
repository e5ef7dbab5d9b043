//! Who starts programs at boot, beside Docker's restart policies and units that are enabled: scripts, cron, and units that start
//! others by a command. Only read where nothing else starts what is asked for.

use super::{host, host_worker};
use crate::fact::touch::{Touch, reads, reads_in};

/// Files (systemd-rc-local-generator(8), crontab(5)), and folders of them.
const FILES: [&str; 2] = ["/etc/rc.local", "/etc/crontab"];
const FOLDERS: [&str; 2] = ["/etc/cron.d", "/var/spool/cron/crontabs"];

/// More files than one of the folders has.
const MOST: usize = 40;

/// The first of them whose text is one that starts it.
pub(super) fn find(starts: impl Fn(&str) -> bool) -> Option<String> {
    let units = host_worker::units().into_iter().map(|(name, text)| (format!("{}/{name}", host_worker::UNITS), text));
    let listed = FOLDERS.iter().flat_map(|folder| {
        let names = host::list(folder).ok().flatten().unwrap_or_default().into_iter();
        names.take(MOST).map(move |name| format!("{folder}/{name}"))
    });
    let files = FILES.iter().map(ToString::to_string).chain(listed);
    let files = files.filter_map(|path| Some((path.clone(), host::read_if_there(path).ok()??)));
    let written = |text: &str| text.lines().filter(|line| !line.trim_start().starts_with('#')).any(&starts);
    units.chain(files).find(|(_, text)| written(text)).map(|(path, _)| path)
}

/// What [`find`] does.
pub(super) fn touches() -> Vec<Touch> {
    [reads(&FILES), reads_in(&FOLDERS, &["*"]), host_worker::units_touches()].concat()
}
