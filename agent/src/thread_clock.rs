//! CPU time of a thread: what a run costs on a machine that is shared with others.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Counts the CPU time of the thread that started it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadClock(Duration);

impl ThreadClock {
    /// A clock that stands at 0.
    pub(crate) fn start() -> Self {
        Self(now())
    }

    /// What the thread used since then.
    pub(crate) fn elapsed(self) -> Duration {
        now().saturating_sub(self.0)
    }
}

fn now() -> Duration {
    // A thread's clock is never negative.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::thread;

    use super::*;

    #[test]
    fn work_of_this_thread_counts_and_that_of_another_does_not() {
        let clock = ThreadClock::start();
        let work = || {
            while ThreadClock(Duration::ZERO).elapsed() < Duration::from_millis(20) {
                black_box((0..1000).sum::<u64>());
            }
        };
        // A new thread begins at 0.
        thread::spawn(work).join().unwrap();
        let meanwhile = clock.elapsed();
        while clock.elapsed() <= meanwhile {}
        assert!(meanwhile < Duration::from_millis(20), "{meanwhile:?}");
    }
}
