//! `pg_hba.conf`, read as PostgreSQL's own `hba.c` reads it; `tests/differential_hba.rs` compares the two.
//! The running server is asked for its own reading too (`rules`).

pub mod line;
mod options;
pub mod rules;
pub mod token;

#[cfg(test)]
mod first_tests;
