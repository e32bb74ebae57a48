//! Laps of a circuit from starts that lie evenly around it.

use spikedrive_env::drive::{Start, Weather};
use spikedrive_env::oracle::Driver;
use spikedrive_env::random::{Purpose, stream};
use spikedrive_env::track::DS;
use spikedrive_env::{Action, Circuit, Drive, EndReason, WorldOptions};
use spikedrive_learners as learners;

use crate::failure::Failure;
use crate::stop::StopFlag;

/// Starts on each circuit.
pub const STARTS: usize = 3;

/// What became of the laps that were begun on a circuit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Laps {
    /// Laps completed.
    pub completed: usize,
    /// Steps of all laps.
    pub steps: usize,
    /// Sum of all rewards.
    pub reward: f64,
    /// Where the car left the road, in units of centre line from the first point of the circuit.
    pub crashes: Vec<f64>,
}

/// A trained network in the seat of a driver: it sees the observation and nothing else.
pub struct Trained<'a>(pub Box<dyn learners::Driver + 'a>);

impl Driver for Trained<'_> {
    fn act(&mut self, drive: &Drive) -> Action {
        Action::ALL[self.0.act_greedily(drive.observation())]
    }
}

/// Drives a lap from each of [`STARTS`] points of the centre line, along the road, each with a driver of its own.
pub fn drive<'a>(
    circuit: &Circuit,
    mut driver: impl FnMut(u64) -> Box<dyn Driver + 'a>,
    stop: &StopFlag,
) -> Result<Laps, Failure> {
    let mut laps = Laps::default();
    for start in 0..STARTS {
        if stop.is_set() {
            return Err(Failure::Interrupted);
        }
        let (end, car, reward) = lap(circuit, start, driver(start as u64).as_mut());
        laps.steps += car.steps();
        laps.reward += reward;
        match end {
            EndReason::Lap => laps.completed += 1,
            EndReason::Crash => laps.crashes.push(car.motion().index as f64 * DS),
            EndReason::Horizon => {}
        }
    }
    Ok(laps)
}

fn lap(circuit: &Circuit, start: usize, driver: &mut dyn Driver) -> (EndReason, Drive, f64) {
    let index = start * circuit.track().samples() / STARTS;
    let start = Start { index, lateral_deviation: 0.0, heading_error_rad: 0.0 };
    let calm = Weather { sensor_noise: stream(0, Purpose::SensorNoise, 0, 0), gusts: stream(0, Purpose::Gusts, 0, 0) };
    let track = circuit.track().clone();
    let mut car = Drive::new(track, start, circuit.lap_horizon(), WorldOptions::default(), calm);
    let mut reward = 0.0;
    loop {
        let transition = car.step(driver.act(&car));
        reward += transition.reward;
        if let Some(end) = transition.end {
            return (end, car, reward);
        }
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::oracle::{BangBang, Straight};
    use spikedrive_env::{CircuitMode, Phase};

    use super::*;

    #[test]
    fn whole_laps_are_told_from_crashes_and_their_places() {
        let csv = include_str!("../../../../circuits/example.csv");
        let circuit = Circuit::from_csv("example", csv, CircuitMode::Real).unwrap();
        let stop = StopFlag::default();
        let laps = drive(&circuit, |_| Box::new(BangBang::tuned(Phase::Complex)), &stop).unwrap();
        assert_eq!((laps.completed, laps.crashes.len()), (STARTS, 0));
        assert!(laps.steps as f64 > 0.9 * STARTS as f64 * circuit.track().length());
        let blind = drive(&circuit, |_| Box::new(Straight), &stop).unwrap();
        assert_eq!((blind.completed, blind.crashes.len()), (0, STARTS));
        assert!(blind.crashes.is_sorted() && blind.crashes[2] < circuit.track().length(), "{:?}", blind.crashes);
        stop.set();
        assert!(matches!(drive(&circuit, |_| Box::new(Straight), &stop), Err(Failure::Interrupted)));
    }
}
