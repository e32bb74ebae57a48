//! What the viewers of a run ask of its agent.

use std::time::Duration;

use spikedrive_proto::v1::Control;
use tokio::time::Instant;

/// How long a run that nobody looks at any more stays paused or slow: long enough to load the page again.
const GRACE: Duration = Duration::from_secs(5);
/// The fastest pace that can be asked for, in steps a second.
const MAX_SPEED: f64 = 1e6;
/// Most single steps of one request.
const MAX_STEPS: u64 = 1000;

/// What viewers ask for, and how many they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    /// What the agent is told.
    pub(crate) control: Control,
    /// Number of viewers.
    pub(crate) viewers: usize,
    /// When the last one left.
    left_at: Option<Instant>,
}

impl Asked {
    /// When pause and speed end, since nobody is left who could end them.
    pub(crate) fn release_at(&self) -> Option<Instant> {
        let is_held = self.control.paused || self.control.speed > 0.0;
        self.left_at.filter(|_| is_held && self.viewers == 0).map(|left_at| left_at + GRACE)
    }

    /// One more looks.
    pub(crate) fn arrive(&mut self) {
        self.viewers += 1;
        self.want();
    }

    /// One looks no longer.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.viewers -= 1;
        self.left_at = Some(now);
        self.want();
    }

    /// A stream begins: steps are counted since then.
    pub(crate) fn begin(&mut self) {
        self.control.steps = 0;
    }

    /// Ends pause and speed.
    pub(crate) fn release(&mut self) {
        (self.control.paused, self.control.speed) = (false, 0.0);
    }

    /// Grants a wish that was checked.
    pub(crate) fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Pause(paused) => self.control.paused = paused,
            Wish::Step(steps) => {
                self.control.paused = true;
                self.control.steps = self.control.steps.saturating_add(steps);
            }
            Wish::Speed(speed) => self.control.speed = speed,
        }
    }

    fn want(&mut self) {
        self.control.frames = self.viewers > 0;
        self.control.weights = self.viewers > 0;
    }
}

/// What one viewer asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wish {
    /// Wait, or go on.
    Pause(bool),
    /// So many steps, then wait.
    Step(u64),
    /// Steps a second; 0 is as fast as possible.
    Speed(f64),
}

/// A wish that cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum WishError {
    #[error("step: {0} is outside 1..={MAX_STEPS}")]
    Step(u64),
    #[error("speed: {0} is outside [0, {MAX_SPEED}] steps a second: 0 is as fast as possible")]
    Speed(f64),
}

impl Wish {
    /// Whether it is within its range.
    pub(crate) fn check(self) -> Result<(), WishError> {
        match self {
            Self::Step(steps) if !(1..=MAX_STEPS).contains(&steps) => Err(WishError::Step(steps)),
            Self::Speed(speed) if !(0.0..=MAX_SPEED).contains(&speed) => Err(WishError::Speed(speed)),
            Self::Pause(_) | Self::Step(_) | Self::Speed(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_a_while_after_the_last_viewer_left() {
        let now = Instant::now();
        let mut asked = Asked::default();
        asked.arrive();
        asked.grant(Wish::Pause(true));
        assert_eq!(asked.release_at(), None);
        asked.leave(now);
        assert_eq!(asked.release_at(), Some(now + GRACE));
        asked.arrive();
        assert_eq!(asked.release_at(), None, "the page was loaded again");
        asked.leave(now);
        asked.release();
        assert_eq!((asked.control, asked.release_at()), (Control::default(), None));
    }

    #[test]
    fn wishes_add_up() {
        let mut asked = Asked::default();
        for wish in [Wish::Step(2), Wish::Step(1), Wish::Speed(12.5)] {
            wish.check().unwrap();
            asked.grant(wish);
        }
        let Control { paused, steps, speed, .. } = asked.control;
        assert_eq!((paused, steps, speed), (true, 3, 12.5));
        asked.begin();
        assert_eq!(asked.control.steps, 0);
    }

    #[test]
    fn wishes_have_ranges() {
        for wish in [Wish::Step(0), Wish::Step(5000), Wish::Speed(-1.0), Wish::Speed(f64::NAN)] {
            assert!(wish.check().unwrap_err().to_string().contains("outside"), "{wish:?}");
        }
    }
}
