//! redis.conf as Redis reads it.

use super::*;

fn read(text: &str) -> RedisConf {
    let mut settings = Settings::default();
    for line in lines(text) {
        settings.add("/etc/redis/redis.conf", &line);
    }
    settings.finish("/etc/redis/redis.conf")
}

#[test]
fn the_last_directive_wins_and_knows_its_line() {
    let conf = read("# bind 0.0.0.0\nbind 127.0.0.1 -::1\nPort 6379\r\n\n  BIND 127.0.0.1 10.8.0.1\n");
    let bind = conf.bind.expect("bind");
    assert_eq!((bind.value.as_str(), bind.line), ("127.0.0.1 10.8.0.1", 5));
    assert_eq!(conf.port.expect("port").value, "6379");
    assert_eq!(conf.protected_mode, None);
}

#[test]
fn the_saved_data_is_where_dir_says() {
    let dump = |text: &str| read(text).dump;
    assert_eq!(dump("dir /var/lib/redis\n").as_deref(), Some("/var/lib/redis/dump.rdb"));
    assert_eq!(dump("dir /srv\ndir redis\ndbfilename d.rdb\n").as_deref(), Some("/srv/redis/d.rdb"));
    // Where systemd starts it is not known.
    assert_eq!((dump(""), dump("dir ./\n")), (None, None));
}

#[test]
fn quotes_are_taken_off() {
    assert_eq!(words(r#"bind "10.8.0.1" '::1'"#), Some(vec!["bind".into(), "10.8.0.1".into(), "::1".into()]));
    assert_eq!(words(r#"requirepass "a\"b c""#), Some(vec!["requirepass".into(), "a\"b c".into()]));
    assert_eq!(words("requirepass 'it\\'s'"), Some(vec!["requirepass".into(), "it's".into()]));
    assert_eq!(words(r#"requirepass "never ends"#), None);
    assert_eq!(words(r#"requirepass "a"b"#), None);
}

#[test]
fn the_default_users_password_is_what_counts() {
    for (text, there) in [
        ("", false),
        ("requirepass s3cret", true),
        ("requirepass s3cret\nrequirepass \"\"", false),
        ("user worker on >s3cret ~* +@all", false),
        ("user default on >s3cret ~* +@all", true),
        ("user default on nopass ~* +@all", false),
        ("user default off", true),
        ("requirepass s3cret\nuser default on nopass ~* +@all", false),
    ] {
        assert_eq!(read(text).password, Presence::of(there), "{text}");
    }
}

#[test]
fn no_password_stays_in_the_fact() {
    let text = "requirepass s3cret\nuser default on >s3cret ~* +@all\nmasterauth s3cret\n\
        rename-command CONFIG s3cret\nuser s3cret on >s3cret\n";
    let conf = read(text);
    assert_eq!(conf.renamed[0].value, "config");
    assert_eq!(conf.users.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), ["default", "another"]);
    assert!(!format!("{conf:?}").contains("s3cret"));
}

#[test]
fn what_limits_it_is_kept_by_name() {
    let conf = read("maxmemory 1gb\nmaxmemory 2gb\nmaxclients 64\nreplicaof 10.8.0.9 6379\n");
    assert_eq!(conf.limits["maxmemory"].value, "2gb");
    assert_eq!(conf.limits["maxclients"].line, 3);
    assert_eq!(conf.copies.expect("replicaof").value, "10.8.0.9 6379");
    assert_eq!(read("slaveof 10.8.0.9 6379\nreplicaof no one\n").copies, None);
}
