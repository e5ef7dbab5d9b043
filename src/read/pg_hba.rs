//! `pg_hba.conf`, read as PostgreSQL's own `hba.c` reads it; `tests/differential_hba.rs` compares the two.

pub mod line;
mod options;
pub mod token;

#[cfg(test)]
mod first_tests;
