//! Events → one live line on standard error, and above it what became of an earlier report's roots, on a terminal only.

use std::io::Write;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::run::Event;

/// Shows how many looks are still under way, and takes the line away at the end. What `told` says of an event stays.
pub async fn show(mut events: UnboundedReceiver<Event>, terminal: bool, told: impl Fn(&Event) -> String) {
    let mut open = 0_usize;
    while let Some(event) = events.recv().await {
        match event {
            Event::First(_) => {}
            Event::Waiting(count) => open = count,
            Event::Done(_) => open = open.saturating_sub(1),
        }
        if terminal {
            let mut words = told(&event);
            if AutoStream::choice(&std::io::stderr()) == ColorChoice::Never {
                words = strip_str(&words).to_string();
            }
            let _ = write!(std::io::stderr(), "\r\x1b[K{words}checking … {open} left");
        }
    }
    if terminal {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
