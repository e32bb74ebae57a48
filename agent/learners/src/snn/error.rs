//! Why a network cannot be made, or cannot drive.

use super::config::NEURONS;

/// Why weights do not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// The configuration is impossible.
    #[error("impossible network: {0}")]
    Config(String),
    /// The matrix has another shape.
    #[error("the weights are {rows} × {columns}: they must be {NEURONS} × {NEURONS}, W[post, pre]")]
    Shape {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// A weight is no number.
    #[error("weight [{post}, {pre}] is {weight}: every weight must be finite")]
    NotFinite {
        /// Row.
        post: usize,
        /// Column.
        pre: usize,
        /// Value.
        weight: f32,
    },
    /// An array is missing, of another shape, or holds what is no number.
    #[error("{0}")]
    Array(String),
    /// The world has other sensors than the network.
    #[error("the world casts {world} rays and the network takes {network}: use a world of {network} rays")]
    Rays {
        /// Rays of the world.
        world: usize,
        /// Rays of the network.
        network: usize,
    },
}
