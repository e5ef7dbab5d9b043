//! Methods, and the `name=value` options behind them: which method takes which, and which it cannot do without. Their
//! values are never kept: some are passwords.

use crate::fact::postgres::hba::{HbaKind, HbaName};

/// Methods that PostgreSQL knows. `sspi` needs Windows and `bsd` OpenBSD; elsewhere the server says so.
const METHODS: [&str; 12] =
    ["trust", "reject", "md5", "scram-sha-256", "password", "gss", "ident", "peer", "pam", "ldap", "radius", "cert"];

/// Options and the methods that take them.
const OPTIONS: [(&str, &[&str]); 26] = [
    ("map", &["ident", "peer", "gss", "cert"]),
    ("pamservice", &["pam"]),
    ("pam_use_hostname", &["pam"]),
    ("ldapurl", &["ldap"]),
    ("ldaptls", &["ldap"]),
    ("ldapscheme", &["ldap"]),
    ("ldapserver", &["ldap"]),
    ("ldapport", &["ldap"]),
    ("ldapbinddn", &["ldap"]),
    ("ldapbindpasswd", &["ldap"]),
    ("ldapsearchattribute", &["ldap"]),
    ("ldapsearchfilter", &["ldap"]),
    ("ldapbasedn", &["ldap"]),
    ("ldapprefix", &["ldap"]),
    ("ldapsuffix", &["ldap"]),
    ("krb_realm", &["gss"]),
    ("include_realm", &["gss"]),
    ("compat_realm", &[]),
    ("upn_username", &[]),
    ("radiusservers", &["radius"]),
    ("radiusports", &["radius"]),
    ("radiussecrets", &["radius"]),
    ("radiusidentifiers", &["radius"]),
    ("clientcert", ANY),
    ("clientname", ANY),
    ("delegate_credentials", &[]),
];

const ANY: &[&str] = &["*"];

/// An option.
#[derive(Debug, Clone)]
pub(super) struct Given {
    name: String,
    value: String,
}

/// Cuts `name=value`.
pub(super) fn split(word: &HbaName) -> Result<Given, String> {
    let (name, value) = word.text.split_once('=').ok_or_else(|| "an option is not `name=value`".to_owned())?;
    Ok(Given { name: name.to_owned(), value: value.to_owned() })
}

/// The method, if the line may have it and has what it needs.
pub(super) fn check(kind: HbaKind, mut method: String, given: &[Given]) -> Result<String, String> {
    if !METHODS.contains(&method.as_str()) {
        return Err("this method does not exist, or not in this PostgreSQL".to_owned());
    }
    if kind == HbaKind::Local && method == "ident" {
        "peer".clone_into(&mut method);
    }
    if kind == HbaKind::Local && method == "gss" {
        return Err("gss does not work on local sockets".to_owned());
    }
    if kind != HbaKind::Local && method == "peer" {
        return Err("peer works on local sockets only".to_owned());
    }
    if kind != HbaKind::HostSsl && method == "cert" {
        return Err("cert works on hostssl lines only".to_owned());
    }
    for option in given {
        one(kind, &method, option)?;
    }
    needed(&method, given)?;
    Ok(method)
}

fn one(kind: HbaKind, method: &str, option: &Given) -> Result<(), String> {
    let Some((_, methods)) = OPTIONS.iter().find(|(name, _)| *name == option.name) else {
        return Err("an option does not exist".to_owned());
    };
    if *methods != ANY && !methods.contains(&method) {
        return Err("an option is not one of this method".to_owned());
    }
    let value = option.value.as_str();
    let good = match option.name.as_str() {
        "clientcert" => {
            kind == HbaKind::HostSsl && (value == "verify-full" || (value == "verify-ca" && method != "cert"))
        }
        "clientname" => kind == HbaKind::HostSsl && (value == "CN" || value == "DN"),
        "ldapport" => leading_number(value) != 0,
        "radiusports" => value.split(',').all(|port| leading_number(port) != 0),
        _ => true,
    };
    if good { Ok(()) } else { Err(format!("the option {} cannot have this value here", option.name)) }
}

/// As `atoi` reads it.
fn leading_number(text: &str) -> i64 {
    let digits = text.trim_start().split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn needed(method: &str, given: &[Given]) -> Result<(), String> {
    let has = |name: &str| given.iter().any(|option| option.name == name);
    if method == "radius" && !(has("radiusservers") && has("radiussecrets")) {
        return Err("radius needs radiusservers and radiussecrets".to_owned());
    }
    if method != "ldap" || has("ldapurl") {
        return Ok(());
    }
    let simple = has("ldapprefix") || has("ldapsuffix");
    let search = ["ldapbasedn", "ldapbinddn", "ldapbindpasswd", "ldapsearchattribute", "ldapsearchfilter"];
    if simple && search.into_iter().any(has) {
        return Err("ldap's options contradict each other".to_owned());
    }
    if !simple && !has("ldapbasedn") {
        return Err("ldap needs ldapbasedn, ldapprefix or ldapsuffix".to_owned());
    }
    if has("ldapsearchattribute") && has("ldapsearchfilter") {
        return Err("ldap's options contradict each other".to_owned());
    }
    Ok(())
}
