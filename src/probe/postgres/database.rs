//! What the database tells its user once logged in: which cluster it is, and which tables it may use. Only PostgreSQL's own
//! catalogue is read, no table of the app.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::fact::postgres::tables::{PgTables, Schema};
use crate::read::quoted::{self, Secrets};

/// Tables and sequences that belong to no extension, as this role sees them. What an identity column counts with needs no
/// right of its own. Rights are asked for the tables of Alembic's owner, where it keeps its version: others may be
/// somebody else's. A sequence of a table into which it may insert is wanted with it. Alembic's own is for migrations. A right on each column is one on the table.
const TABLES: &str = "
WITH own AS (
  SELECT c.oid, c.relname, c.relowner, c.relkind = 'S' AS counts, c.relnamespace, pg_catalog.pg_table_is_visible(c.oid) AS seen
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.objid = c.oid AND (d.deptype = 'e' OR (d.deptype = 'i' AND c.relkind = 'S')))
), lacks AS (
  SELECT o.relname, p.want FROM own o,
    (VALUES (false, 'SELECT'), (false, 'INSERT'), (false, 'UPDATE'), (false, 'DELETE'), (true, 'USAGE')) AS p (counts, want)
  WHERE o.seen AND o.counts = p.counts
    AND (coalesce(o.relowner = (SELECT relowner FROM own WHERE seen AND relname ~ 'alembic_version$' LIMIT 1), true)
      OR EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN own t ON t.oid = d.refobjid AND t.seen
        WHERE p.counts AND d.objid = o.oid AND d.deptype = 'a' AND pg_catalog.has_table_privilege(t.oid, 'INSERT')))
    AND o.relname !~ 'alembic_version$'
    AND CASE WHEN p.counts THEN NOT pg_catalog.has_sequence_privilege(o.oid, p.want)
      WHEN pg_catalog.has_table_privilege(o.oid, p.want) THEN false
      WHEN p.want = 'DELETE' THEN true
      ELSE EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND NOT pg_catalog.has_column_privilege(o.oid, a.attnum, p.want)) END
  ORDER BY p.want NOT IN ('SELECT', 'USAGE'), 1, 2 LIMIT 400
)
SELECT 'path', pg_catalog.array_to_string(pg_catalog.current_schemas(false), ', ')
UNION ALL SELECT 'here', (SELECT pg_catalog.count(*)::text FROM own WHERE seen AND NOT counts)
UNION ALL SELECT CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN 'open' ELSE 'closed' END, n.nspname
  FROM pg_catalog.pg_namespace n WHERE EXISTS (SELECT FROM own WHERE relnamespace = n.oid AND NOT seen AND NOT counts)
UNION ALL SELECT 'lacks', want || ' on ' || pg_catalog.quote_ident(relname) FROM lacks
UNION ALL SELECT 'guarded', t.relname FROM (
  SELECT o.relname FROM own o WHERE o.seen AND NOT o.counts AND pg_catalog.row_security_active(o.oid)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = o.oid) ORDER BY 1 LIMIT 6) t
UNION ALL SELECT 'unnumbered', t.what FROM (
  SELECT pg_catalog.quote_ident(o.relname) || '.' || pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.quote_ident(s.relname) AS what
  FROM own o JOIN pg_catalog.pg_depend d ON d.refobjid = o.oid AND d.deptype = 'a' AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
  WHERE o.seen AND NOT o.counts AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' ORDER BY 1 LIMIT 6) t
UNION ALL SELECT 'timeout', (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout')";

/// Read-only, and everybody may ask; where an administrator took the right away, nothing is told.
pub(super) async fn system(client: &Client, limit: Duration) -> Option<String> {
    let asked = client.simple_query("SELECT system_identifier FROM pg_catalog.pg_control_system()");
    let rows = timeout(limit, asked).await.ok()?.ok()?;
    rows.iter().find_map(|row| match row {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
    })
}

/// The tables that this role finds without naming a schema, and what it may not do with them.
pub(super) async fn tables(client: &Client, limit: Duration) -> Option<PgTables> {
    let rows = match timeout(limit, client.simple_query(TABLES)).await.ok()? {
        Ok(rows) => rows,
        Err(error) => {
            // A right to the catalogue that is missing says nothing about the app's tables.
            let refused = error.as_db_error().filter(|refused| *refused.code() == SqlState::QUERY_CANCELED)?;
            let text = quoted::answered(&format!("{}: {}", refused.severity(), refused.message()), &Secrets::default());
            return Some(PgTables { refused: Some(text), ..PgTables::default() });
        }
    };
    let mut found = PgTables::default();
    for row in &rows {
        let SimpleQueryMessage::Row(row) = row else { continue };
        let (Some(name), Some(value)) = (row.get(0), row.get(1)) else { continue };
        match name {
            "path" => value.clone_into(&mut found.search_path),
            "here" => found.visible = value.parse().ok()?,
            "open" | "closed" => {
                found.elsewhere.push(Schema { name: value.to_owned(), usable: name == "open" });
            }
            "lacks" => found.lacks.push(value.to_owned()),
            "guarded" => found.guarded.push(value.to_owned()),
            "unnumbered" => found.unnumbered.push(value.to_owned()),
            _ => found.statement_timeout = value.parse().ok()?,
        }
    }
    Some(found)
}
