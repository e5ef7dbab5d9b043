//! The files in which libpq finds what a URL does not say: of services (libpq, "The Connection Service File") and of
//! passwords ("The Password File").

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::ini;

/// What a file says of a service, by libpq's own words (`host`, `port`, `dbname`, `user`, …); none where it has no such
/// service. Of two sections of that name the first counts. May hold a password.
#[must_use]
pub fn service(text: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let section = ini::sections(text).into_iter().find(|section| section.name == name)?;
    let settings = section.settings.iter().map(|it| (it.name.trim().to_owned(), it.value.trim().to_owned()));
    Some(settings.filter(|(_, value)| !value.is_empty()).collect())
}

/// For whom a password is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The host as it is written; of a Unix socket in its own folder `localhost`.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The role.
    pub role: &'a str,
}

/// The password of the first line that fits: `host:port:database:role:password`, where `*` fits all and a backslash
/// stands before a colon that is none.
#[must_use]
pub fn password(text: &str, wanted: Wanted<'_>) -> Option<SecretString> {
    let port = wanted.port.to_string();
    let wanted = [wanted.host, &port, wanted.database, wanted.role];
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let found = lines.map(fields).find(|fields| {
        fields.len() == 5 && fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted)
    })?;
    found.into_iter().next_back().filter(|password| !password.is_empty()).map(SecretString::from)
}

/// The fields of a line; a password's own colons need no backslash.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        let last = fields.len() == 5;
        match (sign, fields.last_mut()) {
            ('\\', Some(field)) => field.extend(signs.next()),
            (':', _) if !last => fields.push(String::new()),
            (_, Some(field)) => field.push(sign),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_service_is_the_section_of_its_name() {
        let text = "# all\n[other]\nhost=10.0.0.1\n[clippy]\nhost=10.8.0.1\n user = clippy_front\npassword=s3cret\n\n[clippy]\nhost=10.0.0.2\n";
        let found = service(text, "clippy").expect("there");
        assert_eq!(found["host"], "10.8.0.1");
        assert_eq!(found["user"], "clippy_front");
        assert_eq!(found["password"], "s3cret");
        assert!(service(text, "nobody").is_none());
    }

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let wanted = Wanted { host: "10.8.0.1", port: 5432, database: "clippy_front", role: "clippy:front" };
        let text = "#10.8.0.1:5432:*:*:no\n10.8.0.1:5433:*:*:no\n10.8.0.1:*:clippy_front:clippy\\:front:a:b\\\\c\n*:*:*:*:late\n";
        let found = password(text, wanted).expect("there");
        assert_eq!(found.expose_secret(), "a:b\\c");
        assert!(password("10.8.0.1:5432:x:y", wanted).is_none());
        assert!(password("", wanted).is_none());
    }
}
