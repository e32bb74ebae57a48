//! Membrane noise: standard normal numbers, fast and the same on every platform.

use std::sync::LazyLock;

use rand::Rng;

const QUANTILES: usize = 4096;

/// The midpoints of 4096 equally likely slices of N(0, 1), found once by Newton's method on Φ. Drawing one at random is
/// inverse-transform sampling with 12 bits: variance 0.9997, largest value 3.67.
static TABLE: LazyLock<Vec<f32>> =
    LazyLock::new(|| (0..QUANTILES).map(|i| quantile((i as f64 + 0.5) / QUANTILES as f64) as f32).collect());

/// Fills `out` with independent draws from N(0, 1), four from each 64 random bits.
pub fn fill(rng: &mut impl Rng, out: &mut [f32]) {
    let table: &[f32] = &TABLE;
    for chunk in out.chunks_mut(4) {
        let bits = rng.next_u64();
        for (k, value) in chunk.iter_mut().enumerate() {
            *value = table[(bits >> (16 * k)) as usize % QUANTILES];
        }
    }
}

/// The x with Φ(x) = p.
fn quantile(p: f64) -> f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, TAU};
    let mut x = 0.0;
    for _ in 0..60 {
        let error = 0.5 * libm::erfc(-x * FRAC_1_SQRT_2) - p;
        let density = libm::exp(-0.5 * x * x) / TAU.sqrt();
        x -= (error / density).clamp(-0.5, 0.5);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn golden_quantiles() {
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((quantile(0.0001) + 3.719_016_485_455_68).abs() < 1e-9);
    }

    #[test]
    fn moments_are_those_of_a_standard_normal() {
        let mut draws = vec![0.0; 100_001];
        fill(&mut stream(1, Purpose::HiddenNoise, 0), &mut draws);
        let n = draws.len() as f32;
        let mean = draws.iter().sum::<f32>() / n;
        let variance = draws.iter().map(|x| x * x).sum::<f32>() / n;
        let kurtosis = draws.iter().map(|x| x.powi(4)).sum::<f32>() / n;
        assert!(
            mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02 && (kurtosis - 3.0).abs() < 0.15,
            "{mean} {variance} {kurtosis}"
        );
    }
}
