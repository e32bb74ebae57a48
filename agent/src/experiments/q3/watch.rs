//! Driving with everything watched.

use spikedrive_env::{Action, Phase, Split, WorldOptions};
use spikedrive_learners::random::{Purpose, stream};
use spikedrive_learners::snn::plasticity::Witnesses;
use spikedrive_learners::snn::{Network, NetworkState};
use spikedrive_learners::{ACTIONS, Watch};

use super::spikes::{MOST_TICKS, Spikes};
use crate::env::{EnvFactory, LocalFactory};
use crate::evaluate::{FIRST_EVALUATION_LANE, held_out};
use crate::failure::Failure;
use crate::lesson::HORIZON;

/// What one car saw and did, step by step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drive {
    /// The distances that it saw.
    pub observations: Vec<Vec<f32>>,
    /// The actions that it took.
    pub actions: Vec<usize>,
}

/// Drives the first so many test tracks of phase 4, greedily, as in the test of the run; without learning.
pub fn drive(network: &Network, seed: u64, tracks: usize) -> Result<Vec<Drive>, Failure> {
    let options = WorldOptions { rays: network.config().code.rays, ..WorldOptions::default() };
    let mut env = LocalFactory.make(&held_out(Phase::Complex, Split::Test, HORIZON, tracks, options))?;
    let mut states: Vec<NetworkState> = (0..tracks).map(|lane| state(network, seed, lane)).collect();
    let mut drives = vec![(Drive::default(), true); tracks];
    while drives.iter().any(|(_, goes_on)| *goes_on) {
        let mut actions = vec![Action::Straight; tracks];
        let observations = env.observations().chunks_exact(options.rays);
        for (((drive, _), state), (action, observation)) in
            drives.iter_mut().zip(&mut states).zip(actions.iter_mut().zip(observations)).filter(|((car, _), _)| car.1)
        {
            let decided = network.act_greedily(state, observation);
            drive.observations.push(observation.to_vec());
            drive.actions.push(decided);
            *action = Action::ALL[decided];
        }
        let ends = &env.step(&actions)?.ends;
        drives.iter_mut().zip(ends).for_each(|((_, goes_on), end)| *goes_on &= end.is_none());
    }
    Ok(drives.into_iter().map(|(drive, _)| drive).collect())
}

/// Shows drives to a network, so many times: it sees what that car saw and is told what that car did, whatever it would have done itself.
/// Each trial has random numbers of its own; the first has those of the drives, so that the network that drove them repeats them. The winner
/// of a step is the pool that wins in this network.
pub fn show(network: &Network, drives: &[Drive], seed: u64, trials: usize) -> Result<Spikes, Failure> {
    let ticks = network.config().ticks;
    let too_long =
        || Failure::Usage(format!("a step of {ticks} ticks is too long to be watched: at most {MOST_TICKS}"));
    let mut spikes = Spikes::new(network.layout().motor().end, ticks).ok_or_else(too_long)?;
    for lane in 0..trials * drives.len() {
        let Drive { observations, actions } = &drives[lane % drives.len()];
        let mut state = state(network, seed, lane);
        let mut ties = stream(seed, Purpose::Ties, FIRST_EVALUATION_LANE + lane as u64);
        state.watch(Watch::Everything);
        for (observation, &action) in observations.iter().zip(actions) {
            network.simulate(&mut state, observation, Witnesses::default());
            let winner = network.competition(&state).decide(&mut ties);
            if let Some(raster) = state.raster() {
                spikes.push(winner, raster);
            }
            state.note_action(action);
        }
    }
    Ok(spikes)
}

/// The lane of an evaluation.
fn state(network: &Network, seed: u64, lane: usize) -> NetworkState {
    NetworkState::new(network, seed, FIRST_EVALUATION_LANE + lane as u64)
}

/// The pools of motor neurons.
pub fn pools(network: &Network) -> [std::ops::Range<usize>; ACTIONS] {
    [0, 1, 2].map(|action| network.layout().pool(action))
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::snn::Preset;

    use super::*;

    #[test]
    fn the_network_that_drove_repeats_its_drives_and_then_sees_them_with_other_random_numbers() {
        for preset in [Preset::Stdp, Preset::OwnSpike] {
            let network = Network::new(preset.config(), 3).unwrap();
            let drives = drive(&network, 3, 2).unwrap();
            let steps: usize = drives.iter().map(|drive| drive.actions.len()).sum();
            let spikes = show(&network, &drives, 3, 2).unwrap();
            let actions: Vec<usize> = drives.iter().flat_map(|drive| drive.actions.clone()).collect();
            assert_eq!((spikes.steps(), &spikes.winners()[..steps]), (2 * steps, &actions[..]), "{preset}");
            let sum = |from: usize, neurons: std::ops::Range<usize>| {
                let of = |step| neurons.clone().map(move |neuron| (step, neuron));
                (from..from + steps).flat_map(of).map(|(step, neuron)| spikes.count(step, neuron)).sum::<u32>()
            };
            let (first, second) = (sum(0, 0..100), sum(steps, 0..100));
            assert!(first > 0 && first.abs_diff(second) < first / 5, "{first} and {second}");
            assert!((0..steps).any(|step| spikes.train(step, 0) != spikes.train(step + steps, 0)));
            assert!(sum(0, network.layout().motor()) > 0, "motor neurons are watched");
        }
    }
}
