//! Ghosts: what the trained network drives on the test tracks, to be raced against. Poses only: small enough to keep all.

use std::path::Path;

use spikedrive_env::{EndReason, Phase, Split};
use spikedrive_proto::v1;

use crate::evaluate::{EpisodeResult, Trace};
use crate::telemetry::messages::{road, road_name, run_id};

/// The ghosts of a phase: one for each test track, of the network after `episode` training episodes.
pub fn of(run: &Path, episode: usize, phase: Phase, results: &[EpisodeResult], traces: &[Trace]) -> Vec<v1::Recording> {
    let run_id = run_id(run);
    let ghost = |(result, trace): (&EpisodeResult, &Trace)| {
        let track = trace.road.track.saturating_sub(Split::Test.first_track());
        let name = road_name(phase.number(), Split::Test, trace.road.track);
        v1::Recording {
            name: format!("ghost-p{}-t{track:02}", phase.number()),
            reasons: vec![v1::RecordingReason::Ghost.into()],
            run_id: run_id.clone(),
            episode: episode as u32,
            phase: phase.number(),
            episode_return: result.episode_return,
            crashed: result.end == EndReason::Crash,
            mode: v1::DriveMode::Driving.into(),
            test_track: Some(track as u32),
            populations: Vec::new(),
            road: Some(road(episode, name, &trace.road)),
            frames: frames(episode, phase, trace),
        }
    };
    results.iter().zip(traces).map(ghost).collect()
}

fn frames(episode: usize, phase: Phase, trace: &Trace) -> Vec<v1::Frame> {
    let mut episode_return = 0.0;
    let steps = trace.steps.iter().enumerate();
    let frame = steps.map(|(step, driven)| {
        episode_return += driven.reward;
        v1::Frame {
            episode: episode as u32,
            step: step as u32,
            phase: phase.number(),
            x: driven.pose.position[0],
            y: driven.pose.position[1],
            heading_rad: driven.pose.heading_rad,
            action: driven.action as u32,
            reward: driven.reward,
            episode_return,
            mode: v1::DriveMode::Driving.into(),
            ..v1::Frame::default()
        }
    });
    frame.collect()
}
