//! The parts of `tests/faults`.

pub mod ambiguity;
pub mod canon;
pub mod fault;
pub mod figures;
pub mod fix;
pub mod judged;
pub mod lab;
pub mod live;
pub mod pair;
pub mod reboot;
pub mod replay;
pub mod rules;
pub mod score;
pub mod scripts;
pub mod sight;
pub mod steady;
pub mod store;
pub mod table;
pub mod times;
pub mod trials;
pub mod unmended;
pub mod unseen;
