//! Where viewers pause, step and pace the training loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spikedrive_proto::v1;

use crate::env::EnvError;
use crate::stop::StopFlag;

/// How long a wait may be deaf to Ctrl-C.
const SLICE: Duration = Duration::from_millis(50);
/// How often an environment is told that its driver still waits: well within the lease of any session.
const ALIVE_INTERVAL: Duration = Duration::from_secs(1);
/// The longest wait between two steps at any speed.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);

/// What viewers want, shared between the thread that hears them and the training loop that obeys. Nobody looks at first, and
/// whenever the dashboard is lost: a run never hangs on a viewer who is gone.
#[derive(Debug, Default)]
pub(super) struct Gate {
    frames: AtomicBool,
    weights: AtomicBool,
    held: AtomicBool,
    pace: Mutex<Pace>,
    changed: Condvar,
}

/// When the next step may be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pace {
    paused: bool,
    /// Single steps asked for since the stream began, and those of them not yet taken.
    asked: u64,
    credit: u64,
    /// Time from one step to the next; none is as fast as possible.
    interval: Option<Duration>,
    last_step: Option<Instant>,
}

impl Pace {
    fn obey(&mut self, control: &v1::Control) {
        self.credit = if control.paused { self.credit + control.steps.saturating_sub(self.asked) } else { 0 };
        self.asked = control.steps;
        self.paused = control.paused;
        let interval = |speed: f64| Duration::try_from_secs_f64(1.0 / speed).unwrap_or(LONGEST_INTERVAL);
        let speed = Some(control.speed).filter(|speed| speed.is_finite() && *speed > 0.0);
        self.interval = speed.map(|speed| interval(speed).min(LONGEST_INTERVAL));
    }

    fn is_held(&self) -> bool {
        self.paused || self.interval.is_some()
    }

    /// Takes a step at `now`, or tells how long to wait for it.
    fn step(&mut self, now: Instant) -> Result<(), Duration> {
        if self.paused {
            self.credit = self.credit.checked_sub(1).ok_or(LONGEST_INTERVAL)?;
        } else if let (Some(interval), Some(last)) = (self.interval, self.last_step) {
            let early = (last + interval).saturating_duration_since(now);
            if !early.is_zero() {
                return Err(early);
            }
        }
        self.last_step = Some(now);
        Ok(())
    }
}

impl Gate {
    /// Somebody looks at frames.
    pub(super) fn wants_frames(&self) -> bool {
        self.frames.load(Ordering::Relaxed)
    }

    /// Somebody looks at weights.
    pub(super) fn wants_weights(&self) -> bool {
        self.weights.load(Ordering::Relaxed)
    }

    /// Steps are not taken as fast as possible.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// Obeys the viewers.
    pub(super) fn obey(&self, control: &v1::Control) {
        let mut pace = self.pace();
        pace.obey(control);
        self.held.store(pace.is_held(), Ordering::Relaxed);
        self.frames.store(control.frames, Ordering::Relaxed);
        self.weights.store(control.weights, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// There are no viewers any more.
    pub(super) fn release(&self) {
        self.obey(&v1::Control::default());
    }

    /// Waits for the next step. `stop` ends the wait; `keep_alive` is called every second.
    pub(super) fn wait(
        &self,
        stop: &StopFlag,
        keep_alive: &mut dyn FnMut() -> Result<(), EnvError>,
    ) -> Result<(), EnvError> {
        if !self.is_held() {
            return Ok(());
        }
        let mut alive = Instant::now();
        loop {
            let mut pace = self.pace();
            if stop.is_set() {
                return Ok(());
            }
            let Err(wait) = pace.step(Instant::now()) else { return Ok(()) };
            drop(self.changed.wait_timeout(pace, wait.min(SLICE)));
            if alive.elapsed() >= ALIVE_INTERVAL {
                keep_alive()?;
                alive = Instant::now();
            }
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(paused: bool, steps: u64, speed: f64) -> v1::Control {
        v1::Control { paused, steps, speed, ..v1::Control::default() }
    }

    #[test]
    fn single_steps_are_taken_once_each() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert_eq!((pace.step(now), pace.is_held()), (Ok(()), false));
        pace.obey(&control(true, 0, 0.0));
        assert!(pace.step(now).is_err() && pace.is_held());
        pace.obey(&control(true, 2, 0.0));
        pace.obey(&control(true, 2, 5.0));
        assert_eq!([pace.step(now).is_ok(), pace.step(now).is_ok(), pace.step(now).is_ok()], [true, true, false]);
        pace.obey(&control(true, 9, 0.0));
        pace.obey(&control(false, 9, 0.0));
        pace.obey(&control(true, 9, 0.0));
        assert!(pace.step(now).is_err(), "steps that were asked for before it went on are no more wanted");
        pace.obey(&control(true, 1, 0.0));
        assert!(pace.step(now).is_err(), "a count that falls asks for nothing");
    }

    #[test]
    fn a_speed_spaces_the_steps() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.obey(&control(false, 0, 10.0));
        assert_eq!(pace.step(now), Ok(()));
        assert_eq!(pace.step(now + Duration::from_millis(60)), Err(Duration::from_millis(40)));
        assert_eq!(pace.step(now + Duration::from_millis(100)), Ok(()));
        for speed in [f64::NAN, f64::INFINITY, -3.0, 0.0] {
            pace.obey(&control(false, 0, speed));
            assert!(!pace.is_held(), "{speed}");
        }
        for speed in [f64::MIN_POSITIVE, 1e-9, 5e-324] {
            pace.obey(&control(false, 0, speed));
            assert_eq!(pace.interval, Some(LONGEST_INTERVAL), "{speed}");
        }
    }

    #[test]
    fn a_wait_keeps_alive_and_ends_when_the_viewers_are_gone_or_the_user_stops() {
        let (gate, stop) = (Gate::default(), StopFlag::default());
        gate.obey(&v1::Control { frames: true, weights: true, ..control(true, 0, 0.0) });
        assert!(gate.wants_frames() && gate.wants_weights() && gate.is_held());
        let mut calls = 0;
        gate.wait(&stop, &mut || {
            calls += 1;
            gate.release();
            Ok(())
        })
        .unwrap();
        assert_eq!((calls, gate.wants_frames(), gate.is_held()), (1, false, false));
        gate.obey(&control(true, 0, 0.0));
        stop.set();
        let start = Instant::now();
        gate.wait(&stop, &mut || Ok(())).unwrap();
        (0..100).for_each(|_| gate.wait(&stop, &mut || Ok(())).unwrap());
        assert!(start.elapsed() < ALIVE_INTERVAL);
    }
}
