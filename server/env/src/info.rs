//! What no driver may see, for pictures alone: where the cars are, and their roads.

use crate::{Drive, Track};

/// A road is drawn by every so many samples of its track: one point a unit.
const SAMPLES_PER_POINT: usize = 2;

/// Where a car is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// Position, in units.
    pub position: [f64; 2],
    /// Heading, in radians, counter-clockwise from the x axis.
    pub heading_rad: f64,
    /// Distance from the centre line in units, left positive.
    pub lateral_deviation: f64,
}

impl Pose {
    /// Where the car of an episode is now.
    pub fn of(drive: &Drive) -> Self {
        let motion = drive.motion();
        Self {
            position: motion.car.position,
            heading_rad: motion.car.heading_rad,
            lateral_deviation: motion.lateral_deviation,
        }
    }
}

/// A road as it is drawn: about one point a unit, precise enough for a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Road {
    /// Seed of a generated track; 0 on a circuit.
    pub track: u64,
    /// Whether the last point joins the first.
    pub closed: bool,
    /// Centre line, in units.
    pub centre: Vec<[f32; 2]>,
    /// Distance to the left and to the right edge at each point, in units.
    pub half_widths: Vec<[f32; 2]>,
}

impl Road {
    /// Every second sample of a track, and the last one of an open track.
    pub fn of(track: &Track, seed: u64) -> Self {
        let last = track.samples().saturating_sub(1);
        let at_end = (!track.is_closed() && !last.is_multiple_of(SAMPLES_PER_POINT)).then_some(last);
        let samples = || (0..track.samples()).step_by(SAMPLES_PER_POINT).chain(at_end);
        let single = |pair: [f64; 2]| pair.map(|value| value as f32);
        Self {
            track: seed,
            closed: track.is_closed(),
            centre: samples().map(|sample| single(track.centre(sample))).collect(),
            half_widths: samples().map(|sample| single(track.half_width(sample))).collect(),
        }
    }
}

/// The road of a lane's episode.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneRoad {
    /// The lane.
    pub lane: usize,
    /// Its road.
    pub road: Road,
}

/// Poses of all lanes, and the roads of those whose episode begins here, by rising lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneInfo {
    /// One for each lane.
    pub poses: Vec<Pose>,
    /// Those of the lanes that were just reset.
    pub roads: Vec<LaneRoad>,
}

impl LaneInfo {
    /// The road of a lane, if its episode begins here.
    pub fn road(&self, lane: usize) -> Option<&Road> {
        self.roads.iter().find(|road| road.lane == lane).map(|road| &road.road)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::DS;
    use crate::{Circuit, CircuitMode, Phase};

    fn longest_gap(road: &Road) -> f32 {
        road.centre.windows(2).map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1])).fold(0.0, f32::max)
    }

    #[test]
    fn a_road_has_a_point_a_unit_from_its_first_sample_to_its_last() {
        for length in [260.0, 260.5] {
            let track = Phase::Complex.track(3, length);
            let (road, last) = (Road::of(&track, 3), track.samples() - 1);
            assert_eq!((road.track, road.closed, road.centre.len()), (3, false, road.half_widths.len()));
            assert_eq!(road.centre.len(), (last + 1).div_ceil(2) + usize::from(last % 2 == 1));
            assert_eq!(road.centre[0], [0.0, 0.0]);
            assert_eq!(road.centre.last(), Some(&track.centre(last).map(|x| x as f32)));
            assert!(longest_gap(&road) <= 2.0 * DS as f32 + 1e-3);
            assert_eq!(road.half_widths[7], [4.0, 4.0]);
        }
    }

    #[test]
    fn a_circuit_is_closed_and_has_its_own_widths() {
        let csv: String = (0..200)
            .map(|i| {
                let angle = std::f64::consts::TAU * f64::from(i) / 200.0;
                format!("{},{},4.0,7.5\n", 200.0 * libm::cos(angle), 100.0 * libm::sin(angle))
            })
            .collect();
        let circuit = Circuit::from_csv("oval", &csv, CircuitMode::Real).unwrap();
        let road = Road::of(circuit.track(), 0);
        assert!(road.closed && longest_gap(&road) < 1.1);
        let [left, right] = road.half_widths[10];
        assert!((left - 7.5).abs() < 1e-5 && (right - 4.0).abs() < 1e-5);
    }
}
