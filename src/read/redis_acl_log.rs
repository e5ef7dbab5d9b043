//! An entry of Redis' `ACL LOG`: a log-in or a command that it refused. Who it was is kept only where that is `default`: a
//! password may stand in the place of a user.

use std::collections::BTreeMap;

use crate::fact::service::quote::Quote;

/// In the log's own words, at a time by this machine's clock; none where it lacks what every version has.
pub fn read(entry: &BTreeMap<String, String>, now: u64) -> Option<Quote> {
    let word = |name: &str| entry.get(name).map(String::as_str).filter(|it| is_word(it));
    let reason = word("reason")?;
    let mut words = vec![format!("reason={reason}")];
    if reason == "command"
        && let Some(object) = word("object")
    {
        words.push(format!("object={object}"));
    }
    let user = entry.get("username")?;
    words.push(format!("username={}", if user == "default" { "default" } else { "…" }));
    let info = entry.get("client-info")?;
    if let Some(address) = info.split(' ').find_map(|it| it.strip_prefix("addr="))
        && let Ok(address) = address.parse::<std::net::SocketAddr>()
    {
        words.push(format!("addr={}", address.ip()));
    }
    let age = entry.get("age-seconds").and_then(|age| age.split('.').next()?.parse::<u64>().ok());
    Some(Quote {
        text: words.join(" "),
        source: "ACL LOG".to_owned(),
        at: age.map(|age| now.saturating_sub(age)),
        named: None,
    })
}

fn is_word(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_|-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_it_was_is_kept_only_where_it_is_no_secret() {
        let pairs = [
            ("reason", "auth"),
            ("object", "AUTH"),
            ("username", "s3cret"),
            ("age-seconds", "4.096"),
            ("client-info", "id=3 addr=10.8.0.2:41778 name=s3cret"),
        ];
        let mut entry: BTreeMap<String, String> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let found = read(&entry, 10).expect("an entry");
        assert_eq!((found.text.as_str(), found.at), ("reason=auth username=… addr=10.8.0.2", Some(6)));
        entry.insert("reason".to_owned(), "command".to_owned());
        entry.insert("object".to_owned(), "brpop".to_owned());
        assert!(read(&entry, 10).expect("an entry").text.starts_with("reason=command object=brpop "));
    }
}
