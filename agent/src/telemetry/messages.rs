//! Every message of `telemetry.proto` that the agent sends or keeps is built here.

use std::path::Path;

use ndarray::Array2;
use spikedrive_env::{Pose, Road, Split};
use spikedrive_learners::{Activity, Learner, Population};
use spikedrive_proto::convert::{observation_bytes, pair_bytes};
use spikedrive_proto::v1;

use super::quantize;
use crate::round::StepView;

/// Longest name of a run.
const NAME_BYTES: usize = 128;

/// The name of a run: that of its directory, with `_` in the place of what a name may not hold. One of many seeds, `s3` in a directory
/// for all, is named after both.
pub fn run_id(directory: &Path) -> String {
    let whole = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_seed = |name: &str| name.strip_prefix('s').is_some_and(|seed| seed.parse::<u64>().is_ok());
    let name = match (last(&whole), whole.parent().map(last)) {
        (name, Some(parent)) if is_seed(&name) && !parent.is_empty() => format!("{parent}-{name}"),
        (name, _) => name,
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    // A long name is cut in front: its end tells runs apart.
    let start = name.chars().count().saturating_sub(NAME_BYTES);
    let name: String = name.chars().skip(start).map(|c| if fits(c) { c } else { '_' }).collect();
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if name.is_empty() => "run".to_owned(),
        None => name,
    }
}

/// Neurons, layer by layer.
pub fn populations(shown: &[Population]) -> Vec<v1::Population> {
    let wire = |Population { name, neurons }: &Population| v1::Population {
        name: (*name).to_owned(),
        first: neurons.start as u32,
        size: neurons.len() as u32,
    };
    shown.iter().map(wire).collect()
}

/// A matrix in eight bits.
pub fn matrix(values: &Array2<f32>) -> v1::Matrix {
    quantize::matrix(values)
}

/// The synapses as they are now, with the eligibility traces of a lane; none where there are no synapses.
pub fn weights(episode: usize, lane: usize, learner: &dyn Learner) -> Option<v1::Weights> {
    let weights = Some(matrix(learner.policy().synapses()?));
    let eligibility = learner.eligibility(lane).as_ref().map(matrix);
    Some(v1::Weights { episode: episode as u32, weights, eligibility })
}

/// The road of an episode.
pub fn road(episode: usize, name: String, road: &Road) -> v1::Road {
    v1::Road {
        episode: episode as u32,
        name,
        closed: road.closed,
        centre: pair_bytes(&road.centre),
        half_widths: pair_bytes(&road.half_widths),
    }
}

/// What a road of a phase is called.
pub fn road_name(phase: u32, split: Split, track: u64) -> String {
    let number = track.saturating_sub(split.first_track());
    match split {
        Split::Train => format!("phase {phase}, training track {number}"),
        Split::Validation => format!("phase {phase}, validation track {number}"),
        Split::Test => format!("phase {phase}, test track {number}"),
    }
}

/// A step. What the network thinks of it is left out where it is not finite: a network that diverges is seen to the end.
pub fn frame(view: &StepView) -> v1::Frame {
    let Pose { position: [x, y], heading_rad, .. } = view.pose;
    let Activity { raster, shares, value, dopamine } = view.activity;
    let shares = shares.filter(|shares| shares.iter().all(|share| share.is_finite()));
    let told = |number: Option<f32>| number.filter(|number| number.is_finite()).map(f64::from);
    let mode = if view.learner.is_some() { v1::DriveMode::Training } else { v1::DriveMode::Driving };
    v1::Frame {
        episode: view.episode as u32,
        step: view.step as u32,
        phase: view.phase.number(),
        x,
        y,
        heading_rad,
        observation: observation_bytes(view.observation),
        action: view.action as u32,
        action_shares: shares.map(|shares| observation_bytes(&shares)).unwrap_or_default(),
        reward: view.reward,
        episode_return: view.episode_return,
        dopamine: told(dopamine),
        value: told(value),
        raster: raster.map(|raster| raster.bytes().to_vec()).unwrap_or_default(),
        ticks: raster.map_or(0, |raster| raster.ticks() as u32),
        mode: mode.into(),
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Action, Phase};

    use super::*;

    #[test]
    fn a_run_is_named_after_its_directory() {
        let parent = tempfile::tempdir().unwrap();
        let id = |name: &str| run_id(&parent.path().join(name));
        assert_eq!(id("20260101T000000Z-stdp-s1"), "20260101T000000Z-stdp-s1");
        assert_eq!((id("my run/"), id(".hidden"), id("Größe")), ("my_run".into(), "_hidden".into(), "Gr__e".into()));
        assert_eq!((id(&"x".repeat(200)).len(), run_id(Path::new("/"))), (128, "run".into()));
        let here = parent.path().join("a");
        std::fs::create_dir(&here).unwrap();
        assert_eq!(
            (run_id(&here.join(".")), run_id(&here.join("s17")), id("a/s")),
            ("a".into(), "a-s17".into(), "s".into())
        );
    }

    #[test]
    fn a_frame_leaves_out_what_is_not_finite() {
        let frame = |shares, value, dopamine| {
            let activity = Activity { shares: Some(shares), value, dopamine, ..Activity::default() };
            let pose = Pose { position: [1.0, 2.0], heading_rad: 0.5, lateral_deviation: 0.0 };
            let (observation, action) = ([4.0, 5.0, 6.0], Action::Right);
            let (lane, episode, step, phase, reward, episode_return) = (0, 3, 7, Phase::Sharp, 2.5, 9.5);
            super::frame(&StepView {
                lane,
                episode,
                step,
                phase,
                pose,
                observation: &observation,
                action,
                reward,
                episode_return,
                activity,
                learner: None,
            })
        };
        let whole = frame([0.25, 0.25, 0.5], Some(1.5), Some(-0.5));
        assert_eq!((whole.action_shares.len(), whole.value, whole.dopamine), (12, Some(1.5), Some(-0.5)));
        let diverged = frame([f32::NAN; 3], Some(f32::NAN), Some(f32::NEG_INFINITY));
        assert_eq!(diverged, v1::Frame { action_shares: Vec::new(), value: None, dopamine: None, ..whole });
    }

    #[test]
    fn roads_are_numbered_within_their_split() {
        assert_eq!(road_name(4, Split::Test, Split::Test.first_track() + 3), "phase 4, test track 3");
        assert_eq!(road_name(1, Split::Train, Split::Train.first_track()), "phase 1, training track 0");
    }
}
