//! Where the app's libraries cut a URL.

/// A URL behind its scheme: log-in (user, password), place and the rest.
pub(super) type Cut<'a> = (Option<(&'a str, Option<&'a str>)>, &'a str, &'a str);

/// As Python's urlsplit cuts.
pub(super) fn cut_by_urlsplit(rest: &str) -> Cut<'_> {
    let (authority, tail) = before_any(rest, &['/', '?', '#']);
    match authority.rsplit_once('@') {
        Some((login, place)) => {
            let login = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
            (Some(login), place, tail)
        }
        None => (None, authority, tail),
    }
}

/// As SQLAlchemy's `make_url` cuts: a user without `:` and `/`, a password without `@`.
pub(super) fn cut_by_sqlalchemy(rest: &str) -> Cut<'_> {
    let (user, after) = before_any(rest, &[':', '/']);
    let with_password = after.strip_prefix(':').and_then(|after| after.split_once('@'));
    let (login, rest) = match (with_password, user.rsplit_once('@')) {
        (Some((password, rest)), _) => (Some((user, Some(password))), rest),
        (None, Some((login, _))) => {
            let rest = rest.strip_prefix(login).and_then(|rest| rest.strip_prefix('@'));
            (Some((login, None)), rest.unwrap_or_default())
        }
        (None, None) => (None, rest),
    };
    let (place, tail) = before_any(rest, &['/', '?']);
    (login, place, tail)
}

/// What stands before the first of these characters, and the rest.
fn before_any<'a>(text: &'a str, marks: &[char]) -> (&'a str, &'a str) {
    text.find(marks).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// `host`, `host:port`, `[v6]:port`; none if it cannot be a host, which happens when the cut fell inside a
/// password.
pub(super) fn cut_place(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        (host, after.strip_prefix(':'))
    } else {
        place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
    };
    let port = match port {
        None | Some("") => None,
        Some(port) => Some(port.parse().ok()?),
    };
    host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c)).then_some((host, port))
}
