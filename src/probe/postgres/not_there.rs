//! What a refused statement did not find: is it still not there?

use serde::Deserialize;

use super::administrator::Administrator;
use super::state::{is_plain, literal, read};
use crate::fact::postgres::state::PgState;
use crate::read::last_words;

/// A table that is not there counts where there are none at all: else it may be one that something looks for and does without.
const RELATION: &str = "select pg_catalog.json_build_object('gone', not exists (select from pg_catalog.pg_class c \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relname = {relation} or c.relkind in ('r', 'p', 'f', 'v') \
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'))::text";

/// A name that belongs to no relation is an alias of the statement's own: nothing is known of its columns.
const COLUMN: &str = "select pg_catalog.json_build_object('gone', exists (select from pg_catalog.pg_class where relname = {relation}) \
    and not exists (select from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid \
    where c.relname = {relation} and a.attname = {column} and not a.attisdropped))::text";

#[derive(Deserialize)]
struct Told {
    gone: bool,
}

/// In words, each once.
pub(super) async fn still(administrator: &Administrator, state: &PgState) -> Vec<String> {
    let Some(database) = &state.database else { return Vec::new() };
    let mut found = Vec::new();
    for missing in state.errors.iter().filter_map(|said| last_words::not_found(&said.text)) {
        let names = [Some(&missing.relation), missing.column.as_ref()];
        if !names.iter().flatten().all(|name| is_plain(name)) {
            continue;
        }
        let query = if missing.column.is_some() { COLUMN } else { RELATION };
        let query = query.replace("{relation}", &literal(Some(&missing.relation)));
        let query = query.replace("{column}", &literal(missing.column.as_deref()));
        let told =
            administrator.session(&database.name, async |session| read::<Told>(&session.ask(&query).await?)).await;
        let words = match &missing.column {
            Some(column) => format!("the column {column} of {}", missing.relation),
            None => format!("the table {}", missing.relation),
        };
        if told.is_ok_and(|told| told.gone) && !found.contains(&words) {
            found.push(words);
        }
    }
    found
}
