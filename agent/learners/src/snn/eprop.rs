//! e-prop: hidden neurons learn features, from a learning signal that comes back from the motor pools.

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::noise;
use super::synapses::{Layout, WEIGHT_BOUNDS, motor_weights};
use crate::ACTIONS;
use crate::op_count::Operations;
use crate::random::{Purpose, stream};
use crate::range::{above, in_range};

/// Reward-based e-prop (Bellec et al. 2020) for the synapses from sensory to hidden neurons. In each tick t, hidden neuron i is sensitive by
/// `ψ_i = max(0, 1 − |V_i − V_threshold|/width)`, and synapse ij by `ψ_i·x̄_j`, with x̄ the spikes of sensory neuron j as the membrane low-passes them. Their mean over a step, ē_ij, is
/// gathered as that of the motor synapses: `e_ij ← γλ·e_ij + L_i·ē_ij`, with the learning signal `L_i = Σ_p B_ip·credit_p`, and dopamine makes it a change:
/// `W_ij += rate·η·clip(dopamine)·e_ij`. Signs stay, magnitudes stay within 0.01 and `limit`, and no synapse is born. Sleep replays what motor
/// neurons heard, and teaches hidden neurons nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EProp {
    /// How much faster than motor synapses these learn.
    pub rate: f32,
    /// Width of the sensitive range, in units of V.
    pub width: f32,
    /// Largest magnitude of a weight.
    pub limit: f32,
    /// B: how the pools reach back.
    pub feedback: Feedback,
}

/// The weights of the learning signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feedback {
    /// Fixed, standard normal: feedback alignment (Lillicrap et al. 2016).
    Random,
    /// The mean weight of hidden neuron i onto pool p, as it is now, times the number of pools: along the gradient of a pathway, as far as it goes
    /// straight to the motor neurons.
    Symmetric,
}

impl EProp {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("rate", self.rate, 0.0..=1e4)?;
        in_range("width", self.width, above(0.0, 100.0))?;
        in_range("limit", self.limit, above(WEIGHT_BOUNDS[0], 1000.0))
    }
}

/// What the synapses of hidden neurons did in a step of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    width: f32,
    keep: f32,
    /// x̄: spikes of sensory neurons, low-passed.
    trace: Vec<f32>,
    /// Sum over the ticks of a step, hidden × sensory.
    sum: Array2<f32>,
    ticks: usize,
}

impl Sensitivity {
    /// Nothing yet.
    pub fn new(params: EProp, tau_mem_ms: f32, layout: &Layout) -> Self {
        let shape = (layout.hidden().len(), layout.sensory().len());
        let keep = 1.0 - 1.0 / tau_mem_ms;
        Self { width: params.width, keep, trace: vec![0.0; shape.1], sum: Array2::zeros(shape), ticks: 0 }
    }

    /// The start of an episode.
    pub fn reset(&mut self) {
        self.trace.fill(0.0);
        self.begin_step();
    }

    /// The start of a step.
    pub fn begin_step(&mut self) {
        self.sum.fill(0.0);
        self.ticks = 0;
    }

    /// A tick in which these neurons' spikes arrived and the hidden neurons had these distances from their thresholds, `V − V_threshold`. Returns what it cost.
    pub fn tick(&mut self, arriving: &[usize], distances: impl Iterator<Item = f32>) -> Operations {
        self.ticks += 1;
        self.trace.iter_mut().for_each(|trace| *trace *= self.keep);
        for &pre in arriving {
            // The traces are of sensory neurons, which come first.
            if let Some(trace) = self.trace.get_mut(pre) {
                *trace += 1.0 - self.keep;
            }
        }
        let trace = ArrayView1::from(&self.trace);
        let mut sensitive = 0;
        for (mut row, distance) in self.sum.rows_mut().into_iter().zip(distances) {
            let psi = 1.0 - distance.abs() / self.width;
            if psi > 0.0 {
                row.scaled_add(psi, &trace);
                sensitive += 1;
            }
        }
        Operations::of_macs((1 + sensitive) * self.trace.len() + self.sum.nrows())
    }
}

/// What synapses onto hidden neurons did lately on a lane, waiting for dopamine: hidden × sensory.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenEligibility {
    traces: Array2<f32>,
    /// Whether anything was remembered since the episode began; asleep, nothing is.
    marked: bool,
}

impl HiddenEligibility {
    /// At rest.
    pub fn new(layout: &Layout) -> Self {
        Self { traces: Array2::zeros((layout.hidden().len(), layout.sensory().len())), marked: false }
    }

    /// The start of an episode.
    pub fn reset(&mut self) {
        self.traces.fill(0.0);
        self.marked = false;
    }

    /// `e_ij ← decay·e_ij + L_i·ē_ij`. Returns what it cost.
    pub fn mark(&mut self, decay: f32, signals: &[f32], seen: &Sensitivity) -> Operations {
        let ticks = seen.ticks.max(1) as f32;
        self.marked = true;
        for ((mut traces, sum), signal) in self.traces.rows_mut().into_iter().zip(seen.sum.rows()).zip(signals) {
            let gate = signal / ticks;
            traces.zip_mut_with(&sum, |trace, sum| *trace = decay * *trace + gate * sum);
        }
        Operations::of_macs(2 * self.traces.len())
    }

    /// `W_ij += step·e_ij` for every synapse that exists, within its bounds. Returns what it cost.
    pub fn apply(&self, step: f32, limit: f32, weights: &mut Array2<f32>, layout: &Layout) -> Operations {
        if !self.marked {
            return Operations::NONE;
        }
        let mut changed = 0;
        for (post, traces) in layout.hidden().zip(self.traces.rows()) {
            for (pre, trace) in traces.iter().enumerate() {
                let weight = &mut weights[[post, pre]];
                if *weight != 0.0 && *trace != 0.0 {
                    changed += 1;
                    let sign = layout.sign(pre);
                    *weight = sign * (sign * (*weight + step * trace)).clamp(WEIGHT_BOUNDS[0], limit);
                }
            }
        }
        Operations::of_macs(changed)
    }
}

/// B: hidden × pools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedbackWeights {
    feedback: Feedback,
    /// Those that are fixed.
    fixed: Vec<[f32; ACTIONS]>,
}

impl FeedbackWeights {
    /// Those of a run with this seed.
    pub fn new(feedback: Feedback, layout: &Layout, seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::Feedback, 0);
        let mut draw = || {
            let mut row = [0.0; ACTIONS];
            noise::fill(&mut rng, &mut row);
            row
        };
        let fixed = match feedback {
            Feedback::Random => layout.hidden().map(|_| draw()).collect(),
            Feedback::Symmetric => Vec::new(),
        };
        Self { feedback, fixed }
    }

    /// Whether they are of this kind, and of a network with so many hidden neurons.
    pub fn fits(&self, feedback: Feedback, layout: &Layout) -> bool {
        let rows = if feedback == Feedback::Random { layout.hidden().len() } else { 0 };
        self.feedback == feedback && self.fixed.len() == rows && self.fixed.iter().flatten().all(|b| b.is_finite())
    }

    /// L: a signal for each hidden neuron, from the credit of each pool. Returns what it cost, too.
    pub fn signals(&self, weights: &Array2<f32>, layout: &Layout, credit: [f32; ACTIONS]) -> (Vec<f32>, Operations) {
        let weigh = |row: &[f32; ACTIONS]| row.iter().zip(credit).map(|(weight, credit)| weight * credit).sum::<f32>();
        let hidden = layout.hidden().len();
        if self.feedback == Feedback::Random {
            return (self.fixed.iter().map(weigh).collect(), Operations::of_macs(ACTIONS * hidden));
        }
        let first = layout.hidden().start - layout.afferents().start;
        let mut signals = vec![0.0; hidden];
        for (pool, credit) in credit.into_iter().enumerate() {
            let scale = ACTIONS as f32 * credit / layout.pool(pool).len() as f32;
            for post in layout.pool(pool) {
                let row = motor_weights(weights, layout, post);
                signals.iter_mut().enumerate().for_each(|(i, signal)| *signal += scale * row[first + i]);
            }
        }
        (signals, Operations::of_macs(layout.motor().len() * hidden))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::Preset;

    const PARAMS: EProp = EProp { rate: 1.0, width: 0.5, limit: 9.0, feedback: Feedback::Symmetric };

    fn layout() -> Layout {
        Layout::new(&Preset::Stdp.config())
    }

    #[test]
    fn golden_eligibility() {
        let layout = layout();
        let mut seen = Sensitivity::new(PARAMS, 20.0, &layout);
        // Ten hidden neurons; the first is just below its threshold, the second above, the third out of reach.
        let distances = || [-0.1, 0.25, -0.6].into_iter().chain([-1.0; 7]);
        assert_eq!(seen.tick(&[3, 75], distances()), Operations::of_macs(3 * 69 + 10));
        seen.tick(&[], distances());
        let mut eligibility = HiddenEligibility::new(&layout);
        let signals = [2.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        eligibility.mark(0.5, &signals, &seen);
        // x̄ is 0.05, then 0.0475; their mean over two ticks 0.04875.
        assert!((eligibility.traces[[0, 3]] - 2.0 * 0.8 * 0.04875).abs() < 1e-6);
        assert!((eligibility.traces[[1, 3]] - 0.5 * 0.04875).abs() < 1e-6);
        assert_eq!((eligibility.traces[[2, 3]], eligibility.traces[[0, 4]]), (0.0, 0.0));
        seen.begin_step();
        eligibility.mark(0.5, &signals, &seen);
        assert!((eligibility.traces[[1, 3]] - 0.25 * 0.04875).abs() < 1e-6);
    }

    #[test]
    fn only_synapses_that_exist_change_and_they_keep_their_signs() {
        let layout = layout();
        let mut weights = Array2::zeros((100, 100));
        (weights[[69, 3]], weights[[69, 4]], weights[[70, 3]]) = (1.0, -1.0, 8.0);
        let mut eligibility = HiddenEligibility { traces: Array2::from_elem((10, 69), 1.0), marked: false };
        assert_eq!(eligibility.apply(3.0, PARAMS.limit, &mut weights, &layout), Operations::NONE, "as in sleep");
        eligibility.marked = true;
        assert_eq!(eligibility.apply(3.0, PARAMS.limit, &mut weights, &layout), Operations::of_macs(3));
        assert_eq!((weights[[69, 3]], weights[[69, 4]], weights[[70, 3]]), (4.0, -0.01, 9.0));
        assert_eq!(weights.iter().filter(|&&weight| weight != 0.0).count(), 3);
    }

    #[test]
    fn the_signal_is_what_a_hidden_neuron_does_for_the_pools() {
        let layout = layout();
        let mut weights = Array2::zeros((100, 100));
        // The first hidden neuron excites all seven neurons of the pool left.
        layout.pool(0).for_each(|post| weights[[post, 69]] = 0.5);
        let symmetric = FeedbackWeights::new(Feedback::Symmetric, &layout, 1);
        let (signals, _) = symmetric.signals(&weights, &layout, [0.6, -0.4, -0.2]);
        assert!((signals[0] - 3.0 * 0.5 * 0.6).abs() < 1e-6 && signals[1..].iter().all(|&signal| signal == 0.0));
        let random = FeedbackWeights::new(Feedback::Random, &layout, 1);
        let (signals, _) = random.signals(&weights, &layout, [1.0, 1.0, 1.0]);
        assert!(signals.len() == 10 && signals.iter().all(|&signal| signal != 0.0));
        assert_eq!(random, FeedbackWeights::new(Feedback::Random, &layout, 1));
        assert_ne!(random, FeedbackWeights::new(Feedback::Random, &layout, 2));
    }
}
