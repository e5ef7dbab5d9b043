//! Events → one live line on standard error, on a terminal only.

use std::io::Write;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::run::Event;

/// Shows how many looks are still under way, and takes the line away at the end.
pub async fn show(mut events: UnboundedReceiver<Event>, terminal: bool) {
    let mut open = 0_usize;
    while let Some(event) = events.recv().await {
        match event {
            Event::Waiting(count) => open = count,
            Event::Done(_) => open = open.saturating_sub(1),
        }
        if terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[Klooking … {open} to go");
        }
    }
    if terminal {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
