//! What a trained network drives like without inhibition of its motor neurons.

use spikedrive_env::{Phase, Split, WorldOptions};
use spikedrive_learners::learner::{FILTERED, WEIGHTS};
use spikedrive_learners::random::{Purpose, some_of, stream};
use spikedrive_learners::snn::Network;

use crate::env::LocalFactory;
use crate::evaluate::{Evaluator, held_out};
use crate::failure::Failure;
use crate::lesson::HORIZON;
use crate::stop::StopFlag;
use crate::summary::FinalScore;

/// How often excitatory neurons are drawn, to be cut in the place of the inhibitory ones.
pub const DRAWS: u64 = 5;

/// A network's afferents and its return, horizon 100, on the 50 test tracks of phase 4, without the synapses of its inhibitory neurons onto
/// motor neurons, and without those of as many excitatory ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuts {
    /// Neurons that motor neurons hear: inhibitory, excitatory.
    pub afferents: [usize; 2],
    /// All inhibition of motor neurons is cut.
    pub no_inhibition: FinalScore,
    /// As many excitatory afferents are cut: mean return and crash rate over [`DRAWS`] draws.
    pub less_excitation: [f64; 2],
}

/// Cuts and drives.
pub fn cuts(network: &Network, evaluator: &Evaluator, seed: u64, stop: &StopFlag) -> Result<Cuts, Failure> {
    let layout = network.layout();
    let (inhibitory, excitatory): (Vec<usize>, Vec<usize>) =
        layout.afferents().partition(|&pre| layout.sign(pre) < 0.0);
    let test = |cut: &[usize]| test(&without(network, cut)?, evaluator, seed, stop);
    let mut less_excitation = [0.0; 2];
    for lane in 0..DRAWS {
        let drawn = some_of(inhibitory.len(), excitatory.len(), &mut stream(seed, Purpose::Surrogate, lane));
        let FinalScore { mean, crash_rate, .. } = test(&drawn.iter().map(|&k| excitatory[k]).collect::<Vec<_>>())?;
        less_excitation[0] += mean / DRAWS as f64;
        less_excitation[1] += crash_rate / DRAWS as f64;
    }
    let afferents = [inhibitory.len(), excitatory.len()];
    Ok(Cuts { afferents, no_inhibition: test(&inhibitory)?, less_excitation })
}

/// The network whose motor neurons do not hear these.
fn without(network: &Network, cut: &[usize]) -> Result<Network, Failure> {
    let (mut arrays, layout) = (network.arrays(), network.layout());
    for array in &mut arrays {
        for &pre in cut {
            match array.name.as_str() {
                WEIGHTS => layout.motor().for_each(|post| array.values[[post, pre]] = 0.0),
                FILTERED => layout.filtered_columns(pre).for_each(|k| array.values.column_mut(k).fill(0.0)),
                _ => (),
            }
        }
    }
    Ok(Network::with_arrays(*network.config(), &arrays)?)
}

/// Greedy, without learning.
pub fn test(network: &Network, evaluator: &Evaluator, seed: u64, stop: &StopFlag) -> Result<FinalScore, Failure> {
    let options = WorldOptions { rays: network.config().code.rays, ..WorldOptions::default() };
    let world = held_out(Phase::Complex, Split::Test, HORIZON, Split::Test.tracks() as usize, options);
    FinalScore::of(&evaluator.evaluate(&LocalFactory, &world, network, seed, stop)?)
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::snn::Preset;

    use super::*;

    #[test]
    fn what_is_cut_is_heard_by_hidden_neurons_alone() {
        let network = Network::new(Preset::Stdp.config(), 1).unwrap();
        let without = without(&network, &[4, 9]).unwrap();
        for ((post, pre), &weight) in network.weights().indexed_iter() {
            let is_cut = network.layout().motor().contains(&post) && [4, 9].contains(&pre);
            assert_eq!(without.weights()[[post, pre]], if is_cut { 0.0 } else { weight });
        }
    }

    #[test]
    fn as_many_are_cut_of_either_kind() {
        let network = Network::new(Preset::Frugal.config(), 1).unwrap();
        let cuts = cuts(&network, &Evaluator::new(1).unwrap(), 1, &StopFlag::default()).unwrap();
        assert_eq!(cuts.afferents, [15, 63]);
        assert!(cuts.less_excitation[0].is_finite() && (0.0..=1.0).contains(&cuts.less_excitation[1]));
    }
}
