//! All measures of one network, each with what chance would make of the same spikes.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use spikedrive_learners::snn::Network;

use super::correlation::{Pairs, across_trials, correlation};
use super::inhibition::{currents, inhibitory_spikes, lead};
use super::row::{BINS, PAIRS};
use super::sparseness::Sparseness;
use super::spikes::Spikes;
use super::surrogate::{shuffle, steps_shuffled, thrown, times_shuffled};
use super::watch::pools;

/// By column of [`COLUMNS`](super::row::COLUMNS); what does not exist is left out.
pub type Values = BTreeMap<String, f64>;

/// Measures spikes of so many trials; means over so many shuffles are what chance makes of them.
pub fn measures(network: &Network, spikes: &Spikes, trials: usize, shuffles: usize, rng: &mut ChaCha8Rng) -> Values {
    let mut values = Values::from([("steps".to_owned(), spikes.steps() as f64)]);
    synchrony(&mut values, network, spikes, trials, shuffles, rng);
    let layout = network.layout();
    let all = 0..layout.motor().end;
    let layers = [("all", all), ("sensory", layout.sensory()), ("hidden", layout.hidden()), ("motor", layout.motor())];
    for (layer, neurons) in layers {
        sparse(&mut values, layer, &spikes.of(neurons), rng);
    }
    inhibition(&mut values, network, spikes, shuffles, rng);
    values
}

/// Correlations of motor neurons.
fn synchrony(
    values: &mut Values,
    network: &Network,
    spikes: &Spikes,
    trials: usize,
    shuffles: usize,
    rng: &mut ChaCha8Rng,
) {
    let (motor, pools) = (network.layout().motor(), pools(network));
    let pools = pools.map(|pool| pool.start - motor.start..pool.end - motor.start);
    let spikes = spikes.of(motor);
    let bins = [1, 5, spikes.ticks()];
    let mut note = |bin: usize, null: &str, pairs: Option<Pairs>, weight: f64| {
        let Some(Pairs { within, between }) = pairs else { return };
        for (name, value) in PAIRS.into_iter().zip([within, between]) {
            if let Some(value) = value {
                *values.entry(format!("{name}_{}{null}", BINS[bin])).or_default() += weight * value;
            }
        }
    };
    for (bin, &ticks) in bins.iter().enumerate() {
        note(bin, "", correlation(&spikes, &pools, ticks), 1.0);
        note(bin, "_other_trials", across_trials(&spikes, &pools, ticks, trials), 1.0);
    }
    let weight = 1.0 / shuffles as f64;
    for _ in 0..shuffles {
        let (times, steps) = (times_shuffled(&spikes, rng), steps_shuffled(&spikes, rng));
        for (bin, &ticks) in bins.iter().enumerate() {
            note(bin, "_steps_shuffled", correlation(&steps, &pools, ticks), weight);
            if bin + 1 < bins.len() {
                note(bin, "_times_shuffled", correlation(&times, &pools, ticks), weight);
            }
        }
    }
}

/// How few neurons of a layer spike.
fn sparse(values: &mut Values, layer: &str, spikes: &Spikes, rng: &mut ChaCha8Rng) {
    let Some(own) = Sparseness::of(spikes) else { return };
    values.insert(format!("{layer}_rate_hz"), 1000.0 * own.active_per_tick);
    for (null, sparseness) in [("", Some(own)), ("_thrown", Sparseness::of(&thrown(spikes, rng)))] {
        let Some(Sparseness { active_per_step, population, lifetime, .. }) = sparseness else { continue };
        values.insert(format!("{layer}_active_per_step_percent{null}"), 100.0 * active_per_step);
        let both = [("population", population), ("lifetime", lifetime)];
        let there = both.into_iter().filter_map(|(name, value)| Some((name, value?)));
        values.extend(there.map(|(name, value)| (format!("{layer}_{name}_sparseness{null}"), value)));
    }
}

/// Who makes the lead of the winner.
fn inhibition(values: &mut Values, network: &Network, spikes: &Spikes, shuffles: usize, rng: &mut ChaCha8Rng) {
    let currents = currents(network, spikes);
    let Some(own) = lead(&currents, spikes.winners()) else { return };
    values.insert("excitation_lead".to_owned(), own.excitation);
    values.insert("inhibition_lead".to_owned(), own.inhibition);
    let shares = [
        ("inhibition_share_percent", own.inhibition_share()),
        ("inhibitory_spikes_percent", inhibitory_spikes(network, spikes)),
    ];
    values.extend(shares.into_iter().filter_map(|(name, share)| Some((name.to_owned(), 100.0 * share?))));
    let mut winners = spikes.winners().to_vec();
    for _ in 0..shuffles {
        shuffle(&mut winners, rng);
        let Some(chance) = lead(&currents, &winners) else { continue };
        for (sign, value) in [("excitation", chance.excitation), ("inhibition", chance.inhibition)] {
            *values.entry(format!("{sign}_lead_labels_shuffled")).or_default() += value / shuffles as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::random::{Purpose, stream};
    use spikedrive_learners::snn::Preset;

    use super::super::row::COLUMNS;
    use super::super::watch::{drive, show};
    use super::*;

    #[test]
    fn every_measure_has_a_column_and_every_column_a_measure() {
        let network = Network::new(Preset::Stdp.config(), 1).unwrap();
        let spikes = show(&network, &drive(&network, 1, 3).unwrap(), 1, 2).unwrap();
        let measure = || measures(&network, &spikes, 2, 2, &mut stream(1, Purpose::Surrogate, 0));
        let values = measure();
        let mut columns = COLUMNS.clone();
        columns.sort_unstable();
        assert_eq!(values.keys().cloned().collect::<Vec<String>>(), columns);
        assert!(values.values().all(|value| value.is_finite()), "{values:?}");
        assert_eq!(measure(), values, "the same random numbers");
    }

    #[test]
    fn what_a_network_does_not_have_is_left_out() {
        let network = Network::new(Preset::Frugal.config(), 1).unwrap();
        let spikes = show(&network, &drive(&network, 1, 3).unwrap(), 1, 2).unwrap();
        let values = measures(&network, &spikes, 2, 2, &mut stream(1, Purpose::Surrogate, 0));
        let missing = |column: &str| !values.contains_key(column);
        assert!(missing("hidden_rate_hz") && missing("within_1ms") && missing("between_5ms"), "{values:?}");
        assert!(!missing("sensory_rate_hz"));
    }
}
