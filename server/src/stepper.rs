//! What a command of a stream does to a world.
//!
//! Between the bytes of a request and those of its answer nothing is locked and, once warm, nothing is allocated: actions are read
//! out of the message, lanes are stepped in place, and the answer is written into memory that the last one has left. Only a road that
//! has to be laid out for a new episode, many lanes on several threads, and what is asked for beside steps, take either.

use spikedrive_env::config::Autoreset;
use spikedrive_env::{Action, VectorWorld};
use spikedrive_proto::convert::{ConvertError, StepEncoder};
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use spikedrive_proto::{convert, v1};

use crate::picture::render;

/// Most steps in one request.
const MAX_ROWS: usize = 4096;
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
        let most = (MAX_ANSWER / (lanes * longest)).clamp(1, MAX_ROWS);
        if steps > most {
            return Err(error(format!("{steps} steps of {lanes} lanes are more than one answer holds, {most}")));
        }
        if world.info().is_some() {
            return Err(error("this session tells where its cars are: send it one step at a time".to_owned()));
        }
        convert::read_actions(bytes, &mut self.actions).map_err(|inner| error(inner.reason))?;
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

/// The world of a snapshot, if it looks the same from outside as `world`.
fn restored(world: &VectorWorld, state: &[u8]) -> Result<VectorWorld, ConvertError> {
    let snapshot = convert::read_snapshot(state)?;
    let (ours, theirs) = (world.config(), &snapshot.config);
    let differs = [
        ("lanes", ours.lanes != theirs.lanes),
        ("rays", ours.options.rays != theirs.options.rays),
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
