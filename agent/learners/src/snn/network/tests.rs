use std::ops::Range;

use super::*;
use crate::snn::Preset;
use crate::snn::ahead::AheadCells;
use crate::snn::encoder::{CodeMemory, PopulationCode};
use crate::snn::stdp::{PairStdp, StdpParams};

const AHEAD_CELLS: AheadCells =
    AheadCells { steps: 2, cells_per_sensor: 0, difference_cells: 3, rate: 0.1, clip: 5.0, offset: 1.0 };

fn watched(pairs: &mut PairStdp) -> Witnesses<'_> {
    Witnesses { pairs: Some(pairs), hidden: None }
}

#[test]
fn counts_are_the_rates_of_the_code() {
    let network = Network::new(Preset::Stdp.config(), 1).unwrap();
    let mut state = NetworkState::new(&network, 1, 0);
    let (mut sums, observation) = (vec![0.0; 79], [5.0, 12.0, 7.0]);
    for _ in 0..100 {
        network.simulate(&mut state, &observation, Witnesses::default());
        sums.iter_mut().zip(state.counts()).for_each(|(sum, count)| *sum += count / 100.0);
    }
    let mut rates = vec![0.0; 69];
    let mut memory = CodeMemory::default();
    memory.reset(&network.config().code);
    network.config().code.rates(&observation, &mut memory, &mut rates);
    for (sum, rate) in sums.iter().zip(&rates) {
        assert!((sum - rate).abs() < 0.001, "{sum} instead of {rate}");
    }
    assert!(sums[69..].iter().any(|&rate| rate > 0.0), "some hidden neuron spikes");
}

#[test]
fn without_spikes_the_features_are_the_rates_themselves() {
    let network = Network::new(Preset::Spikeless.config(), 1).unwrap();
    let mut state = NetworkState::new(&network, 1, 0);
    state.watch(Watch::Everything);
    let observation = [5.0, 12.0, 7.0];
    network.simulate(&mut state, &observation, Witnesses::default());
    let mut rates = vec![0.0; 69];
    let mut memory = CodeMemory::default();
    memory.reset(&network.config().code);
    network.config().code.rates(&observation, &mut memory, &mut rates);
    assert_eq!(state.features(), rates);
    assert_eq!((state.raster(), network.populations(Watch::Everything, false)), (None, vec![]));
}

#[test]
fn motor_neurons_change_nothing_that_is_read_out() {
    let network = Network::new(Preset::Stdp.config(), 3).unwrap();
    let (mut with, mut without) = (NetworkState::new(&network, 3, 0), NetworkState::new(&network, 3, 0));
    let mut stdp = PairStdp::new(StdpParams::default(), 21, 79);
    for step in 0..20 {
        let observation = [step as f32, 10.0, 3.0];
        network.simulate(&mut with, &observation, watched(&mut stdp));
        network.simulate(&mut without, &observation, Witnesses::default());
        assert_eq!(with.counts(), without.counts());
    }
    assert!(stdp.pairings().iter().any(|&pairing| pairing > 0.0), "the motor neurons spiked");
}

#[test]
fn the_raster_holds_the_spikes_that_are_counted_and_noting_them_changes_nothing() {
    for preset in Preset::ALL.into_iter().filter(|&preset| preset != Preset::Spikeless) {
        let network = Network::new(preset.config(), 4).unwrap();
        let (mut seen, mut unseen) = (NetworkState::new(&network, 4, 0), NetworkState::new(&network, 4, 0));
        let mut stdp =
            PairStdp::new(StdpParams::default(), network.layout().motor().len(), network.layout().presynaptic());
        assert_eq!(seen.raster(), None);
        seen.watch(Watch::Everything);
        for step in 0..20 {
            let observation = [step as f32, 10.0, 3.0];
            network.simulate(&mut seen, &observation, watched(&mut stdp));
            network.simulate(&mut unseen, &observation, Witnesses::default());
            assert_eq!(seen.counts(), unseen.counts(), "{preset}");
        }
        let (raster, ticks) = (seen.raster().unwrap(), network.config().ticks);
        assert_eq!(raster.ticks(), ticks);
        let spikes = |neuron| (0..ticks).filter(|&tick| raster.spiked(tick, neuron)).count() as f32;
        for (neuron, count) in seen.counts().iter().enumerate() {
            assert_eq!(spikes(neuron), (count * ticks as f32).round(), "{preset}: neuron {neuron}");
        }
        let pools = [0, 1, 2].map(|action| network.layout().pool(action).map(spikes).sum::<f32>());
        assert_eq!(pools, seen.pool_spikes(network.layout()), "{preset}");
    }
}

#[test]
fn frugal_decides_with_twelve_accumulates() {
    let network = Network::new(Preset::Frugal.config(), 1).unwrap();
    let mut state = NetworkState::new(&network, 1, 0);
    // One spike for each of three rays and one for the last action, each heard by three motor neurons; 78 cells take one tick.
    let expected = Operations { acs: 12, macs: 0, neuron_updates: 78 };
    for observation in [[5.0, 12.0, 7.0], [1.0, 20.0, 3.0]] {
        network.act_greedily(&mut state, &observation);
        assert_eq!(state.operations(), expected);
    }
}

/// Accumulates that the spikes of these rows cause at synapses onto `post`, one by one.
fn accumulates(network: &Network, rows: &[Vec<usize>], post: Range<usize>) -> u64 {
    let onto = |pre: usize| post.clone().filter(|&post| network.weights()[[post, pre]] != 0.0).count() as u64;
    rows.iter().flatten().map(|&pre| onto(pre)).sum()
}

#[test]
fn every_spike_of_the_raster_costs_one_accumulate_a_synapse() {
    let spiking = |preset: &Preset| preset.config().signal == Signal::Spikes;
    for preset in Preset::ALL.into_iter().filter(spiking) {
        let network = Network::new(preset.config(), 4).unwrap();
        let (mut state, layout, ticks) = (NetworkState::new(&network, 4, 0), *network.layout(), network.config().ticks);
        state.watch(Watch::Everything);
        let mut last = Vec::new();
        for step in 0..20 {
            network.act_greedily(&mut state, &[step as f32, 10.0, 3.0]);
            let raster = state.raster().unwrap();
            let spikes = |tick| (0..layout.presynaptic()).filter(|&neuron| raster.spiked(tick, neuron)).collect();
            let emitted: Vec<Vec<usize>> = (0..ticks).map(spikes).collect();
            // A spike arrives a tick after it was fired.
            let arriving = [&[last][..], &emitted[..ticks - 1]].concat();
            last = emitted[ticks - 1].clone();
            let by_vote = network.config().readout == Readout::Vote;
            let heard = if by_vote { &arriving } else { &emitted };
            let acs = accumulates(&network, &arriving, layout.hidden()) + accumulates(&network, heard, layout.motor());
            let simulated = layout.presynaptic() + if by_vote { layout.motor().len() } else { 0 };
            // From the second step on each of three rays is predicted from the action and 60 cells, and then corrected.
            let predicted = if network.forward().is_some() && step > 0 { 3 * 61 } else { 0 };
            // Slow traces take two multiplications each, and one for each synapse that hears them.
            let slow = if network.filtered.ncols() > 0 { 2 * 60 + 21 * 60 } else { 0 };
            let macs = predicted + slow;
            let expected = Operations { acs, macs, neuron_updates: (ticks * simulated) as u64 };
            assert_eq!(state.operations(), expected, "{preset}, step {step}");
        }
    }
}

#[test]
fn cells_that_look_ahead_tell_the_present_while_nothing_is_learned() {
    let base = Preset::Memory.config();
    let code = PopulationCode { ahead: Some(AHEAD_CELLS), ..base.code };
    let network = Network::new(SnnConfig { code, hidden_neurons: 10, ..base }, 4).unwrap();
    let mut state = NetworkState::new(&network, 4, 0);
    network.act_greedily(&mut state, &[6.0, 10.0, 6.0]);
    assert_eq!(state.rates[57..60], [0.0, 0.5, 0.0].map(|share: f32| share.max(state.rates[57])));
    // Three rays, each from 57 cells and a constant.
    assert_eq!(state.operations().macs, 3 * 58);
}

#[test]
fn what_a_lost_cell_says_is_no_part_of_a_prediction_or_of_a_file() {
    let base = Preset::Memory.config();
    let code = PopulationCode { ahead: Some(AHEAD_CELLS), ..base.code };
    let mut network = Network::new(SnnConfig { code, hidden_neurons: 10, ..base }, 4).unwrap();
    let changes = Array2::ones((3, 60));
    network.foresight = Some(Foresight::with_changes(AHEAD_CELLS, changes));
    network.cut(&[5, 58]).unwrap();
    let arrays = network.arrays();
    let ahead = &arrays.iter().find(|array| array.name == AHEAD).unwrap().values;
    // 58 looks ahead itself: the columns from 57 on are of a constant and of actions.
    assert_eq!((ahead.column(5).sum(), ahead.sum()), (0.0, 3.0 * 59.0));
}

#[test]
fn without_spikes_every_synapse_is_a_multiplication() {
    let network = Network::new(Preset::Spikeless.config(), 4).unwrap();
    let mut state = NetworkState::new(&network, 4, 0);
    network.act_greedily(&mut state, &[5.0, 10.0, 3.0]);
    // 69 cells, each heard by 21 motor neurons.
    assert_eq!(state.operations(), Operations::of_macs(69 * 21));
}

#[test]
fn motor_neurons_that_only_a_watcher_needs_spike_as_they_would_in_learning() {
    let network = Network::new(Preset::Stdp.config(), 3).unwrap();
    let (mut learning, mut shown) = (NetworkState::new(&network, 3, 0), NetworkState::new(&network, 3, 0));
    let mut stdp = PairStdp::new(StdpParams::default(), 21, 79);
    let before = shown.streams().motor.clone();
    [&mut learning, &mut shown].into_iter().for_each(|state| state.watch(Watch::Everything));
    for step in 0..20 {
        let observation = [step as f32, 10.0, 3.0];
        network.simulate(&mut learning, &observation, watched(&mut stdp));
        network.simulate(&mut shown, &observation, Witnesses::default());
        assert_eq!(shown.raster(), learning.raster());
    }
    assert!(learning.pool_spikes(network.layout()).iter().sum::<f32>() > 0.0);
    assert_eq!(shown.streams().motor, before, "a watcher draws no number of the run");
    shown.watch(Watch::Nothing);
    shown.reset(&network);
    let mut unwatched = NetworkState::between_episodes(&network, shown.streams().clone());
    unwatched.encoder = shown.encoder.clone();
    network.simulate(&mut shown, &[4.0, 4.0, 4.0], Witnesses::default());
    network.simulate(&mut unwatched, &[4.0, 4.0, 4.0], Witnesses::default());
    assert_eq!(shown.streams(), unwatched.streams());
}

#[test]
fn populations_are_the_layers_whose_spikes_are_noted() {
    let of = |preset: Preset, watch, stdp| {
        let shown = Network::new(preset.config(), 1).unwrap().populations(watch, stdp);
        shown.into_iter().map(|Shown { name, neurons }| (name, neurons.start, neurons.end)).collect::<Vec<_>>()
    };
    let layers = [("sensory", 0, 69), ("hidden", 69, 79)];
    let pools = [("motor left", 79, 86), ("motor straight", 86, 93), ("motor right", 93, 100)];
    assert_eq!(of(Preset::Stdp, Watch::Simulated, true), [&layers[..], &pools].concat());
    assert_eq!(of(Preset::Pathway, Watch::Everything, false), [&layers[..], &pools].concat());
    assert_eq!(of(Preset::Pathway, Watch::Simulated, false), layers);
    let frugal = of(Preset::Frugal, Watch::Everything, false);
    let names: Vec<_> = frugal.iter().map(|shown| shown.0).collect();
    assert_eq!(names, ["sensory", "motor left", "motor straight", "motor right"]);
}

#[test]
fn the_state_is_a_function_of_seed_and_lane() {
    let network = Network::new(Preset::Pathway.config(), 1).unwrap();
    assert_eq!(NetworkState::new(&network, 1, 0), NetworkState::new(&network, 1, 0));
    assert_ne!(NetworkState::new(&network, 1, 0), NetworkState::new(&network, 1, 1));
    assert_ne!(Network::new(Preset::Pathway.config(), 1), Network::new(Preset::Pathway.config(), 2));
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let config = Preset::Stdp.config();
    let text = |weights: Array2<f32>| Network::with_weights(config, &weights).unwrap_err().to_string();
    assert_eq!(text(Array2::zeros((100, 99))), "the weights are 100 × 99: they must be 100 × 100, W[post, pre]");
    let mut weights = Array2::zeros((100, 100));
    let predictive = Preset::Predictive.config();
    let born = Network::new(predictive, 1).unwrap();
    let with = |name: &str, values| {
        let other = NamedArray { name: name.to_owned(), values };
        [born.arrays()[0].clone(), other]
    };
    let refusal = Network::with_arrays(predictive, &with(FORWARD, Array2::zeros((9, 61)))).unwrap_err().to_string();
    assert_eq!(refusal, "the array forward is 9 × 61: it must be 9 × 60");
    let memory = Preset::Memory.config();
    let code = PopulationCode { ahead: Some(AHEAD_CELLS), ..memory.code };
    let looks_ahead = SnnConfig { code, hidden_neurons: 10, ..memory };
    let refusal = Network::with_arrays(looks_ahead, &born.arrays()[..1]).unwrap_err().to_string();
    assert_eq!(refusal, "there is no array ahead: it must be 3 × 60");
    let refusal = Network::with_arrays(predictive, &born.arrays()[..1]).unwrap_err().to_string();
    assert_eq!(refusal, "there is no array forward: it must be 9 × 60");
    weights[[3, 4]] = f32::NAN;
    assert_eq!(text(weights), "weight [3, 4] is NaN: every weight must be finite");
    let fortran = Network::new(config, 1).unwrap().weights().t().as_standard_layout().into_owned();
    let restored = Network::with_weights(config, &fortran.reversed_axes()).unwrap();
    assert_eq!(restored, Network::new(config, 1).unwrap());
}
