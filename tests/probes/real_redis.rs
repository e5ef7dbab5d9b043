//! A real Redis on loopback, in a folder of its own.

use std::net::{IpAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clipcheck::fact::redis::RedisSaid;
use clipcheck::fact::{Fact, FactKey, Observation, Vantage};
use clipcheck::probe::{Keyring, look};
use tempfile::TempDir;

use super::{HOME, context, own_address, redis, unused_port};

struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(address: IpAddr, more: &str) -> Option<Server> {
    let folder = tempfile::tempdir().expect("a folder");
    let port = unused_port();
    let conf = folder.path().join("redis.conf");
    let text = format!("port {port}\nbind {address}\nsave \"\"\ndir {}\n{more}", folder.path().display());
    std::fs::write(&conf, text).expect("written");
    let child = Command::new("redis-server").arg(conf).stdout(Stdio::null()).spawn();
    let Ok(child) = child else {
        println!("skipped: redis-server is not installed");
        return None;
    };
    let server = Server { child, port, _folder: folder };
    for _ in 0..100 {
        if TcpStream::connect((address, port)).is_ok() {
            return Some(server);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("redis-server does not listen");
}

#[tokio::test]
async fn an_open_redis_answers() {
    let Some(server) = start(HOME, "") else { return };
    assert_eq!(redis(server.port, None).await, RedisSaid::Pong);
    for (url, said) in [
        ("redis://127.0.0.1/0", RedisSaid::Pong),
        ("redis://127.0.0.1/15", RedisSaid::Pong),
        ("redis://127.0.0.1/99", RedisSaid::NoSuchDatabase),
        ("redis://:pw@127.0.0.1/0", RedisSaid::PasswordNotWanted),
        ("redis://default:pw@127.0.0.1/0", RedisSaid::Pong),
        ("redis://pw@127.0.0.1/0", RedisSaid::WrongUserOrPassword),
        ("rediss://127.0.0.1/0", RedisSaid::NoTls),
    ] {
        assert_eq!(redis(server.port, Some(url)).await, said, "{url}");
    }
}

#[tokio::test]
async fn a_redis_with_users_answers() {
    let users = "requirepass s3cret\nuser worker on >pw ~* +@all\nuser barred on >pw ~* +@all -ping\n\
        user stays on >pw ~* +@all -select\n";
    let Some(server) = start(HOME, users) else { return };
    assert_eq!(redis(server.port, None).await, RedisSaid::Locked);
    for (url, said) in [
        ("redis://127.0.0.1/0", RedisSaid::NoAuth),
        ("redis://:s3cret@127.0.0.1/0", RedisSaid::Pong),
        ("redis://:s3cret@127.0.0.1/2", RedisSaid::Pong),
        ("redis://:s3cret@127.0.0.1/99", RedisSaid::NoSuchDatabase),
        ("redis://:wrong@127.0.0.1/0", RedisSaid::WrongPassword),
        ("redis://worker:pw@127.0.0.1/3", RedisSaid::Pong),
        ("redis://worker:wrong@127.0.0.1/0", RedisSaid::WrongUserOrPassword),
        ("redis://nobody:pw@127.0.0.1/0", RedisSaid::WrongUserOrPassword),
        ("redis://s3cret@127.0.0.1/0", RedisSaid::WrongUserOrPassword),
        ("redis://barred:pw@127.0.0.1/0", RedisSaid::NotPermitted),
        ("redis://stays:pw@127.0.0.1/1", RedisSaid::NotPermitted),
    ] {
        assert_eq!(redis(server.port, Some(url)).await, said, "{url}");
    }
}

#[tokio::test]
async fn a_full_redis_says_so() {
    let Some(server) = start(HOME, "maxclients 1\n") else { return };
    // The connection that waited for the server to come up is gone by now, or soon.
    std::thread::sleep(Duration::from_millis(200));
    let _only = TcpStream::connect((HOME, server.port)).expect("connects");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(redis(server.port, None).await, RedisSaid::TooManyClients);
}

#[tokio::test]
async fn a_redis_behind_tls_answers() {
    let certificates = tempfile::tempdir().expect("a folder");
    if !super::real_postgres::certificate(certificates.path()) {
        return println!("skipped: no openssl to make a certificate with");
    }
    let folder = certificates.path().display();
    let tls_port = unused_port();
    let more = format!(
        "tls-port {tls_port}\ntls-cert-file {folder}/server.crt\ntls-key-file {folder}/server.key\n\
         tls-ca-cert-file {folder}/server.crt\ntls-auth-clients no\nrequirepass s3cret\n"
    );
    let Some(_server) = start(HOME, &more) else { return };
    for (url, said) in [
        ("rediss://:s3cret@127.0.0.1/2", RedisSaid::Pong),
        ("rediss://:wrong@127.0.0.1/2", RedisSaid::WrongPassword),
        ("rediss://127.0.0.1/2", RedisSaid::NoAuth),
        ("redis://:s3cret@127.0.0.1/2", RedisSaid::Closed),
    ] {
        assert_eq!(redis(tls_port, Some(url)).await, said, "{url}");
    }
}

#[tokio::test]
#[ignore = "listens beyond loopback, in protected mode"]
async fn a_real_denial_is_never_lost() {
    let Some(own) = own_address() else { return println!("skipped: this machine has no address but loopback") };
    let Some(server) = start(own, "protected-mode yes\n") else { return };
    for round in 0..50 {
        let looked = look(&FactKey::Redis, &context(Vantage::Client, own, server.port, Keyring::default())).await;
        let Observation::Seen(Fact::Redis(seen)) = looked.observation else { panic!("{:?}", looked.observation) };
        assert_eq!(seen.said, RedisSaid::Denied, "round {round}");
    }
}
