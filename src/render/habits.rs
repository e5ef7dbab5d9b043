//! What a terminal is like, by the variables that say so. Pure: who may read them hands them in.

/// The narrowest and the widest that a page is set: longer lines are hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=120;

/// Without a terminal, so that logs are alike everywhere.
const NO_TERMINAL: usize = 100;

/// What a page is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Its columns.
    pub width: usize,
    /// Those that it has, whatever can be read: a longer line would take two, and could not be taken away again.
    pub columns: usize,
    /// Whether it shows only ASCII.
    pub ascii: bool,
    /// Whether it can move its cursor.
    pub moves: bool,
    /// What FORCE_COLOR says; NO_COLOR, which it gives way to, is followed where the page is written.
    pub forced: Option<bool>,
}

impl Screen {
    /// By the variables of whoever started this. COLUMNS counts more than what the terminal says.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let asked = set("COLUMNS").and_then(|columns| columns.parse::<usize>().ok()).filter(|columns| *columns > 0);
        let has =
            terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0)).filter(|columns| *columns > 0);
        let width = asked.or(has).unwrap_or(NO_TERMINAL);
        // The first of them that is set decides, as in libc. Where none is, nobody has said anything.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).map(|locale| locale.to_lowercase());
        let forced = set("FORCE_COLOR").map(|value| !matches!(value.as_str(), "0" | "false"));
        Self {
            width: width.clamp(*WIDTHS.start(), *WIDTHS.end()),
            columns: has.unwrap_or(width),
            ascii: locale.is_some_and(|locale| !locale.contains("utf-8") && !locale.contains("utf8")),
            moves: set("TERM").as_deref() != Some("dumb"),
            forced: forced.filter(|_| set("NO_COLOR").is_none()),
        }
    }

    /// A page as this screen can show it.
    pub fn set(self, page: String) -> String {
        if !self.ascii || page.is_ascii() {
            return page;
        }
        let mut out = String::with_capacity(page.len());
        for c in page.chars() {
            match c {
                '✓' => out.push('+'),
                '✗' => out.push('x'),
                '·' => out.push('.'),
                '…' => out.push_str("..."),
                '→' => out.push_str("->"),
                '─' | '–' | '—' => out.push('-'),
                '\u{201c}' | '\u{201d}' => out.push('"'),
                '\u{2018}' | '\u{2019}' => out.push('\''),
                c if c.is_ascii() => out.push(c),
                _ => out.push('?'),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Screen {
        Screen::of(|name| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_columns_are_those_that_were_asked_for_within_what_can_be_read() {
        assert_eq!(of(&[("COLUMNS", "60")]).width, 60);
        assert_eq!(of(&[("COLUMNS", "9")]).width, 40);
        assert_eq!(of(&[("COLUMNS", "900")]).width, 120);
    }

    #[test]
    fn a_locale_without_utf_8_gets_ascii_and_one_that_nobody_set_does_not() {
        for (variables, ascii) in [
            (&[][..], false),
            (&[("LANG", "C")], true),
            (&[("LANG", "de_DE.UTF-8")], false),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], true),
            (&[("LANG", "C"), ("LC_CTYPE", "C.utf8")], false),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], false),
        ] {
            assert_eq!(of(variables).ascii, ascii, "{variables:?}");
        }
        let plain = of(&[("LC_ALL", "POSIX")]);
        assert_eq!(plain.set("✓ a ─ ✗ b… “ü” → · ?".to_owned()), "+ a - x b... \"?\" -> . ?");
    }

    #[test]
    fn colour_is_forced_unless_no_color_is_set_and_a_dumb_terminal_stays_in_place() {
        assert_eq!(of(&[]).forced, None);
        assert_eq!(of(&[("FORCE_COLOR", "1")]).forced, Some(true));
        assert_eq!(of(&[("FORCE_COLOR", "0")]).forced, Some(false));
        assert_eq!(of(&[("FORCE_COLOR", "")]).forced, None);
        assert_eq!(of(&[("FORCE_COLOR", "3"), ("NO_COLOR", "1")]).forced, None);
        assert!(of(&[("TERM", "xterm")]).moves && of(&[]).moves);
        assert!(!of(&[("TERM", "dumb")]).moves);
    }
}
