//! The environment in process.

use spikedrive_env::{Action, LaneInfo, StepBatch, VectorWorld, WorldConfig};

use super::{EnvError, EnvFactory, VectorEnv};

/// Makes worlds in this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalFactory;

impl EnvFactory for LocalFactory {
    fn make(&self, config: &WorldConfig) -> Result<Box<dyn VectorEnv>, EnvError> {
        Ok(Box::new(Local(VectorWorld::new(config.clone())?)))
    }
}

struct Local(VectorWorld);

impl VectorEnv for Local {
    fn observations(&self) -> &[f32] {
        self.0.observations()
    }

    fn step(&mut self, actions: &[Action]) -> Result<&StepBatch, EnvError> {
        Ok(self.0.step(actions)?)
    }

    fn info(&self) -> Option<&LaneInfo> {
        self.0.info()
    }

    fn keep_alive(&mut self) -> Result<(), EnvError> {
        Ok(())
    }
}
