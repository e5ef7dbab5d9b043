//! What a connection to PostgreSQL carries besides a 1: a result of each size, made by the server. No table is read.

use std::net::IpAddr;

use tokio_postgres::{Client, Error, SimpleQueryMessage};

use crate::fact::Vantage;
use crate::fact::dial::payload_probe::PayloadProbe;
use crate::probe::ProbeContext;
use crate::probe::pace::Pace;
use crate::probe::payload_probe::{Failed, carry};

/// What is asked of who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    /// Nothing more: that it answers is enough.
    Nothing,
    /// Who it is, and what tables there are.
    Itself,
    /// Larger answers too: not where the server dials itself.
    Payload,
}

impl More {
    pub(super) fn of(context: &ProbeContext) -> Self {
        match (context.brief, context.vantage) {
            (true, _) => Self::Nothing,
            (false, Vantage::Server) => Self::Itself,
            (false, Vantage::Client | Vantage::Container | Vantage::Outside) => Self::Payload,
        }
    }
}

pub(super) async fn carried(client: &Client, to: (Option<IpAddr>, Pace)) -> PayloadProbe {
    carry(to, clock(client), async |bytes| repeated(client, bytes).await).await
}

/// The statement's own time, not its transaction's.
async fn clock(client: &Client) -> Result<i64, Failed> {
    let micros = one(client, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").await?;
    micros.parse().map_err(|_| Failed::Refused)
}

async fn repeated(client: &Client, bytes: u32) -> Result<(), Failed> {
    let text = one(client, &format!("SELECT repeat('x', {bytes})")).await?;
    if u32::try_from(text.len()) == Ok(bytes) { Ok(()) } else { Err(Failed::Refused) }
}

async fn one(client: &Client, query: &str) -> Result<String, Failed> {
    let rows = client.simple_query(query).await.map_err(|error| failed(&error))?;
    let row = rows.iter().find_map(|row| if let SimpleQueryMessage::Row(row) = row { row.get(0) } else { None });
    row.map(str::to_owned).ok_or(Failed::Refused)
}

fn failed(error: &Error) -> Failed {
    if error.as_db_error().is_some() { Failed::Refused } else { Failed::Ended }
}
