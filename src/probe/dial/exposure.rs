//! A dial of a port that nobody should reach.

use std::pin::pin;

use tokio::time::sleep;

use super::{Stream, connect_within};
use crate::fact::dial::{Dial, Endpoint};
use crate::probe::{AGAIN, EXPOSURE};

/// Dials a port at which silence is the good answer, and once more a little later: what either dial brings counts.
pub(super) async fn twice(endpoint: &Endpoint) -> Result<Stream, Dial> {
    let mut first = pin!(connect_within(endpoint, EXPOSURE));
    let mut second = pin!(async {
        sleep(AGAIN).await;
        connect_within(endpoint, EXPOSURE.saturating_sub(AGAIN)).await
    });
    let silent = |said: &Result<Stream, Dial>| matches!(said, Err(Dial::Timeout));
    tokio::select! {
        said = &mut first => if silent(&said) { second.await } else { said },
        said = &mut second => if silent(&said) { first.await } else { said },
    }
}
