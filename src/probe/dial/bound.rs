//! A dial that can only leave by the tunnel's interface: what answers there was not reached around it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::{Bounded, ProbeContext, Stream, classify, limits};
use crate::fact::Unseen;
use crate::fact::dial::{Dial, Endpoint};
use crate::probe::host;

/// Where the interface is not there, or the kernel does not let this user bind to it, nothing is seen.
pub(super) async fn connect(
    endpoint: &Endpoint,
    patience: Duration,
    context: &ProbeContext,
) -> Result<Result<Stream, Dial>, Unseen> {
    let device = &context.addresses()?.interface.value;
    let ip: IpAddr =
        endpoint.host.parse().map_err(|_| Unseen::NotKnown(format!("`{}` is not an address", endpoint.host)))?;
    let socket = bound(ip, device).map_err(|error| {
        limits::note(&error);
        Unseen::NoTool(format!("no socket on {device}: {}", host::words(&error)))
    })?;
    Ok(match timeout(patience, socket.connect(SocketAddr::new(ip, endpoint.port))).await {
        Ok(Ok(stream)) => Ok(Bounded::new(stream)),
        Ok(Err(error)) => Err(classify(&error)),
        Err(_) => Err(Dial::Timeout),
    })
}

#[cfg(target_os = "linux")]
fn bound(ip: IpAddr, device: &str) -> io::Result<TcpSocket> {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind_device(Some(device.as_bytes()))?;
    Ok(socket)
}

#[cfg(not(target_os = "linux"))]
fn bound(_ip: IpAddr, _device: &str) -> io::Result<TcpSocket> {
    Err(io::ErrorKind::Unsupported.into())
}
