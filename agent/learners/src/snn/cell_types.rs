//! Cell types: neurons that answer the same current differently.

use serde::{Deserialize, Serialize};

use super::lif::{LifParams, leak};

/// Which hidden and motor neurons are of which type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellTypes {
    /// All are the same leaky integrate-and-fire neuron.
    #[default]
    Uniform,
    /// All are [`CellType::RegularSpiking`].
    RegularSpiking,
    /// All are [`CellType::FastSpiking`].
    FastSpiking,
    /// All are [`CellType::Bursting`].
    Bursting,
    /// As in cortex: inhibitory neurons are fast-spiking, of the excitatory ones every fourth bursts and the others spike regularly.
    Mixed,
}

/// How a neuron differs from the plain one (Gerstner et al. 2014, Neuronal Dynamics, sections 6.1 and 6.2; the types are those of Connors & Gutnick
/// 1990). An adaptation current a is taken from the input: `V ← V + (dt/τ)·(−V + I_base + σ·ξ + I_syn − a)`; a spike adds b to it, and it decays with
/// [`TAU_ADAPTATION_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    /// Pyramidal: adapts a little, b = 0.05.
    RegularSpiking,
    /// Interneuron: twice as fast as its parameters say, τ/2, and without adaptation.
    FastSpiking,
    /// Pyramidal: is reset to 0.6 of the threshold only, so that spikes come in bursts, until adaptation, b = 0.15, ends them.
    Bursting,
}

/// Time constant of adaptation, in ms.
pub const TAU_ADAPTATION_MS: f32 = 50.0;

impl CellTypes {
    /// The type of a neuron with this sign; none where all are plain.
    pub fn of(self, neuron: usize, sign: f32) -> Option<CellType> {
        match self {
            Self::Uniform => None,
            Self::RegularSpiking => Some(CellType::RegularSpiking),
            Self::FastSpiking => Some(CellType::FastSpiking),
            Self::Bursting => Some(CellType::Bursting),
            Self::Mixed if sign < 0.0 => Some(CellType::FastSpiking),
            Self::Mixed if neuron.is_multiple_of(4) => Some(CellType::Bursting),
            Self::Mixed => Some(CellType::RegularSpiking),
        }
    }
}

impl CellType {
    /// The membrane of a neuron of this type, where that of a plain one is given.
    pub fn lif(self, plain: &LifParams) -> LifParams {
        match self {
            Self::RegularSpiking => *plain,
            Self::FastSpiking => LifParams { tau_mem_ms: (0.5 * plain.tau_mem_ms).max(1.0), ..*plain },
            Self::Bursting => LifParams { v_reset: 0.6 * plain.v_threshold, ..*plain },
        }
    }

    /// b: what a spike adds to its adaptation current.
    pub fn adaptation(self) -> f32 {
        match self {
            Self::RegularSpiking => 0.05,
            Self::FastSpiking => 0.0,
            Self::Bursting => 0.15,
        }
    }
}

/// A layer of neurons that have types, and their adaptation currents.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedCells {
    types: Vec<CellType>,
    adaptation: Vec<f32>,
}

impl TypedCells {
    /// Neurons at rest.
    pub fn new(types: Vec<CellType>) -> Self {
        Self { adaptation: vec![0.0; types.len()], types }
    }

    /// The start of an episode.
    pub fn reset(&mut self) {
        self.adaptation.fill(0.0);
    }

    /// The membrane of neuron i one tick later, before it spikes.
    pub fn leak(&self, i: usize, plain: &LifParams, v: f32, current: f32, noise: f32) -> f32 {
        leak(&self.types[i].lif(plain), v, current - self.adaptation[i], noise)
    }

    /// Advances all by one tick; `spikes_at` tells whether a neuron with a potential spikes.
    pub fn tick(
        &mut self,
        plain: &LifParams,
        v: &mut [f32],
        current: &[f32],
        noise: &[f32],
        spikes: &mut Vec<usize>,
        mut spikes_at: impl FnMut(f32) -> bool,
    ) {
        let fade = libm::expf(-1.0 / TAU_ADAPTATION_MS);
        for (i, ((v, current), noise)) in v.iter_mut().zip(current).zip(noise).enumerate() {
            *v = self.leak(i, plain, *v, *current, *noise);
            if spikes_at(*v) {
                *v = self.types[i].lif(plain).v_reset;
                self.adaptation[i] += self.types[i].adaptation();
                spikes.push(i);
            }
            self.adaptation[i] *= fade;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks of the first spikes under a steady current.
    fn spike_times(cell: CellType) -> Vec<usize> {
        let (mut cells, mut v, mut times) = (TypedCells::new(vec![cell]), [0.0], Vec::new());
        let plain = LifParams { i_base: 0.0, ..LifParams::default() };
        for t in 0..60 {
            let mut spikes = Vec::new();
            cells.tick(&plain, &mut v, &[1.5], &[0.0], &mut spikes, |v| v >= 1.0);
            times.extend(spikes.iter().map(|_| t));
        }
        times
    }

    #[test]
    fn types_spike_as_their_names_say() {
        // V after n ticks is 1.5·(1 − (1 − 1/τ)ⁿ): with τ = 20 it passes 1 at n = 22, with τ = 10 at n = 11.
        let fast = spike_times(CellType::FastSpiking);
        assert_eq!(fast, [10, 21, 32, 43, 54]);
        let regular = spike_times(CellType::RegularSpiking);
        assert_eq!(regular[0], 21);
        assert!(regular[1] - regular[0] > 22, "it adapts: {regular:?}");
        let burst = spike_times(CellType::Bursting);
        let intervals: Vec<usize> = burst.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(burst[0], 21);
        assert!(intervals[0] < 20 && intervals.is_sorted() && intervals.len() > 1, "{intervals:?}");
    }

    #[test]
    fn a_mixture_has_all_types() {
        let types: Vec<_> = (70..80).map(|i| CellTypes::Mixed.of(i, if i % 5 == 4 { -1.0 } else { 1.0 })).collect();
        let of = |cell| types.iter().filter(|&&known| known == Some(cell)).count();
        assert_eq!([CellType::FastSpiking, CellType::Bursting, CellType::RegularSpiking].map(of), [2, 2, 6]);
        assert_eq!(CellTypes::Uniform.of(3, 1.0), None);
    }
}
