//! What the app makes of its variables.

use super::*;

fn environment(version: Option<&str>, pairs: &[(&str, &str)]) -> Environment {
    Environment {
        owner: "test".to_owned(),
        app_version: version.map(str::to_owned),
        complete: true,
        variables: pairs
            .iter()
            .map(|(name, value)| {
                ((*name).to_owned(), vec![Layer { origin: Origin::Process, setting: setting(name, value) }])
            })
            .collect(),
    }
}

const URL: &str = "postgresql://u:p@10.8.0.1/clippy_front";

#[test]
fn production_reads_database_url_alone() {
    let only_dev = [("FLASK_ENV", "production"), ("DEV_DATABASE_URL", URL)];
    assert_eq!(environment(Some("0.10.0"), &only_dev).database(), Effective::CodeDefault);
    assert_eq!(environment(Some("0.11.0"), &only_dev).database(), Effective::Nothing);
    assert_eq!(environment(Some("1.6.2"), &only_dev).database(), Effective::Nothing);
    assert_eq!(environment(None, &only_dev).database(), Effective::DefaultOrNothing);
}

#[test]
fn the_version_is_read() {
    let text = "\"\"\"Version.\"\"\"\n\n__version__ = \"0.10.0\"  # now\n";
    assert_eq!(app_version(text).as_deref(), Some("0.10.0"));
    assert_eq!(app_version("version = 1"), None);
}

#[test]
fn an_empty_value_counts_as_unset_but_shadows() {
    let empty = environment(Some("0.10.0"), &[("FLASK_ENV", "production"), ("DATABASE_URL", "")]);
    assert_eq!(empty.database(), Effective::CodeDefault);
}

#[test]
fn anything_but_production_is_development() {
    for word in ["development", "Production", "prod", "production "] {
        let app = environment(None, &[("FLASK_ENV", word), ("DEV_DATABASE_URL", URL)]);
        assert!(matches!(app.database(), Effective::Set { variable: "DEV_DATABASE_URL", .. }), "{word}");
    }
    assert_eq!(environment(None, &[]).database(), Effective::CodeDefault);
}

#[test]
fn results_fall_back_to_redis_url_and_not_to_the_broker() {
    let app = environment(None, &[("CELERY_BROKER_URL", "redis://10.8.0.1:6379/0")]);
    assert!(matches!(app.redis("CELERY_BROKER_URL"), Effective::Set { .. }));
    assert_eq!(app.redis("CELERY_RESULT_BACKEND"), Effective::CodeDefault);
}
