//! What is looked for in a unit's own files.

use super::cursor::Cursor;

/// The last line of a unit's file that gives a setting a value.
pub fn line_of(text: &str, name: &str) -> Option<u32> {
    let names = |line: &str| {
        let pair = line.split_once('=');
        pair.is_some_and(|(key, value)| key.trim() == name && !value.trim().is_empty())
    };
    (1..).zip(text.lines()).filter(|(_, line)| names(line)).map(|(number, _)| number).last()
}

/// One setting of a unit's `[Service]` section. May hold a value of `Environment=`, so it has no `Debug`.
pub struct Setting {
    /// Its name: `ExecStart`, `Environment`.
    pub name: String,
    /// What is written behind the `=`.
    pub value: String,
    /// From 1.
    pub line: u32,
}

/// What a unit's file sets for its service (systemd.syntax(7)): a backslash at the end of a line goes on in the next one.
pub fn service(text: &str) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let (mut inside, mut goes_on) = (false, false);
    for (line, written) in (1..).zip(text.lines()) {
        let trimmed = written.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        let (part, more) = trimmed.strip_suffix('\\').map_or((trimmed, false), |part| (part, true));
        if std::mem::replace(&mut goes_on, more) {
            if let Some(last) = found.last_mut().filter(|_| inside) {
                last.value.push(' ');
                last.value.push_str(part.trim());
            }
        } else if part.starts_with('[') {
            inside = part == "[Service]";
        } else if let Some((name, value)) = part.split_once('=').filter(|_| inside) {
            found.push(Setting { name: name.trim().to_owned(), value: value.trim().to_owned(), line });
        }
    }
    found
}

/// The units that the `[Install]` section wants it for.
pub fn installed_for(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[Install]";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside)
            && matches!(name.trim(), "WantedBy" | "RequiredBy" | "UpheldBy")
        {
            found.extend(value.split_whitespace().map(str::to_owned));
        }
    }
    found
}

/// The words of a setting (systemd.syntax(7), quoting), each with its quotation marks taken off.
pub fn words(value: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What starts other programs, and leaves the process to them: the program behind it counts.
const BEFORE: [&str; 7] = ["env", "nice", "ionice", "setsid", "stdbuf", "exec", "setpriv"];

/// More shells within shells than anybody writes.
const DEEP: usize = 3;

/// The words from the program on that a command of a unit comes to: behind `env X=1`, `nice -n 5` and the like, and in
/// `sh -c '…'`.
pub fn program(value: &str) -> Vec<String> {
    let mut words = words(value);
    for _ in 0..DEEP {
        let name = |word: &String| {
            word.rsplit('/').next().unwrap_or_default().trim_start_matches(['-', '@', '!', '+']).to_owned()
        };
        let mut at = 0;
        while words.get(at).is_some_and(|word| BEFORE.contains(&name(word).as_str())) {
            at += 1;
            // Its own options, their numbers, and what it sets.
            let own = |word: &String| {
                word.starts_with('-') || word.contains('=') || word.bytes().all(|it| it.is_ascii_digit())
            };
            at += words[at..].iter().take_while(|word| own(word)).count();
        }
        words.drain(..at);
        let shell = words.first().is_some_and(|word| ["sh", "bash", "dash"].contains(&name(word).as_str()));
        let Some(line) = words.get(2).filter(|_| shell && words[1].starts_with('-') && words[1].ends_with('c')) else {
            break;
        };
        // Of several commands the last one stays.
        words = self::words(line.rsplit([';', '&']).next().unwrap_or_default());
    }
    words
}

/// The variables of a file that `EnvironmentFile=` names (systemd.exec(5)): no `$name`, no comment behind a value, quotation
/// marks and backslashes as a shell has them, and a line with `export` stays one whose name has that word in it.
pub fn variables(text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut rest = Cursor::new(text);
    loop {
        rest.until(|c| !c.is_whitespace());
        let line = rest.line();
        match rest.peek() {
            None => return found,
            Some('#' | ';') => {
                rest.until(|c| c == '\n');
            }
            Some(_) => {
                let name = rest.until(|c| c == '=' || c == '\n').trim_end().to_owned();
                if rest.eat('=') {
                    found.push(Setting { name, value: value(&mut rest), line });
                }
            }
        }
    }
}

/// A value, to the end of its line.
fn value(rest: &mut Cursor<'_>) -> String {
    let mut out = String::new();
    // How much of it no blank is taken off, and whether something without quotation marks has begun.
    let (mut kept, mut plain) = (0, false);
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, '\n') => break,
            (Some(open), c) if c == open => {
                (quote, plain, kept) = (None, false, out.len());
            }
            (None, '"' | '\'') if !plain => quote = Some(c),
            (None, '\\') => {
                out.extend(rest.next().filter(|c| *c != '\n'));
                (plain, kept) = (true, out.len());
            }
            (None, c) if c.is_whitespace() && !plain => {}
            (Some('"'), '\\') => match rest.next() {
                Some('\n') | None => {}
                Some(c @ ('"' | '\\' | '`' | '$')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
            },
            (_, c) => {
                plain = true;
                out.push(c);
            }
        }
    }
    while out.len() > kept && out.ends_with(char::is_whitespace) {
        out.pop();
    }
    out
}

/// What systemd makes of a word of `Environment=` where it has not said so itself: `%%` is a percent sign, and with a
/// specifier that it does not know it takes nothing of the word. None where only it knows what it puts in.
pub fn percent(word: &str) -> Result<Option<String>, NoSpecifier> {
    let mut out = String::new();
    let mut known = true;
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('%', Some('%')) => out.extend(chars.next()),
            ('%', Some(next)) if SPECIFIERS.contains(*next) => known = false,
            ('%', Some(next)) if next.is_ascii_alphanumeric() => return Err(NoSpecifier),
            (_, _) => out.push(c),
        }
    }
    Ok(known.then_some(out))
}

/// A `%` with a letter or digit behind it that is none of [`SPECIFIERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSpecifier;

/// systemd.unit(5), "Specifiers".
const SPECIFIERS: &str = "aAbBCdDEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_behind_others_counts() {
        for (command, first) in [
            ("/usr/bin/env FLASK_ENV=x /usr/bin/python3 -m gunicorn app", "/usr/bin/python3"),
            ("/opt/venv/bin/gunicorn -b 1 app", "/opt/venv/bin/gunicorn"),
            ("nice -n 5 python3 x", "python3"),
            ("/bin/bash -lc 'cd /opt; export A=1 && exec gunicorn app'", "gunicorn"),
            ("/bin/sh start.sh", "/bin/sh"),
            ("env", ""),
        ] {
            assert_eq!(program(command).first().map_or("", String::as_str), first, "{command}");
        }
    }

    #[test]
    fn what_a_service_is_given_is_read() {
        let text = "[Unit]\nAfter=a\n[Service]\n# Environment=no\nEnvironment=\"A=b c\" D=e\nExecStart=/bin/sh -c \\\n  'exec x'\n[Install]\nAlias=y\n";
        let found = service(text);
        let told: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.line)).collect();
        assert_eq!(told, [("Environment", 5), ("ExecStart", 6)]);
        assert_eq!(words(&found[0].value), ["A=b c", "D=e"]);
        assert_eq!(words(&found[1].value), ["/bin/sh", "-c", "exec x"]);
    }

    #[test]
    fn a_file_of_variables_is_read_as_systemd_does() {
        let text = "# A=0\nA='b # c'\nB = d # e \n; C=1\nexport C=2\nD=a\\\nb\\ c\nE=\"x\\$y\\z\"  \nnothing\nF=\nG='a' b\nH=a ''b' ";
        let lines = variables(text);
        let told: Vec<_> = lines.iter().map(|it| (it.name.as_str(), it.value.as_str(), it.line)).collect();
        assert_eq!(
            told,
            [
                ("A", "b # c", 2),
                ("B", "d # e", 3),
                ("export C", "2", 5),
                ("D", "ab c", 6),
                ("E", "x$y\\z", 8),
                ("F", "", 10),
                ("G", "ab", 11),
                ("H", "a ''b'", 12)
            ]
        );
    }

    #[test]
    fn a_percent_sign_begins_a_specifier() {
        let of = |word: &str| percent(word).map(|it| it.unwrap_or_else(|| "?".to_owned()));
        assert_eq!(of("X=pa%%40ss%"), Ok("X=pa%40ss%".to_owned()));
        assert_eq!(of("X=pa%40ss"), Err(NoSpecifier));
        assert_eq!(of("X=%h/x"), Ok("?".to_owned()));
    }

    #[test]
    fn the_line_that_denies_is_the_last_that_names_anything() {
        assert_eq!(line_of("[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n", "IPAddressDeny"), Some(2));
        assert_eq!(
            line_of("[Service]\nIPAddressDeny=any\n# IPAddressDeny=any\nIPAddressDeny =\n", "IPAddressDeny"),
            Some(2)
        );
        assert_eq!(line_of("[Service]\nExecStart=/bin/true\n", "IPAddressDeny"), None);
    }
}
