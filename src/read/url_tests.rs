//! URLs as they stand in variables: their parts, and that no secret is kept.

use secrecy::ExposeSecret;

use super::*;

#[test]
fn what_libpq_and_redis_py_take_from_the_query_counts() {
    let url = read("postgresql://10.8.0.1/?user=app&password=s3cret&dbname=clips").expect("read");
    let (user, password) = (url.user.expect("a user"), url.password.expect("a password"));
    assert_eq!((user.expose_secret(), password.expose_secret()), ("app", "s3cret"));
    assert_eq!((url.url.role.as_deref(), url.url.database.as_deref()), (Some("app"), Some("clips")));
    let url = read("postgresql://app@db.internal/clips?hostaddr=10.8.0.1").expect("read").url;
    assert_eq!(url.host, "10.8.0.1");
    let url = read("postgresql:///?service=clippy").expect("read").url;
    assert!(url.service && !url.is_local());
    let url = read("redis://10.8.0.1:6379?db=2&password=s3cret").expect("read");
    assert_eq!(
        (url.url.redis_index(), url.password.map(|it| it.expose_secret().to_owned())),
        (2, Some("s3cret".to_owned()))
    );
    assert_eq!(read("redis://:s3cret@10.8.0.1:6379//").expect("read").url.redis_index(), 0);
    let url = read("redis://:a@10.8.0.1:6379/1;redis://:b@10.8.0.9:6379/1").expect("read").url;
    assert_eq!((url.host.as_str(), url.redis_index()), ("10.8.0.1", 1));
}

#[test]
fn what_a_url_does_not_say_libpq_takes_from_the_environment() {
    let url = |text: &str, set: &[(&str, &'static str)]| {
        let set: Vec<(String, &'static str)> = set.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        with_libpq(read(text).expect("read").url, move |name| set.iter().find(|it| it.0 == name).map(|it| it.1))
    };
    let filled = url("postgresql:///clips", &[("PGHOST", "10.8.0.1"), ("PGPORT", "5433"), ("PGUSER", "app")]);
    assert_eq!((filled.host.as_str(), filled.port, filled.role.as_deref()), ("10.8.0.1", Some(5433), Some("app")));
    let said = url("postgresql://u:p@10.8.0.9:5432/clips", &[("PGHOST", "10.8.0.1"), ("PGUSER", "app")]);
    assert_eq!((said.host.as_str(), said.role.as_deref()), ("10.8.0.9", Some("u")));
    let folder = url("postgresql:///clips", &[("PGHOST", "/run/pg")]);
    assert_eq!(folder.socket.as_deref(), Some("/run/pg/.s.PGSQL.5432"));
    assert_eq!(url("redis:///0", &[("PGHOST", "10.8.0.1")]).host, "");
}

#[test]
fn a_url_is_cut_and_decoded() {
    let read =
        read("postgresql+psycopg2://clippy:p%40ss%2Fw@10.8.0.1:5433/clippy_front?sslmode=require").expect("reads");
    assert_eq!(read.password.as_ref().map(ExposeSecret::expose_secret), Some("p@ss/w"));
    assert_eq!(read.url.to_string(), "postgresql+psycopg2://clippy:***@10.8.0.1:5433/clippy_front?sslmode=require");
    let shown = |text: &str| super::read(text).expect(text).url.to_string();
    assert_eq!(shown("postgresql://u:p@h/d?options=-cx%3Dy"), "postgresql://u:***@h/d?…");
    assert_eq!(shown("postgresql://u:p@h/d?options=x&sslmode=require"), "postgresql://u:***@h/d?sslmode=require&…");
    let read = super::read("redis://:pw@[fd00::1]:6380/3").expect("reads");
    assert_eq!((read.url.host.as_str(), read.url.port, read.url.redis_index()), ("fd00::1", Some(6380), 3));
    assert_eq!(read.url.to_string(), "redis://:***@[fd00::1]:6380/3");
}

#[test]
fn flaws_are_told_apart() {
    for (text, flaw) in [
        ("\"redis://h:6379/0\"", Flaw::Quoted),
        ("10.8.0.1:6379/0", Flaw::NoScheme),
        ("postgresql://<user>:<pass>@10.8.0.1/clippy_front", Flaw::Placeholder),
        ("postgresql://u:p@ss@10.8.0.1/db", Flaw::UnencodedPassword),
        ("redis://:pa/ss@10.8.0.1:6379/0", Flaw::UnencodedPassword),
        ("redis://:pa#ss@10.8.0.1:6379/0", Flaw::UnencodedPassword),
        ("postgresql://u:p@10.8.0.1/db\r", Flaw::WhiteSpace),
        ("postgresql://u:p@10.8.0.1/db # mine", Flaw::Comment),
        ("redis://10.8.0.1:6379/zero", Flaw::Unreadable),
        ("redis://10.8.0.1:6379/0,", Flaw::Unreadable),
        ("postgresql://u:p@h,x:y@z/db", Flaw::UnencodedPassword),
        ("redis://:p@@ss", Flaw::UnencodedPassword),
        ("postgresql://p@@ss/db", Flaw::UnencodedPassword),
    ] {
        assert_eq!(read(text).map(|read| read.url).unwrap_err(), flaw, "{text}");
    }
}

#[test]
fn several_hosts_and_sockets_are_kept_apart() {
    let url = |text: &str| read(text).expect(text).url;
    let several = url("postgresql://u:p@10.8.0.1,10.8.0.9:5433/db?target_session_attrs=any");
    assert_eq!((several.host.as_str(), several.others.as_slice()), ("10.8.0.1", &["10.8.0.9".to_owned()][..]));
    assert_eq!(several.port, Some(5433));
    let socket = url("unix://:pw@/run/redis/redis.sock?db=2");
    assert_eq!((socket.socket.as_deref(), socket.redis_index()), (Some("/run/redis/redis.sock"), 2));
    assert_eq!(socket.to_string(), "unix://:***@/run/redis/redis.sock?db=2");
    let celery = url("redis+socket:///run/redis.sock?virtual_host=1");
    assert_eq!((celery.socket.as_deref(), celery.redis_index()), (Some("/run/redis.sock"), 1));
    let postgres = url("postgresql://u:p@/db?host=/var/run/postgresql&port=5433");
    assert_eq!(postgres.socket.as_deref(), Some("/var/run/postgresql/.s.PGSQL.5433"));
    assert_eq!(url("postgresql://u:p@h/db?host=/tmp").socket, None);
}

#[test]
fn what_the_libraries_take_is_taken() {
    let password = |text: &str| {
        let read = read(text).expect(text);
        (read.url.host.clone(), read.password.map(|it| it.expose_secret().to_owned()))
    };
    for (text, expected) in [
        ("postgresql://u:p/s#s?s:s@10.8.0.1/db", "p/s#s?s:s"),
        ("redis://:p@s:s@10.8.0.1:6379/0", "p@s:s"),
        ("redis://:p@10.8.0.1:6379/0 \r", "p"),
        ("redis://:p@10.8.0.1:6379/0#", "p"),
        ("redis://:p@10.8.0.1:6379/0 # the server", "p"),
        ("redis://:p@@10.8.0.1/0", "p@"),
    ] {
        assert_eq!(password(text), ("10.8.0.1".to_owned(), Some(expected.to_owned())), "{text}");
    }
}

#[test]
fn no_part_of_a_password_is_ever_shown() {
    // By itself, and around every character at which anybody cuts.
    let marks = ["", "@", "@@", "/", "#", "?", ":", "%", " ", "/@", "@/", ":@", "@:", "[", "]", "=", "&", "\u{2013}"];
    let around = marks.iter().map(|mark| format!("s3c{mark}r3t"));
    for password in around.chain(["@s3c/@r3t".to_owned(), "s3c@@r3t@".to_owned()]) {
        for template in [
            "redis://:PW@10.8.0.1:6379/0",
            "redis://:PW@redis:6379/0",
            "rediss://u:PW@10.8.0.1",
            "postgresql://u:PW@10.8.0.1/db",
            "postgresql+psycopg2://u:PW@db:5432/db?sslmode=require",
            "redis://PW@10.8.0.1",
            "amqp://u:PW@10.8.0.1//",
            "https://u:PW@10.8.0.1/",
            "PW",
        ] {
            let text = template.replace("PW", &password);
            let shown = format!("{:?} {:?}", read(&text), crate::read::variable::setting(None, "REDIS_URL", &text));
            assert!(!shown.contains("s3c") && !shown.contains("r3t"), "{text} shows {shown}");
        }
    }
}
