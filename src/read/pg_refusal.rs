//! What PostgreSQL's refusals mean.

use std::net::IpAddr;
use std::sync::LazyLock;

use super::sentences::{POSTGRESQL, Sentences};
use crate::fact::postgres::PgSaid;

static REFUSAL: LazyLock<Sentences> = LazyLock::new(|| Sentences::of("refusal", &[POSTGRESQL]));

/// A refusal as the server words it.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// SQLSTATE.
    pub code: &'a str,
    /// The server routine that raised it; poolers send none.
    pub routine: Option<&'a str>,
    /// In the server's language.
    pub message: &'a str,
}

impl Refusal<'_> {
    /// What was refused.
    pub fn read(&self) -> PgSaid {
        REFUSAL
            .meaning(&format!("{} {} {}", self.code, self.routine.unwrap_or("-"), self.message))
            .unwrap_or_else(|| PgSaid::Refused(self.code.chars().filter(char::is_ascii_alphanumeric).take(5).collect()))
    }

    /// Our address as `pg_hba.conf`'s refusals name it. The host stands before user and database.
    pub fn seen_as(&self) -> Option<IpAddr> {
        if self.code != "28000" || !self.message.contains("pg_hba.conf") {
            return None;
        }
        self.message.split(|c: char| !(c.is_ascii_hexdigit() || ".:".contains(c))).find_map(|word| word.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let hba = Some("ClientAuthentication");
        let role = Some("InitializeSessionUserId");
        for (code, routine, message, said) in [
            ("28P01", Some("auth_failed"), "password authentication failed for user \"u\"", PgSaid::WrongPassword),
            (
                "28000",
                hba,
                "no pg_hba.conf entry for host \"10.8.0.2\", user \"u\", database \"d\", no encryption",
                PgSaid::NoHbaEntry,
            ),
            ("28000", hba, "kein pg_hba.conf-Eintrag für Host »10.8.0.2«, Benutzer »u«", PgSaid::NoHbaEntry),
            ("28000", None, "no pg_hba.conf entry for host \"10.8.0.2\"", PgSaid::NoHbaEntry),
            ("28000", hba, "pg_hba.conf rejects connection for host \"10.8.0.2\", user \"u\"", PgSaid::HbaRejects),
            ("28000", hba, "pg_hba.conf lehnt Verbindung ab für Host »10.8.0.2«, Benutzer »u«", PgSaid::HbaRejects),
            ("28000", hba, "connection requires a valid client certificate", PgSaid::WantsCertificate),
            ("28000", Some("auth_failed"), "Ident authentication failed for user \"u\"", PgSaid::OtherMethod),
            ("28000", role, "role \"u\" is not permitted to log in", PgSaid::CannotLogIn),
            ("28000", role, "role \"u\" does not exist", PgSaid::NoSuchRole),
            ("3D000", Some("InitPostgres"), "database \"x\" does not exist", PgSaid::NoSuchDatabase),
            ("53300", None, "sorry, too many clients already", PgSaid::TooManyClients),
            ("57P03", None, "the database system is starting up", PgSaid::StartingUp),
            ("42501", None, "permission denied for database \"x\"", PgSaid::NotPermitted),
            ("08P01", None, "no such database", PgSaid::Refused("08P01".to_owned())),
        ] {
            assert_eq!(Refusal { code, routine, message }.read(), said, "{message}");
        }
    }

    #[test]
    fn our_address_is_read_from_the_refusal() {
        let seen = |message| Refusal { code: "28000", routine: None, message }.seen_as().map(|ip| ip.to_string());
        let english = "no pg_hba.conf entry for host \"172.17.0.2\", user \"10.0.0.9\", database \"d\"";
        assert_eq!(seen(english).as_deref(), Some("172.17.0.2"));
        assert_eq!(seen("kein pg_hba.conf-Eintrag für Host »fd00::2«, Benutzer »u«").as_deref(), Some("fd00::2"));
        assert_eq!(seen("no pg_hba.conf entry for host \"[local]\", user \"u\""), None);
        assert_eq!(seen("role \"10.0.0.9\" is not permitted to log in"), None);
    }
}
