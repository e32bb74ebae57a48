//! Escape noise: neurons whose threshold is soft, so that exploring is their own spiking.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::lif::{LifParams, leak};
use crate::random::uniform;
use crate::range::{above, in_range};

/// A neuron spikes in a tick with probability `p = peak/(1 + exp(−(V − V_threshold)/width))` (Gerstner et al. 2014, Neuronal
/// Dynamics, chapter 9).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EscapeNoise {
    /// Probability of a spike far above the threshold.
    pub peak: f32,
    /// Softness of the threshold, in units of V.
    pub width: f32,
}

impl EscapeNoise {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("peak", self.peak, above(0.0, 1.0))?;
        in_range("width", self.width, above(0.0, 100.0))
    }

    /// Probability of a spike within a tick.
    pub fn probability(&self, v: f32, v_threshold: f32) -> f32 {
        self.peak / (1.0 + libm::expf((v_threshold - v) / self.width))
    }

    /// Advances membranes by one tick as [`super::lif::tick`] does, but with the soft threshold.
    pub fn tick(
        &self,
        params: &LifParams,
        v: &mut [f32],
        current: &[f32],
        noise: &[f32],
        rng: &mut impl Rng,
        spikes: &mut Vec<usize>,
    ) {
        for (i, ((v, current), noise)) in v.iter_mut().zip(current).zip(noise).enumerate() {
            *v = leak(params, *v, *current, *noise);
            if uniform(rng) < self.probability(*v, params.v_threshold) {
                *v = params.v_reset;
                spikes.push(i);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    const ESCAPE: EscapeNoise = EscapeNoise { peak: 1.0, width: 0.1 };

    #[test]
    fn golden_probabilities() {
        assert_eq!(ESCAPE.probability(1.0, 1.0), 0.5);
        assert!((ESCAPE.probability(0.8, 1.0) - 0.119_202_9).abs() < 1e-6);
        assert!((EscapeNoise { peak: 0.3, ..ESCAPE }.probability(9.0, 1.0) - 0.3).abs() < 1e-6);
    }

    #[test]
    fn spikes_are_as_frequent_as_the_probability_says() {
        // The current holds every membrane at 0.8, the noise is silent.
        let (params, mut rng, mut count) = (LifParams::default(), stream(1, Purpose::EscapeNoise, 0), 0);
        for _ in 0..100 {
            let (mut v, mut spikes) = ([0.8; 100], Vec::new());
            ESCAPE.tick(&params, &mut v, &[0.72; 100], &[0.0; 100], &mut rng, &mut spikes);
            assert!(spikes.iter().all(|&i| v[i] == 0.0));
            count += spikes.len();
        }
        assert!((1050..1330).contains(&count), "{count} of 10000");
    }
}
