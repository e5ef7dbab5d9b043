//! What a connection to Redis carries besides a PONG: ECHO goes out and comes back at each size. It reads and writes no key.

use std::net::IpAddr;
use std::pin::pin;

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError};
use tokio::time::timeout;

use super::{ANSWER, Login, Pace, WORD, Wire, auth, open};
use crate::fact::dial::payload_probe::PayloadProbe;
use crate::probe::payload_probe::{Failed, carry};

/// None where no conversation came about.
pub(super) async fn carried(
    wire: Box<dyn Wire>,
    pace: Pace,
    login: Option<&Login>,
    to: Option<IpAddr>,
) -> Option<PayloadProbe> {
    let word = pace.within(WORD, ANSWER);
    let (mut connection, driver) = open(wire, pace).await.ok()?;
    let talk = async {
        if let Some(login) = login {
            timeout(word, auth(&mut connection, login)).await.ok()?.ok()?;
        }
        let other = connection.clone();
        Some(carry((to, pace), clock(other), async |bytes| echo(&mut connection, bytes).await).await)
    };
    let mut talk = pin!(talk);
    tokio::select! {
        carried = &mut talk => carried,
        // The requests under way fail at once, and say so.
        () = driver => timeout(word, talk).await.ok().flatten(),
    }
}

async fn clock(mut connection: MultiplexedConnection) -> Result<i64, Failed> {
    let (seconds, micros): (i64, i64) =
        redis::cmd("TIME").query_async(&mut connection).await.map_err(|error| failed(&error))?;
    seconds.checked_mul(1_000_000).and_then(|whole| whole.checked_add(micros)).ok_or(Failed::Refused)
}

async fn echo(connection: &mut MultiplexedConnection, bytes: u32) -> Result<(), Failed> {
    let sent = vec![b'x'; usize::try_from(bytes).unwrap_or_default()];
    let back: Vec<u8> = redis::cmd("ECHO").arg(&sent).query_async(connection).await.map_err(|error| failed(&error))?;
    if back == sent { Ok(()) } else { Err(Failed::Refused) }
}

fn failed(error: &RedisError) -> Failed {
    if error.kind() == ErrorKind::Io { Failed::Ended } else { Failed::Refused }
}
