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
