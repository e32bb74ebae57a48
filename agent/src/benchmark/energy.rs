//! Energy as a model of operations: arithmetic, not a measurement.
//!
//! Numbers for 45 nm (Horowitz 2014, "Computing's energy problem", ISSCC): a 32-bit float addition costs 0.9 pJ and a multiplication
//! 3.7 pJ, so that an AC is 0.9 pJ and a MAC 4.6 pJ; a neuron update, one multiplication and additions, counts as a MAC. With memory,
//! each AC and MAC reads a weight from 8 KB of SRAM, 10 pJ, and each neuron update reads and writes a state, 20 pJ.

/// Energy of an AC, in pJ.
const AC: f64 = 0.9;
/// Energy of a MAC, in pJ.
const MAC: f64 = 4.6;
/// Energy of a neuron update, in pJ.
const NEURON_UPDATE: f64 = 4.6;
/// Energy of reading a weight, in pJ.
const WEIGHT_READ: f64 = 10.0;
/// Energy of reading and writing a neuron's state, in pJ.
const STATE_ACCESS: f64 = 20.0;

/// Whether access to memory is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Arithmetic alone.
    Without,
    /// Weights and states are read from SRAM.
    With,
}

/// Energy of so many ACs, MACs and neuron updates, in pJ.
pub fn picojoules([acs, macs, neuron_updates]: [f64; 3], memory: Memory) -> f64 {
    let arithmetic = AC * acs + MAC * macs + NEURON_UPDATE * neuron_updates;
    match memory {
        Memory::Without => arithmetic,
        Memory::With => arithmetic + WEIGHT_READ * (acs + macs) + STATE_ACCESS * neuron_updates,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_energies() {
        // An MLP 3-64-64-3 costs 4480 MACs.
        assert_eq!(picojoules([0.0, 4480.0, 0.0], Memory::Without), 20_608.0);
        assert_eq!(picojoules([0.0, 4480.0, 0.0], Memory::With), 65_408.0);
        assert!((picojoules([100.0, 0.0, 10.0], Memory::Without) - 136.0).abs() < 1e-9);
        assert!((picojoules([100.0, 0.0, 10.0], Memory::With) - (136.0 + 1000.0 + 200.0)).abs() < 1e-9);
    }
}
