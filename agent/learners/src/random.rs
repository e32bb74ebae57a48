//! Random numbers: a named generator (ChaCha8) and one independent stream for each purpose and lane.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for: no two purposes share random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights.
    Wiring = 101,
    /// Phases of the encoder at the start of an episode.
    Encoder = 102,
    /// Membrane noise of the hidden neurons.
    HiddenNoise = 103,
    /// Membrane noise of the motor neurons.
    MotorNoise = 104,
    /// Exploration: which action is drawn.
    Exploration = 105,
    /// Which remembered episode is replayed.
    Sleep = 106,
    /// Escape noise of the motor neurons.
    EscapeNoise = 107,
    /// Which of several equal pools wins when nobody explores.
    Ties = 108,
    /// Which remembered steps a gradient comes from.
    Replay = 109,
    /// In which order steps are learned from.
    Minibatches = 110,
    /// Which moment's TD error is told in the place of another.
    Dopamine = 111,
    /// Which neurons of a trained network are cut.
    Damage = 112,
    /// What chance makes of spikes that were seen: which are exchanged.
    Surrogate = 113,
    /// Fixed weights of a learning signal.
    Feedback = 114,
    /// Which phase an episode of a mixture is of.
    Mixture = 115,
}

/// The stream of `(seed, purpose, lane)`: a ChaCha8 generator keyed by the three numbers, little-endian.
pub fn stream(seed: u64, purpose: Purpose, lane: u64) -> ChaCha8Rng {
    let words = [seed, purpose as u64, lane, 0];
    let mut key = [0; 32];
    key.iter_mut().zip(words.iter().flat_map(|word| word.to_le_bytes())).for_each(|(slot, byte)| *slot = byte);
    ChaCha8Rng::from_seed(key)
}

/// Uniform in `[0, 1)`, with 24 random bits.
pub fn uniform(rng: &mut impl Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
}

/// Uniform in `[low, high)`.
pub fn uniform_in(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * uniform(rng)
}

/// So many of `0..count`, none twice.
pub fn some_of(number: usize, count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    (0..number.min(count)).map(|_| left.swap_remove(below(left.len(), rng))).collect()
}

/// Any of `0..count`, each as likely as any other up to one in 2³²/count.
pub fn below(count: usize, rng: &mut impl Rng) -> usize {
    ((u64::from(rng.next_u32()) * count as u64) >> 32) as usize
}
