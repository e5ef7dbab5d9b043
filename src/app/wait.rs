//! `--wait`: looking again until all is well or the time is over.

use std::time::{Duration, Instant};

use super::screen::tell;
use crate::cli::FailOn;
use crate::probe::host;
use crate::render;
use crate::report::Report;

/// The first pause; each is twice as long as the one before.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

/// How long there is to wait, and what was told of it.
pub(super) struct Wait {
    until: Instant,
    pause: Duration,
    told: String,
}

impl Wait {
    pub(super) fn new(most: Duration) -> Self {
        Self { until: host::clock() + most, pause: FIRST, told: String::new() }
    }

    /// Pauses; or, where the time is over, says so. What is waited for is told when it changes.
    pub(super) fn again(&mut self, report: &Report, fail_on: &[FailOn]) -> bool {
        let left = self.until.saturating_duration_since(host::clock());
        if left.is_zero() {
            return false;
        }
        let reasons = render::reasons(report, fail_on);
        if self.told != reasons {
            tell(&render::waiting(&reasons, left));
            self.told = reasons;
        }
        std::thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}
