//! JSON as a person writes it: what is short stands on one line, short entries beside each other, and what only has one
//! entry opens and closes with it.

use serde_json::Value;

/// The text of a file of recordings.
pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(value, Place { indent: 0, before: 0, after: 0 }, &mut text);
    text.push('\n');
    text
}

const WIDE: usize = 118;

/// The states, the vantages and the pointers of a file stand on lines of their own, also when little differs.
const OWN_LINES: usize = 4;

/// An entry that is longer than this stands on its own line.
const SHORT: usize = 80;

/// Where on a line something begins.
#[derive(Clone, Copy)]
struct Place {
    /// Of the line.
    indent: usize,
    /// What stands between the indent and it.
    before: usize,
    /// What must still follow on its last line.
    after: usize,
}

/// The entries of an object or a list, each with its name.
fn entries(value: &Value) -> Option<(char, Vec<(String, &Value)>, char)> {
    match value {
        Value::Object(fields) => {
            let named = fields.iter().map(|(name, it)| (format!("{}: ", Value::from(name.as_str())), it));
            Some(('{', named.collect(), '}'))
        }
        Value::Array(items) => Some(('[', items.iter().map(|it| (String::new(), it)).collect(), ']')),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn write(value: &Value, place: Place, text: &mut String) {
    let line = spaced(value);
    let own_line = place.indent < OWN_LINES;
    let fits = place.indent + place.before + length(&line) + place.after <= WIDE;
    let Some((open, entries, close)) = entries(value).filter(|(_, entries, _)| !entries.is_empty()) else {
        return text.push_str(&line);
    };
    if fits && !own_line {
        return text.push_str(&line);
    }
    text.push(open);
    match entries.as_slice() {
        [(name, it)] if !own_line => {
            text.push_str(name);
            let before = place.before + 1 + length(name);
            write(it, Place { before, after: place.after + 1, ..place }, text);
        }
        _ => {
            block(&entries, place.indent + 2, text);
            text.push('\n');
            text.push_str(&" ".repeat(place.indent));
        }
    }
    text.push(close);
}

/// Entries below each other, short ones beside each other.
fn block(entries: &[(String, &Value)], indent: usize, text: &mut String) {
    let mut column = None;
    for (at, (name, it)) in entries.iter().enumerate() {
        let short = Some(length(name) + length(&spaced(it))).filter(|size| indent > OWN_LINES + 2 && *size <= SHORT);
        if at > 0 {
            text.push(',');
        }
        match (column, short) {
            (Some(before), Some(size)) if indent + before + 2 + size < WIDE => {
                text.push(' ');
                column = Some(before + 2 + size);
            }
            _ => {
                text.push('\n');
                text.push_str(&" ".repeat(indent));
                column = short;
            }
        }
        text.push_str(name);
        write(it, Place { indent, before: length(name), after: 1 }, text);
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn spaced(value: &Value) -> String {
    match entries(value) {
        Some((open, entries, close)) => {
            let all: Vec<String> = entries.iter().map(|(name, it)| format!("{name}{}", spaced(it))).collect();
            format!("{open}{}{close}", all.join(", "))
        }
        None => value.to_string(),
    }
}
