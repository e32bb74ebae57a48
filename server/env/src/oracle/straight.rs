//! Never steers.

use super::Driver;
use crate::{Action, Drive};

/// Always straight.
#[derive(Clone, Copy, Debug, Default)]
pub struct Straight;

impl Driver for Straight {
    fn act(&mut self, _drive: &Drive) -> Action {
        Action::Straight
    }
}
