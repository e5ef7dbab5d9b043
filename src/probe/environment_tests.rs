//! The worker's variables, layer by layer: who wins, and that no secret is kept.

use secrecy::ExposeSecret;

use super::*;

const FILE: &str = "# the app\nFLASK_ENV=production\nDATABASE_URL='postgresql://u:p%40ss@10.8.0.1/d'\n\
    REDIS_URL=redis://:old@10.8.0.1/0\nREDIS_URL=redis://:s3cret@10.8.0.1/1\nSECRET_KEY=never\n";

fn found() -> Found {
    let mut found = Found::new("test".to_owned(), None);
    found.add("CELERY_BROKER_URL", Origin::Process, String::new());
    found.add_file("/app/.env", FILE, &BTreeMap::new()).expect("little");
    found
}

#[test]
fn the_effective_urls_make_the_keyring() {
    let (environment, keyring) = found().finish();
    let redis = keyring.redis.expect("REDIS_URL, since the broker's is empty");
    assert_eq!(redis.password.as_ref().map(ExposeSecret::expose_secret), Some("s3cret"));
    assert_eq!(redis.url.redis_index(), 1);
    let postgres = keyring.postgres.expect("DATABASE_URL");
    assert_eq!(postgres.password.as_ref().map(ExposeSecret::expose_secret), Some("p@ss"));
    assert!(!environment.complete && !environment.variables.contains_key("SECRET_KEY"));
    let layers = &environment.variables["REDIS_URL"];
    assert_eq!(layers[0].origin, Origin::File { path: "/app/.env".to_owned(), line: 5 });
    assert_eq!(layers.len(), 2);
}

#[test]
fn no_secret_stays_in_the_fact() {
    let looked = looked("test", Ok(found()));
    let shown = format!("{:?} {:?}", looked.observation, looked.keyring);
    for secret in ["s3cret", "old", "p%40ss", "p@ss", "never"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_last_line_without_a_value_unsets() {
    let mut found = Found::new("test".to_owned(), None);
    found.add_file("/app/.env", "REDIS_URL=redis://10.8.0.1/0\nREDIS_URL\n", &BTreeMap::new()).expect("little");
    assert!(found.values.is_empty());
}

/// The keyring of these variables, whose process has `home` as its home, or none that can be read from here.
fn keyring_of(variables: &[(&str, &str)], home: Option<&str>) -> Keyring {
    let mut found = Found::new("test".to_owned(), None);
    for (name, value) in variables {
        found.add(name, Origin::Process, (*value).to_owned());
    }
    found.files = home.map(|home| Files { root: String::new(), home: Some(home.to_owned()) });
    found.finish().1
}

#[test]
fn what_libpq_has_in_its_files_goes_into_the_keyring() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("a plain name");
    #[expect(clippy::disallowed_methods, reason = "a folder of the test's own")]
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write(".pg_service.conf", "[clippy]\nhost=10.8.0.1\nport=5433\nuser=u\ndbname=d\n");
    write(".pgpass", "10.8.0.1:5433:d:u:s3cret\n");
    let login = keyring_of(&[("DATABASE_URL", "postgresql:///?service=clippy")], Some(home)).postgres.expect("set");
    assert_eq!(
        (login.url.host.as_str(), login.url.port, login.url.database.as_deref()),
        ("10.8.0.1", Some(5433), Some("d"))
    );
    assert_eq!(login.password.as_ref().map(ExposeSecret::expose_secret), Some("s3cret"));
    assert!(login.unread().is_none());
    // What stands in the URL goes before both, and the environment before the files of passwords.
    let set = [("DATABASE_URL", "postgresql://u@10.8.0.1:5433/d"), ("PGPASSWORD", "other")];
    let login = keyring_of(&set, Some(home)).postgres.expect("set");
    assert_eq!(login.password.as_ref().map(ExposeSecret::expose_secret), Some("other"));
}

#[test]
fn what_stands_in_a_file_that_cannot_be_read_is_not_known() {
    for (url, variable) in [
        ("postgresql:///?service=clippy", None),
        ("postgresql://u@10.8.0.1/d?passfile=/run/pgpass", None),
        ("postgresql://u@10.8.0.1/d", Some(("PGPASSFILE", "/run/pgpass"))),
    ] {
        let set: Vec<(&str, &str)> = [("DATABASE_URL", url)].into_iter().chain(variable).collect();
        assert!(keyring_of(&set, None).postgres.expect("set").unread().is_some(), "{url}");
    }
    assert!(
        keyring_of(&[("DATABASE_URL", "postgresql://u@10.8.0.1/d")], None).postgres.expect("set").unread().is_none()
    );
}
