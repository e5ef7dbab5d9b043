//! The certificate that a server shows, where the URL has the app's library verify it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::api::Distrust;

/// What the URL has its library verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// libpq: `sslmode=verify-ca`.
    VerifyCa,
    /// libpq: `sslmode=verify-full`: the name too.
    VerifyFull,
    /// libpq: `sslmode=require` and a file of root certificates that is there: then it is as `verify-ca`.
    RequireWithRoots,
    /// redis-py: `ssl_cert_reqs=required`.
    CertReqs,
    /// redis-py: `ssl_cert_reqs=required` and `ssl_check_hostname=true`: the name too.
    CertReqsAndName,
}

impl Demand {
    /// As it is written.
    pub fn words(self) -> &'static str {
        match self {
            Self::VerifyCa => "sslmode=verify-ca",
            Self::VerifyFull => "sslmode=verify-full",
            Self::RequireWithRoots => "sslmode=require",
            Self::CertReqs => "ssl_cert_reqs=required",
            Self::CertReqsAndName => "ssl_cert_reqs=required and ssl_check_hostname=true",
        }
    }

    /// Whether the name counts.
    pub fn has_name(self) -> bool {
        matches!(self, Self::VerifyFull | Self::CertReqsAndName)
    }
}

/// The certificate, and what is wrong with it for who verifies as the URL says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCertificate {
    /// Its `notBefore`, in seconds since the epoch.
    pub valid_from: u64,
    /// Its `notAfter`.
    pub valid_until: u64,
    /// The names and addresses that it is for: its subjectAltName.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What the URL demands.
    pub demand: Demand,
    /// The name that it is to be for, where the URL demands that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// The file of authorities that the library reads, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<String>,
    /// Why the library does not take it; none where nothing was found, which is not more than what could be seen from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distrust: Option<Distrust>,
    /// Where not its own time is over but that of an authority above it: until when that was valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_until: Option<u64>,
}

impl ShownCertificate {
    pub(crate) fn summary(&self) -> String {
        let said = match (self.distrust, self.authority_until) {
            (Some(Distrust::Expired), Some(_)) => "signed by an authority whose time is over",
            (Some(Distrust::Expired), None) => "expired",
            (Some(Distrust::NotYetValid), _) => "not valid yet",
            (Some(Distrust::OtherName), _) => "for another name",
            (Some(Distrust::UnknownIssuer), _) => "not trusted",
            (Some(Distrust::NoBundle), _) => "no file of authorities",
            (None, _) => "nothing against it",
        };
        let (from, until) = (day(self.valid_from), day(self.valid_until));
        let roots = self.roots.as_ref().map_or_else(String::new, |roots| format!(", {roots}"));
        format!("certificate {from} to {until}: {said} ({}{roots})", self.demand.words())
    }
}

/// The day of a time, in UTC.
pub fn day(seconds: u64) -> String {
    let at = Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_that_of_utc() {
        assert_eq!(
            (day(0), day(1_795_132_799), day(u64::MAX)),
            ("1970-01-01".into(), "2026-11-19".into(), "9999-12-30".into())
        );
    }
}
