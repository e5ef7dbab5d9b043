//! Every mistake of a TOML file, not the first alone: what is wrong is taken out, what is missing is put in, and the rest is
//! read again.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use crate::check::near::near;
use crate::fact::FactKey;

/// How many of one file are told.
const MOST: usize = 50;

/// Of a longer text the first mistake is enough: no check file is half as long, and each mistake costs another reading.
const LONG: usize = 1 << 16;

/// How a word for a look that there is not is complained of.
const NO_LOOK: &str = "is not something that can be looked at";

/// What is wrong, and where in the text.
pub(super) struct Wrong {
    pub(super) at: Range<usize>,
    pub(super) says: String,
    /// The key at the top that was taken out or put in: no more can be said of its value.
    pub(super) key: Option<String>,
}

/// What a file says, as far as it can be read, and every mistake in it.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> (Option<T>, Vec<Wrong>) {
    // Nearly always there is none, and nothing has to be kept for another reading.
    match toml::from_str(text) {
        Ok(read) => return (Some(read), Vec::new()),
        Err(error) if text.len() > LONG => return (None, vec![mistake(&error, None)]),
        Err(_) => {}
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    // Where the form itself is broken, the first mistake is enough: the others may come of it.
    let syntax: Vec<Wrong> = errors.iter().take(1).map(|error| mistake(error, None)).collect();
    // What a broken line was meant to say is not known: the rest of the file may only look wrong.
    if !syntax.is_empty() {
        return (None, syntax);
    }
    let (whole, mut table) = (table.span(), table.into_inner());
    share_fix(&mut table);
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
        let place = item(&table, &place, error.message()).unwrap_or(place);
        let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let key = match missing {
            Some(name) if place == whole => put(&mut table, name, &place).then(|| name.to_owned()),
            Some(name) => in_tables(&mut table, &place, name),
            None => take(&mut table, &whole, &place, &mut taken),
        };
        let stuck = key.is_none();
        // What was taken out is missing because of that.
        let told = missing.is_some_and(|name| taken.contains(&(place.clone(), name.to_owned())));
        // What is missing stands nowhere: its table is named, and nothing in it.
        let at = if missing.is_some() { place.start..place.start } else { place };
        let wrong = Wrong { at, ..mistake(&error, key) };
        // What all causes share is wrong in each.
        if !told && !mistakes.iter().any(|it| it.at == wrong.at && it.says == wrong.says) {
            mistakes.push(wrong);
        }
        if stuck {
            break;
        }
    }
    (None, mistakes)
}

/// What stands in `fix` at the top is that of each cause which does not say otherwise.
fn share_fix(table: &mut DeTable<'_>) {
    if !matches!(table.get("fix").map(Spanned::get_ref), Some(DeValue::Table(_))) || !table.contains_key("cause") {
        return;
    }
    let Some(DeValue::Table(shared)) = table.remove("fix").map(Spanned::into_inner) else { return };
    let Some(DeValue::Table(causes)) = table.get_mut("cause").map(Spanned::get_mut) else { return };
    for cause in causes.iter_mut().map(|(_, cause)| cause.get_mut()) {
        let DeValue::Table(cause) = cause else { continue };
        let Some(DeValue::Table(fix)) = cause.get_mut("fix").map(Spanned::get_mut) else { continue };
        for (key, value) in &shared {
            if !fix.contains_key(key.get_ref().as_ref()) {
                fix.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Where a key stands; the beginning, if nowhere.
pub(super) fn place(text: &str, key: &str) -> Range<usize> {
    let (table, _) = DeTable::parse_recoverable(text);
    table.get_ref().get_key_value(key).map_or(0..0, |(key, _)| key.span())
}

/// Where a text stands as a value, in lists and tables, too; the beginning, if nowhere.
pub(super) fn place_of_value(text: &str, wanted: impl Fn(&str) -> bool) -> Range<usize> {
    let (table, _) = DeTable::parse_recoverable(text);
    let places = values(table.get_ref())
        .filter(|value| matches!(value.get_ref(), DeValue::String(it) if wanted(it)))
        .map(Spanned::span);
    places.min_by_key(|span| span.start).unwrap_or(0..0)
}

/// Every value of a table, at any depth.
fn values<'a>(table: &'a DeTable<'a>) -> impl Iterator<Item = &'a Spanned<DeValue<'a>>> {
    let mut open: Vec<&Spanned<DeValue<'_>>> = table.iter().map(|(_, value)| value).collect();
    std::iter::from_fn(move || {
        let value = open.pop()?;
        match value.get_ref() {
            DeValue::Array(items) => open.extend(items.iter()),
            DeValue::Table(table) => open.extend(table.iter().map(|(_, value)| value)),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
        Some(value)
    })
}

/// The reader names a list where an item of it is wrong: the item that its words quote.
fn item(table: &DeTable<'_>, place: &Range<usize>, says: &str) -> Option<Range<usize>> {
    let quoted = |item: &&Spanned<DeValue<'_>>| matches!(item.get_ref(), DeValue::String(it) if says.starts_with(&format!("`{it}`")));
    let of = |value: &Spanned<DeValue<'_>>| {
        let DeValue::Array(items) = value.get_ref() else { return None };
        items.iter().filter(|_| value.span() == *place).find(quoted).map(Spanned::span)
    };
    values(table).find_map(of)
}

fn mistake(error: &Error, key: Option<String>) -> Wrong {
    // The words of a parser may go over several lines.
    let says = error.message().lines().collect::<Vec<_>>().join("; ");
    Wrong { at: error.span().unwrap_or(0..0), says: plainly(&says), key }
}

/// A reader's words, in those of check files, with what may have been meant in place of a long list.
fn plainly(says: &str) -> String {
    let quoted: Vec<&str> = says.split('`').skip(1).step_by(2).collect();
    let kind = ["field", "variant"].into_iter().find(|kind| says.starts_with(&format!("unknown {kind} `")));
    if let (Some(kind), Some((word, known))) = (kind, quoted.split_first()) {
        let kind = if kind == "field" { "key" } else { "word" };
        return match near(word, known.iter().copied()) {
            Some(hint) => format!("unknown {kind} `{word}`; {hint}"),
            None => says.replacen(if kind == "key" { "field" } else { "variant" }, kind, 1),
        };
    }
    if says.ends_with(NO_LOOK)
        && let [word] = quoted.as_slice()
    {
        let forms: Vec<String> = FactKey::table().into_iter().flat_map(|(forms, ..)| forms).collect();
        let kinds: BTreeSet<&str> = forms.iter().filter_map(|form| form.split(' ').next()).collect();
        let kind = word.split(' ').next().unwrap_or_default();
        let hint = near(kind, kinds.iter().copied()).or_else(|| near(word, forms.iter().map(String::as_str)));
        let all = || format!("looks begin with {}", kinds.iter().copied().collect::<Vec<_>>().join(", "));
        return format!("{says}; {}", hint.unwrap_or_else(all));
    }
    says.replacen("missing field", "missing key", 1)
}

/// The fields that were taken out, each with the place of its table.
type Taken = Vec<(Range<usize>, String)>;

/// Takes out the entry at a place, the smallest that it is; says under which key of the top.
fn take(table: &mut DeTable<'_>, own: &Range<usize>, place: &Range<usize>, taken: &mut Taken) -> Option<String> {
    let within = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    for (key, value) in table.iter_mut() {
        let below = value.span();
        let found = match value.get_mut() {
            DeValue::Table(inner) => take(inner, &below, place, taken).is_some(),
            DeValue::Array(items) => {
                let all = items.len();
                *items = items.iter().filter(|item| !within(item.span())).cloned().collect();
                items.len() < all
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => false,
        };
        if found {
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
        "at" => Spanned::new(place.clone(), DeValue::Array(std::iter::empty().collect())),
        "looks" => Spanned::new(place.clone(), DeValue::Table(DeTable::new())),
        _ => text(),
    };
    table.insert(Spanned::new(place.clone(), Cow::Owned(name.to_owned())), value).is_none()
}
