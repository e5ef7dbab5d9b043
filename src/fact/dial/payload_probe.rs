//! How large an answer an open connection carries, and the clock of whoever answers.

use serde::{Deserialize, Serialize};

/// The sizes that are asked for, in this order: a byte; what fits into every packet; what fills one of 1500 bytes; a few
/// packets; many. The first three straddle every MTU that the Internet has (1280 to 1500).
pub const SIZES: [u32; 5] = [1, 1024, 1434, 4096, 65536];

/// What became of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carried {
    /// It came back whole; holds how long that took, in microseconds.
    Whole(u64),
    /// Nothing of it came in time.
    Silent,
    /// The connection ended over it.
    Ended,
    /// The server would not give it: the log-in has no right to.
    Refused,
}

/// One size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The size of the answer's content, in bytes.
    pub bytes: u32,
    /// What became of it.
    pub how: Carried,
}

/// One echo of a given size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizedEcho {
    /// The size of the whole IP packet inside the tunnel.
    pub packet: u16,
    /// Whether it came back.
    pub back: bool,
}

/// The server's clock beside ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerClock {
    /// How far the server's clock is ahead of this machine's (negative: behind), in milliseconds, taken in the middle of
    /// the round trip.
    pub ahead_ms: i64,
    /// The round trip, in microseconds: half of it is how wrong `ahead_ms` can be.
    pub round_trip_us: u64,
}

/// What one connection carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadProbe {
    /// The server's clock; none where it would not tell.
    pub clock: Option<ServerClock>,
    /// In the order of [`SIZES`], up to the first that did not come back whole.
    pub steps: Vec<Step>,
    /// Echoes of several sizes, smallest first: tried only where a step was silent.
    pub echoes: Vec<SizedEcho>,
}

/// What is more than a few packets may be late on a slow line, without anything being wrong with the packets' size.
const FEW_PACKETS: u32 = 4096;

impl PayloadProbe {
    /// Where it hangs: the largest size that came whole and the one that did not, if both are small enough for the size of
    /// the packets to be the reason.
    pub fn hangs(&self) -> Option<(u32, u32)> {
        let [.., before, last] = self.steps.as_slice() else { return None };
        let hangs = last.how == Carried::Silent && last.bytes <= FEW_PACKETS;
        hangs.then_some((before.bytes, last.bytes))
    }

    /// Whether anything was carried at all, and a few packets at once were.
    pub fn is_whole(&self) -> bool {
        self.steps.iter().any(|step| step.bytes >= FEW_PACKETS && matches!(step.how, Carried::Whole(_)))
    }

    /// The largest packet that comes back, if every smaller one does too and a larger one does not.
    pub fn largest_packet(&self) -> Option<u16> {
        let lost = self.echoes.iter().position(|echo| !echo.back)?;
        let all_lost_above = self.echoes[lost..].iter().all(|echo| !echo.back);
        self.echoes[..lost].last().filter(|_| all_lost_above).map(|echo| echo.packet)
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let sizes = self.steps.iter().map(|step| {
            let how = match step.how {
                Carried::Whole(_) => "whole",
                Carried::Silent => "nothing came",
                Carried::Ended => "the connection ended",
                Carried::Refused => "refused",
            };
            format!("{} B {how}", step.bytes)
        });
        if !self.steps.is_empty() {
            lines.push(format!("answers by size: {}", sizes.collect::<Vec<_>>().join(", ")));
        }
        if !self.echoes.is_empty() {
            let list = |back: bool| {
                let sizes = self.echoes.iter().filter(|echo| echo.back == back).map(|echo| echo.packet.to_string());
                let sizes = sizes.collect::<Vec<_>>().join(", ");
                if sizes.is_empty() { "none".to_owned() } else { sizes }
            };
            lines.push(format!("echoes by packet size: {} came back, {} did not", list(true), list(false)));
        }
        if let Some(clock) = self.clock {
            let ahead = clock.ahead_ms;
            let way = if ahead < 0 { "behind" } else { "ahead of" };
            // What is less than half the round trip cannot be told from nothing.
            lines.push(if ahead.unsigned_abs() <= clock.round_trip_us.div_ceil(2000) {
                "its clock agrees with this machine's".to_owned()
            } else {
                format!("its clock is {}.{:03} s {way} this machine's", ahead.abs() / 1000, ahead.abs() % 1000)
            });
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carry(steps: &[(u32, Carried)], echoes: &[(u16, bool)]) -> PayloadProbe {
        PayloadProbe {
            clock: None,
            steps: steps.iter().map(|(bytes, how)| Step { bytes: *bytes, how: *how }).collect(),
            echoes: echoes.iter().map(|(packet, back)| SizedEcho { packet: *packet, back: *back }).collect(),
        }
    }

    #[test]
    fn a_hang_is_between_two_small_sizes() {
        use Carried::{Ended, Silent, Whole};
        for (steps, hangs) in [
            (vec![(1, Whole(9)), (1024, Whole(9)), (1434, Silent)], Some((1024, 1434))),
            (vec![(1, Whole(9)), (1024, Silent)], Some((1, 1024))),
            (vec![(1, Whole(9)), (4096, Whole(9)), (65536, Silent)], None),
            (vec![(1, Silent)], None),
            (vec![(1, Whole(9)), (1024, Ended)], None),
            (vec![], None),
        ] {
            assert_eq!(carry(&steps, &[]).hangs(), hangs, "{steps:?}");
        }
    }

    #[test]
    fn the_largest_packet_is_known_where_one_line_parts_what_comes_back() {
        for (echoes, largest) in [
            (vec![(1280, true), (1380, true), (1400, false), (1420, false)], Some(1380)),
            (vec![(1280, true), (1380, false), (1400, true)], None),
            (vec![(1280, false), (1380, false)], None),
            (vec![(1280, true), (1380, true)], None),
            (vec![], None),
        ] {
            assert_eq!(carry(&[], &echoes).largest_packet(), largest, "{echoes:?}");
        }
    }
}
