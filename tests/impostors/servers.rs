//! Servers that are none. Each does the same to everyone who connects, and lives as long as the test program.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// What it does to a connection.
pub(crate) type Act = fn(TcpStream);

/// Stands in the URLs, and is sent back by some.
pub(crate) const PASSWORD: &str = "impostors-swordfish";

/// What a terminal would obey.
pub(crate) const STEERS: &str = "\u{1b}]0;X\u{7}\u{1b}[2J\u{9b}31m\u{202e}";

/// Its port.
pub(crate) fn listening(act: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let act = Arc::new(act);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let act = Arc::clone(&act);
            thread::spawn(move || act(stream));
        }
    });
    port
}

fn says(stream: &mut TcpStream, words: &[u8]) {
    let _ = stream.write_all(words);
}

/// What was asked; it may be nothing.
fn asked(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 16];
    let count = stream.read(&mut buffer).unwrap_or_default();
    buffer.truncate(count);
    buffer
}

/// Hears the rest without a word, until the other end is gone.
fn waits(mut stream: TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    while !asked(&mut stream).is_empty() {}
}

/// Closes without reading what came, which the kernel does by a reset.
fn resets(stream: TcpStream) {
    thread::sleep(Duration::from_millis(30));
    drop(stream);
}

/// The same for good, as long as anybody listens.
fn without_end(mut stream: TcpStream, words: &[u8]) {
    let many = words.repeat((1 << 16) / words.len());
    while stream.write_all(&many).is_ok() {}
}

/// Answers each question.
fn answers(mut stream: TcpStream, answer: impl Fn(&[u8]) -> Vec<u8>) {
    loop {
        let question = asked(&mut stream);
        if question.is_empty() || stream.write_all(&answer(&question)).is_err() {
            return;
        }
    }
}

/// A message of PostgreSQL's.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("short").to_be_bytes();
    [&[kind], length.as_slice(), body].concat()
}

/// Says no to TLS, and answers the log-in.
fn postgres(stream: TcpStream, answer: &[u8]) {
    answers(stream, |question| match question.get(4..8) {
        Some([0x04, 0xd2, 0x16, 0x2f]) => b"N".to_vec(),
        _ => answer.to_vec(),
    });
}

fn http(stream: TcpStream, answer: &str) {
    answers(stream, |_| answer.as_bytes().to_vec());
}

/// Everybody's impostors: what Redis, PostgreSQL and the web app are then taken for.
pub(crate) const ANY: &[(&str, Act, [&str; 3])] = &[
    ("silent", waits, ["silent", "silent", "silent"]),
    ("closes at once", drop, ["closed", "closed", "closed"]),
    ("resets", resets, ["closed", "closed", "closed"]),
    ("reads, then closes", |mut it| drop(asked(&mut it)), ["closed", "closed", "closed"]),
    (
        "closes at the second question",
        |mut it| {
            asked(&mut it);
            says(&mut it, b"-NOAUTH Authentication required.\r\n");
            asked(&mut it);
        },
        ["refused", "not-postgres", "not-http"],
    ),
    (
        "a byte a second",
        |mut it| {
            for byte in b"+PONG and more that never comes to its end" {
                says(&mut it, &[*byte]);
                thread::sleep(Duration::from_secs(1));
            }
        },
        ["silent", "not-postgres", "not-http"],
    ),
    ("half a word", |mut it| (says(&mut it, b"-NOA"), waits(it)).1, ["silent", "not-postgres", "not-http"]),
    (
        "half a word and closes",
        |mut it| (asked(&mut it), says(&mut it, b"-NOA")).1,
        ["closed", "not-postgres", "not-http"],
    ),
    ("zeros without end", |it| without_end(it, b"\0"), ["not-redis", "not-postgres", "not-http"]),
    ("lines without end", |it| without_end(it, b"\r\n"), ["not-redis", "not-postgres", "not-http"]),
    ("a line without end", |it| without_end(it, b"-ERR x"), ["not-redis", "not-postgres", "not-http"]),
    (
        "a huge length",
        |mut it| (says(&mut it, b"$4294967295\r\nx"), waits(it)).1,
        ["not-redis", "not-postgres", "not-http"],
    ),
    (
        "a huge list",
        |mut it| (says(&mut it, b"*2147483647\r\n"), waits(it)).1,
        ["not-redis", "not-postgres", "not-http"],
    ),
    ("lists in lists", |it| without_end(it, b"*1\r\n"), ["not-redis", "not-postgres", "not-http"]),
    (
        "HTTP",
        |it| http(it, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        ["not-redis", "not-postgres", "other-status"],
    ),
    (
        "SSH",
        |mut it| (says(&mut it, b"SSH-2.0-OpenSSH_9.2p1\r\n"), waits(it)).1,
        ["not-redis", "not-postgres", "not-http"],
    ),
    ("mail", |mut it| (says(&mut it, b"220 mail ESMTP\r\n"), waits(it)).1, ["not-redis", "not-postgres", "not-http"]),
    (
        "MySQL",
        |mut it| (says(&mut it, b"\x4a\0\0\0\x0a8.0.32\0"), waits(it)).1,
        ["not-redis", "not-postgres", "not-http"],
    ),
    ("Redis", |it| answers(it, |_| b"+PONG\r\n".to_vec()), ["pong", "not-postgres", "not-http"]),
    ("PostgreSQL without TLS", |it| answers(it, |_| b"N".to_vec()), ["not-redis", "unfinished", "not-http"]),
    (
        "TLS where plain was expected",
        |it| answers(it, |_| b"\x15\x03\x01\0\x02\x02\x46".to_vec()),
        ["not-redis", "not-postgres", "not-http"],
    ),
    ("sends back what it is sent", |it| answers(it, <[u8]>::to_vec), ["not-redis", "not-postgres", "not-http"]),
    (
        "steers the terminal",
        |it| answers(it, |_| format!("-{STEERS} {PASSWORD}\r\n").into_bytes()),
        ["not-redis", "not-postgres", "not-http"],
    ),
];

/// Impostors of Redis.
pub(crate) const REDIS: &[(&str, Act, &str)] = &[
    ("denies", |mut it| says(&mut it, b"-DENIED Redis is running in protected mode\r\n"), "denied"),
    ("loads", |it| answers(it, |_| b"-LOADING Redis is loading the dataset in memory\r\n".to_vec()), "loading"),
    ("is full", |mut it| says(&mut it, b"-ERR max number of clients reached\r\n"), "too-many-clients"),
    (
        "refuses the password and tells it",
        |it| {
            answers(it, |question| {
                let asked = String::from_utf8_lossy(question).replace("\r\n", " ");
                let word = if asked.contains("AUTH") { "WRONGPASS" } else { "NOAUTH" };
                format!("-{word} {asked} {STEERS}\r\n").into_bytes()
            });
        },
        "wrong-password",
    ),
    ("is a sentinel", |it| answers(it, |_| b"-ERR unknown command 'PING'\r\n".to_vec()), "refused"),
];

/// Impostors of PostgreSQL, behind a no to TLS.
pub(crate) const POSTGRES: &[(&str, Act, &str)] = &[
    ("wants a password in an unknown way", |it| postgres(it, &message(b'R', &99_u32.to_be_bytes())), "not-postgres"),
    ("wants Kerberos", |it| postgres(it, &message(b'R', &7_u32.to_be_bytes())), "other-method"),
    ("knows no way to log in", |it| postgres(it, &message(b'R', b"\0\0\0\x0a\0")), "other-method"),
    (
        "makes hashing take for ever",
        |it| {
            answers(it, |question| match question {
                [_, _, _, _, 0x04, 0xd2, 0x16, 0x2f] => b"N".to_vec(),
                [b'p', ..] => {
                    let asked = String::from_utf8_lossy(question);
                    let nonce = asked.split("r=").nth(1).unwrap_or_default();
                    message(b'R', format!("\0\0\0\x0br={nonce}x,s=c2FsdA==,i=4294967295").as_bytes())
                }
                _ => message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"),
            });
        },
        "other-method",
    ),
    ("lets in and is silent", |it| postgres(it, &message(b'R', &0_u32.to_be_bytes())), "unfinished"),
    ("a message of 2 GB", |it| postgres(it, b"R\x7f\xff\xff\xff\0\0\0\0"), "unfinished"),
    ("a message of no length", |it| postgres(it, b"R\0\0\0\0"), "not-postgres"),
    (
        "refuses in words that steer the terminal",
        |it| {
            postgres(
                it,
                &message(b'E', format!("SFATAL\0VFATAL\0CXX000\0M{STEERS} {PASSWORD}\0Rsomewhere\0\0").as_bytes()),
            );
        },
        "refused",
    ),
    ("refuses without a code", |it| postgres(it, &message(b'E', b"Mno\0\0")), "not-postgres"),
    (
        "a code that steers the terminal",
        |it| postgres(it, &message(b'E', "SFATAL\0C\u{1b}[2J\0Mno\0\0".as_bytes())),
        "refused",
    ),
];

/// Impostors of the web app.
pub(crate) const API: &[(&str, Act, &str)] = &[
    (
        "redirects to itself",
        |it| http(it, "HTTP/1.1 302 Found\r\nLocation: /api/worker/jobs/2147483646\r\nContent-Length: 0\r\n\r\n"),
        "redirects",
    ),
    (
        "redirects to https",
        |it| http(it, "HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"),
        "redirects",
    ),
    (
        "sends the key back",
        |it| {
            answers(it, |question| {
                let asked = String::from_utf8_lossy(question).replace("\r\n", " ");
                format!("HTTP/1.1 401 {asked}\r\nX: {asked}\r\nContent-Length: {}\r\n\r\n{asked}", asked.len())
                    .into_bytes()
            });
        },
        "other-status",
    ),
    (
        "headers without end",
        |mut it| (asked(&mut it), says(&mut it, b"HTTP/1.1 200 OK\r\n"), without_end(it, b"X-A: b\r\n")).2,
        "not-http",
    ),
    (
        "a body without end",
        |mut it| (asked(&mut it), says(&mut it, b"HTTP/1.1 404 No\r\n\r\n"), without_end(it, b"x")).2,
        "not-the-api",
    ),
    (
        "chunks without end",
        |mut it| {
            asked(&mut it);
            says(&mut it, b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n");
            without_end(it, b"1\r\nx\r\n");
        },
        "not-the-api",
    ),
    ("goes on for ever", |mut it| (asked(&mut it), without_end(it, b"HTTP/1.1 100 Continue\r\n\r\n")).1, "not-http"),
    (
        "a body of 4 GB that does not come",
        |it| http(it, "HTTP/1.1 404 No\r\nContent-Length: 4294967296\r\n\r\nx"),
        "silent",
    ),
    ("a status of its own", |it| http(it, "HTTP/1.1 999 \u{1b}[2J\r\nContent-Length: 0\r\n\r\n"), "not-http"),
    ("HTTP/0.9", |it| answers(it, |_| b"<h1>hello</h1>".to_vec()), "not-http"),
    ("too many requests", |it| http(it, "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n"), "limited"),
    ("the page of another app", |it| http(it, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nJob "), "other-status"),
];
