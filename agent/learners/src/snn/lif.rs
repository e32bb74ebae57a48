//! Leaky integrate-and-fire neurons.

use serde::{Deserialize, Serialize};

use crate::range::{above, in_range};

/// Parameters of a LIF membrane; potentials are in units of the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifParams {
    /// Membrane time constant, in ms.
    pub tau_mem_ms: f32,
    /// Potential at which a neuron spikes.
    pub v_threshold: f32,
    /// Potential after a spike.
    pub v_reset: f32,
    /// Constant input current.
    pub i_base: f32,
    /// Standard deviation of the noise current.
    pub noise_sd: f32,
}

impl Default for LifParams {
    fn default() -> Self {
        Self { tau_mem_ms: 20.0, v_threshold: 1.0, v_reset: 0.0, i_base: 0.08, noise_sd: 0.2 }
    }
}

impl LifParams {
    /// Checks every parameter. Below a time constant of 1 ms, a tick, the forward Euler step would overshoot.
    pub fn validate(&self) -> Result<(), String> {
        let Self { tau_mem_ms, v_threshold, v_reset, i_base, noise_sd } = *self;
        in_range("tau_mem_ms", tau_mem_ms, 1.0..=1e4)?;
        in_range("v_threshold", v_threshold, above(0.0, 100.0))?;
        in_range("v_reset", v_reset, -100.0..v_threshold)?;
        in_range("i_base", i_base, -100.0..=100.0)?;
        in_range("noise_sd", noise_sd, 0.0..=100.0)
    }
}

/// A membrane one tick later (dt = 1 ms, forward Euler), before it spikes: `V + (dt/τ)·(−V + I_base + σ·ξ + I_syn)`.
pub fn leak(params: &LifParams, v: f32, current: f32, noise: f32) -> f32 {
    v + 1.0 / params.tau_mem_ms * (-v + params.i_base + params.noise_sd * noise + current)
}

/// Advances membranes by one tick with [`leak`] and appends the index of each neuron that spikes: where `V ≥ V_threshold`: spike, `V = V_reset`.
///
/// `v`, `current` and `noise` (ξ, standard normal) have one value for each neuron. Source: Gerstner et al. 2014, Neuronal
/// Dynamics, section 1.3.
pub fn tick(params: &LifParams, v: &mut [f32], current: &[f32], noise: &[f32], spikes: &mut Vec<usize>) {
    for (i, ((v, current), noise)) in v.iter_mut().zip(current).zip(noise).enumerate() {
        *v = leak(params, *v, *current, *noise);
        if *v >= params.v_threshold {
            *v = params.v_reset;
            spikes.push(i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(current: f32, ticks: usize) -> (f32, Vec<usize>) {
        let (mut v, mut spiked_at) = ([0.0], Vec::new());
        for t in 0..ticks {
            let mut spikes = Vec::new();
            tick(&LifParams::default(), &mut v, &[current], &[0.0], &mut spikes);
            if spikes == [0] {
                spiked_at.push(t);
            }
        }
        (v[0], spiked_at)
    }

    #[test]
    fn approaches_its_input_exponentially() {
        let (v, spikes) = run(0.42, 20);
        assert!((v - 0.5 * (1.0 - 0.95f32.powi(20))).abs() < 1e-6);
        assert!(spikes.is_empty());
    }

    #[test]
    fn spikes_at_the_threshold_and_resets() {
        // V after n ticks is 2.08·(1 − 0.95ⁿ): it passes 1 at n = 13, counted from 0 at tick 12, and every 13 ticks after.
        assert_eq!(run(2.0, 40).1, [12, 25, 38]);
    }
}
