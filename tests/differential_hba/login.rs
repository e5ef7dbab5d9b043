//! One log-in, spoken by hand: how far the server lets us come tells which kind of line ruled.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};

/// What the server wants of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    NoLine,
    Rejected,
    LetIn,
    AsksPassword,
    AsksMd5,
    AsksScram,
    Other,
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// Begins a log-in from this address, and gives a wrong password if one is asked for. The second value is whether the
/// server's log now names the line.
pub fn log_in(port: u16, from: IpAddr, role: &str, database: &str, ssl: bool) -> Result<(Outcome, bool), String> {
    let mut wire = connect(port, from, ssl)?;
    let mut startup = 196_608_u32.to_be_bytes().to_vec();
    for word in ["user", role, "database", database, ""] {
        startup.extend_from_slice(word.as_bytes());
        startup.push(0);
    }
    let length = u32::try_from(startup.len() + 4).map_err(|error| error.to_string())?;
    say(&mut wire, &[&length.to_be_bytes()[..], &startup].concat())?;
    let (kind, body) = hear(&mut wire)?;
    if kind == b'E' {
        let text = String::from_utf8_lossy(&body).into_owned();
        return Ok(match () {
            () if text.contains("no pg_hba.conf entry") => (Outcome::NoLine, false),
            () if text.contains("pg_hba.conf rejects connection") => (Outcome::Rejected, false),
            () => (Outcome::Other, false),
        });
    }
    let method = body.get(..4).map(|it| u32::from_be_bytes([it[0], it[1], it[2], it[3]]));
    let outcome = match (kind, method) {
        (b'R', Some(0)) => Outcome::LetIn,
        (b'R', Some(3)) => Outcome::AsksPassword,
        (b'R', Some(5)) => Outcome::AsksMd5,
        (b'R', Some(10)) => Outcome::AsksScram,
        _ => Outcome::Other,
    };
    let asks = matches!(outcome, Outcome::AsksPassword | Outcome::AsksMd5);
    if asks {
        let password = b"wrong\0";
        say(&mut wire, &[b"p\0\0\0\x0a", &password[..]].concat())?;
        let _ = hear(&mut wire)?;
    }
    Ok((outcome, asks))
}

fn connect(port: u16, from: IpAddr, ssl: bool) -> Result<Box<dyn Wire>, String> {
    let stream = bound(port, from).map_err(|error| format!("no connection: {error}"))?;
    if !ssl {
        return Ok(Box::new(stream));
    }
    let mut stream = stream;
    stream.write_all(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]).map_err(|error| error.to_string())?;
    let mut answer = [0];
    stream.read_exact(&mut answer).map_err(|error| error.to_string())?;
    if answer[0] != b'S' {
        return Err("no TLS".to_owned());
    }
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from("hba").map_err(|error| error.to_string())?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    Ok(Box::new(StreamOwned::new(connection, stream)))
}

/// A connection whose near end is `from`.
fn bound(port: u16, from: IpAddr) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(async {
        let (socket, to) = if from.is_ipv4() {
            (tokio::net::TcpSocket::new_v4()?, SocketAddr::from(([127, 0, 0, 1], port)))
        } else {
            (tokio::net::TcpSocket::new_v6()?, SocketAddr::new(from, port))
        };
        socket.bind(SocketAddr::new(from, 0))?;
        socket.connect(to).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}

fn say(wire: &mut Box<dyn Wire>, bytes: &[u8]) -> Result<(), String> {
    wire.write_all(bytes).and_then(|()| wire.flush()).map_err(|error| error.to_string())
}

/// One message: its kind and its body.
fn hear(wire: &mut Box<dyn Wire>) -> Result<(u8, Vec<u8>), String> {
    let mut head = [0; 5];
    wire.read_exact(&mut head).map_err(|error| format!("no answer: {error}"))?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let mut body = vec![0; length.saturating_sub(4)];
    wire.read_exact(&mut body).map_err(|error| format!("half an answer: {error}"))?;
    Ok((head[0], body))
}

/// Takes every certificate: this server's is made for the test.
#[derive(Debug)]
struct Any(Arc<CryptoProvider>);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
