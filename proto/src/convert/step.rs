//! One step of all lanes: actions and masks to the server, observations, rewards and ends back.

use prost::bytes::{Bytes, BytesMut};
use spikedrive_env::sensors::RANGE;
use spikedrive_env::vector_world::Finished;
use spikedrive_env::{Action, EndReason, LaneInfo, StepBatch};

use super::{ConvertError, check_length};
use crate::{PROTOCOL_MAJOR, v1};

/// One action for each lane, as bytes.
pub fn action_bytes(actions: &[Action]) -> Vec<u8> {
    actions.iter().map(|&action| action as u8).collect()
}

/// Reads one action for each lane into `actions`.
pub fn read_actions(bytes: &[u8], actions: &mut Vec<Action>) -> Result<(), ConvertError> {
    actions.clear();
    for (lane, &byte) in bytes.iter().enumerate() {
        actions.push(
            Action::try_from(byte).map_err(|error| ConvertError::new("actions", format!("lane {lane}: {error}")))?,
        );
    }
    Ok(())
}

/// Reads one mark, 0 or 1, for each lane into a mask.
pub fn read_mask(bytes: &[u8]) -> Result<Vec<bool>, ConvertError> {
    let mark = |(lane, &byte): (usize, &u8)| match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(ConvertError::new("reset_mask", format!("lane {lane}: {byte} is neither 0 (keep) nor 1 (reset)"))),
    };
    bytes.iter().enumerate().map(mark).collect()
}

/// Writes steps into memory that it uses again: once it is warm, and what it wrote before has been sent, it allocates nothing.
#[derive(Debug, Default)]
pub struct StepEncoder {
    observations: BytesMut,
    rewards: BytesMut,
    terminated: BytesMut,
    truncated: BytesMut,
    end_reasons: BytesMut,
    final_observations: BytesMut,
    finished_returns: BytesMut,
    finished_lengths: BytesMut,
}

impl StepEncoder {
    /// One more step, or a reset.
    pub fn push(&mut self, batch: &StepBatch) {
        append(&mut self.observations, &batch.observations, |distance| distance.to_le_bytes());
        append(&mut self.rewards, &batch.rewards, |reward| reward.to_le_bytes());
        append(&mut self.terminated, &batch.ends, |end| [end.is_some_and(EndReason::is_terminated).into()]);
        append(&mut self.truncated, &batch.ends, |end| [end.is_some_and(EndReason::is_truncated).into()]);
        append(&mut self.end_reasons, &batch.ends, |end| [wire_end_reason(end) as u8]);
        append(&mut self.final_observations, &batch.final_observations, |distance| distance.to_le_bytes());
        append(&mut self.finished_returns, &batch.finished, |finished| finished.episode_return.to_le_bytes());
        append(&mut self.finished_lengths, &batch.finished, |finished| finished.length.to_le_bytes());
    }

    /// All steps since the last call in one result, with the world's info where it tells any.
    pub fn finish(&mut self, info: Option<&LaneInfo>) -> v1::StepResult {
        // An empty one is left alone: to split it would cost an allocation.
        let take = |bytes: &mut BytesMut| if bytes.is_empty() { Bytes::new() } else { bytes.split().freeze() };
        v1::StepResult {
            observations: take(&mut self.observations),
            rewards: take(&mut self.rewards),
            terminated: take(&mut self.terminated),
            truncated: take(&mut self.truncated),
            end_reasons: take(&mut self.end_reasons),
            info: info.map(Into::into),
            final_observations: take(&mut self.final_observations),
            finished_returns: take(&mut self.finished_returns),
            finished_lengths: take(&mut self.finished_lengths),
            steps: 0,
        }
    }
}

/// Appends numbers as little-endian bytes.
fn append<T: Copy, const N: usize>(bytes: &mut BytesMut, values: &[T], encode: impl Fn(T) -> [u8; N]) {
    let start = bytes.len();
    bytes.resize(start + N * values.len(), 0);
    let (places, _) = bytes[start..].as_chunks_mut();
    for (place, &value) in places.iter_mut().zip(values) {
        *place = encode(value);
    }
}

/// What a step or reset gave, with the world's info where it tells any.
pub fn step_result(batch: &StepBatch, info: Option<&LaneInfo>) -> v1::StepResult {
    let mut encoder = StepEncoder::default();
    encoder.push(batch);
    encoder.finish(info)
}

fn wire_end_reason(end: Option<EndReason>) -> v1::EndReason {
    match end {
        None => v1::EndReason::Unspecified,
        Some(EndReason::Crash) => v1::EndReason::Crash,
        Some(EndReason::Horizon) => v1::EndReason::Horizon,
        Some(EndReason::Lap) => v1::EndReason::Lap,
    }
}

/// Observations as little-endian f32.
pub fn observation_bytes(observations: &[f32]) -> Vec<u8> {
    observations.iter().flat_map(|distance| distance.to_le_bytes()).collect()
}

/// Reads the observations of `lanes` lanes of `rays` rays: right length, each within `[0, 20]`.
pub fn read_observations(bytes: &[u8], lanes: usize, rays: usize) -> Result<Vec<f32>, ConvertError> {
    read_distances("observations", bytes, lanes * rays)
}

fn read_distances(field: &'static str, bytes: &[u8], count: usize) -> Result<Vec<f32>, ConvertError> {
    check_length(field, bytes, count * size_of::<f32>())?;
    let (chunks, _) = bytes.as_chunks();
    chunks
        .iter()
        .map(|&chunk| {
            Some(f32::from_le_bytes(chunk))
                .filter(|distance| (0.0..=RANGE).contains(distance))
                .ok_or(f32::from_le_bytes(chunk))
        })
        .collect::<Result<_, f32>>()
        .map_err(|distance| ConvertError::new(field, format!("{distance} is outside [0, {RANGE}]")))
}

/// Reads what a step of `lanes` lanes of `rays` rays gave, with final observations either of all ended lanes or of none.
pub fn read_step(result: &v1::StepResult, lanes: usize, rays: usize) -> Result<StepBatch, ConvertError> {
    let observations = read_observations(&result.observations, lanes, rays)?;
    check_length("rewards", &result.rewards, lanes * size_of::<f64>())?;
    for (field, bytes) in
        [("terminated", &result.terminated), ("truncated", &result.truncated), ("end_reasons", &result.end_reasons)]
    {
        check_length(field, bytes, lanes)?;
    }
    let rewards: Vec<f64> = result.rewards.as_chunks().0.iter().map(|&chunk| f64::from_le_bytes(chunk)).collect();
    if let Some(reward) = rewards.iter().find(|reward| !reward.is_finite()) {
        return Err(ConvertError::new("rewards", format!("{reward} is not finite")));
    }
    let masks = result.terminated.iter().zip(&result.truncated);
    let ends = result
        .end_reasons
        .iter()
        .zip(masks)
        .map(|(&reason, (&terminated, &truncated))| end_reason(reason, terminated, truncated))
        .collect::<Result<Vec<_>, _>>()?;
    let ended = ends.iter().flatten().count();
    let told = if result.final_observations.is_empty() { 0 } else { ended };
    let final_observations = read_distances("final_observations", &result.final_observations, told * rays)?;
    let finished = read_finished(result, ended)?;
    Ok(StepBatch { observations, rewards, ends, final_observations, finished })
}

/// Return and length of `ended` episodes, or of none: older servers tell none.
fn read_finished(result: &v1::StepResult, ended: usize) -> Result<Vec<Finished>, ConvertError> {
    let (returns, lengths) = (&result.finished_returns, &result.finished_lengths);
    let ended = if returns.is_empty() { 0 } else { ended };
    check_length("finished_returns", returns, ended * size_of::<f64>())?;
    check_length("finished_lengths", lengths, ended * size_of::<u32>())?;
    let pairs = returns.as_chunks().0.iter().zip(lengths.as_chunks().0);
    let finished = pairs.map(|(&episode_return, &length)| Finished {
        episode_return: f64::from_le_bytes(episode_return),
        length: u32::from_le_bytes(length),
    });
    let finished: Vec<Finished> = finished.collect();
    match finished.iter().find(|finished| !finished.episode_return.is_finite()) {
        Some(Finished { episode_return, .. }) => {
            Err(ConvertError::new("finished_returns", format!("{episode_return} is not finite")))
        }
        None => Ok(finished),
    }
}

fn end_reason(reason: u8, terminated: u8, truncated: u8) -> Result<Option<EndReason>, ConvertError> {
    let end = match v1::EndReason::try_from(i32::from(reason)) {
        Ok(v1::EndReason::Unspecified) => None,
        Ok(v1::EndReason::Crash) => Some(EndReason::Crash),
        Ok(v1::EndReason::Horizon) => Some(EndReason::Horizon),
        Ok(v1::EndReason::Lap) => Some(EndReason::Lap),
        Err(_) => {
            return Err(ConvertError::new(
                "end_reasons",
                format!("{reason} is no end reason of protocol {PROTOCOL_MAJOR}"),
            ));
        }
    };
    let expected = (end.is_some_and(EndReason::is_terminated), end.is_some_and(EndReason::is_truncated));
    if (terminated, truncated) == (expected.0.into(), expected.1.into()) {
        Ok(end)
    } else {
        Err(ConvertError::new(
            "end_reasons",
            format!("{end:?} contradicts terminated {terminated}, truncated {truncated}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_broken_step_is_refused() {
        let batch = StepBatch {
            observations: vec![1.0; 3],
            rewards: vec![2.5],
            ends: vec![Some(EndReason::Lap)],
            final_observations: vec![2.0; 3],
            finished: vec![Finished { episode_return: 7.5, length: 3 }],
        };
        let good = step_result(&batch, None);
        assert!(read_step(&good, 1, 3).is_ok());
        for (bad, field) in [
            (v1::StepResult { observations: observation_bytes(&[1.0, 2.0]).into(), ..good.clone() }, "observations"),
            (
                v1::StepResult { observations: observation_bytes(&[1.0, 2.0, f32::NAN]).into(), ..good.clone() },
                "observations",
            ),
            (
                v1::StepResult { observations: observation_bytes(&[1.0, 2.0, 20.5]).into(), ..good.clone() },
                "observations",
            ),
            (v1::StepResult { rewards: f64::INFINITY.to_le_bytes().to_vec().into(), ..good.clone() }, "rewards"),
            (v1::StepResult { terminated: vec![1].into(), ..good.clone() }, "end_reasons"),
            (v1::StepResult { end_reasons: vec![9].into(), ..good.clone() }, "end_reasons"),
            (v1::StepResult { truncated: Bytes::new(), ..good.clone() }, "truncated"),
            (
                v1::StepResult { final_observations: observation_bytes(&[1.0; 6]).into(), ..good.clone() },
                "final_observations",
            ),
            (
                v1::StepResult { final_observations: observation_bytes(&[-1.0; 3]).into(), ..good.clone() },
                "final_observations",
            ),
            (
                v1::StepResult { truncated: vec![0].into(), end_reasons: vec![0].into(), ..good.clone() },
                "final_observations",
            ),
            (v1::StepResult { finished_returns: vec![0; 16].into(), ..good.clone() }, "finished_returns"),
            (v1::StepResult { finished_lengths: vec![0; 3].into(), ..good.clone() }, "finished_lengths"),
            (
                v1::StepResult { finished_returns: f64::NAN.to_le_bytes().to_vec().into(), ..good.clone() },
                "finished_returns",
            ),
        ] {
            assert_eq!(read_step(&bad, 1, 3).unwrap_err().field, field);
        }
    }

    fn lane() -> impl Strategy<Value = ([f32; 3], f64, Option<EndReason>)> {
        let end = prop_oneof![
            Just(None),
            Just(Some(EndReason::Crash)),
            Just(Some(EndReason::Horizon)),
            Just(Some(EndReason::Lap))
        ];
        (prop::array::uniform3(0.0f32..=20.0), -100.0f64..=2.5, end)
    }

    proptest! {
        #[test]
        fn steps_survive_the_wire_bit_for_bit(
            lanes in prop::collection::vec(lane(), 1..20),
            same_step in any::<bool>(),
        ) {
            let ended = lanes.iter().filter(|lane| lane.2.is_some());
            let last = lanes.iter().filter(|lane| same_step && lane.2.is_some()).flat_map(|lane| lane.0.map(|x| 20.0 - x));
            let batch = StepBatch {
                observations: lanes.iter().flat_map(|lane| lane.0).collect(),
                rewards: lanes.iter().map(|lane| lane.1).collect(),
                ends: lanes.iter().map(|lane| lane.2).collect(),
                final_observations: last.collect(),
                finished: ended.map(|lane| Finished { episode_return: lane.1, length: lane.0[0] as u32 }).collect(),
            };
            prop_assert_eq!(&read_step(&step_result(&batch, None), lanes.len(), 3).unwrap(), &batch);

            // Steps after one another, in memory that was used before.
            let mut encoder = StepEncoder::default();
            for steps in [2, 1, 3] {
                (0..steps).for_each(|_| encoder.push(&batch));
                let rows = read_step(&encoder.finish(None), steps * lanes.len(), 3).unwrap();
                prop_assert_eq!(rows.observations, batch.observations.repeat(steps));
                prop_assert_eq!((rows.ends, rows.finished), (batch.ends.repeat(steps), batch.finished.repeat(steps)));
            }
        }

        #[test]
        fn any_bytes_are_actions_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let mut actions = Vec::new();
            match read_actions(&bytes, &mut actions) {
                Ok(()) => prop_assert_eq!(action_bytes(&actions), bytes),
                Err(error) => prop_assert!(bytes.iter().any(|&byte| byte > 2) && error.reason.contains("use 0 (left)")),
            }
        }
    }
}
