//! The certificate that was shown, read and judged as the URL's library would: its time, who signed it, its name. What
//! rustls cannot tell for certain, and OpenSSL may take, is not held against it.

use std::net::IpAddr;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::Shown;
use super::demand::{Roots, Wanted};
use super::verified::{distrust, is_own_authority};
use crate::fact::api::Distrust;
use crate::fact::certificate::ShownCertificate;
use crate::probe::host;

/// What was shown, by what is wanted of it; none where nothing was, or it cannot be read.
pub(in crate::probe) fn look(shown: &Shown, wanted: &Wanted) -> Option<ShownCertificate> {
    judged(shown.chain()?, wanted, host::now())
}

fn judged(chain: &[CertificateDer<'_>], wanted: &Wanted, now: u64) -> Option<ShownCertificate> {
    let (leaf, others) = chain.split_first()?;
    let read = Certificate::from_der(leaf).ok()?;
    let (valid_from, valid_until) = time(&read);
    let (dns, ips) = names(&read);
    let (distrust, authority_until) = if now > valid_until {
        (Some(Distrust::Expired), None)
    } else if now < valid_from {
        (Some(Distrust::NotYetValid), None)
    } else if let Some((why, until)) = unsigned(leaf, others, &wanted.roots, now) {
        (Some(why), until)
    } else {
        let is_other = wanted.name.as_deref().is_some_and(|name| !is_for(leaf, &read, (&dns, &ips), name));
        (is_other.then_some(Distrust::OtherName), None)
    };
    Some(ShownCertificate {
        valid_from,
        valid_until,
        names: dns.into_iter().chain(ips.iter().map(IpAddr::to_string)).collect(),
        demand: wanted.demand,
        wanted: wanted.name.clone(),
        roots: wanted.roots.file(),
        distrust,
        authority_until,
    })
}

fn time(read: &Certificate) -> (u64, u64) {
    let validity = &read.tbs_certificate.validity;
    (validity.not_before.to_unix_duration().as_secs(), validity.not_after.to_unix_duration().as_secs())
}

/// Why nobody known vouches for it, if that is certain, and until when somebody did.
fn unsigned(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    roots: &Roots,
    now: u64,
) -> Option<(Distrust, Option<u64>)> {
    let (own, system) = match roots {
        Roots::Unseen => return None,
        Roots::Missing(_) => return Some((Distrust::NoBundle, None)),
        Roots::These { own, system, .. } => (own, system),
    };
    // OpenSSL asks for the time of the authority in the file too, and rustls does not.
    let mut over = None;
    for root in own.iter().chain(system) {
        let until = Certificate::from_der(root).ok().map(|read| time(&read).1);
        match signed_by(leaf, others, root, now) {
            Ok(()) if until.is_some_and(|until| until < now) => over = until,
            Ok(()) => return None,
            Err(CertificateError::ExpiredContext { not_after, .. }) => over = Some(not_after.as_secs()),
            Err(why) if distrust(&why) == Some(Distrust::UnknownIssuer) => {}
            Err(_) => return None,
        }
    }
    Some(over.map_or((Distrust::UnknownIssuer, None), |until| (Distrust::Expired, Some(until))))
}

fn signed_by(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    root: &CertificateDer<'_>,
    now: u64,
) -> Result<(), CertificateError> {
    let unclear = || CertificateError::BadEncoding;
    let mut roots = RootCertStore::empty();
    roots.add(root.clone().into_owned()).map_err(|_| unclear())?;
    let parsed = ParsedCertificate::try_from(leaf).map_err(|_| unclear())?;
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
    let algorithms = ring::default_provider().signature_verification_algorithms;
    match verify_server_cert_signed_by_trust_anchor(&parsed, &roots, others, now, algorithms.all) {
        Err(Error::InvalidCertificate(why)) if is_own_authority(&why) => {
            if root == leaf {
                Ok(())
            } else {
                Err(if is_another_self(leaf, root) { CertificateError::UnknownIssuer } else { why })
            }
        }
        Err(Error::InvalidCertificate(why)) => Err(why),
        Err(_) => Err(unclear()),
        Ok(()) => Ok(()),
    }
}

/// Whether it signed itself, and with another key than this authority has.
fn is_another_self(leaf: &CertificateDer<'_>, root: &CertificateDer<'_>) -> bool {
    let (Ok(leaf), Ok(root)) = (Certificate::from_der(leaf), Certificate::from_der(root)) else { return false };
    let (leaf, root) = (leaf.tbs_certificate, root.tbs_certificate);
    leaf.issuer == leaf.subject && leaf.subject_public_key_info != root.subject_public_key_info
}

/// The names and the addresses of its subjectAltName.
fn names(read: &Certificate) -> (Vec<String>, Vec<IpAddr>) {
    let (mut dns, mut ips) = (Vec::new(), Vec::new());
    let found = read.tbs_certificate.get::<SubjectAltName>().ok().flatten();
    for name in found.iter().flat_map(|(_, names)| &names.0) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "a server's name is none of the others")]
        match name {
            GeneralName::DnsName(name) => dns.push(name.to_string()),
            GeneralName::IpAddress(bytes) => {
                let four = <[u8; 4]>::try_from(bytes.as_bytes()).map(IpAddr::from);
                ips.extend(four.or_else(|_| <[u8; 16]>::try_from(bytes.as_bytes()).map(IpAddr::from)));
            }
            _ => {}
        }
    }
    (dns, ips)
}

/// As generously as any of the libraries: where there is no name of this kind, the common name counts, and libpq takes an
/// address that is written as a name.
fn is_for(leaf: &CertificateDer<'_>, read: &Certificate, (dns, ips): (&[String], &[IpAddr]), name: &str) -> bool {
    let by_rustls = || {
        let name = ServerName::try_from(name.to_owned()).ok()?;
        let parsed = ParsedCertificate::try_from(leaf).ok()?;
        Some(verify_server_name(&parsed, &name).is_ok())
    };
    let is_address = name.parse::<IpAddr>().is_ok();
    let counts = if is_address { ips.is_empty() } else { dns.is_empty() };
    let common = read.tbs_certificate.subject.0.iter().flat_map(|part| part.0.iter()).filter(|it| it.oid == CN);
    let common = common.filter_map(|it| std::str::from_utf8(it.value.value()).ok());
    let matches = |pattern: &str| {
        let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
        let below = pattern.strip_prefix("*.");
        pattern == name || below.is_some_and(|rest| name.split_once('.').is_some_and(|(_, it)| rest == it))
    };
    by_rustls() == Some(true) || dns.iter().any(|it| matches(it)) || (counts && common.into_iter().any(matches))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;
    use crate::fact::certificate::Demand;

    /// 2026-06-01 and two years later.
    const NOW: u64 = 1_780_272_000;
    const LATER: u64 = NOW + 2 * 365 * 86_400;

    fn pem(name: &str) -> CertificateDer<'static> {
        let path = format!("{}/fixtures/certificates/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        let host::Text::Read(text) = host::read(path) else { panic!("{name}") };
        CertificateDer::from_pem_slice(text.as_bytes()).expect(name)
    }

    fn said(leaf: &str, roots: &[&str], name: Option<&str>, now: u64) -> Option<Distrust> {
        let own = roots.iter().map(|name| pem(name)).collect();
        let roots = Roots::These { file: None, own, system: Vec::new() };
        let wanted = Wanted { demand: Demand::VerifyFull, name: name.map(str::to_owned), roots };
        judged(&[pem(leaf)], &wanted, now).expect("read").distrust
    }

    #[test]
    fn what_openssl_verifies_is_taken_and_what_it_refuses_is_named() {
        for (leaf, roots, name, now, expected) in [
            ("leaf", &["ca"][..], Some("10.8.0.1"), NOW, None),
            ("leaf", &["ca"], Some("db.example.org"), NOW, None),
            ("leaf", &["ca-over", "ca-same-name", "ca"], None, NOW, None),
            ("self-signed", &["self-signed"], Some("10.8.0.1"), NOW, None),
            // `openssl x509 -req` without extensions makes version 1, which rustls does not read.
            ("leaf-v1", &["ca"], Some("db.example.org"), NOW, None),
            ("leaf", &["ca"], None, LATER, Some(Distrust::Expired)),
            ("leaf-v1", &["ca"], None, LATER, Some(Distrust::Expired)),
            ("self-signed", &["self-signed"], None, LATER, Some(Distrust::Expired)),
            ("leaf", &["ca"], None, NOW - 86_400 * 365, Some(Distrust::NotYetValid)),
            ("leaf", &["ca-over"], None, NOW, Some(Distrust::UnknownIssuer)),
            ("leaf", &["ca-same-name"], None, NOW, Some(Distrust::UnknownIssuer)),
            ("self-signed", &["ca"], None, NOW, Some(Distrust::UnknownIssuer)),
            ("leaf-of-ca-over", &["ca-over"], None, NOW, Some(Distrust::Expired)),
            ("leaf", &["ca"], Some("10.8.0.2"), NOW, Some(Distrust::OtherName)),
            ("leaf", &["ca"], Some("redis.example.org"), NOW, Some(Distrust::OtherName)),
            ("self-signed", &["self-signed"], Some("10.8.0.2"), NOW, Some(Distrust::OtherName)),
        ] {
            assert_eq!(said(leaf, roots, name, now), expected, "{leaf} by {roots:?} for {name:?} at {now}");
        }
    }

    #[test]
    fn of_authorities_that_are_not_seen_only_time_and_name_are_told() {
        let by = |roots: Roots, now| {
            let wanted = Wanted { demand: Demand::VerifyCa, name: None, roots };
            let shown = judged(&[pem("leaf")], &wanted, now).expect("read");
            (shown.distrust, shown.valid_until)
        };
        assert_eq!(by(Roots::Unseen, NOW), (None, 1_798_804_800));
        assert_eq!(by(Roots::Unseen, LATER).0, Some(Distrust::Expired));
        assert_eq!(by(Roots::Missing("/no/such".to_owned()), NOW).0, Some(Distrust::NoBundle));
    }

    #[test]
    fn the_end_of_an_authority_is_told_apart_from_its_own() {
        let roots = Roots::These { file: None, own: vec![pem("ca-over")], system: Vec::new() };
        let wanted = Wanted { demand: Demand::VerifyCa, name: None, roots };
        let shown = judged(&[pem("leaf-of-ca-over")], &wanted, NOW).expect("read");
        assert_eq!(
            (shown.authority_until, shown.names),
            (Some(1_735_732_800), vec!["db.example.org".into(), "10.8.0.1".into()])
        );
        assert_eq!(shown.valid_until, 2_048_414_400);
    }
}
