//! No reader takes more than its share of time or memory, whatever it is given: each text grows from a few bytes to 4 MB,
//! twice as long every time, and neither may the time grow much faster than twice, nor the memory past its bound.
//!
//! CLIPCHECK_READER names one reader, to look at it alone.
#![allow(clippy::print_stderr, reason = "tells where it is")]
#![allow(clippy::disallowed_methods, reason = "one reader is named by a variable")]

use std::alloc::System;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use readers::{ANY, Reader, Shape};

mod readers;

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// No file that is read is longer.
const LONGEST: usize = 4 << 20;

/// A text need not grow further once it takes so long; what takes less is not measured.
const ENOUGH: Duration = Duration::from_millis(12);

/// Who takes no longer for the longest text harms nobody, however it grew: what else the machine does to its caches is more.
const HARMLESS: Duration = Duration::from_millis(100);

/// No text may take so long.
const MOST: Duration = Duration::from_secs(8);

/// Twice the text takes twice the time, and on a busy machine more; a reader that is squared takes four times as long. What
/// is given up for being too much may take all there is at once, but only once.
const GROWTH: f64 = 3.2;

/// What grew by less is not measured again.
const SURELY_NOT: f64 = 2.5;

/// Memory, in all that was ever asked for: so many bytes for each byte of the text, and so many besides.
const EACH: usize = 400;
const BESIDES: usize = 64 << 20;

/// This thread's own time on a processor: what else the machine does does not count.
fn clock() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// How long a text takes, and the memory that was asked for.
fn read(reader: &Reader, text: &str) -> (Duration, usize) {
    let region = Region::new(MEMORY);
    let begun = clock();
    drop((reader.read)(text));
    (clock().saturating_sub(begun), region.change().bytes_allocated)
}

fn shortest(reader: &Reader, text: &str) -> Duration {
    (0..3).map(|_| read(reader, text).0).min().unwrap_or_default()
}

/// What is wrong with how a reader takes a text that grows.
fn grown(reader: &Reader, shape: &Shape) -> Option<String> {
    let (mut size, mut before, mut took_before, mut jumps) = (64, String::new(), Duration::ZERO, 0);
    loop {
        let text = shape.of(size);
        let (took, memory) = read(reader, &text);
        if memory > EACH * text.len() + BESIDES {
            return Some(format!("{} bytes of text ask for {memory} bytes of memory", text.len()));
        }
        if took > MOST {
            return Some(format!("{took:?} for {} bytes", text.len()));
        }
        // Who is slow for a moment is measured again.
        let jumped = took > ENOUGH
            && took.as_secs_f64() > SURELY_NOT * took_before.as_secs_f64()
            && (0..3).all(|_| shortest(reader, &text).as_secs_f64() > GROWTH * shortest(reader, &before).as_secs_f64());
        jumps = if jumped { jumps + 1 } else { 0 };
        if jumps >= 2 && took > HARMLESS {
            return Some(format!("{took:?} for {} bytes, and much less for half of it", text.len()));
        }
        if size >= LONGEST || (took > ENOUGH && !jumped) {
            return None;
        }
        (before, took_before, size) = (text, took, size * 2);
    }
}

#[test]
fn no_text_takes_more_than_its_share() {
    let only = std::env::var("CLIPCHECK_READER").ok();
    let mut wrong = Vec::new();
    for reader in readers::all().iter().filter(|it| only.as_ref().is_none_or(|only| only == it.name)) {
        let begun = clock();
        let example = Shape { head: "", open: reader.example, middle: "", close: "", tail: "" };
        for shape in reader.shapes.iter().chain([&example]).chain(&ANY) {
            let shown: String =
                format!("{:?} {:?} {:?}", shape.head, shape.open, shape.tail).chars().take(120).collect();
            wrong.extend(grown(reader, shape).map(|why| format!("{}: {shown}: {why}", reader.name)));
        }
        eprintln!("{}: {:?}", reader.name, clock().saturating_sub(begun));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
