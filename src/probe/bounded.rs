//! A connection on which the other end may say so much and no more: what it says is kept until it is understood, and a
//! server that sends without end would fill the memory.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::host::limits;
use super::pace::Pace;

/// Sixteen times the largest answer that is asked for: Redis' list of ten thousand clients.
const MOST: usize = 16 << 20;

/// A stream with a limit to what is read from it; over it, reading fails.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    inner: S,
    left: usize,
    over: Arc<AtomicBool>,
    pace: Pace,
}

/// Whether the other end has said more than it may.
#[derive(Debug, Clone)]
pub(super) struct Over(Arc<AtomicBool>);

impl Over {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S> Bounded<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, left: MOST, over: Arc::default(), pace: Pace::default() }
    }

    /// Tells it after the stream itself was handed on.
    pub(super) fn over(&self) -> Over {
        Over(Arc::clone(&self.over))
    }
}

impl Bounded<TcpStream> {
    /// The same, connected after one round trip.
    pub(super) fn after(inner: TcpStream, trip: Duration) -> Self {
        Self { pace: Pace::of(trip), ..Self::new(inner) }
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            self.over.store(true, Ordering::Relaxed);
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        let mut part = ReadBuf::new(into.initialize_unfilled_to(into.remaining().min(self.left)));
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part)).inspect_err(limits::note_filter)?;
        let count = part.filled().len();
        into.advance(count);
        self.left -= count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes).map_err(|error| {
            limits::note_filter(&error);
            error
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn what_has_no_end_is_cut_off() {
        let mut endless = Bounded::new(tokio::io::repeat(b'x'));
        let over = endless.over();
        let mut heard = Vec::new();
        assert!(endless.read_to_end(&mut heard).await.is_err());
        assert_eq!((heard.len(), over.is_so()), (MOST, true));
        let mut short = Bounded::new(&b"PONG"[..]);
        assert_eq!(short.read_to_end(&mut heard).await.ok(), Some(4));
        assert!(!short.over().is_so());
    }
}
