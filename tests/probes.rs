//! The dialling probes against impostors on loopback (twenty-line servers that deny, keep silent, close, or speak
//! another protocol) and against the real servers, where these are installed.
#![allow(clippy::disallowed_methods, reason = "impostors are the world here")]
#![allow(clippy::print_stdout, reason = "what is skipped is said")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clipcheck::fact::dial::Dial;
use clipcheck::fact::postgres::{PgOutcome, PgSaid};
use clipcheck::fact::redis::{RedisOutcome, RedisSaid};
use clipcheck::fact::{Fact, FactKey, Observation, TcpTarget, Unseen, Vantage};
use clipcheck::probe::{Keyring, Login, ProbeContext, look};
use clipcheck::profile::{Profile, settle};
use clipcheck::read::url;

#[path = "probes/first.rs"]
mod first;
#[path = "probes/carry.rs"]
mod payload_probe;
#[path = "probes/real_postgres.rs"]
mod real_postgres;
#[path = "probes/real_redis.rs"]
mod real_redis;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A listener that does the same to everyone who connects. It lives as long as the test program.
fn impostor(act: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    impostor_at(HOME, act)
}

fn impostor_at(address: IpAddr, act: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((address, 0)).expect("an address");
    let port = listener.local_addr().expect("bound").port();
    let act = Arc::new(act);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let act = Arc::clone(&act);
            std::thread::spawn(move || act(stream));
        }
    });
    port
}

/// Says one thing and closes, without reading what came: the peer's next write is answered with a reset.
fn says(words: &'static [u8]) -> u16 {
    impostor(move |mut stream| {
        let _ = stream.write_all(words);
    })
}

/// Reads once, then says one thing and closes.
fn answers(words: &'static [u8]) -> u16 {
    impostor(move |mut stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(words);
    })
}

fn silent() -> u16 {
    impostor(|stream| {
        std::thread::sleep(Duration::from_secs(30));
        drop(stream);
    })
}

fn unused_port() -> u16 {
    TcpListener::bind((HOME, 0)).expect("an address").local_addr().expect("bound").port()
}

fn login(text: &str) -> Login {
    let read = url::read(text).expect("a URL");
    Login {
        variable: "DATABASE_URL".to_owned(),
        text: text.into(),
        url: read.url,
        user: read.user,
        password: read.password,
        root: read.root,
        options: read.options,
    }
}

fn context(vantage: Vantage, server: IpAddr, port: u16, keyring: Keyring) -> ProbeContext {
    let profile =
        Profile { server: Some(server), redis_port: Some(port), postgres_port: Some(port), ..Profile::default() };
    let seen = BTreeMap::new();
    ProbeContext {
        addresses: Some(settle(&profile, vantage, &seen)),
        seen,
        keyring,
        ..ProbeContext::bare(vantage, profile)
    }
}

async fn redis_look(port: u16, url: Option<&str>) -> RedisOutcome {
    let keyring = Keyring { redis: url.map(login), ..Keyring::default() };
    let looked = look(&FactKey::Redis, &context(Vantage::Client, HOME, port, keyring)).await;
    let Observation::Seen(Fact::Redis(outcome)) = looked.observation else { panic!("{:?}", looked.observation) };
    outcome
}

async fn redis(port: u16, url: Option<&str>) -> RedisSaid {
    redis_look(port, url).await.said
}

async fn postgres_look(port: u16, url: Option<&str>) -> PgOutcome {
    postgres_from(Vantage::Client, port, url).await
}

async fn postgres_from(vantage: Vantage, port: u16, url: Option<&str>) -> PgOutcome {
    let keyring = Keyring { postgres: url.map(login), ..Keyring::default() };
    let looked = look(&FactKey::Postgres, &context(vantage, HOME, port, keyring)).await;
    let Observation::Seen(Fact::Postgres(outcome)) = looked.observation else { panic!("{:?}", looked.observation) };
    outcome
}

async fn postgres(port: u16, url: Option<&str>) -> PgSaid {
    postgres_look(port, url).await.said
}

#[tokio::test]
async fn a_tcp_dial_tells_open_from_refused() {
    let open = silent();
    for (text, how) in [
        (format!("127.0.0.1:{open}"), Dial::Open),
        (format!("localhost:{open}"), Dial::Open),
        (format!("127.0.0.1:{}", unused_port()), Dial::Refused),
        ("no-such-host.invalid:80".to_owned(), Dial::NoSuchName),
    ] {
        let context = context(Vantage::Client, HOME, open, Keyring::default());
        let looked = look(&FactKey::Tcp(TcpTarget::Named(text.clone())), &context).await;
        let Observation::Seen(Fact::Tcp(seen)) = looked.observation else { panic!("{text}: {:?}", looked.observation) };
        // Where no name server is at hand at all, "no such name" cannot be known.
        let unknown = text.ends_with(".invalid:80") && seen.how == Dial::ResolverFailed;
        assert!(seen.how == how || unknown, "{text}: {:?}", seen.how);
        assert_eq!(seen.from.is_some(), how == Dial::Open);
    }
}

#[tokio::test]
async fn the_public_address_is_asked_for_where_it_is_not_known() {
    let key = FactKey::Tcp(TcpTarget::Public(clipcheck::fact::Service::Redis));
    let mut context = context(Vantage::Outside, HOME, unused_port(), Keyring::default());
    assert!(matches!(look(&key, &context).await.observation, Observation::Unseen(Unseen::NotKnown(_))));
    if let Some(addresses) = &mut context.addresses {
        addresses.public = Some(HOME);
    }
    assert!(
        matches!(look(&key, &context).await.observation, Observation::Seen(Fact::Tcp(tcp)) if tcp.how == Dial::Refused)
    );
    context.vantage = Vantage::Container;
    assert!(matches!(look(&key, &context).await.observation, Observation::Unseen(Unseen::Undecided(_))));
}

#[tokio::test]
async fn a_denial_is_never_lost() {
    let port = says(b"-DENIED Redis is running in protected mode because protected mode is enabled\r\n");
    for round in 0..50 {
        assert_eq!(redis(port, None).await, RedisSaid::Denied, "round {round}");
    }
}

#[tokio::test]
async fn redis_impostors_are_told_apart() {
    for (name, port, said) in [
        ("password", answers(b"-NOAUTH Authentication required.\r\n"), RedisSaid::Locked),
        ("full", says(b"-ERR max number of clients reached\r\n"), RedisSaid::TooManyClients),
        ("loading", answers(b"-LOADING Redis is loading the dataset in memory\r\n"), RedisSaid::Loading),
        ("disk", answers(b"-MISCONF Redis is configured to save RDB snapshots\r\n"), RedisSaid::CannotSave),
        ("pong", answers(b"+PONG\r\n"), RedisSaid::Pong),
        ("http", answers(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), RedisSaid::NotRedis),
        ("ssh", says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), RedisSaid::NotRedis),
        ("closes", says(b""), RedisSaid::Closed),
        ("closes late", answers(b""), RedisSaid::Closed),
        ("silent", silent(), RedisSaid::Silent),
        ("nobody", unused_port(), RedisSaid::Unreached(Dial::Refused)),
    ] {
        assert_eq!(redis(port, None).await, said, "{name}");
    }
    assert_eq!(redis(answers(b"-NOAUTH x\r\n"), Some("redis://127.0.0.1/0")).await, RedisSaid::NoAuth);
    assert_eq!(redis(answers(b"-ERR what is this\r\n"), Some("rediss://127.0.0.1/0")).await, RedisSaid::NoTls);
}

/// Wants AUTH and answers it, then answers PING.
fn locked_redis(auth: &'static str, ping: &'static str) -> u16 {
    impostor(move |mut stream| {
        let (mut buffer, mut inside) = ([0; 4096], false);
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let asked = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let answer = if asked.contains("AUTH") {
                inside = auth.starts_with('+');
                auth
            } else if inside {
                ping
            } else {
                "-NOAUTH Authentication required.\r\n"
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    })
}

#[tokio::test]
async fn every_answer_to_a_log_in_is_told_apart() {
    let (password, both) = (Some("redis://:pw@127.0.0.1/0"), Some("redis://u:pw@127.0.0.1/0"));
    for (auth, ping, url, said) in [
        ("+OK\r\n", "+PONG\r\n", password, RedisSaid::Pong),
        ("-WRONGPASS invalid username-password pair or user is disabled.\r\n", "", password, RedisSaid::WrongPassword),
        ("-WRONGPASS invalid username-password pair\r\n", "", both, RedisSaid::WrongUserOrPassword),
        ("-ERR invalid password\r\n", "", password, RedisSaid::WrongPassword),
        ("-ERR AUTH <password> called without any password configured\r\n", "", password, RedisSaid::PasswordNotWanted),
        ("+OK\r\n", "-NOPERM this user has no permissions\r\n", password, RedisSaid::NotPermitted),
        ("+OK\r\n", "-LOADING Redis is loading the dataset in memory\r\n", password, RedisSaid::Loading),
        ("+OK\r\n", "-MASTERDOWN Link with MASTER is down\r\n", password, RedisSaid::Refused),
    ] {
        assert_eq!(redis(locked_redis(auth, ping), url).await, said, "{auth:?} {ping:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_lost_where_the_server_closes_after_it() {
    let port = impostor(|mut stream| {
        let mut buffer = [0; 512];
        let Ok(count) = stream.read(&mut buffer) else { return };
        let asked = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let answer = if asked.contains("AUTH") { "-WRONGPASS no\r\n" } else { "-NOAUTH Authentication required.\r\n" };
        let _ = stream.write_all(answer.as_bytes());
    });
    for round in 0..50 {
        assert_eq!(redis(port, Some("redis://:pw@127.0.0.1/0")).await, RedisSaid::WrongPassword, "round {round}");
    }
}

/// This machine's own address outside loopback. Nothing is sent to find it out.
fn own_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|at| at.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[tokio::test]
async fn no_password_is_sent_where_the_way_is_not_known() {
    let Some(own) = own_address() else { return println!("skipped: this machine has no address but loopback") };
    let heard = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&heard);
    let port = impostor_at(own, move |mut stream| {
        let mut buffer = [0; 512];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if buffer[..count].windows(6).any(|word| word == b"s3cret" || word == b"clippy") {
                flag.store(true, Ordering::SeqCst);
            }
            let _ = stream.write_all(if buffer[0] == 0 { b"N" } else { b"-NOAUTH Authentication required.\r\n" });
        }
    });
    let keyring = Keyring {
        redis: Some(login("redis://:s3cret@10.8.0.1/0")),
        postgres: Some(login("postgresql://clippy:s3cret@10.8.0.1/clippy_front")),
        results: None,
        api: None,
        bundle: None,
    };
    let context = context(Vantage::Client, own, port, keyring);
    for key in [FactKey::Redis, FactKey::Postgres] {
        let looked = look(&key, &context).await;
        let Observation::Unseen(Unseen::Declined(why)) = &looked.observation else {
            panic!("{key}: {:?}", looked.observation)
        };
        assert!(why.contains("password would have been sent") && !why.contains("s3cret"), "{why}");
    }
    assert!(!heard.load(Ordering::SeqCst));
}

/// Has no TLS and refuses everyone in the same way.
fn refusing_postgres(code: &'static str, routine: &'static str, message: &'static str) -> u16 {
    impostor(move |mut stream| {
        let mut buffer = [0; 1024];
        let mut heard = stream.read(&mut buffer);
        if matches!(heard, Ok(8)) {
            // The log-in follows on the same connection, as libpq's does.
            let _ = stream.write_all(b"N");
            heard = stream.read(&mut buffer);
        }
        if matches!(heard, Ok(0) | Err(_)) {
            return;
        }
        let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0R{routine}\0\0");
        let length = u32::try_from(fields.len() + 4).expect("short").to_be_bytes();
        let _ = stream.write_all(&[b"E", length.as_slice(), fields.as_bytes()].concat());
    })
}

#[tokio::test]
async fn postgres_refusals_are_told_apart() {
    let hba = "ClientAuthentication";
    for (code, routine, message, said, seen_as) in [
        ("53300", "InitPostgres", "sorry, too many clients already", PgSaid::TooManyClients, None),
        ("57P03", "ProcessStartupPacket", "the database system is starting up", PgSaid::StartingUp, None),
        (
            "28000",
            hba,
            "no pg_hba.conf entry for host \"172.17.0.2\", user \"u\"",
            PgSaid::NoHbaEntry,
            Some("172.17.0.2"),
        ),
        ("28000", hba, "pg_hba.conf rejects connection for host \"10.8.0.9\"", PgSaid::HbaRejects, Some("10.8.0.9")),
        ("28000", "InitializeSessionUserId", "role \"u\" is not permitted to log in", PgSaid::CannotLogIn, None),
        ("XX000", "somewhere", "it broke", PgSaid::Refused("XX000".to_owned()), None),
    ] {
        let port = refusing_postgres(code, routine, message);
        let seen = postgres_look(port, Some("postgresql://u:pw@127.0.0.1/d")).await;
        assert_eq!((seen.said, seen.seen_as), (said, seen_as.and_then(|ip| ip.parse().ok())), "{message}");
    }
}

#[tokio::test]
async fn postgres_impostors_are_told_apart() {
    let url = Some("postgresql://u:pw@127.0.0.1/d");
    for (name, port, said) in [
        ("closes", says(b""), PgSaid::Closed),
        ("closes late", answers(b""), PgSaid::Closed),
        ("http", answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), PgSaid::NotPostgres),
        ("ssh", says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), PgSaid::NotPostgres),
        ("redis", answers(b"-ERR unknown command\r\n"), PgSaid::NotPostgres),
        ("nobody", unused_port(), PgSaid::Unreached(Dial::Refused)),
        ("silent", silent(), PgSaid::Silent),
    ] {
        assert_eq!(postgres(port, None).await, said, "{name}");
        assert_eq!(postgres(port, url).await, said, "{name}, with a URL");
    }
    assert_eq!(postgres(answers(b"N"), None).await, PgSaid::Speaks);
    assert_eq!(postgres(answers(b"N"), Some("postgresql://u:pw@127.0.0.1/d?sslmode=require")).await, PgSaid::NoSsl);
}

/// It says that all is well, and then goes on for good: a parameter without end, one after the other.
#[tokio::test]
async fn a_postgres_without_end_is_none() {
    const WELL: &[u8] = b"R\0\0\0\x08\0\0\0\0";
    let endless = |words: &'static [u8]| {
        impostor(move |mut stream| {
            let mut asked = [0; 512];
            let _ = stream.read(&mut asked);
            // Who is asked for TLS says no, and hears the log-in.
            if asked[4..8] == [0x04, 0xd2, 0x16, 0x2f] {
                let _ = stream.write_all(b"N");
                let _ = stream.read(&mut asked);
            }
            let _ = stream.write_all(WELL);
            let _ = stream.write_all(&words[..5]);
            while stream.write_all(&words[5..].repeat(4096)).is_ok() {}
        })
    };
    for words in [&b"S\0\0\0\x08x\0y\0"[..], b"S\x3f\xff\xff\xff", b"N\0\0\0\x05\0"] {
        // The first word once more, and for good.
        let all: &'static [u8] = Box::leak([words, words, b"x"].concat().into_boxed_slice());
        let said = postgres(endless(all), Some("postgresql://u:pw@127.0.0.1/d?sslmode=disable")).await;
        assert!(matches!(said, PgSaid::NotPostgres | PgSaid::Closed), "{words:?}: {said:?}");
    }
}

/// Inside the container libpq's own file is at hand; from its host it is not seen whether it is there.
#[tokio::test]
async fn a_root_certificate_that_is_not_there_is_missed_inside_the_container_only() {
    let url = |mode: &str, root: &str| format!("postgresql://u:pw@127.0.0.1/d?sslmode={mode}&sslrootcert={root}");
    let said = async |vantage, url: String| postgres_from(vantage, answers(b"S"), Some(&url)).await.said;
    let missing = PgSaid::NoRootCertificate("/no/such/root.crt".to_owned());
    for mode in ["verify-ca", "verify-full"] {
        assert_eq!(said(Vantage::Container, url(mode, "/no/such/root.crt")).await, missing);
        assert_ne!(said(Vantage::Client, url(mode, "/no/such/root.crt")).await, missing);
        assert_ne!(said(Vantage::Container, url(mode, "/etc/hostname")).await, missing);
    }
    assert_ne!(said(Vantage::Container, url("require", "/no/such/root.crt")).await, missing);
}
