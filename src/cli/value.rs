//! Values that are typed: what is none is told at once, with what would be one.

use std::time::Duration;

use crate::fact::Vantage;

/// What ssh takes for a host.
pub(super) fn destination(text: &str) -> Result<String, String> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    if text.is_empty() || text.starts_with('-') || !text.chars().all(plain) {
        return Err("a host as `ssh` takes it: `user@host`, or a name of ~/.ssh/config".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn vantage(text: &str) -> Result<Vantage, String> {
    text.parse()
}

/// `60s`, `5m`, `1m 30s`; a number alone is seconds.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let written = text.parse::<f64>().map_or_else(|_| text.to_owned(), |_| format!("{text}s"));
    let time = written.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    match time {
        Some(time) if (Duration::from_millis(100)..=Duration::from_hours(24)).contains(&time) => Ok(time),
        Some(_) => Err("between 0.1s and 24h".to_owned()),
        None => Err("a time, such as 60s or 5m".to_owned()),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let value: f64 = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    if (0.1..=600.0).contains(&value) {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err("between 0.1 and 600 seconds".to_owned())
    }
}
