//! Shapes and element types of tensors.

use crate::convert::ConvertError;
use crate::dm_env_rpc::v1::tensor::Payload;
use crate::dm_env_rpc::v1::{DataType, Tensor, TensorSpec};

/// Type and number of a tensor's elements.
pub(super) fn elements(tensor: &Tensor) -> (DataType, usize) {
    match &tensor.payload {
        None => (DataType::InvalidDataType, 0),
        Some(Payload::Floats(floats)) => (DataType::Float, floats.array.len()),
        Some(Payload::Doubles(doubles)) => (DataType::Double, doubles.array.len()),
        Some(Payload::Int8s(bytes)) => (DataType::Int8, bytes.array.len()),
        Some(Payload::Int32s(integers)) => (DataType::Int32, integers.array.len()),
        Some(Payload::Int64s(integers)) => (DataType::Int64, integers.array.len()),
        Some(Payload::Uint8s(bytes)) => (DataType::Uint8, bytes.array.len()),
        Some(Payload::Uint32s(integers)) => (DataType::Uint32, integers.array.len()),
        Some(Payload::Uint64s(integers)) => (DataType::Uint64, integers.array.len()),
        Some(Payload::Bools(flags)) => (DataType::Bool, flags.array.len()),
        Some(Payload::Strings(strings)) => (DataType::String, strings.array.len()),
        Some(Payload::Protos(protos)) => (DataType::Proto, protos.array.len()),
    }
}

/// What a tensor looks like, as a spec without bounds.
pub fn tensor_spec(name: &str, tensor: &Tensor) -> TensorSpec {
    let (dtype, _) = elements(tensor);
    TensorSpec { name: name.to_owned(), shape: tensor.shape.clone(), dtype: dtype.into(), min: None, max: None }
}

/// The shape that a tensor has once its negative length is inferred: `shape` with the one −1 replaced by `elements ÷ product of the
/// others`. A single element fits every shape (it is broadcast), with a length of 1 where there is a −1.
///
/// Errs when two lengths are negative, or the elements do not fill the shape.
pub(super) fn resolve_shape(shape: &[i32], elements: usize) -> Result<Vec<usize>, String> {
    let misfit = || format!("shape {} does not fit {elements} elements", listed(shape));
    let mut resolved: Vec<usize> = shape.iter().map(|&length| usize::try_from(length).unwrap_or(1)).collect();
    let mut unknown = shape.iter().enumerate().filter(|&(_, &length)| length < 0).map(|(at, _)| at);
    let (inferred, second) = (unknown.next(), unknown.next());
    if second.is_some() {
        return Err(format!("shape {} has more than one negative length: leave one to be inferred", listed(shape)));
    }
    let known = resolved.iter().try_fold(1usize, |product, &length| product.checked_mul(length)).ok_or_else(misfit)?;
    match inferred {
        _ if elements == 1 => {}
        Some(at) if known > 0 && elements.is_multiple_of(known) => resolved[at] = elements / known,
        None if elements == known => {}
        _ => return Err(misfit()),
    }
    Ok(resolved)
}

/// Checks that a tensor is of `dtype` and, once resolved, of the shape `expected`.
pub(super) fn check_tensor(
    field: &'static str,
    tensor: &Tensor,
    dtype: DataType,
    expected: &[usize],
) -> Result<(), ConvertError> {
    let (given, count) = elements(tensor);
    if given != dtype {
        return Err(ConvertError::new(field, format!("{} instead of {}", type_name(given), dtype.as_str_name())));
    }
    let shape = resolve_shape(&tensor.shape, count).map_err(|reason| ConvertError::new(field, reason))?;
    if shape != expected {
        return Err(ConvertError::new(field, format!("shape {} instead of {expected:?}", listed(&tensor.shape))));
    }
    Ok(())
}

/// The name of a type as errors tell it.
pub(super) fn type_name(dtype: DataType) -> &'static str {
    if dtype == DataType::InvalidDataType { "an empty tensor" } else { dtype.as_str_name() }
}

/// At most eight lengths of a shape, for errors.
pub(super) fn listed(shape: &[i32]) -> String {
    let shown = shape.iter().take(8).map(i32::to_string).collect::<Vec<_>>().join(", ");
    if shape.len() > 8 { format!("[{shown}, … of {} lengths]", shape.len()) } else { format!("[{shown}]") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dm_env_rpc::v1::tensor::{FloatArray, Int32Array};

    #[test]
    fn one_length_is_inferred_and_one_element_is_broadcast() {
        for (shape, elements, resolved) in [
            (&[][..], 1, &[][..]),
            (&[3], 3, &[3]),
            (&[-1], 3, &[3]),
            (&[2, -1], 6, &[2, 3]),
            (&[-7, 2], 6, &[3, 2]),
            (&[-1], 0, &[0]),
            (&[0, 4], 0, &[0, 4]),
            (&[2, 2], 1, &[2, 2]),
            (&[2, -1], 1, &[2, 1]),
        ] {
            assert_eq!(resolve_shape(shape, elements), Ok(resolved.to_vec()), "{shape:?} of {elements}");
        }
        for (shape, elements, reason) in [
            (&[-1, -1][..], 4, "shape [-1, -1] has more than one negative length: leave one to be inferred"),
            (&[2, -1], 5, "shape [2, -1] does not fit 5 elements"),
            (&[0, -1], 5, "shape [0, -1] does not fit 5 elements"),
            (&[], 2, "shape [] does not fit 2 elements"),
            (&[], 0, "shape [] does not fit 0 elements"),
            (&[3], 2, "shape [3] does not fit 2 elements"),
            (&[i32::MAX; 3], 2, "shape [2147483647, 2147483647, 2147483647] does not fit 2 elements"),
        ] {
            assert_eq!(resolve_shape(shape, elements), Err(reason.to_owned()));
        }
    }

    #[test]
    fn a_tensor_of_another_type_or_shape_is_refused() {
        let tensor = |array: &[i32], shape: &[i32]| Tensor {
            shape: shape.to_vec(),
            payload: Some(Payload::Int32s(Int32Array { array: array.to_vec() })),
        };
        let check =
            |tensor: &Tensor| check_tensor("x", tensor, DataType::Int32, &[2, 2]).map_err(|error| error.to_string());
        for good in [tensor(&[1, 2, 3, 4], &[2, 2]), tensor(&[1, 2, 3, 4], &[-1, 2]), tensor(&[7], &[2, 2])] {
            assert_eq!(check(&good), Ok(()));
        }
        assert_eq!(check(&tensor(&[1, 2, 3, 4], &[4])).unwrap_err(), "x: shape [4] instead of [2, 2]");
        assert_eq!(check(&Tensor::default()).unwrap_err(), "x: an empty tensor instead of INT32");
        let floats = Some(Payload::Floats(FloatArray { array: vec![1.0] }));
        assert_eq!(check(&Tensor { shape: vec![2, 2], payload: floats }).unwrap_err(), "x: FLOAT instead of INT32");
        assert!(listed(&[1; 1000]).len() < 60);
    }

    proptest! {
        #[test]
        fn any_shape_resolves_to_its_elements_or_not_at_all(
            shape in prop::collection::vec(-3i32..6, 0..5),
            elements in 0usize..40,
        ) {
            if let Ok(resolved) = resolve_shape(&shape, elements) {
                prop_assert_eq!(resolved.len(), shape.len());
                prop_assert!(elements == 1 || resolved.iter().product::<usize>() == elements);
            }
        }

        #[test]
        fn no_shape_is_too_large_to_be_judged(shape in prop::collection::vec(any::<i32>(), 0..9), elements in any::<usize>()) {
            let _ = resolve_shape(&shape, elements);
        }
    }
}
