//! A Redis behind a path that loses every large packet, and a real one behind none.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use clipcheck::fact::dial::payload_probe::{Carried, SIZES};
use clipcheck::fact::redis::RedisSaid;

use super::{impostor, redis_look};

/// Answers PING, TIME, and ECHO up to so many bytes.
fn echoes_up_to(most: usize) -> u16 {
    impostor(move |mut stream| {
        let mut buffer = vec![0; 1 << 17];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let asked = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let answer = match (asked.contains("TIME"), asked.rsplit("\r\n").nth(1)) {
                (true, _) => "*2\r\n$1\r\n0\r\n$1\r\n0\r\n".to_owned(),
                (false, Some(word)) if asked.contains("ECHO") && word.len() <= most => {
                    format!("${}\r\n{word}\r\n", word.len())
                }
                (false, _) if asked.contains("ECHO") => continue,
                (false, _) => "+PONG\r\n".to_owned(),
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    })
}

#[tokio::test]
async fn a_path_that_loses_large_packets_is_seen_and_waited_for_once() {
    let begun = Instant::now();
    let outcome = redis_look(echoes_up_to(1024), Some("redis://127.0.0.1/0")).await;
    assert_eq!(outcome.said, RedisSaid::Pong, "a PING passes");
    let carried = outcome.carried.expect("it came to that");
    assert_eq!(carried.hangs(), Some((1024, 1434)));
    assert_eq!(carried.steps.last().map(|step| step.how), Some(Carried::Silent), "the first that hangs is the last");
    assert!(carried.clock.is_some_and(|clock| clock.ahead_ms < -1_000_000_000), "1970 is long ago");
    assert!(begun.elapsed() < Duration::from_millis(3300), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_path_that_loses_nothing_carries_all_sizes() {
    let carried = redis_look(echoes_up_to(4096), None).await.carried.expect("it came to that");
    assert_eq!(carried.hangs(), None, "a large answer may be late for other reasons");
    assert!(carried.is_whole());
    assert_eq!(carried.steps.len(), SIZES.len());
}
