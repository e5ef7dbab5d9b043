//! clipcheck tells why a private ClippyFront deployment does not connect, and which line to change.
pub mod case;
pub mod fact;
pub mod probe;
pub mod profile;
pub mod snapshot;
