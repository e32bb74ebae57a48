//! Snapshots: the state of a world as opaque bytes.

use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use spikedrive_env::config::MAX_LANES;
use spikedrive_env::motion::Motion;
use spikedrive_env::state::{DriveState, LaneState};
use spikedrive_env::{Action, Car, ConfigError, ENVIRONMENT_ID, VectorWorld, WorldConfig};

use super::{ConvertError, observation_bytes};
use crate::v1;

/// Number of the field `lanes`.
const LANES_FIELD: u32 = 3;
/// Bytes of the checksum at the end.
const CHECKSUM: usize = size_of::<u32>();

/// The state of a world: [`read_snapshot`] reads it.
pub fn snapshot_bytes(world: &VectorWorld) -> Vec<u8> {
    let snapshot = v1::WorldSnapshot {
        environment_id: ENVIRONMENT_ID.to_owned(),
        config: Some(world.config().into()),
        lanes: world.state().iter().map(wire_lane).collect(),
    };
    let mut bytes = snapshot.encode_to_vec();
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

/// A snapshot that was read: [`Snapshot::resume`] makes the world, which may take memory and time.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What the world was made from.
    pub config: WorldConfig,
    lanes: Vec<LaneState>,
}

impl Snapshot {
    /// A world that goes on where the other one was. It obeys every rule, whatever the bytes were, or there is an error.
    pub fn resume(self) -> Result<VectorWorld, ConvertError> {
        VectorWorld::resume(self.config, &self.lanes)
            .map_err(|ConfigError { field, reason }| ConvertError::new("state", format!("{field}: {reason}")))
    }
}

/// Reads what [`snapshot_bytes`] wrote.
pub fn read_snapshot(bytes: &[u8]) -> Result<Snapshot, ConvertError> {
    let error = |reason: String| ConvertError::new("state", reason);
    let body = bytes.len().checked_sub(CHECKSUM).map(|length| bytes.split_at(length));
    let (body, checksum) = body.ok_or_else(|| error(format!("{} bytes are no snapshot", bytes.len())))?;
    if crc32c::crc32c(body).to_le_bytes() != checksum {
        return Err(error("the checksum does not fit: send the bytes as Snapshot gave them".to_owned()));
    }
    let no_snapshot = |reason: prost::DecodeError| error(format!("no snapshot: {reason}"));
    // An empty lane takes two bytes here and a hundred times as many in memory.
    let lanes = count_lanes(body).map_err(no_snapshot)?;
    if lanes > MAX_LANES {
        return Err(error(format!("{lanes} lanes are more than {MAX_LANES}")));
    }
    let snapshot = v1::WorldSnapshot::decode(body).map_err(no_snapshot)?;
    if snapshot.environment_id != ENVIRONMENT_ID {
        let of: String = snapshot.environment_id.chars().take(40).collect();
        return Err(error(format!("a snapshot of {of:?}: this server hosts {ENVIRONMENT_ID:?}")));
    }
    let config = snapshot.config.ok_or_else(|| error("it tells no configuration".to_owned()))?;
    let config = WorldConfig::try_from(config).map_err(|inner| error(inner.to_string()))?;
    let lanes = snapshot.lanes.iter().map(read_lane).collect::<Result<_, _>>()?;
    Ok(Snapshot { config, lanes })
}

/// Lanes in an encoded snapshot, none of which is decoded.
fn count_lanes(mut body: &[u8]) -> Result<usize, prost::DecodeError> {
    let mut lanes = 0;
    while !body.is_empty() {
        let (tag, wire_type) = decode_key(&mut body)?;
        lanes += usize::from(tag == LANES_FIELD);
        skip_field(wire_type, tag, &mut body, DecodeContext::default())?;
    }
    Ok(lanes)
}

fn wire_lane(lane: &LaneState) -> v1::LaneSnapshot {
    let DriveState { motion, steps, seen, noise_drawn, gusts_drawn } = &lane.drive;
    v1::LaneSnapshot {
        episode: lane.episode,
        ended: lane.ended,
        episode_return: lane.episode_return,
        steps: *steps as u64,
        x: motion.car.position[0],
        y: motion.car.position[1],
        heading_rad: motion.car.heading_rad,
        index: motion.index as u64,
        lateral_deviation: motion.lateral_deviation,
        progress: motion.progress,
        previous_action: motion.previous_action.map(|action| action as u32),
        turn_rad: motion.turn_rad,
        gust: motion.gust,
        seen: observation_bytes(seen),
        noise_drawn: *noise_drawn,
        gusts_drawn: *gusts_drawn,
    }
}

fn read_lane(lane: &v1::LaneSnapshot) -> Result<LaneState, ConvertError> {
    let error = |reason: String| ConvertError::new("state", reason);
    let action = |number: u32| {
        let byte = u8::try_from(number).unwrap_or(u8::MAX);
        Action::try_from(byte).map_err(|reason| error(format!("previous_action: {reason}")))
    };
    let (seen, rest) = lane.seen.as_chunks();
    if !rest.is_empty() {
        return Err(error(format!("seen: {} bytes are no whole number of f32", lane.seen.len())));
    }
    let motion = Motion {
        car: Car { position: [lane.x, lane.y], heading_rad: lane.heading_rad },
        // What does not fit is no sample either.
        index: usize::try_from(lane.index).unwrap_or(usize::MAX),
        lateral_deviation: lane.lateral_deviation,
        progress: lane.progress,
        previous_action: lane.previous_action.map(action).transpose()?,
        turn_rad: lane.turn_rad,
        gust: lane.gust,
    };
    let drive = DriveState {
        motion,
        steps: usize::try_from(lane.steps).unwrap_or(usize::MAX),
        seen: seen.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        noise_drawn: lane.noise_drawn,
        gusts_drawn: lane.gusts_drawn,
    };
    Ok(LaneState { episode: lane.episode, ended: lane.ended, episode_return: lane.episode_return, drive })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spikedrive_env::{Course, Phase, Split, WorldPreset};

    use super::*;

    fn world() -> VectorWorld {
        let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
        let options = WorldPreset::HardStorm.options();
        let mut world = VectorWorld::new(WorldConfig { options, seed: 5, ..WorldConfig::base(course, 3, 20) }).unwrap();
        for _ in 0..30 {
            world.step(&[Action::Left, Action::Straight, Action::Right]).unwrap();
        }
        world
    }

    fn resume(bytes: &[u8]) -> Result<VectorWorld, ConvertError> {
        read_snapshot(bytes)?.resume()
    }

    fn sealed(snapshot: &v1::WorldSnapshot) -> Vec<u8> {
        let mut bytes = snapshot.encode_to_vec();
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    fn open(bytes: &[u8]) -> v1::WorldSnapshot {
        v1::WorldSnapshot::decode(&bytes[..bytes.len() - CHECKSUM]).unwrap()
    }

    #[test]
    fn a_snapshot_makes_the_same_world() {
        let world = world();
        let read = resume(&snapshot_bytes(&world)).unwrap();
        assert_eq!((read.state(), read.observations()), (world.state(), world.observations()));
        assert_eq!(snapshot_bytes(&read), snapshot_bytes(&world));
    }

    #[test]
    fn what_is_no_snapshot_is_refused_with_the_reason() {
        let good = snapshot_bytes(&world());
        let mut flipped = good.clone();
        flipped[7] ^= 1;
        let spoiled = |spoil: fn(&mut v1::WorldSnapshot)| {
            let mut snapshot = open(&good);
            spoil(&mut snapshot);
            sealed(&snapshot)
        };
        for (bad, reason) in [
            (vec![1, 2], "2 bytes are no snapshot"),
            (flipped, "the checksum does not fit"),
            (spoiled(|snapshot| snapshot.environment_id = "Cart".to_owned()), "a snapshot of \"Cart\""),
            (spoiled(|snapshot| snapshot.config = None), "it tells no configuration"),
            (spoiled(|snapshot| snapshot.config.as_mut().unwrap().lanes = 0), "lanes: 0 is outside 1..=4096"),
            (spoiled(|snapshot| snapshot.lanes.truncate(1)), "lanes: 1 lanes instead of 3"),
            (
                spoiled(|snapshot| snapshot.lanes.resize(4097, v1::LaneSnapshot::default())),
                "4097 lanes are more than 4096",
            ),
            (
                spoiled(|snapshot| (snapshot.lanes[1].steps, snapshot.lanes[1].ended) = (20, false)),
                "steps: 20 is not below",
            ),
            (spoiled(|snapshot| snapshot.lanes[1].index = u64::MAX), "index: 18446744073709551615 is no sample"),
            (spoiled(|snapshot| snapshot.lanes[1].x = f64::NAN), "x: NaN is outside"),
            (spoiled(|snapshot| snapshot.lanes[1].previous_action = Some(300)), "previous_action: action 255"),
            (spoiled(|snapshot| snapshot.lanes[1].seen.truncate(7)), "seen: 7 bytes are no whole number"),
        ] {
            let error = resume(&bad).unwrap_err();
            assert!(error.field == "state" && error.reason.starts_with(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_world_or_an_error(at in 0usize..400, byte in any::<u8>(), steps in 1usize..30) {
            // A damaged body with a checksum that fits: what somebody with bad intentions sends.
            let mut bytes = snapshot_bytes(&world());
            let length = bytes.len() - CHECKSUM;
            bytes.truncate(length);
            bytes[at % length] = byte;
            bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
            if let Ok(mut world) = resume(&bytes) {
                let lanes = world.config().lanes;
                for _ in 0..steps {
                    let _ = world.step(&vec![Action::Straight; lanes]);
                }
                prop_assert!(world.observations().iter().all(|distance| (0.0..=20.0).contains(distance)));
                let (rays, batch) = (world.config().options.rays, world.batch());
                let (lanes, result) = (world.config().lanes, super::super::step_result(batch, None));
                prop_assert!(super::super::read_step(&result, lanes, rays).is_ok());
            }
        }
    }
}
