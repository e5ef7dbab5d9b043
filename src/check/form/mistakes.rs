//! Every mistake of a TOML file, not the first alone: what is wrong is taken out, what is missing is put in, and the rest is
//! read again.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

/// How many of one file are told.
const MOST: usize = 50;

/// Of a longer text the first mistake is enough: no check file is half as long, and each mistake costs another reading.
const LONG: usize = 1 << 16;

/// What is wrong, and where in the text.
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) says: String,
    /// The key at the top that was taken out or put in: no more can be said of its value.
    pub(super) key: Option<String>,
}

/// What a file says, as far as it can be read, and every mistake in it.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> (Option<T>, Vec<Mistake>) {
    if text.len() > LONG {
        let read = toml::from_str(text).map_err(|error| mistake(&error, None));
        return read.map_or_else(|mistake| (None, vec![mistake]), |read| (Some(read), Vec::new()));
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    // Where the form itself is broken, the first mistake is enough: the others may come of it.
    let syntax: Vec<Mistake> = errors.iter().take(1).map(|error| mistake(error, None)).collect();
    // What a broken line was meant to say is not known: the rest of the file may only look wrong.
    if !syntax.is_empty() {
        return (None, syntax);
    }
    let (whole, mut table) = (table.span(), table.into_inner());
    let (mut mistakes, mut taken) = (Vec::new(), Taken::new());
    while mistakes.len() < MOST {
        let again = Deserializer::from(Spanned::new(whole.clone(), table.clone()));
        let error = match T::deserialize(again) {
            Ok(read) => return (Some(read), mistakes),
            Err(error) => error,
        };
        let Some(place) = error.span() else {
            mistakes.push(mistake(&error, None));
            break;
        };
        let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let key = match missing {
            Some(name) if place == whole => put(&mut table, name, &place).then(|| name.to_owned()),
            Some(name) => in_tables(&mut table, &place, name),
            None => take(&mut table, &whole, &place, &mut taken),
        };
        let stuck = key.is_none();
        // What was taken out is missing because of that.
        if !missing.is_some_and(|name| taken.contains(&(place, name.to_owned()))) {
            mistakes.push(mistake(&error, key));
        }
        if stuck {
            break;
        }
    }
    (None, mistakes)
}

/// Where a key stands; the first line, if nowhere.
pub(super) fn place(text: &str, key: &str) -> usize {
    let (table, _) = DeTable::parse_recoverable(text);
    table.get_ref().get_key_value(key).map_or(0, |(key, _)| key.span().start)
}

fn mistake(error: &Error, key: Option<String>) -> Mistake {
    let at = error.span().map_or(0, |span| span.start);
    // The words of a parser may go over several lines.
    Mistake { at, says: error.message().lines().collect::<Vec<_>>().join("; "), key }
}

/// The fields that were taken out, each with the place of its table.
type Taken = Vec<(Range<usize>, String)>;

/// Takes out the entry at a place, the smallest that it is; says under which key of the top.
fn take(table: &mut DeTable<'_>, own: &Range<usize>, place: &Range<usize>, taken: &mut Taken) -> Option<String> {
    let within = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    for (key, value) in table.iter_mut() {
        let below = value.span();
        if let DeValue::Table(inner) = value.get_mut()
            && take(inner, &below, place, taken).is_some()
        {
            return Some(key.get_ref().to_string());
        }
    }
    let found = table.iter().find(|(key, value)| within(key.span()) || within(value.span()));
    let name = found.map(|(key, _)| key.get_ref().to_string())?;
    taken.push((own.clone(), name.clone()));
    table.remove(name.as_str()).map(|_| name)
}

/// Puts a field into the table at a place; says under which key of the top.
fn in_tables(table: &mut DeTable<'_>, place: &Range<usize>, name: &str) -> Option<String> {
    for (key, value) in table.iter_mut() {
        let here = value.span() == *place;
        let DeValue::Table(inner) = value.get_mut() else { continue };
        if here && !inner.contains_key(name) && put(inner, name, place) || in_tables(inner, place, name).is_some() {
            return Some(key.get_ref().to_string());
        }
    }
    None
}

/// Puts in something that can be read: most fields are text.
fn put(table: &mut DeTable<'_>, name: &str, place: &Range<usize>) -> bool {
    let text = || Spanned::new(place.clone(), DeValue::String(Cow::Borrowed("")));
    let value = match name {
        "fix" => {
            let fields = ["say", "know"].map(|it| (Spanned::new(place.clone(), Cow::Borrowed(it)), text()));
            Spanned::new(place.clone(), DeValue::Table(fields.into_iter().collect()))
        }
        "looks" => Spanned::new(place.clone(), DeValue::Table(DeTable::new())),
        _ => text(),
    };
    table.insert(Spanned::new(place.clone(), Cow::Owned(name.to_owned())), value).is_none()
}
