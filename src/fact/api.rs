//! The HTTP interface through which workers of version 0.12 and later report to the web app (app/api/worker.py): they
//! send `Authorization: Bearer WORKER_API_KEY` to `FLASK_APP_URL/api/worker/…` and need no database for that.

use serde::{Deserialize, Serialize};

use super::Presence;
use super::dial::{Dial, Endpoint};
use super::environment::{EnvUrl, Environment, Layer, Setting};
use crate::fact::words::words;

/// Why a certificate is not taken, as `requests` takes it in the app: a chain to an authority that it knows, the URL's
/// name, the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distrust {
    /// No authority that is known has signed it; self-signed ones are such.
    UnknownIssuer,
    /// It is for another name.
    OtherName,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that is not there, or holds no certificate.
    NoBundle,
}

/// What came back for a job that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiSaid {
    /// 404 in the app's own words: the key was taken, and there is no such job.
    Well,
    /// 401, with the key.
    KeyRefused,
    /// 401, and no key was sent: none is set, or the way was neither the tunnel nor verified.
    NoKey,
    /// 500 `Worker API not configured`: the web app has no key.
    NotConfigured,
    /// Any other 5xx: the web app is there and fails, as it does without its database.
    FailedInside(u16),
    /// A redirect; a client drops the key when it follows to another scheme or host.
    Redirects {
        /// Whether it leads to https.
        to_https: bool,
    },
    /// 429: too many requests in the hour.
    Limited,
    /// 404 in other words: another program, or a version before 0.11.
    NotTheApi,
    /// Another status.
    OtherStatus(u16),
    /// It does not speak HTTP.
    NotHttp,
    /// It ends the connection without an answer.
    Closed,
    /// It says nothing.
    Silent,
    /// The URL says https and TLS did not come about.
    NoTls,
    /// TLS would come about, and the app would not take the certificate. Nothing was asked.
    Distrusted(Distrust),
    /// No connection came about.
    Unreached(Dial),
}

impl ApiSaid {
    words! {
        /// The one word for it.
        pub fn label(self) of self => {
                Self::Well => "well",
                Self::KeyRefused => "key-refused",
                Self::NoKey => "no-key",
                Self::NotConfigured => "not-configured",
                Self::FailedInside(_) => "failed-inside",
                Self::Redirects { .. } => "redirects",
                Self::Limited => "limited",
                Self::NotTheApi => "not-the-api",
                Self::OtherStatus(_) => "other-status",
                Self::NotHttp => "not-http",
                Self::Closed => "closed",
                Self::Silent => "silent",
                Self::NoTls => "no-tls",
                Self::Distrusted(Distrust::UnknownIssuer) => "not-trusted",
                Self::Distrusted(Distrust::OtherName) => "other-name",
                Self::Distrusted(Distrust::Expired) => "expired",
                Self::Distrusted(Distrust::NotYetValid) => "not-yet-valid",
                Self::Distrusted(Distrust::NoBundle) => "no-bundle",
                Self::Unreached(_) => "unreached",
        }
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiOutcome {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// `http` or `https`.
    pub scheme: String,
    /// Whether the key was sent.
    pub key: Presence,
    /// The proxy that was asked in place of the web app, as the worker's library would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// What came back.
    pub said: ApiSaid,
    /// Who that was, by the answer's own headers (`Server`, `WWW-Authenticate`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
}

impl ApiOutcome {
    pub(crate) fn summary(&self) -> String {
        let with = if self.key.is_present() { "with the key" } else { "without the key" };
        let through = self.proxy.as_ref().map(|proxy| format!(", through {proxy}")).unwrap_or_default();
        let sender = self.sender.as_ref().map(|sender| format!(" ({sender})")).unwrap_or_default();
        format!("{}://{}{through}, {with}: {}{sender}", self.scheme, self.endpoint, self.said.words())
    }
}

impl ApiSaid {
    /// Its word, and what belongs to it.
    pub fn words(self) -> String {
        let more = match self {
            Self::FailedInside(status) | Self::OtherStatus(status) => format!(" ({status})"),
            Self::Unreached(dial) => format!(" ({})", dial.label()),
            Self::Redirects { to_https: true } => " to https".to_owned(),
            Self::Well
            | Self::KeyRefused
            | Self::NoKey
            | Self::NotConfigured
            | Self::Redirects { to_https: false }
            | Self::Limited
            | Self::NotTheApi
            | Self::Closed
            | Self::Silent
            | Self::NotHttp
            | Self::NoTls
            | Self::Distrusted(_) => String::new(),
        };
        format!("{}{more}", self.label())
    }
}

impl Environment {
    /// Whether the worker reports by HTTP: one of the two variables is set.
    pub fn uses_api(&self) -> bool {
        // A line that has no effect shows as well what is meant.
        let meant = |name| self.provenance.as_ref().is_some_and(|provenance| provenance.ignored(name).is_some());
        ["FLASK_APP_URL", "WORKER_API_KEY"]
            .iter()
            .any(|name| self.winner(name).is_some_and(|layer| layer.setting != Setting::Empty) || meant(name))
    }

    /// FLASK_APP_URL where it is an HTTP URL.
    pub fn api(&self) -> Option<&EnvUrl> {
        match self.winner("FLASK_APP_URL") {
            Some(Layer { setting: Setting::Url(url), .. }) if url.is_http() => Some(url),
            _ => None,
        }
    }
}

impl EnvUrl {
    /// Whether the scheme is one of HTTP's.
    pub fn is_http(&self) -> bool {
        self.scheme == "http" || self.scheme == "https"
    }

    /// The port that is dialled for HTTP.
    pub fn http_port(&self) -> u16 {
        self.port.unwrap_or(if self.scheme == "https" { 443 } else { 80 })
    }
}
