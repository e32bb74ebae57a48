//! How far an experiment is: a line for each finished run, with the time that is left, and a bar on a terminal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar};

use crate::report::{bar, note};

/// Counts the runs of an experiment.
#[derive(Debug)]
pub(super) struct Progress {
    missing: usize,
    over: AtomicUsize,
    started: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// An experiment of so many runs, of which some are missing.
    pub(super) fn new(missing: usize, runs: usize) -> Self {
        if missing < runs {
            note(format!("{} of {runs} runs are there already", runs - missing));
        }
        let bar = bar(missing, "{bar:30.cyan/blue} {pos}/{len} runs {elapsed} | {msg}");
        Self { missing, over: AtomicUsize::new(0), started: Instant::now(), bar }
    }

    /// A run is over.
    pub(super) fn over(&self, line: &str) {
        let over = self.over.fetch_add(1, Ordering::Relaxed) + 1;
        let left = left(self.started.elapsed(), over, self.missing);
        let line = format!("{over}/{} {line}", self.missing);
        match &self.bar {
            Some(bar) => {
                bar.suspend(|| note(line));
                bar.set_position(over as u64);
                bar.set_message(left);
            }
            None => note(format!("{line}; {left}")),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The time that is left if runs go on to end as they did.
fn left(elapsed: Duration, over: usize, all: usize) -> String {
    match all.saturating_sub(over) {
        0 => "all runs are over".to_owned(),
        runs => format!("{} left", HumanDuration(elapsed.mul_f64(runs as f64 / over.max(1) as f64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_as_slow_as_what_is_over() {
        assert_eq!(left(Duration::from_secs(60), 3, 9), "2 minutes left");
        assert_eq!(left(Duration::from_secs(60), 9, 9), "all runs are over");
    }
}
