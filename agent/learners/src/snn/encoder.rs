//! Encoders: distances become spikes of cells, mostly of such as are each tuned to a range (population coding).
//!
//! Sensory neurons are spike generators, no LIF neurons.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::ahead::AheadCells;
use super::change::ChangeCells;
use super::tuning::Tuning;
use crate::ACTIONS;
use crate::random::uniform;
use crate::range::{above, in_range, part};

/// Population code over the distances of an odd number of rays, from left to right.
///
/// Each distance d becomes u in [0, 1] by the [`Scale`]: ahead (the middle ray) `u = d/20`, at the sides mostly `u = 1/(1 + exp(−(d − 6)/s))`, which
/// spends most cells on the distances where steering is decided. Its cells answer as [`Tuning`] says. Difference cells do the same for
/// `u = 1/(1 + exp(−(d_leftmost − d_rightmost)/s_d))`, [`ChangeCells`] for what a distance did lately. Efference cells tell the
/// last actions: of the three cells of an action k steps ago, the one of that action fires at r_max.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationCode {
    /// Number of rays: 3, 5, 7 or 9.
    pub rays: usize,
    /// How the distances at the sides become u.
    #[serde(default)]
    pub scale: Scale,
    /// Cells of each ray.
    pub cells_per_sensor: usize,
    /// s: slope of the sigmoid at the sides, in units; no other scale has one.
    pub side_slope: f32,
    /// Tuning of the cells, but for change cells, which have their own.
    pub tuning: Tuning,
    /// Cells for the difference leftmost − rightmost; 0 for none.
    pub difference_cells: usize,
    /// s_d: slope of their sigmoid, in units.
    pub difference_slope: f32,
    /// Cells for the change of each distance.
    pub change: Option<ChangeCells>,
    /// Past actions that are told, three cells each.
    pub efference_steps: usize,
    /// Cells for what the distances will be.
    #[serde(default)]
    pub ahead: Option<AheadCells>,
    /// r_max: highest rate, in spikes a tick.
    pub peak_rate: f32,
    /// How rates become spikes.
    #[serde(default)]
    pub spikes: SpikeTrain,
}

/// How a distance d of up to 20 units becomes u in [0, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Ahead `d/20`, at the sides a sigmoid: most cells where steering is decided.
    #[default]
    Sigmoid,
    /// `d/20` for every ray.
    Linear,
    /// `ln(1 + d)/ln 21` for every ray: as finely as the distance is short (Weber's law).
    Log,
}

/// How rates become spikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpikeTrain {
    /// Evenly spaced: a phase grows by the rate each tick and spikes when it reaches 1.
    #[default]
    Regular,
    /// By chance, with the rate as probability in each tick: Poisson, as far as ticks tell.
    Poisson,
}

/// What the code remembers from step to step of an episode.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CodeMemory {
    /// The last actions, the latest first; before the first action the car went straight.
    actions: Vec<usize>,
    /// The slow average of each ray; empty until the first distance is seen.
    slow: Vec<f32>,
}

/// The action that an episode is said to have begun with: straight.
pub const FIRST_ACTION: usize = 1;
/// Distance at which the sigmoid of the side sensors is ½, in units.
const SIDE_CENTRE: f32 = 6.0;
/// Range of the sensors, in units.
const RANGE: f32 = 20.0;

impl CodeMemory {
    /// Forgets all: the start of an episode.
    pub fn reset(&mut self, code: &PopulationCode) {
        self.actions.clear();
        self.actions.resize(code.efference_steps, FIRST_ACTION);
        self.slow.clear();
    }

    /// Notes what the car did.
    pub fn note_action(&mut self, action: usize) {
        if !self.actions.is_empty() {
            self.actions.rotate_right(1);
            self.actions[0] = action;
        }
    }
}

impl PopulationCode {
    /// Checks every parameter. How many cells there may be depends on the other neurons: [`super::SnnConfig::validate`].
    pub fn validate(&self) -> Result<(), String> {
        let Self { rays, cells_per_sensor, side_slope, tuning, difference_cells, difference_slope, peak_rate, .. } =
            *self;
        if ![3, 5, 7, 9].contains(&rays) {
            return Err(format!("rays: {rays} is impossible: use 3, 5, 7 or 9"));
        }
        for (name, cells) in [("cells_per_sensor", cells_per_sensor), ("difference_cells", difference_cells)] {
            // Cells that all answer alike need no others.
            let least = if tuning == Tuning::Rate { 1 } else { 2 };
            if (cells > 0 || name == "cells_per_sensor") && cells < least {
                return Err(format!("{name}: {cells} makes no population: use at least {least} cells"));
            }
        }
        in_range("side_slope", side_slope, above(0.0, 1000.0))?;
        part("tuning", tuning.validate())?;
        in_range("difference_slope", difference_slope, above(0.0, 1000.0))?;
        self.change.map_or(Ok(()), |change| part("change", change.validate()))?;
        self.ahead.map_or(Ok(()), |ahead| part("ahead", ahead.validate()))?;
        in_range("peak_rate", peak_rate, above(0.0, 1.0))
    }

    /// Number of sensory neurons.
    pub fn cells(&self) -> usize {
        self.cells_of_the_present().saturating_add(self.ahead.map_or(0, |ahead| ahead.cells(self.rays)))
    }

    /// Those that tell what is and was, and not what will be.
    pub fn cells_of_the_present(&self) -> usize {
        let change = self.change.map_or(0, |change| change.cells_per_sensor);
        self.cells_per_sensor
            .saturating_add(change)
            .saturating_mul(self.rays)
            .saturating_add(self.difference_cells)
            .saturating_add(self.efference_steps.saturating_mul(ACTIONS))
    }

    /// Writes the rate of every cell, in spikes a tick: sensors from left to right, differences, changes, efference copies.
    /// `observation` holds a distance in units for each ray. Those of cells that look ahead are left to [`Self::ahead_rates`].
    pub fn rates(&self, observation: &[f32], memory: &mut CodeMemory, rates: &mut [f32]) {
        let distances = self.cells_per_sensor * self.rays + self.difference_cells;
        let (distances, rest) = rates.split_at_mut(distances);
        self.distance_rates(self.cells_per_sensor, observation, distances);
        let efference = match &self.change {
            Some(change) => self.change_rates(change, observation, &mut memory.slow, rest),
            None => rest,
        };
        for (cells, &past) in efference.chunks_exact_mut(ACTIONS).zip(&memory.actions) {
            for (action, rate) in cells.iter_mut().enumerate() {
                *rate = if action == past { self.peak_rate } else { 0.0 };
            }
        }
    }

    /// Writes the rates of the cells that look ahead, from the distances that are predicted: sensors from left to right, differences.
    pub fn ahead_rates(&self, ahead: &AheadCells, predicted: &[f32], rates: &mut [f32]) {
        self.distance_rates(ahead.cells_per_sensor, predicted, &mut rates[self.cells_of_the_present()..]);
    }

    /// Writes the rates of so many cells for each ray, and of those that are left for the difference.
    fn distance_rates(&self, cells_per_sensor: usize, distances: &[f32], rates: &mut [f32]) {
        let (sensors, differences) = rates.split_at_mut(self.rays * cells_per_sensor);
        if cells_per_sensor > 0 {
            for (ray, cells) in sensors.chunks_exact_mut(cells_per_sensor).enumerate() {
                self.tuning.rates(self.compress(ray, distances[ray]), self.peak_rate, cells);
            }
        }
        let difference = distances[0] - distances[self.rays - 1];
        self.tuning.rates(sigmoid(difference / self.difference_slope), self.peak_rate, differences);
    }

    /// u of a ray's distance.
    fn compress(&self, ray: usize, distance: f32) -> f32 {
        match self.scale {
            Scale::Sigmoid if ray != self.rays / 2 => sigmoid((distance - SIDE_CENTRE) / self.side_slope),
            Scale::Sigmoid | Scale::Linear => distance / RANGE,
            Scale::Log => libm::logf(1.0 + distance) / libm::logf(1.0 + RANGE),
        }
    }

    /// Returns the cells that are left.
    fn change_rates<'a>(
        &self,
        change: &ChangeCells,
        observation: &[f32],
        slow: &mut Vec<f32>,
        rates: &'a mut [f32],
    ) -> &'a mut [f32] {
        if slow.is_empty() {
            slow.extend(observation);
        }
        let (cells, rest) = rates.split_at_mut(self.rays * change.cells_per_sensor);
        let tuning = Tuning::Gaussian { width: change.tuning_width };
        for ((cells, slow), distance) in cells.chunks_exact_mut(change.cells_per_sensor).zip(slow).zip(observation) {
            tuning.rates(change.follow(*distance, slow), self.peak_rate, cells);
        }
        rest
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// Makes spikes of rates.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeEncoder {
    train: SpikeTrain,
    phases: Vec<f32>,
}

impl SpikeEncoder {
    /// An encoder of `cells` cells, all at phase 0.
    pub fn new(train: SpikeTrain, cells: usize) -> Self {
        Self { train, phases: vec![0.0; cells] }
    }

    /// Draws new phases: the start of an episode.
    pub fn reset(&mut self, rng: &mut impl Rng) {
        self.phases.fill_with(|| uniform(rng));
    }

    /// Advances one tick and appends the numbers of the cells that spike. At the highest possible rate, 1, a cell spikes in every
    /// tick.
    pub fn tick(&mut self, rates: &[f32], rng: &mut impl Rng, spikes: &mut Vec<usize>) {
        if self.train == SpikeTrain::Poisson {
            spikes.extend(rates.iter().enumerate().filter(|(_, rate)| uniform(rng) < **rate).map(|(cell, _)| cell));
            return;
        }
        for (cell, (phase, rate)) in self.phases.iter_mut().zip(rates).enumerate() {
            *phase += rate;
            if *phase >= 1.0 {
                // The sum of a phase just below 1 and a rate of 1 rounds to 2: less 1, it would spike again by itself.
                *phase = phase.fract();
                spikes.push(cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::random::{Purpose, stream};
    use crate::snn::Preset;

    const CODE: PopulationCode = PopulationCode {
        rays: 3,
        cells_per_sensor: 15,
        side_slope: 2.0,
        tuning: Tuning::Gaussian { width: 0.7 },
        difference_cells: 5,
        difference_slope: 0.7,
        change: None,
        efference_steps: 1,
        ahead: None,
        peak_rate: 0.5,
        scale: Scale::Sigmoid,
        spikes: SpikeTrain::Regular,
    };

    fn memory(code: &PopulationCode) -> CodeMemory {
        let mut memory = CodeMemory::default();
        memory.reset(code);
        memory
    }

    #[test]
    fn golden_rates() {
        assert_eq!(CODE.cells(), 53);
        let mut rates = vec![9.0; 53];
        let mut memory = memory(&CODE);
        memory.note_action(2);
        CODE.rates(&[6.0, 10.0, 20.0], &mut memory, &mut rates);
        assert_eq!(rates[7], 0.5, "6 units to the side lie on the middle cell of the left sensor");
        assert!((rates[6] - 0.5 * libm::expf(-0.5 / 0.49)).abs() < 1e-6);
        assert_eq!(rates[15 + 7], 0.5, "half the range lies on the middle cell of the centre sensor");
        assert!(rates[44] > 0.49, "20 units to the side lie almost on the last cell of the right sensor");
        assert_eq!(rates[45], 0.5, "much more room to the right lies on the first difference cell");
        assert_eq!(rates[50..], [0.0, 0.0, 0.5], "the efference copy of action 2");
    }

    #[test]
    fn five_rays_have_one_linear_one_in_the_middle() {
        let code = PopulationCode { rays: 5, ..CODE };
        assert_eq!(code.cells(), 83);
        let mut rates = vec![9.0; 83];
        code.rates(&[20.0, 6.0, 10.0, 6.0, 0.0], &mut memory(&code), &mut rates);
        assert_eq!([rates[15 + 7], rates[30 + 7], rates[45 + 7]], [0.5; 3]);
        assert_eq!(rates[79], 0.5, "much more room at the far left lies on the last difference cell");
    }

    #[test]
    fn changes_and_past_actions_have_cells() {
        let change = ChangeCells { cells_per_sensor: 5, rate: 0.3, scale: 1.5, tuning_width: 0.8 };
        let code = PopulationCode { difference_cells: 0, change: Some(change), efference_steps: 2, ..CODE };
        let mut memory = memory(&code);
        let mut rates = vec![9.0; 66];
        code.rates(&[6.0, 10.0, 20.0], &mut memory, &mut rates);
        assert_eq!([rates[47], rates[52], rates[57]], [0.5; 3], "nothing has changed yet");
        assert_eq!(rates[60..], [0.0, 0.5, 0.0, 0.0, 0.5, 0.0], "straight before the start");
        memory.note_action(0);
        code.rates(&[6.0, 18.0, 12.0], &mut memory, &mut rates);
        assert_eq!(rates[47], 0.5);
        assert!(rates[54] > 0.49 && rates[55] > 0.49, "the distance ahead grew, the one to the right shrank");
        assert_eq!(rates[60..], [0.5, 0.0, 0.0, 0.0, 0.5, 0.0], "left, and straight before that");
        memory.reset(&code);
        code.rates(&[6.0, 10.0, 20.0], &mut memory, &mut rates);
        assert_eq!(rates[52], 0.5, "an episode begins at rest");
    }

    #[test]
    fn what_will_be_has_cells_of_its_own() {
        let ahead =
            AheadCells { steps: 2, cells_per_sensor: 5, difference_cells: 3, rate: 0.1, clip: 5.0, offset: 1.0 };
        let code = PopulationCode { ahead: Some(ahead), ..CODE };
        assert_eq!((code.cells_of_the_present(), code.cells()), (53, 71));
        let mut rates = vec![9.0; 71];
        code.rates(&[6.0, 10.0, 20.0], &mut memory(&code), &mut rates);
        assert_eq!(rates[53], 9.0, "what will be is not told yet");
        let of_the_present = rates[..53].to_vec();
        code.ahead_rates(&ahead, &[6.0, 10.0, 6.0], &mut rates);
        assert_eq!([rates[55], rates[60], rates[65], rates[69]], [0.5; 4], "middle cells of rays and difference");
        assert_eq!(rates[..53], of_the_present);
    }

    #[test]
    fn every_cell_is_written_whatever_the_distances() {
        for preset in Preset::ALL {
            for rays in [3, 5, 7, 9] {
                let code = preset.for_rays(rays).code;
                for distances in [[0.0; 9], [20.0; 9], [0.0, 20.0, 20.0, 3.0, 7.5, 0.1, 6.0, 1.0, 19.9]] {
                    let mut rates = vec![f32::NAN; code.cells()];
                    code.rates(&distances[..rays], &mut memory(&code), &mut rates);
                    assert!(rates.iter().all(|rate| (0.0..=code.peak_rate).contains(rate)), "{preset}, {rays} rays");
                }
            }
        }
    }

    #[test]
    fn each_scale_spends_its_cells_elsewhere() {
        let u = |scale, ray| PopulationCode { scale, ..CODE }.compress(ray, 6.0);
        assert_eq!((u(Scale::Sigmoid, 0), u(Scale::Sigmoid, 1)), (0.5, 0.3));
        assert_eq!((u(Scale::Linear, 0), u(Scale::Linear, 1)), (0.3, 0.3));
        assert!((u(Scale::Log, 0) - 1.945_910_1 / 3.044_522_5).abs() < 1e-6);
        assert_eq!([0.0, 20.0].map(|d| PopulationCode { scale: Scale::Log, ..CODE }.compress(2, d)), [0.0, 1.0]);
    }

    fn rng() -> ChaCha8Rng {
        stream(1, Purpose::Encoder, 0)
    }

    #[test]
    fn a_regular_train_is_even_and_draws_no_number() {
        let mut encoder = SpikeEncoder::new(SpikeTrain::Regular, 2);
        let (mut spikes, mut rng) = (Vec::new(), rng());
        (0..20).for_each(|_| encoder.tick(&[0.25, 0.0], &mut rng, &mut spikes));
        assert_eq!((spikes, rng), (vec![0; 5], self::rng()));
    }

    #[test]
    fn a_poisson_train_has_the_rate_and_the_variance_of_chance() {
        let mut encoder = SpikeEncoder::new(SpikeTrain::Poisson, 3);
        let mut rng = rng();
        let counts: Vec<f32> = (0..500)
            .map(|_| {
                let mut spikes = Vec::new();
                (0..20).for_each(|_| encoder.tick(&[0.25, 0.0, 1.0], &mut rng, &mut spikes));
                assert_eq!(spikes.iter().filter(|&&cell| cell > 0).count(), 20, "never at rate 0, always at rate 1");
                spikes.iter().filter(|&&cell| cell == 0).count() as f32
            })
            .collect();
        let mean = counts.iter().sum::<f32>() / 500.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f32>() / 500.0;
        // Binomial: 20 · 0.25, and 20 · 0.25 · 0.75 = 3.75.
        assert!((mean - 5.0).abs() < 0.3 && (variance - 3.75).abs() < 0.8, "{mean}, {variance}");
    }

    #[test]
    fn at_rate_one_a_cell_spikes_in_every_tick_and_only_then() {
        let phases = vec![0.0, 0.3, 1.0 - f32::EPSILON / 2.0];
        let mut encoder = SpikeEncoder { train: SpikeTrain::Regular, phases };
        let mut spikes = Vec::new();
        encoder.tick(&[1.0; 3], &mut rng(), &mut spikes);
        (0..5).for_each(|_| encoder.tick(&[0.0; 3], &mut rng(), &mut spikes));
        assert_eq!(spikes, [0, 1, 2]);
    }
}
