//! What inhibitory neurons do to the pools that lose.

use spikedrive_learners::ACTIONS;
use spikedrive_learners::snn::Network;

use super::spikes::Spikes;

/// Weights are numbers of 24 bits: a smaller lead is none.
const LEAST_LEAD: f64 = 1e-6;

/// Mean synaptic current into a neuron of each pool in one step, by the sign of who sends it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Currents {
    /// `Σ_j W_ij·x_j` over excitatory afferents j, x being spikes per tick.
    pub excitation: [f64; ACTIONS],
    /// The same over inhibitory ones, as a magnitude.
    pub inhibition: [f64; ACTIONS],
}

/// Of what the winner's lead is made, in units of current; mean over steps. The lead in net current is the sum of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lead {
    /// Excitation of the winner − mean excitation of the losers.
    pub excitation: f64,
    /// Mean inhibition of the losers − inhibition of the winner: above 0 where inhibition suppresses the actions that compete.
    pub inhibition: f64,
}

/// The currents of each step.
pub fn currents(network: &Network, spikes: &Spikes) -> Vec<Currents> {
    let (layout, weights) = (network.layout(), network.weights());
    let ticks = spikes.ticks() as f64;
    let of_step = |step| {
        let mut currents = Currents::default();
        for pre in layout.afferents().filter(|&pre| spikes.count(step, pre) > 0) {
            let x = f64::from(spikes.count(step, pre)) / ticks;
            let onto = if layout.sign(pre) > 0.0 { &mut currents.excitation } else { &mut currents.inhibition };
            for (pool, current) in onto.iter_mut().enumerate() {
                let posts = layout.pool(pool);
                let n = posts.len() as f64;
                *current += x * posts.map(|post| f64::from(weights[[post, pre]].abs())).sum::<f64>() / n;
            }
        }
        currents
    };
    (0..spikes.steps()).map(of_step).collect()
}

/// The lead of these winners, one for each step; none without a step.
pub fn lead(currents: &[Currents], winners: &[usize]) -> Option<Lead> {
    let over_losers = |current: &[f64; ACTIONS], winner: usize| {
        (current.iter().sum::<f64>() - current[winner]) / (ACTIONS - 1) as f64
    };
    let mut lead = Lead::default();
    for (Currents { excitation, inhibition }, &winner) in currents.iter().zip(winners) {
        lead.excitation += excitation[winner] - over_losers(excitation, winner);
        lead.inhibition += over_losers(inhibition, winner) - inhibition[winner];
    }
    let steps = currents.len().min(winners.len()) as f64;
    (steps > 0.0).then(|| Lead { excitation: lead.excitation / steps, inhibition: lead.inhibition / steps })
}

impl Lead {
    /// How much of the lead inhibition makes; none where there is no lead beyond what rounding leaves, as at birth with equal weights.
    pub fn inhibition_share(self) -> Option<f64> {
        let lead = self.excitation + self.inhibition;
        (lead > LEAST_LEAD).then(|| self.inhibition / lead)
    }
}

/// The share of inhibitory neurons in all spikes that motor neurons hear: what their part in the lead would be if a spike of either kind told
/// the pools apart as well. None where there are no spikes.
pub fn inhibitory_spikes(network: &Network, spikes: &Spikes) -> Option<f64> {
    let layout = network.layout();
    let (mut inhibitory, mut all) = (0u64, 0u64);
    for pre in layout.afferents() {
        let count: u64 = (0..spikes.steps()).map(|step| u64::from(spikes.count(step, pre))).sum();
        all += count;
        inhibitory += if layout.sign(pre) < 0.0 { count } else { 0 };
    }
    (all > 0).then(|| inhibitory as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use spikedrive_learners::Raster;
    use spikedrive_learners::snn::Preset;

    use super::*;

    #[test]
    fn golden_currents() {
        let config = Preset::Stdp.config();
        let mut weights = Array2::zeros((100, 100));
        // Neuron 4 is inhibitory, 5 is not; pools are 79..86, 86..93, 93..100.
        weights[[79, 4]] = -0.7;
        (86..93).for_each(|post| weights[[post, 5]] = 0.4);
        let network = Network::with_weights(config, &weights).unwrap();
        let mut spikes = Spikes::new(100, 20).unwrap();
        let mut raster = Raster::new(100);
        (0..20).for_each(|tick| raster.tick([4, 5].into_iter().filter(move |pre| tick < 5 * (pre - 3))));
        spikes.push(1, &raster);
        let currents = currents(&network, &spikes);
        let Currents { excitation, inhibition } = currents[0];
        let close = |a: f64, b: f64| (a - b).abs() < 1e-7;
        assert!(close(inhibition[0], 0.25 * 0.1) && inhibition[1..] == [0.0, 0.0], "{inhibition:?}");
        assert!(close(excitation[1], 0.5 * 0.4) && excitation[0] == 0.0, "{excitation:?}");
        let lead = lead(&currents, spikes.winners()).unwrap();
        assert!(close(lead.excitation, 0.2) && close(lead.inhibition, 0.0125), "{lead:?}");
        assert!(close(lead.inhibition_share().unwrap(), 0.0125 / 0.2125));
        assert_eq!(Lead::default().inhibition_share(), None);
        assert_eq!(inhibitory_spikes(&network, &spikes), Some(5.0 / 15.0));
        assert_eq!(super::lead(&[], &[]), None);
    }
}
