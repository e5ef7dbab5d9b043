//! Where a difference lies. `tcp redis/how` leads into what was seen of the look `tcp redis`, without the words that are
//! the same for each: it is `/facts/tcp redis/observation/seen/tcp/how`. What is not inside of something seen has its whole
//! JSON pointer, which begins with `/`.

use serde_json::{Map, Value};

use super::unescape;

/// Every difference by its whole pointer into the healthy snapshot.
pub fn long(lines: &Map<String, Value>, healthy: &Value) -> Result<Map<String, Value>, String> {
    lines.iter().map(|(at, value)| Ok((whole(at, healthy)?, value.clone()))).collect()
}

/// Every difference by its shortest name.
pub fn short(lines: Map<String, Value>, healthy: &Value) -> Map<String, Value> {
    let named = |at: String| short_of(&at, healthy).unwrap_or(at);
    lines.into_iter().map(|(at, value)| (named(at), value)).collect()
}

/// The whole pointer of one; an error where it leads nowhere.
pub fn whole(at: &str, healthy: &Value) -> Result<String, String> {
    if at.starts_with('/') {
        return Ok(at.to_owned());
    }
    let (key, rest) = at.split_at(at.find('/').unwrap_or(at.len()));
    let into = into(key, healthy).ok_or_else(|| {
        format!("{at}: the healthy lab saw nothing of `{key}`; whole pointers begin with `/facts/{key}`")
    })?;
    Ok(format!("{into}{rest}"))
}

fn short_of(at: &str, healthy: &Value) -> Option<String> {
    let key = at.strip_prefix("/facts/")?.split('/').next()?;
    let rest = at.strip_prefix(into(key, healthy)?.as_str())?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{key}{rest}"))
}

/// The pointer to what the healthy lab saw of a look.
fn into(key: &str, healthy: &Value) -> Option<String> {
    let seen = healthy["facts"][unescape(key).as_str()]["observation"]["seen"].as_object()?;
    let kind = seen.keys().next().filter(|_| seen.len() == 1)?;
    Some(format!("/facts/{key}/observation/seen/{kind}"))
}
