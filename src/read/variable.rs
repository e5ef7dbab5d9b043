//! A variable's value as a fact keeps it: without its secrets.

use super::url;
use crate::fact::app::App;
use crate::fact::delivery::Value;
use crate::fact::environment::{Flaw, Setting, is_proxy, is_url};

/// The variable whose value is a secret: only whether it is set is kept.
const SECRET: &str = "WORKER_API_KEY";

/// Reads `__version__ = "0.10.0"` out of app/version.py.
pub fn app_version(text: &str) -> Option<String> {
    let value =
        text.lines().find_map(|line| line.trim().strip_prefix("__version__")?.trim_start().strip_prefix('='))?;
    let version = value.split('#').next()?.trim().trim_matches(['"', '\'']);
    let plain = version.starts_with(|c: char| c.is_ascii_digit())
        && version.len() <= 32
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c));
    plain.then(|| version.to_owned())
}

/// Reads one value of an app's (without one, ClippyFront's) as the fact keeps it. For URL variables the secrets stay behind.
pub fn setting(app: Option<&App>, variable: &str, value: &str) -> Setting {
    if value.is_empty() {
        return Setting::Empty;
    }
    if variable == SECRET {
        return Setting::Secret;
    }
    if is_proxy(variable) {
        // A proxy may be written without its scheme (requests/utils.py, `prepend_scheme_if_needed`); a bare word may be
        // anything, and is not kept.
        let bare = !value.contains("://");
        let is_place = value.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if bare && !is_place {
            return Setting::Flawed(Flaw::NoScheme);
        }
        let whole = if bare { format!("http://{value}") } else { value.to_owned() };
        return url::read(&whole).map_or_else(Setting::Flawed, |read| Setting::Url(read.url));
    }
    if variable.eq_ignore_ascii_case("no_proxy") {
        let plain = value.len() <= 1024 && value.chars().all(|c| c.is_ascii_alphanumeric() || " _-.,*:/[]".contains(c));
        return if plain { Setting::Word(value.to_owned()) } else { Setting::Flawed(Flaw::Unreadable) };
    }
    if !is_url(app, variable) {
        let plain = value.len() <= 32 && value.chars().all(|c| c.is_ascii_alphanumeric() || " _-.,'\"".contains(c));
        return if plain { Setting::Word(value.to_owned()) } else { Setting::Flawed(Flaw::Unreadable) };
    }
    match url::read(value) {
        Ok(read) => Setting::Url(read.url),
        Err(flaw) => Setting::Flawed(flaw),
    }
}

/// Reads a value of the delivery sidecar's. `<…>` is kept, since documents write placeholders so.
pub fn sidecars(text: &str) -> Value {
    let plain = text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:/[]%<>~ ".contains(c));
    match text {
        "" => Value::Empty,
        _ if plain => Value::Text(text.to_owned()),
        _ => Value::Odd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        let text = "\"\"\"Version.\"\"\"\n\n__version__ = \"0.10.0\"  # now\n";
        assert_eq!(app_version(text).as_deref(), Some("0.10.0"));
        assert_eq!(app_version("version = 1"), None);
    }

    #[test]
    fn values_of_another_form_are_not_kept() {
        assert_eq!(sidecars(""), Value::Empty);
        assert_eq!(sidecars("/srv/ingest"), Value::Text("/srv/ingest".to_owned()));
        for odd in ["a@b", "a\nb", "x=y", "-----BEGIN\n"] {
            assert_eq!(sidecars(odd), Value::Odd, "{odd:?}");
        }
    }
}
