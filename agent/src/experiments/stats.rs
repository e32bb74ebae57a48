//! Statistics of returns over seeds or episodes (Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice").

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Resamples of a bootstrap.
pub(super) const RESAMPLES: usize = 2000;

/// How a sample is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// Mean.
    pub mean: f64,
    /// Interquartile mean: the mean of the middle half.
    pub iqm: f64,
    /// 95 % confidence interval of the mean, by percentile bootstrap.
    pub ci95: [f64; 2],
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
}

impl Distribution {
    /// Describes a sample; `None` for an empty one.
    pub fn of(sample: &[f64]) -> Option<Self> {
        let min = sample.iter().copied().min_by(f64::total_cmp)?;
        let max = sample.iter().copied().max_by(f64::total_cmp)?;
        Some(Self { mean: mean(sample), iqm: iqm(sample), ci95: bootstrap(sample), min, max })
    }
}

/// Interquartile mean of a sample that is not empty: without the lowest and the highest ⌊n/4⌋ values (`scipy.stats.trim_mean` of
/// 0.25).
pub fn iqm(sample: &[f64]) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// The 2.5th and the 97.5th percentile of [`RESAMPLES`] values.
pub(super) fn percentiles(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    [values[RESAMPLES * 25 / 1000], values[RESAMPLES * 975 / 1000 - 1]]
}

fn mean(sample: &[f64]) -> f64 {
    sample.iter().sum::<f64>() / sample.len() as f64
}

/// The same sample always gives the same interval.
fn bootstrap(sample: &[f64]) -> [f64; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut draw = || sample[(rng.next_u64() % sample.len() as u64) as usize];
    let mut mean = || (0..sample.len()).map(|_| draw()).sum::<f64>() / sample.len() as f64;
    percentiles((0..RESAMPLES).map(|_| mean()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_numbers() {
        let sample: Vec<f64> = (1..=8).map(f64::from).chain([100.0]).collect();
        let distribution = Distribution::of(&sample).unwrap();
        assert!((distribution.mean - 136.0 / 9.0).abs() < 1e-12);
        assert_eq!(distribution.iqm, 5.0);
        assert_eq!((distribution.min, distribution.max), (1.0, 100.0));
        assert_eq!(Distribution::of(&[]), None);
        let [low, high] = Distribution::of(&[3.0; 5]).unwrap().ci95;
        assert_eq!((low, high), (3.0, 3.0));
    }

    #[test]
    fn the_interval_covers_the_mean_of_a_known_sample() {
        let sample: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let [low, high] = Distribution::of(&sample).unwrap().ci95;
        // The standard error is 2.87 / 10: the interval is about 4.5 ± 0.56.
        assert!((low - 3.94).abs() < 0.1 && (high - 5.06).abs() < 0.1, "[{low}, {high}]");
    }
}
