//! Matrices in eight bits: precise enough for a colour.

use ndarray::Array2;
use spikedrive_proto::v1;

/// `value ≈ scale · i8`, with `scale = max|value| / 127`: the error is half a scale at most.
pub(super) fn matrix(values: &Array2<f32>) -> v1::Matrix {
    let largest = values.iter().map(|value| value.abs()).fold(0.0, f32::max);
    let scale = largest / f32::from(i8::MAX);
    let quantize = |value: &f32| if scale > 0.0 { (value / scale).round() as i8 } else { 0 };
    v1::Matrix {
        rows: values.nrows() as u32,
        columns: values.ncols() as u32,
        scale,
        values: values.iter().map(|value| quantize(value).cast_unsigned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ShapeBuilder, arr2};

    use super::*;

    #[test]
    fn values_come_back_to_half_a_scale_row_by_row() {
        let values = arr2(&[[0.9, -0.3, 0.0], [-0.9, 0.01, 0.45]]);
        let mut fortran = Array2::zeros((2, 3).f());
        fortran.assign(&values);
        let packed = matrix(&values);
        assert_eq!((packed.rows, packed.columns, packed.values.len()), (2, 3, 6));
        assert_eq!(matrix(&fortran), packed);
        for (value, byte) in values.iter().zip(&packed.values) {
            let restored = packed.scale * f32::from(byte.cast_signed());
            assert!((restored - value).abs() <= 0.5001 * packed.scale, "{value}: {restored}");
        }
        assert_eq!(packed.values[3].cast_signed(), -127);
        assert_eq!(matrix(&Array2::zeros((1, 2))).values, [0, 0]);
    }
}
