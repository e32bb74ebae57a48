//! The topographic relay: neighbours in the senses stay neighbours in the hidden layer.

use serde::{Deserialize, Serialize};

use crate::range::{above, in_range};

/// `w_ij = gain·exp(−((j − c_i)/width)²/2)` from sensory neuron j to hidden neuron i, whose centre is `c_i = i·(S − 1)/(H − 1)`
/// (as in retina and thalamus: Kandel et al., Principles of Neural Science). With as many hidden as sensory neurons and a width
/// below 1 it is close to one-to-one: a relay, not a learned feature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopographicRelay {
    /// Weight at the centre.
    pub gain: f32,
    /// Width, in sensory neurons.
    pub width: f32,
}

impl TopographicRelay {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("gain", self.gain, 0.0..=1000.0)?;
        in_range("width", self.width, above(0.0, 100.0))
    }

    /// Weight from sensory neuron `pre` of `sensory` to hidden neuron `post` of `hidden`, both from 0.
    pub fn weight(&self, post: usize, hidden: usize, pre: usize, sensory: usize) -> f32 {
        let centre = post as f32 / (hidden.max(2) - 1) as f32 * sensory.saturating_sub(1) as f32;
        let q = (pre as f32 - centre) / self.width;
        // Beyond six widths a weight is below a millionth of the gain.
        if q.abs() > 6.0 { 0.0 } else { self.gain * libm::expf(-0.5 * q * q) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_weights() {
        let relay = TopographicRelay { gain: 14.0, width: 0.7 };
        assert_eq!(relay.weight(7, 36, 7, 36), 14.0);
        assert!((relay.weight(7, 36, 8, 36) - 5.046_246).abs() < 1e-4);
        assert_eq!(relay.weight(7, 36, 12, 36), 0.0);
        assert_eq!(relay.weight(35, 36, 11, 12), 14.0, "the last hears the last");
    }
}
