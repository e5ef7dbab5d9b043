//! What a monitoring plug-in printed: the first line, and the performance data behind the stroke of any line
//! (monitoring-plugins.org/doc/guidelines.html, "Plugin Output" and "Performance data").

use std::net::IpAddr;

use ipnet::IpNet;

use super::quoted::{Secrets, quoted};
use crate::fact::plugin::Measure;

/// So many values are kept.
const MOST: usize = 64;

/// So long may a label be.
const LABEL: usize = 80;

/// So much of what was printed is read.
const READ: usize = 16_000;

/// What a plug-in printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The first line, without the performance data.
    pub line: String,
    /// The performance data.
    pub measures: Vec<Measure>,
}

/// Reads standard output.
pub fn output(text: &str, secrets: &Secrets) -> Output {
    let text: String = text.chars().take(READ).collect();
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty());
    let (line, mut data) = lines.next().map_or(("", String::new()), halves);
    // Of the lines that follow only the data count. Once a stroke was there, all that follows is data.
    let mut behind = false;
    for more in lines {
        let (_, more_data) = if behind { ("", more.to_owned()) } else { halves(more) };
        behind |= more.contains('|');
        data = format!("{data} {more_data}");
    }
    Output { line: quoted(line, secrets, &[]), measures: measures(&data, secrets) }
}

/// The last line of standard error.
pub fn complaint(text: &str, secrets: &Secrets) -> Option<String> {
    let last = text.lines().rfind(|line| !line.trim().is_empty())?;
    Some(quoted(last, secrets, &[]))
}

fn halves(line: &str) -> (&str, String) {
    line.split_once('|').map_or((line, String::new()), |(line, data)| (line, data.to_owned()))
}

/// What is no value is left out.
fn measures(data: &str, secrets: &Secrets) -> Vec<Measure> {
    let mut found = Vec::new();
    let mut rest = data.trim_start();
    while found.len() < MOST
        && let Some((label, behind)) = label(rest)
    {
        let (values, after) = behind.split_once(char::is_whitespace).unwrap_or((behind, ""));
        let mut values = values.split(';');
        let value = values.next().unwrap_or_default();
        if is_number(value) && !label.is_empty() && label.chars().count() <= LABEL {
            let mut limit = || values.next().filter(|it| is_range(it)).unwrap_or_default().to_owned();
            let (warning, critical) = (limit(), limit());
            found.push(Measure { label: quoted(&label, secrets, &[]), value: value.to_owned(), warning, critical });
        }
        rest = after.trim_start();
    }
    found
}

/// The label, in single quotation marks or without (two of them stand for one), and what stands behind its `=`.
fn label(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let (label, rest) = text.split_once('=')?;
        // What has no `=` of its own is no value: the word after it may be one.
        let label = label.rsplit(char::is_whitespace).next().unwrap_or_default();
        return Some((label.to_owned(), rest));
    };
    let mut label = String::new();
    loop {
        let (part, behind) = rest.split_once('\'')?;
        label.push_str(part);
        match behind.strip_prefix('\'') {
            Some(more) => {
                label.push('\'');
                rest = more;
            }
            None => return Some((label, behind.strip_prefix('=')?)),
        }
    }
}

/// A number with its unit; `U` where there is none.
fn is_number(text: &str) -> bool {
    let number: String = text.chars().take_while(|c| c.is_ascii_digit() || "+-.,".contains(*c)).collect();
    let unit = text.strip_prefix(number.as_str()).unwrap_or_default();
    let of_unit = |c: char| c.is_ascii_alphabetic() || matches!(c, '%' | '/');
    let counted = number.contains(|c: char| c.is_ascii_digit()) && number.chars().count() <= 30;
    text == "U" || (counted && unit.chars().count() <= 8 && unit.chars().all(of_unit))
}

/// `10`, `10:`, `~:10`, `10:20`, `@10:20`.
fn is_range(text: &str) -> bool {
    text.chars().count() <= 40 && text.chars().all(|c| c.is_ascii_digit() || "+-.,:~@".contains(c))
}

/// What of a plug-in's arguments is not to be repeated: all but what is a number, an address or a path. What is given as
/// `-p` or `-a`, or by a name like `--password`, is not told in part either.
pub fn secrets(arguments: &[String]) -> Secrets {
    let mut settings: Vec<(&str, &str)> = Vec::new();
    let mut name = "";
    for word in arguments.iter().map(String::as_str) {
        let is_flag = word.starts_with('-') && word.len() > 1 && !is_range(word);
        let attached = ["-p", "-a"].into_iter().find_map(|flag| Some((flag, word.strip_prefix(flag)?)));
        match (word.split_once('='), attached) {
            (Some((name, value)), _) if is_flag => settings.push((name, value)),
            (_, Some((flag, value))) if !value.is_empty() => settings.push((flag, value)),
            _ if !is_flag => settings.push((name, word)),
            _ => {}
        }
        name = if is_flag { word } else { "" };
    }
    let told = |value: &str| {
        let number = value.chars().all(|c| c.is_ascii_digit() || ".,:%~@+-".contains(c));
        number || value.starts_with('/') || value.parse::<IpAddr>().is_ok() || value.parse::<IpNet>().is_ok()
    };
    let named = settings.into_iter().filter(|(_, value)| !told(value));
    // By the plug-ins' own convention: a log-in, and a password.
    Secrets::of_settings(
        named.map(|(name, value)| (if matches!(name, "-p" | "-a") { "password" } else { name }, value)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Output {
        output(text, &Secrets::default())
    }

    fn told(text: &str) -> Vec<String> {
        of(text).measures.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_line_and_the_values_of_real_ones() {
        let load =
            "LOAD OK - total load average: 4.36, 4.82|load1=4.360;100.000;200.000;0; load5=4.820;100.000;200.000;0; \n";
        assert_eq!(of(load).line, "LOAD OK - total load average: 4.36, 4.82");
        assert_eq!(
            told(load),
            ["load1 4.360 (warning 100.000, critical 200.000)", "load5 4.820 (warning 100.000, critical 200.000)"]
        );
        let procs = "PROCS OK: 246 processes | procs=246;;1:10000;0;\n";
        assert_eq!(
            (of(procs).line.as_str(), told(procs)),
            ("PROCS OK: 246 processes", vec!["procs 246 (critical 1:10000)".to_owned()])
        );
        let disk = "DISK OK|/=48502931456B;267847005634;;0;2 'C:\\ it''s'=5%\nlong text\nmore|more=1s\nlast=U\n";
        assert_eq!(told(disk), ["/ 48502931456B (warning 267847005634)", "C:\\ it's 5%", "more 1s", "last U"]);
        assert_eq!(of("\n \n"), Output { line: String::new(), measures: Vec::new() });
    }

    #[test]
    fn what_is_no_value_is_left_out() {
        assert_eq!(told("x|a b=1 c= d=e f=1;<script>;2 'open=1"), ["b 1", "f 1 (critical 2)"]);
        assert_eq!(told(&format!("x|{}", "a=1 ".repeat(1000))).len(), MOST);
        assert!(told(&format!("x|{}=1", "a".repeat(100))).is_empty());
    }

    #[test]
    fn secrets_and_control_characters_are_left_out() {
        let arguments =
            ["-H", "10.8.0.1", "-p", "hunter2", "-l", "worker", "--password=swordfish", "-w", "20%", "/var/lib"];
        let arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        let line = "10.8.0.1 20% /var/lib: no log-in of worker with hunter2, swordfis, unter2\u{1b}[2J; token=abc";
        let said = output(&format!("{line}|hunter2=1"), &secrets(&arguments));
        assert_eq!(said.line, "10.8.0.1 20% /var/lib: no log-in of *** with ***, ***, *** [2J; token=…");
        assert_eq!(said.measures[0].label, "***");
        let attached = secrets(&["-phunter2".to_owned()]);
        assert_eq!(complaint("a\nb hunter2\n\n", &attached).as_deref(), Some("b ***"));
    }
}
