//! Steers at random.

use rand_chacha::ChaCha8Rng;

use super::Driver;
use crate::random::{Purpose, below, stream};
use crate::{Action, Drive};

/// Any action, each with probability ⅓.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The random driver of a lane.
    pub fn new(lane: u64) -> Self {
        Self(stream(lane, Purpose::RandomDriver, 0, 0))
    }
}

impl Driver for Random {
    fn act(&mut self, _drive: &Drive) -> Action {
        Action::ALL[below(&mut self.0, 3) as usize]
    }
}
