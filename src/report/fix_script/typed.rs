//! The commands of a fix: which of them edit files, which do something else, and which only look.

/// The commands of a fix, apart.
pub(super) struct Typed {
    pub(super) edited: Vec<Edit>,
    pub(super) actions: Vec<Action>,
}

impl Typed {
    /// Whether they only take into use what a person has changed before.
    pub(super) fn only_reloads(&self) -> bool {
        self.edited.is_empty() && self.actions.iter().all(|it| it.is_reload || it.line.starts_with("export "))
    }
}

/// A command that changes files and does nothing else.
pub(super) struct Edit {
    /// The same on copies below `"$new"`.
    pub(super) staged: String,
    /// The files, as the shell takes them.
    pub(super) files: Vec<String>,
}

/// Another command.
pub(super) struct Action {
    pub(super) line: String,
    /// The files that it changes besides.
    pub(super) files: Vec<String>,
    /// Whether it takes what is in files into use.
    pub(super) is_reload: bool,
    /// Whether all it changes is in those files.
    pub(super) is_kept: bool,
}

/// Programs that look, and change nothing.
const LOOKS: [&str; 22] = [
    "grep",
    "ls",
    "df",
    "cat",
    "ss",
    "journalctl",
    "clipcheck",
    "pg_lsclusters",
    "date",
    "nc",
    "ssh-keyscan",
    "openssl",
    "nft list",
    "ip route get",
    "wg show",
    "docker ps",
    "docker logs",
    "docker port",
    "systemctl status",
    "ufw status",
    "iptables -vnL",
    "iptables -S",
];

/// What a person does with it cannot be left to a script, or it waits for one.
const BY_HAND: [&str; 7] =
    ["sudoedit", "if", "for", "redis-cli --bigkeys", "redis-cli client list", "redis-cli acl list", "timeout"];

/// Programs that keep what they are told in files of their own.
const KEEPS: [(&str, &[&str]); 5] = [
    ("ufw", &["/etc/ufw/user.rules", "/etc/ufw/user6.rules", "/etc/ufw/ufw.conf", "/etc/default/ufw"]),
    ("redis-cli config rewrite", &["/etc/redis/redis.conf"]),
    ("nmcli connection modify", &["/etc/NetworkManager/system-connections/*"]),
    ("netplan", &["/etc/netplan/*"]),
    ("netfilter-persistent save", &["/etc/iptables/rules.v4", "/etc/iptables/rules.v6"]),
];

/// What takes files into use.
const RELOADS: [&str; 14] = [
    "systemctl restart",
    "systemctl reload",
    "systemctl reload-or-restart",
    "systemctl daemon-reload",
    "systemctl reset-failed",
    "systemctl start",
    "docker compose",
    "docker restart",
    "docker start",
    "pg_ctlcluster",
    "networkctl reload",
    "netplan apply",
    "nmcli connection up",
    "ufw reload",
];

/// Whether all that psql is told to run are questions. A SELECT without a table may do something: `pg_reload_conf()`.
fn asks(words: &[String]) -> bool {
    let told =
        words.iter().zip(words.iter().skip(1)).filter(|(option, _)| option.ends_with('c') && option.starts_with('-'));
    let mut told = told.map(|(_, text)| text.trim_start_matches(['\'', '"']).to_ascii_lowercase()).peekable();
    let asks = |text: &String| {
        text.starts_with(r"\d") || text.starts_with("show ") || (text.starts_with("select ") && text.contains(" from "))
    };
    words.iter().any(|word| word == "psql") && told.peek().is_some() && told.all(|text| asks(&text))
}

/// None where one of them is a person's, or nothing is changed by any.
pub(super) fn typed(run: &[String]) -> Option<Typed> {
    let mut typed = Typed { edited: Vec::new(), actions: Vec::new() };
    for line in run {
        let words = words(line)?;
        let program = program(&words);
        let is = |known: &str| program == known || program.starts_with(&format!("{known} "));
        if BY_HAND.iter().any(|it| is(it)) {
            return None;
        }
        if LOOKS.iter().any(|it| is(it)) || asks(&words) || (program.starts_with("sed -n") && !line.contains('|')) {
            continue;
        }
        if let Some(edit) = edit(&words) {
            typed.edited.push(edit);
            continue;
        }
        let kept = KEEPS.iter().find(|(name, _)| is(name)).map(|(_, files)| *files);
        typed.actions.push(Action {
            line: line.clone(),
            files: kept.unwrap_or_default().iter().map(|file| (*file).to_owned()).collect(),
            is_reload: RELOADS.iter().any(|it| is(it)),
            is_kept: kept.is_some() || program.starts_with("export ") || program.starts_with("mkdir -p"),
        });
    }
    let does = typed.actions.iter().any(|it| !it.line.starts_with("export "));
    (does || !typed.edited.is_empty()).then_some(typed)
}

/// A line's words as they stand, quotes and all; none where it is not one command or one pipe of them.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let (mut quote, mut depth) = (None, 0_u32);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let last = words.last_mut()?;
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1)?,
            (None, ' ') if depth == 0 => {
                words.push(String::new());
                continue;
            }
            _ => {}
        }
        last.push(c);
        if c == '\\' && quote != Some('\'') {
            last.extend(chars.next());
        }
    }
    words.retain(|word| !word.is_empty());
    (quote.is_none() && depth == 0 && !words.is_empty()).then_some(words)
}

/// What is run, without `sudo`.
fn program(words: &[String]) -> String {
    let own: Vec<&str> = words.iter().map(String::as_str).skip_while(|word| *word == "sudo").collect();
    own.join(" ")
}

/// `sed -i … FILE…`, or what ends in `tee FILE`.
fn edit(words: &[String]) -> Option<Edit> {
    let at = words.iter().rposition(|word| word == "|").map_or(0, |at| at + 1);
    let (before, last) = words.split_at_checked(at)?;
    let skipped = last.iter().take_while(|word| *word == "sudo").count();
    let own = last.get(skipped..)?;
    let from = match own.first()?.as_str() {
        "sed" if before.is_empty() && own.iter().any(|word| word == "-i") => {
            let given = own.iter().position(|word| word == "-e");
            let options = own.iter().skip(1).take_while(|word| word.starts_with('-')).count() + 1;
            match given {
                // Each `-e` has an expression behind it.
                Some(_) => own.iter().rposition(|word| word == "-e")? + 2,
                None => options + 1,
            }
        }
        "tee" => 1 + own.iter().skip(1).take_while(|word| word.starts_with('-')).count(),
        _ => return None,
    };
    let (options, files) = own.split_at_checked(from)?;
    if files.is_empty() || files.iter().any(|file| !file.starts_with(['/', '$', '\''])) {
        return None;
    }
    let staged = files.iter().map(|file| format!("\"$new\"{file}"));
    let before = before.iter().filter(|word| *word != "sudo").cloned();
    let quiet = if options.first().is_some_and(|it| it == "tee") { Some("> /dev/null".to_owned()) } else { None };
    let staged: Vec<String> = before.chain(options.iter().cloned()).chain(staged).chain(quiet).collect();
    Some(Edit { staged: staged.join(" "), files: files.to_vec() })
}

/// As a shell takes it for one word.
pub(in crate::report) fn quoted(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(run: &[&str]) -> Option<(Vec<String>, Vec<String>, Vec<String>)> {
        let run: Vec<String> = run.iter().map(|it| (*it).to_owned()).collect();
        let typed = typed(&run)?;
        let files = typed.edited.iter().flat_map(|it| it.files.clone()).collect();
        let staged = typed.edited.into_iter().map(|it| it.staged).collect();
        Some((staged, files, typed.actions.into_iter().map(|it| it.line).collect()))
    }

    #[test]
    fn an_edit_is_made_on_a_copy() {
        let one =
            |line: &str| lines(&[line]).map(|(staged, files, actions)| (staged.concat(), files.concat(), actions));
        let none = Vec::<String>::new();
        for (line, staged, file) in [
            ("sudo sed -i '3s/a b/c/' /etc/a.conf", "sed -i '3s/a b/c/' \"$new\"/etc/a.conf", "/etc/a.conf"),
            ("sudo sed -i -E '3s/a/b/' '/etc/a b'", "sed -i -E '3s/a/b/' \"$new\"'/etc/a b'", "'/etc/a b'"),
            ("sudo sed -i -e /a/d -e '1a b' /etc/a", "sed -i -e /a/d -e '1a b' \"$new\"/etc/a", "/etc/a"),
            ("printf 'a\\n' | sudo tee -a /etc/a", "printf 'a\\n' | tee -a \"$new\"/etc/a > /dev/null", "/etc/a"),
            (
                "sed -i 1d $(sudo -u postgres psql -c 'show x')",
                "sed -i 1d \"$new\"$(sudo -u postgres psql -c 'show x')",
                "$(sudo -u postgres psql -c 'show x')",
            ),
        ] {
            assert_eq!(one(line), Some((staged.to_owned(), file.to_owned(), none.clone())), "{line}");
        }
        let inner = "sudo sh -c 'sed -i \"3s|=.*|= $(wg show)|\" /etc/a'";
        assert_eq!(one(inner), Some((String::new(), String::new(), vec![inner.to_owned()])));
    }

    #[test]
    fn looking_is_no_mending_and_a_persons_work_is_no_scripts() {
        assert_eq!(lines(&["sudo ss -ltnp 'sport = :6379'"]), None);
        assert_eq!(lines(&["sudo systemctl restart x", "sudoedit /etc/a"]), None);
        assert_eq!(lines(&["sudo clipcheck explain DATABASE_URL"]), None);
        assert_eq!(lines(&["export A=$(sudo sed -n 's/a b//p' /etc/a)", "redis-cli acl list"]), None);
        assert_eq!(
            lines(&[r"sudo -u postgres psql -c '\drds'", "sudo -u postgres psql -Atc \"SELECT 1 FROM t\""]),
            None
        );
        assert!(lines(&["sudo -u postgres psql -c 'SELECT pg_reload_conf()'"]).is_some());
        assert!(lines(&["sudo -u postgres psql -c 'ALTER ROLE a LOGIN'"]).is_some());
        assert!(lines(&["sudo -u postgres psql -c 'SELECT pg_terminate_backend(7)'"]).is_some());
        assert_eq!(lines(&["it's"]), None);
        let (_, _, actions) = lines(&["sudo grep x /etc/a", "sudo ufw allow 1"]).expect("one acts");
        assert_eq!(actions, ["sudo ufw allow 1"]);
    }
}
