//! What may have been meant by a word that nobody knows.
use crate::fact::order::InOrder;

/// How many are named.
const MOST: usize = 5;

/// How much alike two words must be, of 1.
const ALIKE: f64 = 0.6;

/// Says what is near a word, or where all of it is listed.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    near(word, known).unwrap_or_else(|| "`clipcheck list` shows all".to_owned())
}

/// Says what is near a word, if anything is.
pub(super) fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let alike = |known: &str| {
        let part = known.len().min(word.len()) > 2 && (known.contains(word) || word.contains(known));
        strsim::normalized_damerau_levenshtein(word, known).max(if part { ALIKE } else { 0.0 })
    };
    let mut near: Vec<(f64, &str)> =
        known.into_iter().map(|known| (alike(known), known)).filter(|(alike, _)| *alike >= ALIKE).collect();
    near.in_order_by(|one, other| other.0.total_cmp(&one.0));
    let names: Vec<String> = near.iter().take(MOST).map(|(_, name)| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        several => Some(format!("did you mean one of {}?", several.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_and_a_part_are_near_and_the_nearest_comes_first() {
        let known = ["redis", "redis-answers", "redis-port-open", "postgres", "DATABASE_URL", "wg-handshake"];
        let said = |word: &str| did_you_mean(word, known);
        assert!(said("reddis").starts_with("did you mean `redis`?"), "{}", said("reddis"));
        assert!(said("redis-answer").starts_with("did you mean one of `redis-answers`, "), "{}", said("redis-answer"));
        assert_eq!(said("DATABSE_URL"), "did you mean `DATABASE_URL`?");
        assert_eq!(said("handshake"), "did you mean `wg-handshake`?");
        for nothing in ["frobnicate", "", "ü", "r"] {
            assert_eq!(said(nothing), "`clipcheck list` shows all", "{nothing}");
        }
    }
}
