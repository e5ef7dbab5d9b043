//! What another program said, as it may be shown: on one line, bounded, without the secrets that are known here, and without
//! what may be one. Whatever is quoted of a log, an error or an answer has gone through here.

mod harmless;
mod hidden;
mod secrets;

pub use secrets::Secrets;

/// So many characters are kept.
const LONGEST: usize = 300;

/// So many are looked at.
const READ: usize = 4000;

/// The words of a program that may have been given secrets which are not known here: what stands between quotation marks
/// is left out unless it is harmless, or one of the `known` words.
pub fn quoted(text: &str, secrets: &Secrets, known: &[&str]) -> String {
    match secrets.out_of(&on_a_line(text)) {
        Some(text) => bounded(&hidden::hidden(&text, known)),
        None => not_shown(text),
    }
}

/// The words of a program that we gave all the secrets it knows: what it quotes stays.
pub fn answered(text: &str, secrets: &Secrets) -> String {
    match secrets.out_of(&on_a_line(text)) {
        Some(text) => bounded(&hidden::assigned(&text)),
        None => not_shown(text),
    }
}

/// Whether something in a text would be left out of a quote.
pub(super) fn hides(text: &str) -> bool {
    hidden::hidden(text, &[]) != text
}

/// Without a control character.
fn on_a_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    lines.chars().map(|c| if c.is_control() { ' ' } else { c }).take(READ).collect()
}

/// What kind of an error it is, and no more.
fn not_shown(text: &str) -> String {
    let kind: String = text.chars().take_while(char::is_ascii_alphanumeric).take(60).collect();
    format!("{kind}: (the message is not shown: it may repeat the password)")
}

fn bounded(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text.to_owned();
    }
    // Who passes an error on puts his own words before it.
    let begin: String = text.chars().take(LONGEST / 2).collect();
    let end: String = text.chars().skip(count - LONGEST / 2).collect();
    format!("{begin}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_gave_is_left_out_and_the_rest_of_an_answer_stays() {
        let secrets = Secrets::of(["postgresql://u:s3cret@10.8.0.1/d", "s3cret"]);
        for (said, kept) in [
            (
                "OperationalError: connection to server at \"10.8.0.1\" failed: FATAL:  no entry\n\n  again\u{1b}[2J\n",
                "OperationalError: connection to server at \"10.8.0.1\" failed: FATAL:  no entry; again [2J",
            ),
            ("invalid dsn: invalid connection option \"schema\"", "invalid dsn: invalid connection option \"schema\""),
            ("DETAIL: host=x password=theirs", "DETAIL: host=x password=…"),
            ("'s3cret' is wrong", "'***' is wrong"),
        ] {
            assert_eq!(answered(said, &secrets), kept);
        }
        let short = answered("OperationalError: password ab is wrong", &Secrets::of(["redis://:ab@h/0"]));
        assert!(short.starts_with("OperationalError: (the message is not shown"), "{short}");
    }

    #[test]
    fn of_a_log_nothing_between_quotation_marks_stays_but_what_is_known() {
        let log = "role \"clippy\" and \"other\" of 's3cret' at s3cret";
        assert_eq!(quoted(log, &Secrets::of(["s3cret"]), &["clippy"]), "role \"clippy\" and \"…\" of '…' at ***");
        assert!(quoted(&"a b ".repeat(5000), &Secrets::default(), &[]).chars().count() == LONGEST + 1);
    }
}
