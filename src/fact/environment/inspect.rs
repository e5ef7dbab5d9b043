//! What `docker inspect` prints about containers.

use serde::Deserialize;

/// One container as far as it matters here. Holds secrets: never kept in a fact, and without `Debug`.
pub struct Container {
    /// Without Docker's leading slash.
    pub name: String,
    /// Whether it runs.
    pub running: bool,
    /// Its configured environment, in order.
    pub variables: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "State")]
    state: State,
    #[serde(rename = "Config")]
    config: Config,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "Running")]
    running: bool,
}

#[derive(Deserialize)]
struct Config {
    /// `null` where there is none.
    #[serde(rename = "Env")]
    env: Option<Vec<String>>,
}

/// Reads the array that `docker inspect` prints; none if it is something else.
pub fn read(json: &str) -> Option<Vec<Container>> {
    let entries: Vec<Entry> = serde_json::from_str(json.trim()).ok()?;
    Some(entries.into_iter().map(Container::from).collect())
}

impl From<Entry> for Container {
    fn from(entry: Entry) -> Self {
        let split = |pair: &String| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            name: entry.name.trim_start_matches('/').to_owned(),
            running: entry.state.running,
            variables: entry.config.env.iter().flatten().filter_map(split).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_read() {
        let json = r#"[{"Id": "1", "Name": "/clippy-worker", "State": {"Status": "running", "Running": true},
            "Config": {"Env": ["DATABASE_URL=postgresql://u:p@h/d?a=b", "EMPTY="]}},
            {"Name": "x", "State": {"Running": false}, "Config": {"Env": null}}]"#;
        let found = read(json).expect("reads");
        assert_eq!((found[0].name.as_str(), found[0].running), ("clippy-worker", true));
        assert_eq!(found[0].variables[0].1, "postgresql://u:p@h/d?a=b");
        assert_eq!(found[0].variables[1], ("EMPTY".to_owned(), String::new()));
        assert!(!found[1].running && found[1].variables.is_empty());
        assert!(read("[]\n").expect("reads").is_empty() && read("Error").is_none());
    }
}
