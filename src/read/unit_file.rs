//! What is looked for in a unit's own files.

/// The line of the last `IPAddressDeny=` of a unit's file that names a network.
pub fn deny_line(text: &str) -> Option<u32> {
    let names = |line: &str| {
        let pair = line.split_once('=');
        pair.is_some_and(|(key, value)| key.trim() == "IPAddressDeny" && !value.trim().is_empty())
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

/// The lines of a file that `EnvironmentFile=` names (systemd.exec(5)): no `export`, no `$name`, and no comment behind a
/// value.
pub fn variables(text: &str) -> Vec<Setting> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with(['#', ';']));
    let pairs = lines.filter_map(|(line, text)| Some((line, text.split_once('=')?)));
    let plain = |value: &str| {
        let value = value.trim();
        let inner = ['"', '\''].into_iter().find_map(|mark| value.strip_prefix(mark)?.strip_suffix(mark));
        inner.unwrap_or(value).to_owned()
    };
    pairs.map(|(line, (name, value))| Setting { name: name.trim().to_owned(), value: plain(value), line }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_is_given_is_read() {
        let text = "[Unit]\nAfter=a\n[Service]\n# Environment=no\nEnvironment=\"A=b c\" D=e\nExecStart=/bin/sh -c \\\n  'exec x'\n[Install]\nAlias=y\n";
        let found = service(text);
        let told: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.line)).collect();
        assert_eq!(told, [("Environment", 5), ("ExecStart", 6)]);
        assert_eq!(words(&found[0].value), ["A=b c", "D=e"]);
        assert_eq!(words(&found[1].value), ["/bin/sh", "-c", "exec x"]);
        let lines = variables("# A=0\nA='b # c'\nB = d # e\n");
        let told: Vec<_> = lines.iter().map(|it| (it.name.as_str(), it.value.as_str(), it.line)).collect();
        assert_eq!(told, [("A", "b # c", 2), ("B", "d # e", 3)]);
    }

    #[test]
    fn the_line_that_denies_is_the_last_that_names_anything() {
        assert_eq!(deny_line("[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n"), Some(2));
        assert_eq!(deny_line("[Service]\nIPAddressDeny=any\n# IPAddressDeny=any\nIPAddressDeny =\n"), Some(2));
        assert_eq!(deny_line("[Service]\nExecStart=/bin/true\n"), None);
    }
}
