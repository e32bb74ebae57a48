//! Eligibility traces: what a synapse did lately, waiting for dopamine.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::network::Network;
use super::synapses::{Layout, WeightBounds};
use crate::ACTIONS;
use crate::op_count::Operations;

/// `e[post, pre]`, motor × features (Izhikevich 2007; Frémaux & Gerstner 2016).
#[derive(Clone, Debug, PartialEq)]
pub struct Eligibility {
    layout: Layout,
    traces: Array2<f32>,
}

/// What each synapse did in a step.
#[derive(Clone, Copy, Debug)]
pub enum Activity<'a> {
    /// The same for all motor neurons: one number for each feature.
    Shared(&'a [f32]),
    /// Each synapse its own: motor × features.
    Own(ArrayView2<'a, f32>),
}

impl Eligibility {
    /// Empty traces.
    pub fn new(layout: &Layout) -> Self {
        Self { layout: *layout, traces: Array2::zeros((layout.motor().len(), layout.features())) }
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.traces.fill(0.0);
    }

    /// `e_ij ← decay·e_ij + gate_pool(i)·activity_ij`. Returns what it cost.
    pub fn mark(&mut self, decay: f32, gates: [f32; ACTIONS], activity: Activity) -> Operations {
        let first = self.layout.motor().start;
        for (action, gate) in gates.into_iter().enumerate() {
            for i in self.layout.pool(action).map(|post| post - first) {
                let activity = match &activity {
                    Activity::Shared(activity) => ArrayView1::from(*activity),
                    Activity::Own(activity) => activity.row(i),
                };
                self.traces
                    .row_mut(i)
                    .zip_mut_with(&activity, |trace, activity| *trace = decay * *trace + gate * activity);
            }
        }
        Operations::of_macs(2 * self.traces.len())
    }

    /// The third factor: `W_ij += step·e_ij` for every plastic synapse, within its bounds. Returns what it cost.
    pub fn apply(&self, step: f32, network: &mut Network, bounds: &WeightBounds) -> Operations {
        for (post, traces) in self.layout.motor().zip(self.traces.rows()) {
            if let Some(traces) = traces.to_slice() {
                network.nudge(bounds, post, step, traces);
            }
        }
        Operations::of_macs(self.traces.len())
    }

    /// The traces, motor × features.
    pub fn traces(&self) -> &Array2<f32> {
        &self.traces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::Preset;
    use crate::snn::config::NEURONS;

    #[test]
    fn traces_decay_gather_and_move_weights() {
        let layout = Layout::new(&Preset::Stdp.config());
        let mut eligibility = Eligibility::new(&layout);
        let counts: Vec<f32> = (0..79).map(|j| if j == 3 { 0.5 } else { 0.0 }).collect();
        eligibility.mark(0.81, [0.6, -0.4, -0.2], Activity::Shared(&counts));
        eligibility.mark(0.5 * 0.81, [0.0; 3], Activity::Shared(&counts));
        let trace = eligibility.traces()[[0, 3]];
        assert!((trace - 0.5 * 0.81 * 0.3).abs() < 1e-6);
        assert!((eligibility.traces()[[20, 3]] + 0.5 * 0.81 * 0.1).abs() < 1e-6);

        let config = Preset::Stdp.config();
        let mut network = Network::with_weights(config, &Array2::from_elem((NEURONS, NEURONS), 0.5)).unwrap();
        eligibility.apply(0.1, &mut network, &WeightBounds::new(&layout));
        let weights = network.weights();
        assert!((weights[[79, 3]] - (0.5 + 0.1 * trace)).abs() < 1e-6);
        assert_eq!((weights[[79, 2]], weights[[78, 3]], weights[[79, 79]]), (0.5, 0.5, 0.5));
    }

    #[test]
    fn in_a_strict_hierarchy_only_synapses_of_hidden_neurons_move() {
        let layout = Layout::new(&Preset::Strict.config());
        let mut eligibility = Eligibility::new(&layout);
        eligibility.mark(0.0, [1.0, 0.0, 0.0], Activity::Own(Array2::from_elem((28, 36), 0.2).view()));
        let mut network = Network::with_weights(Preset::Strict.config(), &Array2::zeros((NEURONS, NEURONS))).unwrap();
        eligibility.apply(1.0, &mut network, &WeightBounds::new(&layout));
        let weights = network.weights();
        assert_eq!((weights[[81, 36]], weights[[82, 36]], weights[[72, 39]]), (0.2, 0.01, -0.01));
        assert!(weights.columns().into_iter().take(36).flatten().all(|&weight| weight == 0.0));
    }
}
