//! What a command of a stream does to a world.
//!
//! Between the bytes of a request and those of its answer nothing is locked and, once warm, nothing is allocated: actions are read
//! out of the message, lanes are stepped in place, and the answer is written into memory that the last one has left. Only a road that
//! has to be laid out for a new episode, many lanes on several threads, and what is asked for beside steps, take either.

use spikedrive_env::config::Autoreset;
use spikedrive_env::vector_world::LaneError;
use spikedrive_env::{Action, Course, Drive, VectorWorld};
use spikedrive_proto::convert::{ConvertError, StepEncoder};
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use spikedrive_proto::{convert, v1};

use crate::picture::render;

/// Most steps in one request.
const MAX_ROWS: usize = 4096;
/// Most units of road that a message may cause to be laid out: some tenths of a second.
const MAX_ROAD: usize = 4_000_000;
/// Lanes on generated tracks share no more roads than there are.
const MAX_ROADS: usize = 200;
/// Longest answer to a request of several steps, in bytes: what clients take by default, and a margin.
const MAX_ANSWER: usize = (4 << 20) - (64 << 10);

/// Performs commands, in memory that every step uses again.
#[derive(Debug, Default)]
pub struct Stepper {
    actions: Vec<Action>,
    encoder: StepEncoder,
}

impl Stepper {
    /// Performs a command that concerns the world alone. One that is refused has changed nothing.
    pub fn perform(&mut self, world: &mut VectorWorld, command: &Command) -> Result<Outcome, v1::StepError> {
        match command {
            Command::Actions(bytes) => {
                let lanes = world.config().lanes;
                if bytes.len() != lanes {
                    let error = LaneError::WrongCount { given: bytes.len(), lanes };
                    return Err(convert::lane_step_error(error, "actions"));
                }
                convert::read_actions(bytes, &mut self.actions)?;
                let batch = world.step(&self.actions).map_err(|error| convert::lane_step_error(error, "actions"))?;
                self.encoder.push(batch);
            }
            Command::ResetMask(mask) => {
                let mask = convert::read_mask(mask)?;
                let batch = world.reset(&mask).map_err(|error| convert::lane_step_error(error, "reset_mask"))?;
                self.encoder.push(batch);
            }
            Command::Restore(state) => {
                *world = restored(world, state)?;
                self.encoder.push(world.batch());
            }
            Command::ActionRows(bytes) => return self.rows(world, bytes).map(Outcome::Result),
            Command::Render(settings) => return Ok(Outcome::Picture(render(world, settings)?)),
            Command::Snapshot(_) => return Ok(Outcome::Snapshot(snapshot(world))),
            Command::Fork(_) => {
                let reason = "a fork needs a session".to_owned();
                return Err(ConvertError { field: "command", reason }.into());
            }
        }
        Ok(Outcome::Result(self.encoder.finish(world.info())))
    }

    /// Several steps at once. Nothing has changed if one of the actions is none; in mode DISABLED the step that ends an episode is the
    /// last.
    fn rows(&mut self, world: &mut VectorWorld, bytes: &[u8]) -> Result<v1::StepResult, v1::StepError> {
        let error = |reason: String| v1::StepError::from(ConvertError { field: "action_rows", reason });
        let (lanes, rays) = (world.config().lanes, world.config().options.rays);
        let steps = bytes.len() / lanes;
        if bytes.is_empty() || !bytes.len().is_multiple_of(lanes) {
            return Err(error(format!("{} actions are no whole number of steps of {lanes} lanes", bytes.len())));
        }
        // Two observations where an episode ends, reward and return, length, and three marks.
        let longest = 2 * rays * size_of::<f32>() + 2 * size_of::<f64>() + size_of::<u32>() + 3;
        // Where episodes are short, each message lays out many roads.
        let road_a_step = (Drive::road_length(world.config().horizon) / world.config().horizon as f64) as usize;
        let most = (MAX_ANSWER / (lanes * longest)).min(MAX_ROAD / (lanes * road_a_step)).clamp(1, MAX_ROWS);
        if steps > most {
            return Err(error(format!("{steps} steps of {lanes} lanes are more than one message may ask for, {most}")));
        }
        if world.info().is_some() {
            return Err(error("this session tells where its cars are: send it one step at a time".to_owned()));
        }
        if let Some((step, row)) =
            bytes.chunks_exact(lanes).enumerate().find(|(_, row)| row.iter().any(|&byte| byte > 2))
        {
            let inner = convert::read_actions(row, &mut self.actions).err();
            return Err(error(format!("step {step}, {}", inner.map(|inner| inner.reason).unwrap_or_default())));
        }
        convert::read_actions(bytes, &mut self.actions)?;
        let mut driven = 0;
        for actions in self.actions.chunks_exact(lanes) {
            let batch = world.step(actions).map_err(|error| convert::lane_step_error(error, "action_rows"))?;
            self.encoder.push(batch);
            driven += 1;
            if world.config().autoreset == Autoreset::Disabled && !world.batch().finished.is_empty() {
                break;
            }
        }
        Ok(v1::StepResult { steps: driven, ..self.encoder.finish(None) })
    }
}

/// The state of a world, for the wire.
pub(crate) fn snapshot(world: &VectorWorld) -> v1::SnapshotResponse {
    v1::SnapshotResponse { state: convert::snapshot_bytes(world) }
}

/// The world of a snapshot, if it is of the same kind as `world`, which is what the client was told when it made its session.
fn restored(world: &VectorWorld, state: &[u8]) -> Result<VectorWorld, ConvertError> {
    let (lanes, horizon) = (world.config().lanes, world.config().horizon);
    let road = lanes.min(MAX_ROADS) * Drive::road_length(horizon) as usize;
    if road > MAX_ROAD {
        let reason =
            format!("{lanes} lanes with a horizon of {horizon} are too many roads to lay out on a stream: use Restore");
        return Err(ConvertError { field: "restore", reason });
    }
    let snapshot = convert::read_snapshot(state)?;
    let (ours, theirs) = (world.config(), &snapshot.config);
    let differs = [
        ("course", !same_course(&ours.course, &theirs.course)),
        ("options", ours.options != theirs.options),
        ("lanes", ours.lanes != theirs.lanes),
        ("horizon", ours.horizon != theirs.horizon),
        ("autoreset_mode", ours.autoreset != theirs.autoreset),
        ("info", ours.info != theirs.info),
    ];
    if let Some((what, _)) = differs.iter().find(|(_, differs)| *differs) {
        let reason = format!("{what} of the snapshot differs from this session's: make a session of it with Restore");
        return Err(ConvertError { field: "restore", reason });
    }
    snapshot.resume()
}

fn same_course(ours: &Course, theirs: &Course) -> bool {
    match (ours, theirs) {
        (Course::Phase { phase, split }, Course::Phase { phase: other, split: other_split }) => {
            (phase, split) == (other, other_split)
        }
        (Course::Circuit(ours), Course::Circuit(theirs)) => {
            (ours.name(), ours.mode(), ours.csv()) == (theirs.name(), theirs.mode(), theirs.csv())
        }
        _ => false,
    }
}
