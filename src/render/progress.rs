//! Events → one live line on standard error, and above it what became of an earlier report's roots, on a terminal only.

use std::collections::BTreeSet;
use std::io::Write;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
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
            let _ = write!(std::io::stderr(), "\r\x1b[K{words}{}", screen.set(line(&open, screen.width)));
        }
    }
    if terminal.is_some() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

/// How many there are, and as many names as have room: the terminal's last column stays free.
fn line(open: &BTreeSet<FactKey>, width: usize) -> String {
    let mut line = format!("checking … {} left", open.len());
    for (at, key) in open.iter().enumerate() {
        let name = key.to_string();
        let more = format!("{}{}", if at == 0 { ": " } else { ", " }, clean(&name));
        if line.chars().count() + more.chars().count() + 4 > width {
            line.push_str(if at == 0 { "" } else { ", …" });
            break;
        }
        line.push_str(&more);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_named_as_far_as_there_is_room() {
        let keys: BTreeSet<FactKey> =
            ["tcp redis", "redis", "postgres"].iter().map(|key| key.parse().expect("a look")).collect();
        let whole = line(&keys, 100);
        assert!(whole.starts_with("checking … 3 left: ") && whole.contains("tcp redis"), "{whole}");
        for width in 20..60 {
            let short = line(&keys, width);
            assert!(short.chars().count() < width, "{width}: {short}");
        }
        assert_eq!(line(&BTreeSet::new(), 80), "checking … 0 left");
        let hostile = BTreeSet::from(["tcp a\u{1b}[2J:1".parse().expect("a look")]);
        assert!(!line(&hostile, 100).contains('\u{1b}'));
    }
}
