//! TLS without asking who the other end is: libpq does not verify under `prefer` and `require`, and a diagnosis that
//! stops at a self-signed certificate would be red where the app is green. No password rests on this: what carries
//! one is the tunnel (see `dial::may_carry_password`). The web app's https is another matter: see [`verified`].

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::dial::Stream;

pub(super) mod certificate;
pub(super) mod demand;
pub(super) mod verified;

/// The round trips of agreeing on TLS, of 1.2 with a hello that is repeated (RFC 5246 section 7.3), and one for what is lost.
pub(super) const TRIPS: u32 = 4;

/// A connection that may be encrypted.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// The certificates that a server showed, its own first.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown(Arc<OnceLock<Vec<CertificateDer<'static>>>>);

impl Shown {
    fn chain(&self) -> Option<&[CertificateDer<'static>]> {
        self.0.get().map(Vec::as_slice)
    }
}

/// A maker of TLS connections; none if rustls has no usable protocol version, which its features rule out.
pub(super) fn maker(shown: &Shown) -> Option<MakeRustlsConnect> {
    // The curve that PostgreSQL chooses up to version 17 (ssl_ecdh_curve) comes first: with another one it asks to begin anew,
    // which is one more round trip. Who prefers another one takes this one too.
    let mut provider = ring::default_provider();
    provider.kx_groups.sort_by_key(|group| group.name() != NamedGroup::secp256r1);
    let provider = Arc::new(provider);
    connect_by(Arc::clone(&provider), Arc::new(AnyCertificate(provider, shown.clone())))
}

/// The same, with somebody who says which certificates are taken.
fn connect_by(provider: Arc<CryptoProvider>, verifier: Arc<dyn ServerCertVerifier>) -> Option<MakeRustlsConnect> {
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Some(MakeRustlsConnect::new(config))
}

/// Agrees on TLS over an open connection; none if no agreement came about.
///
/// The connector of tokio-postgres-rustls is used for Redis too: a TLS stream is a TLS stream, and this saves
/// naming tokio-rustls a second time.
pub(super) async fn wrap(stream: Stream, host: &str, shown: &Shown) -> Option<Box<dyn Wire>> {
    let connector = MakeTlsConnect::<Stream>::make_tls_connect(&mut maker(shown)?, host).ok()?;
    let stream = connector.connect(stream).await.ok()?;
    Some(Box::new(stream))
}

/// Whether the other end hung up since we showed no certificate. (Before TLS 1.3 no alert says so.)
pub(super) fn wants_certificate(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    matches!(inner, Some(Error::AlertReceived(AlertDescription::CertificateRequired)))
}

/// Takes every certificate and keeps it, but still checks that the other end holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>, Shown);

/// One of rustls' two.
type VerifySignature = fn(
    &[u8],
    &CertificateDer<'_>,
    &DigitallySignedStruct,
    &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error>;

impl AnyCertificate {
    /// rustls reads no certificate of version 1, which `openssl x509 -req` without extensions makes and OpenSSL takes: there
    /// the key alone is taken from it.
    fn holds_key(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
        by_rustls: VerifySignature,
    ) -> Result<HandshakeSignatureValid, Error> {
        let all = &self.0.signature_verification_algorithms;
        let refused = match by_rustls(message, cert, dss, all) {
            Err(Error::InvalidCertificate(why)) if why != CertificateError::BadSignature => why,
            said => return said,
        };
        let key = Certificate::from_der(cert).ok().map(|read| read.tbs_certificate.subject_public_key_info);
        let verifies = key.is_some_and(|key| {
            let of_scheme = all.mapping.iter().filter(|(scheme, _)| *scheme == dss.scheme);
            of_scheme.flat_map(|(_, algorithms)| algorithms.iter()).any(|algorithm| {
                algorithm.verify_signature(key.subject_public_key.raw_bytes(), message, dss.signature()).is_ok()
            })
        });
        if verifies { Ok(HandshakeSignatureValid::assertion()) } else { Err(refused.into()) }
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).map(|it| it.clone().into_owned());
        let _ = self.1.0.set(chain.collect());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.holds_key(message, cert, dss, verify_tls12_signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.holds_key(message, cert, dss, verify_tls13_signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
