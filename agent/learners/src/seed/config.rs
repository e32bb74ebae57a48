//! Every parameter of the seed's rule, and the readings of what it leaves open.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::dopamine::DopamineParams;
use super::stdp::StdpParams;
use crate::range::{in_range, part};
use crate::snn::config::NEURONS;
use crate::snn::error::NetworkError;
use crate::snn::lif::LifParams;

/// Number of its sensors: left, ahead, right.
pub const SENSORS: usize = 3;

/// The first design leaves open how sensors enter the network and how synaptic current is scaled: three ways to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// To the letter: `I = W·s`. Each sensor's spike train makes one neuron spike: 0, 33 and 66.
    A,
    /// As the public code of the first design scales it: `I = W·s/N`. The sensors enter as in [`Reading::A`].
    B,
    /// `I = W·s/N`, and each sensor is an input current into all neurons of its pool, so that these spike too.
    C,
}

impl Reading {
    /// All readings.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// Factor of the synaptic current.
    pub fn gain(self) -> f32 {
        match self {
            Self::A => 1.0,
            Self::B | Self::C => 1.0 / NEURONS as f32,
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A text that names no reading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no reading: use A, B or C")]
pub struct ReadingError(String);

impl FromStr for Reading {
    type Err = ReadingError;

    fn from_str(text: &str) -> Result<Self, ReadingError> {
        let named = |reading: &Self| reading.to_string().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named).ok_or_else(|| ReadingError(text.to_owned()))
    }
}

/// What multiplies the spike pairs at the end of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Dopamine: the seed's rule.
    Dopamine,
    /// Always 1: correlation alone teaches.
    StdpOnly,
    /// Nothing: the weights stay as they were born.
    Frozen,
}

impl Mode {
    /// All modes, the untaught first.
    pub const ALL: [Self; 3] = [Self::Frozen, Self::Dopamine, Self::StdpOnly];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dopamine => "dopamine",
            Self::StdpOnly => "stdp-only",
            Self::Frozen => "frozen",
        })
    }
}

/// The parameters of network and learning rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedConfig {
    /// How input and current are read.
    pub reading: Reading,
    /// What teaches.
    pub mode: Mode,
    /// Ticks of 1 ms in a step of the car.
    pub ticks: usize,
    /// Membranes of all neurons.
    pub lif: LifParams,
    /// Current of one input spike, in reading C only.
    ///
    /// The first design names none. With 4, side sensors in the middle of the road (5.7 units) bring their pool just above
    /// the threshold: `0.08 + 4·5.7/20 = 1.2`.
    pub input_current: f32,
    /// Spike pairs.
    pub stdp: StdpParams,
    /// Dopamine.
    pub dopamine: DopamineParams,
}

impl SeedConfig {
    /// The numbers of the first design.
    pub fn new(reading: Reading, mode: Mode) -> Self {
        Self {
            reading,
            mode,
            ticks: 100,
            lif: LifParams::default(),
            input_current: 4.0,
            stdp: StdpParams::default(),
            dopamine: DopamineParams::default(),
        }
    }

    /// Checks that an observation of `rays` distances is what the first design takes: three.
    pub fn check_rays(rays: usize) -> Result<(), NetworkError> {
        if rays == SENSORS { Ok(()) } else { Err(NetworkError::Rays { world: rays, network: SENSORS }) }
    }

    /// Checks every parameter that a file could hold.
    pub fn validate(&self) -> Result<(), String> {
        in_range("ticks", self.ticks, 1..=1000)?;
        part("lif", self.lif.validate())?;
        in_range("input_current", self.input_current, -1000.0..=1000.0)?;
        part("stdp", self.stdp.validate())?;
        part("dopamine", self.dopamine.validate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_named_by_a_letter() {
        for reading in Reading::ALL {
            assert_eq!(reading.to_string().parse(), Ok(reading));
        }
        assert_eq!("b".parse(), Ok(Reading::B));
        assert_eq!("D".parse::<Reading>().unwrap_err().to_string(), "\"D\" is no reading: use A, B or C");
    }

    #[test]
    fn impossible_numbers_are_refused() {
        let config = SeedConfig::new(Reading::B, Mode::Dopamine);
        let text = |config: SeedConfig| config.validate().unwrap_err();
        for bad in [f32::NAN, f32::INFINITY, -1e6] {
            assert!(text(SeedConfig { input_current: bad, ..config }).starts_with("input_current: "));
            let lif = LifParams { tau_mem_ms: bad, ..config.lif };
            assert!(text(SeedConfig { lif, ..config }).starts_with("lif.tau_mem_ms: "));
            let stdp = StdpParams { a_minus: bad, ..config.stdp };
            assert!(text(SeedConfig { stdp, ..config }).starts_with("stdp.a_minus: "));
            let dopamine = DopamineParams { baseline_rate: f64::from(bad), ..config.dopamine };
            assert!(text(SeedConfig { dopamine, ..config }).starts_with("dopamine.baseline_rate: "));
        }
        assert_eq!(config.validate(), Ok(()));
        assert!(SeedConfig { ticks: 0, ..config }.validate().unwrap_err().contains("ticks: 0 is outside [1, 1000]"));
    }
}
