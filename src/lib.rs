//! clipcheck tells why a private ClippyFront deployment does not connect, and which line to change.
//!
//! # Words
//!
//! A *vantage* is where we stand: server, client, container or outside. A *look* is one thing to observe; a
//! *fact* is what was there; a *snapshot* is all facts from one vantage; a *case* is the snapshots judged
//! together, and a *seat* is one vantage of it; a *deployment* is one case for each of its clients. A *check* is a claim that something holds; a *cause* is one way
//! in which it can fail to; a *verdict* is one check's answer; an *attribution* is that answer in the light of the
//! others; a *root* is a broken check with nothing broken above it. The verbs are *look, judge, blame, render*.
//!
//! # One direction
//!
//! ```text
//!  argv ─▶ cli ─▶ plan ─▶ run + probe ─▶ snapshot ─▶ case ─▶ judge ─▶ blame ─▶ report ─▶ render
//!                  ▲          ║              ▲
//!        profile ──┘          ╚═ events ═════╪═══════════════════════════════▶ render::progress
//!        catalog ──┘                         └── files from the other ends
//!
//!        what other programs write ─▶ read ─▶ fact
//! ```
//!
//! A module uses only modules on its left. Only [`probe`] touches the machine. Probes never judge, judges never
//! look, renderers know only the [`report`]. [`fact`] has the types of what was seen, and [`read`] the grammars: it turns
//! the text that a probe brings, or that a snapshot keeps as it was listed, into facts. The words that users read stand in `checks/`, one file per check,
//! embedded by [`catalog`]. `tests/house.rs` keeps all of this true.
//!
//! # Where to start
//!
//! `checks/redis/redis-answers.toml`, then [`fact`], [`read`], [`judge::tunnel`], [`blame`], and one fault of
//! `fixtures/faults/redis-answers.toml`.

pub mod app;
pub mod blame;
pub mod case;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod deployment;
pub mod exit;
pub mod fact;
pub mod judge;
pub mod plan;
pub mod probe;
pub mod profile;
pub mod read;
pub mod render;
pub mod report;
pub mod run;
pub mod snapshot;
