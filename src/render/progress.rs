//! Events → one live line on standard error, and above it what became of an earlier report's roots, on a terminal only.

use std::collections::BTreeSet;
use std::io::Write;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use textwrap::core::display_width;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Screen, clean};
use crate::fact::FactKey;
use crate::run::Event;

/// Shows what is still waited for, and takes the line away at the end. What `told` says of an event stays.
pub async fn show(mut events: UnboundedReceiver<Event>, terminal: Option<Screen>, told: impl Fn(&Event) -> String) {
    let mut open = BTreeSet::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::First(_) => {}
            Event::Waiting(ref keys) => open.clone_from(keys),
            Event::Done(ref key) => _ = open.remove(key),
        }
        if let Some(screen) = terminal {
            let mut words = told(&event);
            if AutoStream::choice(&std::io::stderr()) == ColorChoice::Never {
                words = strip_str(&words).to_string();
            }
            let _ = write!(std::io::stderr(), "\r\x1b[K{words}{}", line(&open, screen));
        }
    }
    if terminal.is_some() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

/// How many there are, and as many names as have room: the terminal's last column stays free. A second line would not be taken
/// away again.
fn line(open: &BTreeSet<FactKey>, screen: Screen) -> String {
    let (start, more) = (screen.set(format!("checking … {} left", open.len())), screen.set(", …".to_owned()));
    let room = screen.columns.min(screen.width).saturating_sub(1);
    if display_width(&start) > room {
        return String::new();
    }
    let mut line = start;
    for (at, key) in open.iter().enumerate() {
        let name = screen.set(format!("{}{}", if at == 0 { ": " } else { ", " }, clean(&key.to_string())));
        let last = at + 1 == open.len();
        if display_width(&line) + display_width(&name) + if last { 0 } else { display_width(&more) } > room {
            line.push_str(if at == 0 { "" } else { &more });
            break;
        }
        line.push_str(&name);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(columns: usize, ascii: bool) -> Screen {
        Screen { width: columns.clamp(40, 120), columns, ascii, moves: true, forced: None }
    }

    #[test]
    fn what_is_waited_for_is_named_as_far_as_there_is_room() {
        let keys: BTreeSet<FactKey> = ["tcp redis", "file /srv/例え例え例え", "redis", "postgres"]
            .iter()
            .map(|key| key.parse().expect("a look"))
            .collect();
        let whole = line(&keys, screen(100, false));
        assert!(whole.starts_with("checking … 4 left: ") && whole.contains("tcp redis"), "{whole}");
        for columns in 1..100 {
            for ascii in [false, true] {
                let short = line(&keys, screen(columns, ascii));
                assert!(display_width(&short) < columns, "{columns}: {short}");
                assert!(short.is_ascii() || !ascii, "{short}");
            }
        }
        assert_eq!(line(&keys, screen(17, false)), "", "no room for a number");
        assert_eq!(line(&keys, screen(18, false)), "checking … 4 left");
        assert_eq!(line(&BTreeSet::new(), screen(80, false)), "checking … 0 left");
        let hostile = BTreeSet::from(["tcp a\u{1b}[2J:1".parse().expect("a look")]);
        assert!(!line(&hostile, screen(100, false)).contains('\u{1b}'));
    }
}
