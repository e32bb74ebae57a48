//! What an agent can do and see: one action, two observations.
//!
//! | | uid | name | type | shape | bounds |
//! |---|---|---|---|---|---|
//! | action | 1 | `steer` | INT32 | scalar | 0 (left) to 2 (right) |
//! | observation | 1 | `sensors` | FLOAT | `[rays]` | 0 to 20 units |
//! | observation | 2 | `reward` | DOUBLE | scalar | |

use std::collections::BTreeMap;

use spikedrive_env::Action;
use spikedrive_env::sensors::RANGE;

use super::tensor::check_tensor;
use crate::convert::ConvertError;
use crate::dm_env_rpc::v1::tensor::{
    BoolArray, DoubleArray, FloatArray, Int32Array, Int64Array, Payload, StringArray, Uint64Array,
};
use crate::dm_env_rpc::v1::tensor_spec::{Value, value};
use crate::dm_env_rpc::v1::{ActionObservationSpecs, DataType, Tensor, TensorSpec};

/// Uid of the action.
pub const STEER: u64 = 1;
/// Uid of the observation of the rays.
pub const SENSORS: u64 = 1;
/// Uid of the observation of the reward: that of the step that is answered, 0 with the first observation of an episode.
pub const REWARD: u64 = 2;

/// What an agent with `rays` rays can do and see.
pub fn specs(rays: usize) -> ActionObservationSpecs {
    let bound = |payload| Some(Value { payload: Some(payload) });
    let integer = |number| bound(value::Payload::Int32s(Int32Array { array: vec![number] }));
    let float = |number| bound(value::Payload::Floats(FloatArray { array: vec![number] }));
    let spec = |name: &str, shape, dtype: DataType| TensorSpec {
        name: name.to_owned(),
        shape,
        dtype: dtype.into(),
        min: None,
        max: None,
    };
    let last = Action::ALL.len() as i32 - 1;
    let steer = TensorSpec { min: integer(0), max: integer(last), ..spec("steer", Vec::new(), DataType::Int32) };
    let sensors =
        TensorSpec { min: float(0.0), max: float(RANGE), ..spec("sensors", vec![rays as i32], DataType::Float) };
    let reward = spec("reward", Vec::new(), DataType::Double);
    ActionObservationSpecs {
        actions: [(STEER, steer)].into(),
        observations: [(SENSORS, sensors), (REWARD, reward)].into(),
    }
}

/// The action of a step; without one the car drives straight on.
///
/// Errs on another uid than that of `steer`, and unless that is one INT32 in 0..=2 of shape [].
pub fn read_actions(actions: &BTreeMap<u64, Tensor>) -> Result<Action, ConvertError> {
    if let Some(uid) = actions.keys().find(|&&uid| uid != STEER) {
        return Err(ConvertError::new("actions", format!("uid {uid} is no action: use {STEER} (steer)")));
    }
    let Some(tensor) = actions.get(&STEER) else { return Ok(Action::Straight) };
    const FIELD: &str = "action 1 (steer)";
    check_tensor(FIELD, tensor, DataType::Int32, &[])?;
    let number = match &tensor.payload {
        Some(Payload::Int32s(Int32Array { array })) => array.first().copied().unwrap_or(-1),
        _ => -1,
    };
    let action = u8::try_from(number).ok().and_then(|number| Action::try_from(number).ok());
    action.ok_or_else(|| {
        ConvertError::new(FIELD, format!("{number} is outside 0..=2: use 0 (left), 1 (straight) or 2 (right)"))
    })
}

/// Errs when `uid` is that of no observation.
pub fn check_observation_uid(uid: u64) -> Result<(), ConvertError> {
    if matches!(uid, SENSORS | REWARD) {
        return Ok(());
    }
    let reason = format!("uid {uid} is no observation: use {SENSORS} (sensors) or {REWARD} (reward)");
    Err(ConvertError::new("requested_observations", reason))
}

/// The observation of `uid`, [`SENSORS`] or else [`REWARD`]: `rays` distances in units, or the reward of the step.
pub fn observation(uid: u64, distances: &[f32], reward: f64) -> Tensor {
    if uid == SENSORS {
        let array = distances.to_vec();
        Tensor { shape: vec![distances.len() as i32], payload: Some(Payload::Floats(FloatArray { array })) }
    } else {
        to_double(reward)
    }
}

fn scalar(payload: Payload) -> Tensor {
    Tensor { shape: Vec::new(), payload: Some(payload) }
}

/// A scalar INT64.
pub fn to_int64(number: i64) -> Tensor {
    scalar(Payload::Int64s(Int64Array { array: vec![number] }))
}

/// A scalar UINT64.
pub fn to_uint64(number: u64) -> Tensor {
    scalar(Payload::Uint64s(Uint64Array { array: vec![number] }))
}

/// A scalar DOUBLE.
pub fn to_double(number: f64) -> Tensor {
    scalar(Payload::Doubles(DoubleArray { array: vec![number] }))
}

/// A scalar BOOL.
pub fn to_bool(flag: bool) -> Tensor {
    scalar(Payload::Bools(BoolArray { array: vec![flag] }))
}

/// A scalar STRING.
pub fn to_string(text: impl Into<String>) -> Tensor {
    scalar(Payload::Strings(StringArray { array: vec![text.into()] }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::dm_env_rpc::tensor_spec;
    use crate::dm_env_rpc::v1::tensor::Int8Array;

    fn steer(array: &[i32], shape: &[i32]) -> BTreeMap<u64, Tensor> {
        let payload = Some(Payload::Int32s(Int32Array { array: array.to_vec() }));
        [(STEER, Tensor { shape: shape.to_vec(), payload })].into()
    }

    #[test]
    fn observations_are_as_their_specs_say() {
        for rays in [3, 9] {
            let specs = specs(rays);
            for (uid, spec) in specs.observations {
                let observation = observation(uid, &vec![1.5; rays], -100.0);
                assert_eq!(tensor_spec(&spec.name, &observation), TensorSpec { min: None, max: None, ..spec });
                assert_eq!(check_observation_uid(uid), Ok(()));
            }
            assert_eq!(specs.actions.keys().collect::<Vec<_>>(), [&STEER]);
        }
    }

    #[test]
    fn one_integer_steers_and_none_drives_straight_on() {
        for (number, action) in [(0, Action::Left), (1, Action::Straight), (2, Action::Right)] {
            assert_eq!(read_actions(&steer(&[number], &[])), Ok(action));
        }
        assert_eq!(read_actions(&BTreeMap::new()), Ok(Action::Straight));
    }

    #[test]
    fn other_actions_are_refused_with_a_remedy() {
        let bytes = Tensor { shape: vec![], payload: Some(Payload::Int8s(Int8Array { array: vec![1] })) };
        for (actions, reason) in [
            ([(7, to_int64(1))].into(), "actions: uid 7 is no action: use 1 (steer)"),
            ([(STEER, to_int64(1))].into(), "action 1 (steer): INT64 instead of INT32"),
            ([(STEER, to_double(1.0))].into(), "action 1 (steer): DOUBLE instead of INT32"),
            ([(STEER, bytes)].into(), "action 1 (steer): INT8 instead of INT32"),
            ([(STEER, Tensor::default())].into(), "action 1 (steer): an empty tensor instead of INT32"),
            (steer(&[3], &[]), "action 1 (steer): 3 is outside 0..=2: use 0 (left), 1 (straight) or 2 (right)"),
            (steer(&[-1], &[]), "action 1 (steer): -1 is outside 0..=2: use 0 (left), 1 (straight) or 2 (right)"),
            (steer(&[1], &[1]), "action 1 (steer): shape [1] instead of []"),
            (steer(&[1], &[-1]), "action 1 (steer): shape [-1] instead of []"),
            (steer(&[1, 1], &[]), "action 1 (steer): shape [] does not fit 2 elements"),
            (steer(&[], &[]), "action 1 (steer): shape [] does not fit 0 elements"),
        ] {
            assert_eq!(read_actions(&actions).unwrap_err().to_string(), reason);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_action_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            use prost::Message;
            if let Ok(tensor) = Tensor::decode(bytes.as_slice()) {
                let told = read_actions(&[(STEER, tensor.clone())].into());
                prop_assert!(told.is_ok() == (0..=2).any(|number| Some(&tensor) == steer(&[number], &[]).get(&STEER)));
            }
        }

        #[test]
        fn any_integers_of_any_shape_are_an_action_or_an_error(
            array in prop::collection::vec(-2i32..5, 0..3),
            shape in prop::collection::vec(-2i32..3, 0..3),
        ) {
            let fits = matches!(array[..], [0..=2]) && shape.is_empty();
            prop_assert_eq!(read_actions(&steer(&array, &shape)).is_ok(), fits);
        }
    }
}
