//! Random numbers: a named generator (ChaCha8) and one independent stream for each purpose, lane and episode.
//!
//! A stream is a function of its key alone, so that lane 3 of seed 7 lives the same episodes alone or among a
//! thousand, and episode 500 can be drawn without drawing the 499 before it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for: no two purposes share random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// The curvature of a track: keyed by track seed and phase.
    Track = 1,
    /// The choice of a track and the start of an episode: keyed by lane and episode.
    Episode = 2,
    /// The start on a held-out track: keyed by track seed and phase, so that a track has one start, whoever drives it.
    HeldOutStart = 3,
    /// Sensor noise: keyed by lane and episode, on a held-out track by that track.
    SensorNoise = 4,
    /// Gusts: keyed alike.
    Gusts = 5,
    /// A varying width: keyed by track seed and phase, and 1 for that of a wide road.
    Width = 6,
    /// The random oracle: keyed by lane.
    RandomDriver = 7,
}

/// The stream of `(seed, purpose, a, b)`: the four numbers, little-endian, are the ChaCha8 key.
pub fn stream(seed: u64, purpose: Purpose, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, a, b]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Uniform in `[low, high)`, with 53 random bits.
pub fn uniform(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Uniform integer in `0..n` by the multiply-shift method (bias below n / 2⁶⁴).
pub fn below(rng: &mut impl Rng, n: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u64
}

/// +1 or −1, each with probability ½.
pub fn sign(rng: &mut impl Rng) -> f64 {
    if rng.next_u64() >> 63 == 0 { 1.0 } else { -1.0 }
}

/// Standard normal, by the method of Box and Muller.
pub fn gaussian(rng: &mut impl Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - uniform(rng, 0.0, 1.0)));
    radius * libm::cos(uniform(rng, 0.0, std::f64::consts::TAU))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_golden_and_differ_in_every_part_of_the_key() {
        let first = |seed, purpose, a, b| stream(seed, purpose, a, b).next_u64();
        let base = first(1, Purpose::Episode, 2, 3);
        assert_eq!(base, first(1, Purpose::Episode, 2, 3));
        for other in [
            first(2, Purpose::Episode, 2, 3),
            first(1, Purpose::Track, 2, 3),
            first(1, Purpose::Episode, 3, 3),
            first(1, Purpose::Episode, 2, 4),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn uniform_and_below_stay_in_range_and_fill_it() {
        let mut rng = stream(0, Purpose::Track, 0, 0);
        let mean = (0..10_000)
            .map(|_| uniform(&mut rng, -1.0, 3.0))
            .inspect(|u| assert!((-1.0..3.0).contains(u)))
            .sum::<f64>();
        assert!((mean / 10_000.0 - 1.0).abs() < 0.05);
        let mut seen = [0; 5];
        (0..1000).for_each(|_| seen[below(&mut rng, 5) as usize] += 1);
        assert!(seen.iter().all(|&n| n > 150));
    }

    #[test]
    fn gaussian_has_the_moments_of_a_standard_normal() {
        let mut rng = stream(1, Purpose::Gusts, 0, 0);
        let draws: Vec<f64> = (0..50_000).map(|_| gaussian(&mut rng)).collect();
        let moment = |power| draws.iter().map(|x| x.powi(power)).sum::<f64>() / 50_000.0;
        assert!(moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.03 && (moment(4) - 3.0).abs() < 0.2);
    }
}
