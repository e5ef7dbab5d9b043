//! Lines, fields and words of `pg_hba.conf`: comments, quotation marks, commas, and lines that a backslash continues.

use crate::fact::postgres::hba::HbaName;

/// PostgreSQL's buffer for one word, with the byte that ends it (`MAX_TOKEN`, until PostgreSQL 15).
const LONGEST: usize = 10_240;

/// One line as a list of fields, each a list of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u32,
    /// Never empty, unless there is an error.
    pub fields: Vec<Vec<HbaName>>,
    /// What keeps it from being read further.
    pub error: Option<String>,
}

/// The lines that are not blank. `file` gives the words of a file that `@name` means.
pub fn lines(text: &str, file: &mut dyn FnMut(&str) -> Result<Vec<HbaName>, String>) -> Vec<Line> {
    let mut found = Vec::new();
    for (number, text) in joined(text) {
        let mut rest = Bytes { text: text.as_bytes(), at: 0 };
        let mut line = Line { number, fields: Vec::new(), error: None };
        while !rest.ended() && line.error.is_none() {
            match field(&mut rest, file) {
                Ok(words) if words.is_empty() => {}
                Ok(words) => line.fields.push(words),
                Err(why) => line.error = Some(why),
            }
        }
        if !line.fields.is_empty() || line.error.is_some() {
            found.push(line);
        }
    }
    found
}

/// Lines with those that a backslash continues in one, each with the number of its first.
fn joined(text: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let mut open: Option<(u32, String)> = None;
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.trim_end_matches('\r');
        let (first, mut whole) = open.take().unwrap_or((number, String::new()));
        // A backslash alone continues nothing new: what was there before it counts.
        let continued = line.strip_suffix('\\');
        whole.push_str(continued.unwrap_or(line));
        if continued.is_some() {
            open = Some((first, whole));
        } else {
            found.push((first, whole));
        }
    }
    found.extend(open);
    found
}

struct Bytes<'a> {
    text: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn ended(&self) -> bool {
        self.at >= self.text.len()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// Words with commas between them.
fn field(
    rest: &mut Bytes<'_>,
    file: &mut dyn FnMut(&str) -> Result<Vec<HbaName>, String>,
) -> Result<Vec<HbaName>, String> {
    let mut words = Vec::new();
    loop {
        let (word, comma) = word(rest)?;
        let Some(word) = word else { return Ok(words) };
        match word.text.strip_prefix('@').filter(|name| !word.quoted && !name.is_empty()) {
            Some(name) => words.extend(file(name)?),
            None => words.push(word),
        }
        if !comma {
            return Ok(words);
        }
    }
}

/// The next word, and whether a comma ended it.
fn word(rest: &mut Bytes<'_>) -> Result<(Option<HbaName>, bool), String> {
    let mut text = Vec::new();
    let (mut inside, mut was_quote, mut saw_quote, mut quoted, mut comma) = (false, false, false, false, false);
    let mut next = rest.next();
    while next.is_some_and(|byte| is_blank(byte) || byte == b',') {
        next = rest.next();
    }
    while let Some(byte) = next.filter(|byte| inside || !is_blank(*byte)) {
        if byte == b'#' && !inside {
            rest.at = rest.text.len();
            next = None;
            break;
        }
        if text.len() >= LONGEST - 1 {
            rest.at = rest.text.len();
            return Err("a word is too long".to_owned());
        }
        if byte == b',' && !inside {
            comma = true;
            break;
        }
        if byte != b'"' || was_quote {
            text.push(byte);
        }
        // Two quotation marks inside a pair are one.
        was_quote = inside && byte == b'"' && !was_quote;
        if byte == b'"' {
            inside = !inside;
            saw_quote = true;
            quoted |= text.is_empty();
        }
        next = rest.next();
    }
    // What ended the word is read again, as the end of a field; a comma is not.
    if next.is_some() && !comma {
        rest.at -= 1;
    }
    let there = saw_quote || !text.is_empty();
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok((there.then_some(HbaName { text, quoted }), comma))
}
