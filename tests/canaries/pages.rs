//! Every page that can be made of what was seen, without the program around it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clipcheck::blame::blame;
use clipcheck::case::Case;
use clipcheck::catalog;
use clipcheck::check::Check;
use clipcheck::cli::{Color, Format, Showing};
use clipcheck::exit::Exit;
use clipcheck::judge::judge;
use clipcheck::render::{self, Screen};
use clipcheck::report::{fix_script, provenance, report};
use clipcheck::snapshot::Snapshot;

const FORMATS: [Format; 7] =
    [Format::Table, Format::Json, Format::Junit, Format::Github, Format::Markdown, Format::Prometheus, Format::Html];

/// As narrow, as usual and as wide as it gets.
const WIDTHS: [usize; 3] = [40, 80, 120];

pub(crate) struct Pages {
    checks: Vec<Check>,
    count: AtomicUsize,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self { checks: catalog::built_in().expect("the checks"), count: AtomicUsize::new(0) }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// All pages of all of these, on two threads.
    pub(crate) fn all(&self, cases: &[Vec<Snapshot>], look: &(dyn Fn(&str) + Sync)) {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some(snapshots) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.of(snapshots, look);
                    }
                });
            }
        });
    }

    fn of(&self, snapshots: &[Snapshot], look: &(dyn Fn(&str) + Sync)) {
        let case = Case::new(snapshots.to_vec()).expect("a case");
        let report = report(&case, &self.checks, &blame(&self.checks, judge(&case, &self.checks)));
        let shown = |format: Format, verbose: bool, width: usize| {
            let showing = Showing { color: Color::Never, verbose, ..Showing::default() };
            let screen = Screen { width, columns: width, ascii: !verbose, moves: false, forced: None };
            self.count.fetch_add(1, Ordering::Relaxed);
            look(render::report(report.clone(), format, &showing, Exit::Broken, screen).text());
        };
        for format in FORMATS {
            for verbose in [false, true] {
                shown(format, verbose, WIDTHS[1]);
            }
        }
        for width in [WIDTHS[0], WIDTHS[2]] {
            shown(Format::Table, true, width);
        }
        let screen = Screen { width: WIDTHS[1], columns: WIDTHS[1], ascii: false, moves: false, forced: None };
        // Refused where the report is of several hosts and none is named.
        if let Ok(script) = fix_script(&report, None) {
            self.count.fetch_add(1, Ordering::Relaxed);
            look(render::fix_script(&script).text());
        }
        for variable in provenance::variables(None) {
            self.count.fetch_add(1, Ordering::Relaxed);
            look(render::provenances(&provenance::provenances(&case, variable), screen).text());
        }
    }
}
