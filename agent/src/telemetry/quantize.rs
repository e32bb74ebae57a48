//! Matrices in eight bits: precise enough for a colour.

use ndarray::Array2;
use spikedrive_proto::v1;

/// `value ≈ scale · i8`, with `scale = max|value| / 127` over the finite values: their error is half a scale at most. An infinite
/// value is told as ± the largest finite one, or ± 1 where that is 0, and one that is no number as 0: the scale is always finite.
pub(super) fn matrix(values: &Array2<f32>) -> v1::Matrix {
    let magnitudes = || values.iter().map(|value| value.abs());
    let largest = magnitudes().filter(|value| value.is_finite()).fold(0.0, f32::max);
    let largest = if largest == 0.0 && magnitudes().any(f32::is_infinite) { 1.0 } else { largest };
    let (most, scale) = (f32::from(i8::MAX), largest / f32::from(i8::MAX));
    // The cast makes 0 of what is no number.
    let quantize = |value: &f32| if scale > 0.0 { (value / scale).round().clamp(-most, most) as i8 } else { 0 };
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

    #[test]
    fn what_is_not_finite_spoils_no_other_value() {
        const INF: f32 = f32::INFINITY;
        let signed = |packed: &v1::Matrix| packed.values.iter().map(|byte| byte.cast_signed()).collect::<Vec<_>>();
        let packed = matrix(&arr2(&[[f32::NAN, INF, -INF], [2.54, -1.27, 0.0]]));
        assert!((packed.scale - 0.02).abs() < 1e-6, "{}", packed.scale);
        assert_eq!(signed(&packed), [0, 127, -127, 127, -64, 0]);
        let packed = matrix(&arr2(&[[INF, -INF, 0.0]]));
        assert_eq!((packed.scale, signed(&packed)), (1.0 / 127.0, vec![127, -127, 0]));
        let packed = matrix(&arr2(&[[f32::NAN, 0.0]]));
        assert_eq!((packed.scale, signed(&packed)), (0.0, vec![0, 0]));
        assert_eq!(signed(&matrix(&arr2(&[[f32::MAX, f32::MIN, f32::from_bits(1)]]))), [127, -127, 0]);
    }
}
