//! The parts of `tests/faults`.

pub mod fault;
pub mod fix;
pub mod judged;
pub mod lab;
pub mod live;
pub mod reboot;
pub mod replay;
pub mod table;
