//! Weights at birth: orthogonal matrices (Saxe, McClelland & Ganguli 2014), which neither stretch nor shrink what passes through.

use rand::Rng;

use crate::snn::noise;

/// A matrix of `rows` × `columns` in row-major order, whose rows (or columns, where these are fewer) are orthogonal and `gain` long.
/// By Gram and Schmidt from normal draws.
pub fn orthogonal(rows: usize, columns: usize, gain: f32, rng: &mut impl Rng) -> Vec<f32> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(count);
    while vectors.len() < count {
        let mut drawn = vec![0.0; length];
        noise::fill(rng, &mut drawn);
        for vector in &vectors {
            let along = dot(&drawn, vector);
            drawn.iter_mut().zip(vector).for_each(|(x, y)| *x -= along * y);
        }
        let norm = dot(&drawn, &drawn).sqrt();
        // What lies almost in the span of the others keeps too few digits: drawn again.
        if norm > 0.01 {
            drawn.iter_mut().for_each(|x| *x /= norm);
            vectors.push(drawn);
        }
    }
    let at = |row: usize, column: usize| if rows <= columns { vectors[row][column] } else { vectors[column][row] };
    (0..rows * columns).map(|k| gain * at(k / columns, k % columns)).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn the_shorter_side_is_orthogonal_and_as_long_as_the_gain() {
        for (rows, columns) in [(6, 64), (64, 3), (5, 5), (1, 1)] {
            let matrix = orthogonal(rows, columns, 2.0, &mut stream(7, Purpose::Wiring, 0));
            let vector = |k: usize| -> Vec<f32> {
                if rows <= columns {
                    matrix[k * columns..][..columns].to_vec()
                } else {
                    matrix.iter().skip(k).step_by(columns).copied().collect()
                }
            };
            for i in 0..rows.min(columns) {
                for j in 0..rows.min(columns) {
                    let expected = if i == j { 4.0 } else { 0.0 };
                    assert!((dot(&vector(i), &vector(j)) - expected).abs() < 1e-4, "{rows} × {columns}: {i}, {j}");
                }
            }
        }
    }
}
