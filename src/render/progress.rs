//! Events → one live line on standard error, and above it what became of an earlier report's roots, on a terminal only.

use std::io::Write;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::run::Event;
use crate::snapshot::Snapshot;

/// Shows how many looks are still under way, and takes the line away at the end. `first` puts what was wanted first into
/// words, which stay.
pub async fn show(mut events: UnboundedReceiver<Event>, terminal: bool, first: impl Fn(Snapshot) -> String) {
    let mut open = 0_usize;
    while let Some(event) = events.recv().await {
        let mut told = String::new();
        match event {
            Event::First(snapshot) => {
                told = first(*snapshot);
                if AutoStream::choice(&std::io::stderr()) == ColorChoice::Never {
                    told = strip_str(&told).to_string();
                }
            }
            Event::Waiting(count) => open = count,
            Event::Done(_) => open = open.saturating_sub(1),
        }
        if terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K{told}looking … {open} to go");
        }
    }
    if terminal {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
