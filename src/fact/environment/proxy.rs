//! Through which proxy the app's HTTP library goes: as `requests` takes it from the environment (requests/utils.py,
//! `get_environ_proxies` and `select_proxy`; urllib/request.py, `proxy_bypass_environment`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::{EnvUrl, Environment, PROXIES, Setting};

impl Environment {
    /// The proxy for a URL, and the variable that names it.
    pub fn proxy(&self, url: &EnvUrl) -> Option<(&'static str, &EnvUrl)> {
        if url.host.is_empty() || self.is_excepted(&url.host, url.http_port()) {
            return None;
        }
        let of = |scheme: &str| {
            // The lower-case name counts, even where it is empty; else the upper-case one.
            let named = |name: &&&str| {
                name.strip_suffix("_proxy")
                    .or_else(|| name.strip_suffix("_PROXY"))
                    .is_some_and(|it| it.eq_ignore_ascii_case(scheme))
            };
            let (name, layer) = PROXIES.iter().filter(named).find_map(|name| Some((*name, self.winner(name)?)))?;
            if let Setting::Url(proxy) = &layer.setting { Some((name, proxy)) } else { None }
        };
        of(&url.scheme).or_else(|| of("all"))
    }

    fn is_excepted(&self, host: &str, port: u16) -> bool {
        let word = |name: &str| match &self.winner(name)?.setting {
            Setting::Word(word) => Some(word.as_str()),
            Setting::Empty | Setting::Secret | Setting::Url(_) | Setting::Flawed(_) => None,
        };
        word("no_proxy").or_else(|| word("NO_PROXY")).is_some_and(|list| excepts(list, host, port))
    }
}

fn excepts(list: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let with_port = format!("{host}:{port}");
    let mut parts =
        list.split(',').map(|part| part.replace(' ', "").to_ascii_lowercase()).filter(|part| !part.is_empty());
    // A lone `*` is everything; as one of several it is nothing.
    if list.trim() == "*" {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(address @ IpAddr::V4(_)) => parts.any(|part| {
            part == host || part.parse::<IpNet>().is_ok_and(|net| net.contains(&address)) || ends(&part, &host)
        }),
        Ok(IpAddr::V6(_)) | Err(_) => parts
            .any(|part| host.ends_with(&part) || with_port.ends_with(&part) || ends(&part, &host) || part == with_port),
    }
}

/// urllib's own rule: the name itself, or what ends with a dot and the name.
fn ends(part: &str, host: &str) -> bool {
    let name = part.trim_start_matches('.');
    host == name || host.strip_suffix(name).is_some_and(|front| front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_taken_as_requests_takes_them() {
        for (list, host, excepted) in [
            ("localhost,127.0.0.1", "10.8.0.1", false),
            ("10.8.0.1", "10.8.0.1", true),
            ("localhost, 10.8.0.0/24", "10.8.0.1", true),
            ("10.8.0.*", "10.8.0.1", false),
            ("*", "10.8.0.1", true),
            ("*,x", "10.8.0.1", false),
            (".example.org", "web.example.org", true),
            ("example.org", "web.example.org", true),
            ("web.example.org:5000", "web.example.org", true),
            ("web.example.org:80", "web.example.org", false),
            ("", "10.8.0.1", false),
        ] {
            assert_eq!(excepts(list, host, 5000), excepted, "{list} {host}");
        }
    }
}
