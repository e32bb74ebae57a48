//! What the driver can do in a step.

/// The action space, `Discrete(3)`: turn the heading left, keep it, turn it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Action {
    /// Heading + 0.10 rad.
    Left = 0,
    /// Heading unchanged.
    Straight = 1,
    /// Heading − 0.10 rad.
    Right = 2,
}

impl Action {
    /// All actions, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Left, Self::Straight, Self::Right];

    /// The number of this action on the wire and in arrays.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A number that names no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("action {0} is outside Discrete(3): use 0 (left), 1 (straight) or 2 (right)")]
pub struct ActionError(pub u8);

impl TryFrom<u8> for Action {
    type Error = ActionError;

    fn try_from(number: u8) -> Result<Self, ActionError> {
        Self::ALL.get(usize::from(number)).copied().ok_or(ActionError(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_actions_and_nothing_else() {
        for action in Action::ALL {
            assert_eq!(Action::try_from(action as u8), Ok(action));
        }
        let error = Action::try_from(7).unwrap_err();
        assert_eq!(error.to_string(), "action 7 is outside Discrete(3): use 0 (left), 1 (straight) or 2 (right)");
    }
}
