//! Of all that was read, the few lines that bear on the cause.

use crate::fact::order::InOrder;
use std::collections::BTreeSet;
use std::ops::Range;

use super::{Diagnosis, Evidence, Outcome};

/// Words shorter than this are in every line.
const SHORT: usize = 4;

/// The line at fault if it was read, then the lines that have most of the headline's own words: `most` of them, in the
/// order in which they were read. Where nothing fits, the first ones.
pub fn bearing<'a>(outcome: &'a Outcome, diagnosis: &Diagnosis, most: usize) -> Vec<Evidence<'a>> {
    let words = words(&diagnosis.says);
    let place = diagnosis.place.as_ref().map(|place| format!("{}:{}", place.file, place.line));
    let at_fault = |line: &str| place.as_ref().is_some_and(|place| behind(line, place).is_some());
    let score = |evidence: &Evidence<'_>| {
        let found = words.iter().filter(|word| evidence.line.contains(word.as_str())).map(String::len).sum::<usize>();
        (at_fault(evidence.line), found)
    };
    let mut ranked: Vec<(usize, Evidence<'_>)> = outcome.evidence.iter().enumerate().collect();
    // Stable: of equals the first one read comes first.
    ranked.in_order_of(|(_, evidence)| std::cmp::Reverse(score(evidence)));
    let best = ranked.first().map_or((false, 0), |(_, evidence)| score(evidence));
    if best != (false, 0) {
        ranked.retain(|(_, evidence)| score(evidence) != (false, 0));
    }
    let mut chosen: Vec<(usize, Evidence<'_>)> = Vec::new();
    for (number, evidence) in ranked {
        if chosen.len() < most && chosen.iter().all(|(_, other)| other.line != evidence.line) {
            chosen.push((number, evidence));
        }
    }
    chosen.in_order_of(|(number, _)| *number);
    chosen.into_iter().map(|(_, evidence)| evidence).collect()
}

/// Where in a line the words at fault stand: those that the judge named, else the longest that the headline quotes. In
/// characters.
pub fn pointed_at(line: &str, diagnosis: &Diagnosis) -> Option<Range<usize>> {
    let place = diagnosis.place.as_ref()?;
    // Only in the line at fault: elsewhere the same words are no fault.
    let place = format!("{}:{}", place.file, place.line);
    let text = behind(line, &place)?;
    let ahead_of_text = line.chars().count() - text.chars().count();
    if let Some(words) = diagnosis.marked.as_deref().filter(|words| !words.is_empty()) {
        // `NAME=VALUE by FILE:LINE` has the text ahead of its place.
        let value = line.split_once(&place)?.0;
        let start = whole(text, words).map(|start| ahead_of_text + start).or_else(|| whole(value, words))?;
        return Some(start..start + words.chars().count());
    }
    let quoted = diagnosis.says.split('`').skip(1).step_by(2).filter(|word| !word.is_empty() && text.contains(word));
    let word = quoted.max_by_key(|word| word.len())?;
    let (ahead, _) = text.split_once(word)?;
    let start = ahead_of_text + ahead.chars().count();
    Some(start..start + word.chars().count())
}

/// Where words stand in a text, and not as a part of longer ones. In characters.
fn whole(text: &str, words: &str) -> Option<usize> {
    let of_word = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let is_whole = |(at, _): &(usize, &str)| {
        let (before, after) = (text.get(..*at).unwrap_or_default(), text.get(at + words.len()..).unwrap_or_default());
        !before.ends_with(of_word) && !after.starts_with(of_word)
    };
    let (at, _) = text.match_indices(words).find(is_whole)?;
    Some(text.get(..at)?.chars().count())
}

/// What stands behind a place in a line; that of a longer number is another.
fn behind<'a>(line: &'a str, place: &str) -> Option<&'a str> {
    let mut rest = line;
    while let Some((_, behind)) = rest.split_once(place) {
        if !behind.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(behind);
        }
        rest = behind;
    }
    None
}

/// What is the headline's own: what it quotes, and its numbers, paths, addresses and names.
fn words(says: &str) -> BTreeSet<String> {
    let quoted = says.split('`').skip(1).step_by(2).map(str::to_owned);
    let plain = says
        .split(|c: char| c.is_whitespace() || "`(),;\u{201c}\u{201d}".contains(c))
        .map(|word| word.trim_matches(|c: char| ".:'\"".contains(c)).to_owned());
    let own = |word: &String| word.contains(|c: char| c.is_ascii_digit() || "/_=".contains(c));
    quoted.chain(plain.filter(own)).filter(|word| word.chars().count() >= SHORT).collect()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::check::{Category, Fix, Position};
    use crate::fact::Vantage;
    use crate::report::{Answer, Lines, Seen, Shell};

    fn diagnosis(says: &str, place: Option<(&str, u32)>) -> Diagnosis {
        Diagnosis {
            code: "x/y".to_owned(),
            says: says.to_owned(),
            fix: Fix { on: None, say: String::new(), run: Vec::new(), variable: None, know: String::new() },
            shell: Shell::Sh,
            correction: None,
            place: place.map(|(file, line)| Position { file: file.to_owned(), line, column: None }),
            marked: None,
            alternatives: Vec::new(),
            tell: Vec::new(),
        }
    }

    fn chosen(lines: &[&str], diagnosis: &Diagnosis, most: usize) -> Vec<String> {
        let lines = lines.iter().map(|line| Rc::from(*line)).collect();
        let outcome = Outcome {
            check: "x".to_owned(),
            category: Category::Redis,
            title: String::new(),
            vantage: Vantage::Server,
            seat: String::new(),
            host: String::new(),
            clients: Vec::new(),
            answer: Answer::Holds,
            essential: false,
            guide: String::new(),
            evidence: Lines(vec![Rc::new(Seen { seat: Rc::default(), source: Rc::default(), lines })]),
            rights: false,
        };
        bearing(&outcome, diagnosis, most).into_iter().map(|it| it.line.to_string()).collect()
    }

    #[test]
    fn the_line_at_fault_comes_first_and_no_line_of_a_longer_number() {
        let lines = ["f:2: a", "f:26: [3] deny", "f:2", "other"];
        assert_eq!(chosen(&lines, &diagnosis("rule 3", Some(("f", 2))), 2), ["f:2: a", "f:2"]);
        assert_eq!(chosen(&lines, &diagnosis("rule 3", Some(("f", 26))), 3), ["f:26: [3] deny"]);
    }

    #[test]
    fn the_headlines_own_words_choose_and_else_the_first_lines_are_shown() {
        let lines = ["a 10.8.0.1", "b", "c 10.8.0.9 port 6379", "b"];
        assert_eq!(chosen(&lines, &diagnosis("not at 10.8.0.9, port 6379", None), 3), ["c 10.8.0.9 port 6379"]);
        assert_eq!(chosen(&lines, &diagnosis("nothing of it", None), 3), ["a 10.8.0.1", "b", "c 10.8.0.9 port 6379"]);
    }

    #[test]
    fn the_quoted_word_is_pointed_at_where_it_is_at_fault() {
        let of = diagnosis("`-10.8.0.1` at /é.conf:87 did not exist", Some(("/é.conf", 87)));
        assert_eq!(pointed_at("/é.conf:87: bind 127.0.0.1 -10.8.0.1", &of), Some(27..36));
        assert_eq!(pointed_at("/é.conf:88: bind 127.0.0.1 -10.8.0.1", &of), None);
        assert_eq!(pointed_at("/é.conf:87: nothing", &of), None);
    }

    #[test]
    fn the_word_that_the_judge_named_is_pointed_at_as_a_whole() {
        let of = |word: &str| Diagnosis {
            marked: Some(word.to_owned()),
            ..diagnosis("`environment`", Some(("/c.yaml", 8)))
        };
        let line = "URL=redis://:***@10.8.0.80:80/0 by `environment` at /c.yaml:8, where";
        assert_eq!(pointed_at(line, &of("80")), Some(27..29));
        assert_eq!(pointed_at(line, &of("10.8.0.80")), Some(17..26));
        assert_eq!(pointed_at(line, &of("0.80")), None, "a part of an address");
        assert_eq!(pointed_at("/c.yaml:8: bind é 10.8.0.1", &of("10.8.0.1")), Some(18..26));
        assert_eq!(pointed_at("/c.yaml:80: bind 10.8.0.1", &of("10.8.0.1")), None, "another line");
    }
}
