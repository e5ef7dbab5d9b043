//! How long the other end of a connection is waited for. How long it took to connect tells how long the way is: by satellite
//! every answer takes 0.7 s more, and a conversation has many.

use std::time::Duration;

/// How long a round trip takes on one connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace(Duration);

impl Pace {
    pub(super) fn of(trip: Duration) -> Self {
        Self(trip)
    }

    /// How long to wait where `limit` is right on a short way and so many round trips are made.
    pub(super) fn within(self, limit: Duration, trips: u32) -> Duration {
        limit + self.0 * trips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_way_takes_longer() {
        let limit = Duration::from_secs(2);
        assert_eq!(Pace::default().within(limit, 9), limit);
        assert_eq!(Pace::of(Duration::from_millis(700)).within(limit, 2), Duration::from_millis(3400));
    }
}
