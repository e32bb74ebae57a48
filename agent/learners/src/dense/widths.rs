//! Widths of the hidden layers.

use serde::{Deserialize, Serialize};

/// Most hidden layers.
pub const MAX_LAYERS: usize = 4;
/// Most units of a layer.
pub const MAX_WIDTH: usize = 1024;

/// Units of each hidden layer, from the inputs on; in files a list such as `[64, 64]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Widths {
    layers: usize,
    widths: [usize; MAX_LAYERS],
}

impl Widths {
    /// Checked widths.
    pub fn new(widths: &[usize]) -> Result<Self, String> {
        if widths.is_empty() || widths.len() > MAX_LAYERS {
            return Err(format!("{} hidden layers are outside 1..={MAX_LAYERS}", widths.len()));
        }
        if let Some(width) = widths.iter().find(|width| !(1..=MAX_WIDTH).contains(*width)) {
            return Err(format!("a hidden layer of {width} units is outside 1..={MAX_WIDTH}"));
        }
        Ok(Self::of(widths))
    }

    /// Two layers of so many units.
    pub(crate) const fn pair(first: usize, second: usize) -> Self {
        Self { layers: 2, widths: [first, second, 0, 0] }
    }

    /// Number of units of each layer of a network with these hidden ones.
    pub fn between(&self, inputs: usize, outputs: usize) -> Vec<usize> {
        let hidden = self.widths[..self.layers].iter().copied();
        std::iter::once(inputs).chain(hidden).chain([outputs]).collect()
    }

    fn of(given: &[usize]) -> Self {
        let mut widths = [0; MAX_LAYERS];
        widths[..given.len()].copy_from_slice(given);
        Self { layers: given.len(), widths }
    }
}

impl TryFrom<Vec<usize>> for Widths {
    type Error = String;

    fn try_from(widths: Vec<usize>) -> Result<Self, String> {
        Self::new(&widths)
    }
}

impl From<Widths> for Vec<usize> {
    fn from(widths: Widths) -> Self {
        widths.widths[..widths.layers].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_four_layers_fit() {
        assert_eq!(Widths::pair(64, 32).between(6, 3), [6, 64, 32, 3]);
        assert_eq!(Vec::from(Widths::new(&[8]).unwrap()), [8]);
        assert_eq!(Widths::new(&[64, 32]), Ok(Widths::pair(64, 32)));
        assert_eq!(Widths::new(&[]).unwrap_err(), "0 hidden layers are outside 1..=4");
        assert_eq!(Widths::new(&[8; 5]).unwrap_err(), "5 hidden layers are outside 1..=4");
        assert_eq!(Widths::new(&[8, 0]).unwrap_err(), "a hidden layer of 0 units is outside 1..=1024");
        assert!(Widths::new(&[1025]).unwrap_err().contains("1025 units"));
    }
}
