//! Whether PostgreSQL is there, and speaks TLS: a question that needs no log-in.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::ANSWER;
use crate::fact::postgres::PgSaid;
use crate::probe::DIAL;
use crate::probe::dial::Stream;

/// The length 8 and the code 80877103: "do you speak TLS?" (the protocol's `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What it said, and the connection on which it said so: the log-in goes on there, as libpq's would.
pub(super) struct Offer {
    pub(super) tls: bool,
    /// None where it ended it with its answer.
    pub(super) stream: Option<Stream>,
}

/// Asks whether the other end speaks TLS; an error is what was there in place of PostgreSQL.
pub(super) async fn offers_tls(mut stream: Stream) -> Result<Offer, PgSaid> {
    // Where this fails, the answer may still be there to be read.
    let limit = stream.pace().within(DIAL, ANSWER);
    let _ = timeout(limit, stream.write_all(&SSL_REQUEST)).await;
    let mut answer = [0; 8];
    match timeout(limit, stream.read(&mut answer)).await {
        Err(_) => Err(PgSaid::Silent),
        Ok(Ok(0) | Err(_)) => Err(PgSaid::Closed),
        // One letter and then silence: an SSH server's greeting begins with an S too.
        Ok(Ok(1)) if answer[0] == b'S' => Ok(Offer { tls: true, stream: Some(stream) }),
        Ok(Ok(1)) if answer[0] == b'N' => Ok(Offer { tls: false, stream: Some(stream) }),
        // A server that cannot even fork says so with an error message of the protocol, whose length follows.
        Ok(Ok(count)) if answer[0] == b'E' && (count < 2 || answer[1] == 0) => Ok(Offer { tls: false, stream: None }),
        Ok(Ok(_)) => Err(PgSaid::NotPostgres),
    }
}
