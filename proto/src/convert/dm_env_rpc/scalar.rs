//! Scalars that clients send: settings of a world.

use crate::convert::ConvertError;
use crate::dm_env_rpc::v1::tensor::Payload;
use crate::dm_env_rpc::v1::{DataType, Tensor};

use super::tensor::{elements, listed, type_name};

/// A whole number, of any integer type.
pub fn read_integer(field: &'static str, tensor: &Tensor) -> Result<i128, ConvertError> {
    check_scalar(field, tensor)?;
    integer(&tensor.payload).ok_or_else(|| wrong_type(field, tensor, "INT64 or INT32"))
}

/// A number, of any integer or floating point type.
pub fn read_number(field: &'static str, tensor: &Tensor) -> Result<f64, ConvertError> {
    check_scalar(field, tensor)?;
    let float = match &tensor.payload {
        Some(Payload::Floats(floats)) => floats.array.first().copied().map(f64::from),
        Some(Payload::Doubles(doubles)) => doubles.array.first().copied(),
        payload => integer(payload).map(|number| number as f64),
    };
    float.ok_or_else(|| wrong_type(field, tensor, "DOUBLE or FLOAT"))
}

/// True or false: BOOL, or the integers 1 and 0.
pub fn read_flag(field: &'static str, tensor: &Tensor) -> Result<bool, ConvertError> {
    check_scalar(field, tensor)?;
    if let Some(Payload::Bools(flags)) = &tensor.payload
        && let Some(&flag) = flags.array.first()
    {
        return Ok(flag);
    }
    match integer(&tensor.payload) {
        Some(number @ (0 | 1)) => Ok(number == 1),
        Some(number) => Err(ConvertError::new(field, format!("{number} is neither 0 nor 1: send BOOL"))),
        None => Err(wrong_type(field, tensor, "BOOL")),
    }
}

/// A text.
pub fn read_text<'a>(field: &'static str, tensor: &'a Tensor) -> Result<&'a str, ConvertError> {
    check_scalar(field, tensor)?;
    match &tensor.payload {
        Some(Payload::Strings(strings)) => strings.array.first().map(String::as_str),
        _ => None,
    }
    .ok_or_else(|| wrong_type(field, tensor, "STRING"))
}

fn check_scalar(field: &'static str, tensor: &Tensor) -> Result<(), ConvertError> {
    match elements(tensor) {
        (DataType::InvalidDataType, _) => Err(ConvertError::new(field, "an empty tensor: give it a value")),
        (_, 1) if tensor.shape.is_empty() => Ok(()),
        (_, count) => {
            let reason = format!(
                "a tensor of shape {} with {count} elements is no scalar: send shape [] and one element",
                listed(&tensor.shape)
            );
            Err(ConvertError::new(field, reason))
        }
    }
}

fn integer(payload: &Option<Payload>) -> Option<i128> {
    match payload.as_ref()? {
        Payload::Int8s(bytes) => bytes.array.first().map(|&byte| i128::from(byte.cast_signed())),
        Payload::Uint8s(bytes) => bytes.array.first().map(|&byte| i128::from(byte)),
        Payload::Int32s(integers) => integers.array.first().map(|&number| i128::from(number)),
        Payload::Int64s(integers) => integers.array.first().map(|&number| i128::from(number)),
        Payload::Uint32s(integers) => integers.array.first().map(|&number| i128::from(number)),
        Payload::Uint64s(integers) => integers.array.first().map(|&number| i128::from(number)),
        _ => None,
    }
}

fn wrong_type(field: &'static str, tensor: &Tensor, wanted: &str) -> ConvertError {
    ConvertError::new(field, format!("{} is the wrong type: send {wanted}", type_name(elements(tensor).0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::dm_env_rpc::{to_bool, to_double, to_int64, to_string, to_uint64};
    use crate::dm_env_rpc::v1::tensor::{FloatArray, Int8Array, Int32Array};

    fn scalar(payload: Payload) -> Tensor {
        Tensor { shape: Vec::new(), payload: Some(payload) }
    }

    #[test]
    fn scalars_of_every_fitting_type_are_read() {
        for tensor in [to_int64(-4), scalar(Payload::Int32s(Int32Array { array: vec![-4] }))] {
            assert_eq!(read_integer("n", &tensor), Ok(-4));
            assert_eq!(read_number("n", &tensor), Ok(-4.0));
        }
        assert_eq!(read_integer("n", &scalar(Payload::Int8s(Int8Array { array: vec![0xff] }))), Ok(-1));
        assert_eq!(read_integer("n", &to_uint64(u64::MAX)), Ok(i128::from(u64::MAX)));
        assert_eq!(read_number("x", &scalar(Payload::Floats(FloatArray { array: vec![0.5] }))), Ok(0.5));
        assert_eq!(read_number("x", &to_double(0.1)), Ok(0.1));
        assert_eq!((read_flag("b", &to_bool(true)), read_flag("b", &to_int64(0))), (Ok(true), Ok(false)));
        assert_eq!(read_text("t", &to_string("test")), Ok("test"));
    }

    #[test]
    fn others_are_refused_with_a_remedy() {
        let text = |error: ConvertError| error.to_string();
        assert_eq!(
            text(read_integer("horizon", &to_double(100.0)).unwrap_err()),
            "horizon: DOUBLE is the wrong type: send INT64 or INT32"
        );
        assert_eq!(
            text(read_number("gust", &to_string("0")).unwrap_err()),
            "gust: STRING is the wrong type: send DOUBLE or FLOAT"
        );
        assert_eq!(text(read_flag("wide", &to_int64(2)).unwrap_err()), "wide: 2 is neither 0 nor 1: send BOOL");
        assert_eq!(text(read_text("track", &to_int64(2)).unwrap_err()), "track: INT64 is the wrong type: send STRING");
        assert_eq!(
            text(read_integer("seed", &Tensor::default()).unwrap_err()),
            "seed: an empty tensor: give it a value"
        );
        let pair = Payload::Int32s(Int32Array { array: vec![1, 2] });
        for (tensor, told) in [
            (Tensor { shape: vec![2], payload: Some(pair.clone()) }, "shape [2] with 2 elements"),
            (Tensor { shape: vec![1], ..to_int64(4) }, "shape [1] with 1 elements"),
            (scalar(pair), "shape [] with 2 elements"),
            (scalar(Payload::Int32s(Int32Array::default())), "shape [] with 0 elements"),
        ] {
            let error = text(read_integer("phase", &tensor).unwrap_err());
            assert_eq!(error, format!("phase: a tensor of {told} is no scalar: send shape [] and one element"));
        }
    }
}
