//! What a file keeps of a network: arrays, each under a name.

use ndarray::{Array2, ArrayView2};

use crate::snn::error::NetworkError;

/// An array of learned numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArray {
    /// Such as `weights`, or `q.0.bias`.
    pub name: String,
    /// Its numbers.
    pub values: Array2<f32>,
}

impl NamedArray {
    /// The array of a name, if it has this shape and all its numbers are finite.
    pub fn find<'a>(
        arrays: &'a [Self],
        name: &str,
        shape: (usize, usize),
    ) -> Result<ArrayView2<'a, f32>, NetworkError> {
        let wrong = |found: Option<(usize, usize)>| {
            let found = found.map_or_else(
                || format!("there is no array {name}"),
                |(rows, columns)| format!("the array {name} is {rows} × {columns}"),
            );
            NetworkError::Array(format!("{found}: it must be {} × {}", shape.0, shape.1))
        };
        let values = &arrays.iter().find(|array| array.name == name).ok_or_else(|| wrong(None))?.values;
        if values.dim() != shape {
            return Err(wrong(Some(values.dim())));
        }
        match values.indexed_iter().find(|(_, number)| !number.is_finite()) {
            None => Ok(values.view()),
            Some(((row, column), number)) => {
                Err(NetworkError::Array(format!("{name} [{row}, {column}] is {number}: every number must be finite")))
            }
        }
    }
}
