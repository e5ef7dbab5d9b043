//! TLS as the app's `requests` verifies it: the chain up to an authority of Mozilla's list (certifi and webpki-roots are
//! that list) or of the file that stands in its place, the URL's name, the dates.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Stream, Wire};
use crate::fact::api::Distrust;

/// Whom to trust.
pub(in crate::probe) enum Trust {
    /// Mozilla's list.
    Everybodys,
    /// These only.
    Only(Vec<CertificateDer<'static>>),
}

impl Trust {
    /// The certificates of a bundle; none if it holds none.
    pub(in crate::probe) fn read(text: &str) -> Option<Self> {
        let found: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok).collect();
        (!found.is_empty()).then_some(Self::Only(found))
    }
}

/// Why there is no connection.
pub(in crate::probe) enum Refused {
    /// By us: the certificate.
    Distrusted(Distrust),
    /// The other end does not speak TLS, or not as we do.
    NoTls,
}

/// Agrees on TLS, and takes the certificate only if the app would.
pub(in crate::probe) async fn wrap(stream: Stream, host: &str, trust: Trust) -> Result<Box<dyn Wire>, Refused> {
    let mut maker = maker(trust).ok_or(Refused::NoTls)?;
    let connector = MakeTlsConnect::<Stream>::make_tls_connect(&mut maker, host).map_err(|_| Refused::NoTls)?;
    match connector.connect(stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(Error::InvalidCertificate(why)) => {
                Refused::Distrusted(distrust(why).unwrap_or(Distrust::UnknownIssuer))
            }
            Some(_) | None => Refused::NoTls,
        }),
    }
}

/// What is wrong for certain; none for what may be no more than a form that rustls does not take.
pub(super) fn distrust(why: &CertificateError) -> Option<Distrust> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "who asks says what the rest amounts to")]
    Some(match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Distrust::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Distrust::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Distrust::OtherName,
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::UnknownIssuer,
        _ => return None,
    })
}

/// Whether all that is wrong is that it is marked as an authority, as `openssl req -x509` marks what it makes.
pub(super) fn is_own_authority(why: &CertificateError) -> bool {
    matches!(why, CertificateError::Other(why) if why.to_string().contains("CaUsedAsEndEntity"))
}

fn maker(trust: Trust) -> Option<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let own = match trust {
        Trust::Everybodys => {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            Vec::new()
        }
        Trust::Only(own) => {
            roots.add_parsable_certificates(own.iter().cloned());
            own
        }
    };
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().ok()?;
    super::connect_by(provider, Arc::new(AsRequests { chain, own }))
}

/// As OpenSSL verifies for Python: like everybody, but a self-signed certificate that stands in the bundle itself is
/// taken for the server's own too.
#[derive(Debug)]
struct AsRequests {
    chain: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for AsRequests {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The dates were looked at before that.
            Err(Error::InvalidCertificate(why)) if is_own_authority(&why) && self.own.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
