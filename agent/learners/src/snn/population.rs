//! A layer of LIF neurons: membranes, and what reaches them in a tick.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::cell_types::{CellTypes, TypedCells};
use super::config::Firing;
use super::lif::{self, LifParams, leak};
use super::noise;
use super::synapses::Layout;
use crate::random::uniform;

/// Neurons of one layer of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    v: Vec<f32>,
    current: Vec<f32>,
    noise: Vec<f32>,
    /// Those that are not all alike.
    typed: Option<TypedCells>,
    spikes: Vec<usize>,
}

impl Population {
    /// Neurons at rest: those of this range of a network.
    pub fn new(neurons: std::ops::Range<usize>, types: CellTypes, layout: &Layout) -> Self {
        let count = neurons.len();
        let typed: Option<Vec<_>> = neurons.map(|neuron| types.of(neuron, layout.sign(neuron))).collect();
        Self {
            v: vec![0.0; count],
            current: vec![0.0; count],
            noise: vec![0.0; count],
            typed: typed.map(TypedCells::new),
            spikes: Vec::new(),
        }
    }

    /// The start of an episode.
    pub fn reset(&mut self) {
        self.v.fill(0.0);
        if let Some(typed) = &mut self.typed {
            typed.reset();
        }
    }

    /// One tick's input: `I_i = gain·Σ_j W_ij·S_j(t−1)` for the neurons from `first` on, and noise.
    pub fn receive(
        &mut self,
        weights: &Array2<f32>,
        first: usize,
        gain: f32,
        arriving: &[usize],
        rng: &mut ChaCha8Rng,
    ) {
        for (current, row) in self.current.iter_mut().zip(weights.outer_iter().skip(first)) {
            *current = gain * arriving.iter().map(|&pre| row[pre]).sum::<f32>();
        }
        noise::fill(rng, &mut self.noise);
    }

    /// How far each will be from its threshold when the tick is over, before it spikes: `V − V_threshold`.
    pub fn distances(&self, params: &LifParams) -> impl Iterator<Item = f32> {
        let inputs = self.v.iter().zip(&self.current).zip(&self.noise).enumerate();
        inputs.map(|(i, ((&v, &current), &noise))| {
            let v = match &self.typed {
                Some(typed) => typed.leak(i, params, v, current, noise),
                None => leak(params, v, current, noise),
            };
            v - params.v_threshold
        })
    }

    /// Takes the tick. Returns the indices that spike, from 0. A soft threshold draws from `escape`.
    pub fn fire(&mut self, params: &LifParams, firing: Firing, escape: &mut ChaCha8Rng) -> &[usize] {
        let Self { v, current, noise, typed, spikes } = self;
        spikes.clear();
        match (typed, firing) {
            (None, Firing::Threshold) => lif::tick(params, v, current, noise, spikes),
            (None, Firing::Escape(soft)) => soft.tick(params, v, current, noise, escape, spikes),
            (Some(typed), Firing::Threshold) => {
                typed.tick(params, v, current, noise, spikes, |v| v >= params.v_threshold);
            }
            (Some(typed), Firing::Escape(soft)) => {
                let spikes_at = |v| uniform(escape) < soft.probability(v, params.v_threshold);
                typed.tick(params, v, current, noise, spikes, spikes_at);
            }
        }
        spikes
    }

    /// The indices that spiked in the last tick, from 0.
    pub fn spikes(&self) -> &[usize] {
        &self.spikes
    }
}
