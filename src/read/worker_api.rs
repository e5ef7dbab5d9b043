//! What the web app answers a worker.

use crate::fact::api::ApiSaid;

/// Reads a status, the `Location` and the body of an answer. `sent` is whether the key was sent. Only the app's own 401, in
/// JSON, is about the key: another one is of something in front of it.
pub fn read(status: u16, location: &str, body: &str, sent: bool) -> ApiSaid {
    match status {
        401 if !body.trim_start().starts_with('{') => ApiSaid::OtherStatus(401),
        401 if sent => ApiSaid::KeyRefused,
        401 => ApiSaid::NoKey,
        300..=399 => ApiSaid::Redirects { to_https: location.starts_with("https://") },
        404 if body.contains("Job not found") => ApiSaid::Well,
        404 => ApiSaid::NotTheApi,
        429 => ApiSaid::Limited,
        500 if body.contains("Worker API not configured") => ApiSaid::NotConfigured,
        500..=599 => ApiSaid::FailedInside(status),
        _ => ApiSaid::OtherStatus(status),
    }
}

/// Who answers, by the headers that tell: `Server` and `WWW-Authenticate`. None where there are none.
pub fn sender(server: &str, wants: &str) -> Option<String> {
    let part = |name: &str, value: &str| (!value.is_empty()).then(|| format!("{name}: {value}"));
    let parts: Vec<String> = [part("Server", server), part("WWW-Authenticate", wants)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        for (status, location, body, sent, said) in [
            (404, "", r#"{"error": "Job not found"}"#, true, ApiSaid::Well),
            (404, "", "<h1>Not Found</h1>", true, ApiSaid::NotTheApi),
            (401, "", r#"{"error": "Unauthorized"}"#, true, ApiSaid::KeyRefused),
            (401, "", r#"{"error": "Unauthorized"}"#, false, ApiSaid::NoKey),
            (401, "", "<html><h1>401 Authorization Required</h1>", true, ApiSaid::OtherStatus(401)),
            (500, "", r#"{"error": "Worker API not configured"}"#, true, ApiSaid::NotConfigured),
            (500, "", r#"{"error": "Internal error"}"#, true, ApiSaid::FailedInside(500)),
            (502, "", "", true, ApiSaid::FailedInside(502)),
            (302, "https://10.8.0.1:5000/", "", true, ApiSaid::Redirects { to_https: true }),
            (301, "http://other/", "", true, ApiSaid::Redirects { to_https: false }),
            (429, "", "", true, ApiSaid::Limited),
            (200, "", "", true, ApiSaid::OtherStatus(200)),
        ] {
            assert_eq!(read(status, location, body, sent), said, "{status} {body}");
        }
    }
}
