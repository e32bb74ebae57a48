//! The four phases of the curriculum, each a distribution over curvature profiles.

use std::f64::consts::PI;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::random::{self, Purpose, below, sign, uniform};
use crate::track::{DS, Track};

/// How hard the road is. A phase and a track seed make a [`Track`]. In files it is its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[repr(u8)]
pub enum Phase {
    /// Phase 1: no curvature.
    Straight = 1,
    /// Phase 2: arcs with radius 40 to 133 units.
    Gentle = 2,
    /// Phase 3: straights and arcs with radius 15 to 30 units.
    Sharp = 3,
    /// Phase 4: straights, gentle arcs, S-bends, hairpins and chicanes; tightest radius 12.5 units.
    Complex = 4,
}

/// A number that names no phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("phase {0} does not exist: use 1 (straight), 2 (gentle curves), 3 (sharp turns) or 4 (complex)")]
pub struct PhaseError(pub u32);

impl TryFrom<u32> for Phase {
    type Error = PhaseError;

    fn try_from(number: u32) -> Result<Self, PhaseError> {
        Self::ALL.into_iter().find(|phase| phase.number() == number).ok_or(PhaseError(number))
    }
}

impl From<Phase> for u32 {
    fn from(phase: Phase) -> Self {
        phase.number()
    }
}

impl Phase {
    /// All phases in the order of the curriculum.
    pub const ALL: [Self; 4] = [Self::Straight, Self::Gentle, Self::Sharp, Self::Complex];

    /// 1 to 4.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The name that people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Gentle => "gentle curves",
            Self::Sharp => "sharp turns",
            Self::Complex => "complex",
        }
    }

    /// The track of this phase and seed, at least `length` units long. A longer track of the same seed starts with
    /// the same road.
    pub fn track(self, track_seed: u64, length: f64) -> Track {
        let samples = libm::ceil(length / DS) as usize;
        let mut rng = random::stream(track_seed, Purpose::Track, u64::from(self.number()), 0);
        let mut profile = Profile(Vec::with_capacity(samples + 256));
        while profile.0.len() < samples + Track::SMOOTHING {
            self.append_segment(&mut profile, &mut rng);
        }
        Track::from_curvature(&profile.0, samples)
    }

    /// [`Phase::track`] with half-widths `3.5 + 0.5·sin(2π·arc_length/60 + φ)` units, φ drawn from the track seed.
    pub fn track_of_varying_width(self, track_seed: u64, length: f64) -> Track {
        let track = self.track(track_seed, length);
        let mut rng = random::stream(track_seed, Purpose::Width, u64::from(self.number()), 0);
        let offset_rad = uniform(&mut rng, 0.0, 2.0 * PI);
        let half_width = |i: usize| 3.5 + 0.5 * libm::sin(2.0 * PI * i as f64 * DS / 60.0 + offset_rad);
        let half_widths = (0..track.samples()).map(|i| [half_width(i); 2]).collect();
        track.with_half_width(half_widths)
    }

    /// [`Phase::track`] with half-widths like those of real circuits: on each side `mean + swing·sin(2π·arc_length/period + φ)` units, and 3.5 at
    /// least, mean ~ U[3.5, 8], swing ~ U[0, 1], period ~ U[60, 120] and φ drawn from the track seed.
    pub fn wide_track(self, track_seed: u64, length: f64) -> Track {
        let track = self.track(track_seed, length);
        let mut rng = random::stream(track_seed, Purpose::Width, u64::from(self.number()), 1);
        let mut draw = |low, high| uniform(&mut rng, low, high);
        let sides: [[f64; 4]; 2] =
            std::array::from_fn(|_| [draw(3.5, 8.0), draw(0.0, 1.0), draw(0.0, 2.0 * PI), draw(60.0, 120.0)]);
        let half_width = |i: usize, [mean, swing, offset_rad, period]: [f64; 4]| {
            (mean + swing * libm::sin(2.0 * PI * i as f64 * DS / period + offset_rad)).max(3.5)
        };
        let half_widths = (0..track.samples()).map(|i| sides.map(|side| half_width(i, side))).collect();
        track.with_half_width(half_widths)
    }

    /// Appends the next random piece of road: lengths in units, curvatures in radians per unit, left positive.
    fn append_segment(self, profile: &mut Profile, rng: &mut impl Rng) {
        let side = sign(rng);
        match self {
            Self::Straight => profile.push(50.0, 0.0),
            Self::Gentle => append_gentle(profile, rng, side),
            Self::Sharp => {
                profile.push(uniform(rng, 5.0, 12.0), 0.0);
                let length = uniform(rng, 10.0, 30.0);
                profile.push(length, side / uniform(rng, 15.0, 30.0));
            }
            Self::Complex => match below(rng, 5) {
                0 => profile.push(uniform(rng, 8.0, 20.0), 0.0),
                1 => append_gentle(profile, rng, side),
                2 => append_s_bend(profile, rng, side),
                3 => append_hairpin(profile, rng, side),
                _ => append_chicane(profile, rng, side),
            },
        }
    }
}

fn append_gentle(profile: &mut Profile, rng: &mut impl Rng, side: f64) {
    let length = uniform(rng, 20.0, 40.0);
    profile.push(length, side * uniform(rng, 0.3, 1.0) / 40.0);
}

fn append_s_bend(profile: &mut Profile, rng: &mut impl Rng, side: f64) {
    let length = uniform(rng, 10.0, 20.0);
    let curvature = side / uniform(rng, 14.0, 22.0);
    profile.push(length, curvature);
    profile.push(length, -curvature);
}

fn append_hairpin(profile: &mut Profile, rng: &mut impl Rng, side: f64) {
    let radius = uniform(rng, 12.5, 16.0);
    let angle_rad = uniform(rng, 0.6, 1.0) * PI;
    profile.push(radius * angle_rad, side / radius);
    profile.push(uniform(rng, 4.0, 10.0), 0.0);
}

fn append_chicane(profile: &mut Profile, rng: &mut impl Rng, side: f64) {
    let length = uniform(rng, 5.0, 8.0);
    let curvature = side / uniform(rng, 12.5, 18.0);
    profile.push(length, curvature);
    profile.push(2.0 * length, -curvature);
    profile.push(length, curvature);
}

/// Curvature at every [`DS`] units, piecewise constant.
struct Profile(Vec<f64>);

impl Profile {
    fn push(&mut self, length: f64, curvature: f64) {
        let samples = libm::round(length / DS) as usize;
        self.0.extend(std::iter::repeat_n(curvature, samples));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names() {
        for phase in Phase::ALL {
            assert_eq!(Phase::try_from(phase.number()), Ok(phase));
        }
        assert!(Phase::try_from(5).unwrap_err().to_string().starts_with("phase 5 does not exist"));
    }

    #[test]
    fn same_seed_same_road_and_a_longer_track_only_adds_to_it() {
        for phase in Phase::ALL {
            let short = phase.track(7, 260.0);
            let long = phase.track(7, 900.0);
            assert_eq!(short.samples(), 520);
            assert!((0..520).all(|i| short.centre(i) == long.centre(i)), "{phase:?}");
        }
        let (a, b) = (Phase::Complex.track(1, 260.0), Phase::Complex.track(2, 260.0));
        assert!((0..520).any(|i| a.centre(i) != b.centre(i)));
    }

    #[test]
    fn curvature_stays_within_each_phase() {
        for (phase, tightest) in [
            (Phase::Straight, 0.0),
            (Phase::Gentle, 1.0 / 40.0),
            (Phase::Sharp, 1.0 / 15.0),
            (Phase::Complex, 1.0 / 12.5),
        ] {
            let steepest = (0..40).map(|seed| max_curvature(&phase.track(seed, 260.0))).fold(0.0, f64::max);
            assert!(steepest <= tightest + 1e-9, "{phase:?}: {steepest}");
            assert!(steepest >= 0.8 * tightest, "{phase:?}: {steepest}");
        }
    }

    fn max_curvature(track: &Track) -> f64 {
        (1..track.samples()).map(|i| (track.heading_rad(i) - track.heading_rad(i - 1)).abs() / DS).fold(0.0, f64::max)
    }

    #[test]
    fn a_varying_width_stays_within_its_bounds_and_keeps_the_centre() {
        let (plain, varying) = (Phase::Sharp.track(3, 260.0), Phase::Sharp.track_of_varying_width(3, 260.0));
        let widths: Vec<f64> = (0..varying.samples()).map(|i| varying.half_width(i)[0]).collect();
        let (low, high) = widths.iter().fold((9.0f64, 0.0f64), |(low, high), &w| (low.min(w), high.max(w)));
        assert!((low - 3.0).abs() < 1e-3 && (high - 4.0).abs() < 1e-3, "{low} {high}");
        assert!((0..520).all(|i| plain.centre(i) == varying.centre(i)));
    }

    #[test]
    fn a_wide_road_keeps_the_centre_and_its_sides_differ() {
        let (plain, wide) = (Phase::Complex.track(3, 260.0), Phase::Complex.wide_track(3, 260.0));
        let bounds = 3.5..=9.0;
        for i in 0..wide.samples() {
            let [left, right] = wide.half_width(i);
            assert!(bounds.contains(&left) && bounds.contains(&right) && left != right, "{left} {right}");
            assert_eq!(plain.centre(i), wide.centre(i));
        }
    }
}
