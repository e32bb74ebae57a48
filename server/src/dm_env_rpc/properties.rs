//! The properties extension: what the server is and, to an agent in a world, what that world was made from. All are read-only.
//!
//! The properties of a world are named as the settings of CreateWorld, and tell what the defaults became.

use spikedrive_env::{Course, ENVIRONMENT_ID, WorldConfig, WorldOptions};
use spikedrive_proto::convert::dm_env_rpc::{quoted, tensor_spec, to_bool, to_double, to_int64, to_string, to_uint64};
use spikedrive_proto::dm_env_rpc::v1::Tensor;
use spikedrive_proto::dm_env_rpc::v1::extensions::properties::{
    ListPropertyResponse, PropertyRequest, PropertyResponse, PropertySpec, ReadPropertyResponse, property_request,
    property_response,
};
use tonic::Status;

/// Key, description, value.
type Property = (&'static str, &'static str, Tensor);

/// Answers a request of an agent that is in a world of configuration `joined`, or in none.
///
/// NOT_FOUND: no such property, or it is one of a world, and the agent is in none. PERMISSION_DENIED: it would be written.
/// INVALID_ARGUMENT: the request says nothing, or lists a property that is no list.
pub(super) fn answer(request: &PropertyRequest, joined: Option<&WorldConfig>) -> Result<PropertyResponse, Status> {
    use property_request::Payload as Request;
    use property_response::Payload as Response;
    let response = match &request.payload {
        None => {
            return Err(Status::invalid_argument(
                "extension: missing: give read_property, write_property or list_property",
            ));
        }
        Some(Request::ReadProperty(read)) => {
            let (_, _, value) = find(&read.key, joined)?;
            Response::ReadProperty(ReadPropertyResponse { value: Some(value) })
        }
        Some(Request::WriteProperty(write)) => {
            let (key, ..) = find(&write.key, joined)?;
            return Err(Status::permission_denied(format!(
                "{key:?} is read-only: create another world with the setting that you want"
            )));
        }
        Some(Request::ListProperty(list)) if list.key.is_empty() => {
            let values = properties(joined).into_iter().map(spec).collect();
            Response::ListProperty(ListPropertyResponse { values })
        }
        Some(Request::ListProperty(list)) => {
            let (key, ..) = find(&list.key, joined)?;
            return Err(Status::invalid_argument(format!("{key:?} is no list: read it, or list the empty key")));
        }
    };
    Ok(PropertyResponse { payload: Some(response) })
}

fn find(key: &str, joined: Option<&WorldConfig>) -> Result<Property, Status> {
    properties(joined).into_iter().find(|(name, ..)| *name == key).ok_or_else(|| {
        let remedy =
            if joined.is_some() { "list the empty key" } else { "join a world to see its own, or list the empty key" };
        Status::not_found(format!("{:?} is no property: {remedy}", quoted(key)))
    })
}

fn spec((key, description, value): Property) -> PropertySpec {
    PropertySpec {
        spec: Some(tensor_spec(key, &value)),
        is_readable: true,
        is_writable: false,
        is_listable: false,
        description: description.to_owned(),
    }
}

fn properties(joined: Option<&WorldConfig>) -> Vec<Property> {
    let mut properties = vec![
        (
            "environment_id",
            "Identifier of the world: behaviour that changes numbers gets a new one",
            to_string(ENVIRONMENT_ID),
        ),
        ("server_version", "Version of the server", to_string(env!("CARGO_PKG_VERSION"))),
    ];
    properties.extend(joined.into_iter().flat_map(world_properties));
    properties
}

fn world_properties(config: &WorldConfig) -> Vec<Property> {
    let integer = |number: usize| to_int64(i64::try_from(number).unwrap_or(i64::MAX));
    let mut properties = match &config.course {
        Course::Phase { phase, split } => vec![
            ("phase", "1 straight, 2 gentle curves, 3 sharp turns, 4 complex", to_int64(phase.number().into())),
            ("track", "Set of tracks: train, validation or test", to_string(split.name())),
        ],
        Course::Circuit(circuit) => {
            vec![("lap_length", "Length of the circuit, in units", to_double(circuit.track().length()))]
        }
    };
    let WorldOptions {
        rays,
        sensor_noise,
        sensor_latency,
        actuator_lag,
        gust,
        varying_width,
        predictive_reward,
        steering_gain,
        left_ray_gain,
    } = config.options;
    properties.extend([
        ("seed", "Seed of the random streams", to_uint64(config.seed)),
        ("horizon", "Steps after which an episode is interrupted", integer(config.horizon)),
        ("first_episode", "Number of every agent's first episode", to_uint64(config.first_episode)),
        ("rays", "Number of rays", integer(rays)),
        ("sensor_noise", "Standard deviation of noise on each ray, in units", to_double(sensor_noise)),
        ("sensor_latency", "Age of what is seen, in steps", integer(sensor_latency)),
        ("actuator_lag", "Share of a commanded turn taken over in a step; 1 is no lag", to_double(actuator_lag)),
        ("gust", "Strength of side wind, in units a step", to_double(gust)),
        ("varying_width", "Whether the road's width varies", to_bool(varying_width)),
        ("predictive_reward", "Weight of the predictive reward", to_double(predictive_reward)),
        ("steering_gain", "What a commanded turn is multiplied with", to_double(steering_gain)),
        ("left_ray_gain", "What the leftmost ray's reading is multiplied with", to_double(left_ray_gain)),
    ]);
    properties
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Phase, Split};
    use spikedrive_proto::dm_env_rpc::v1::DataType;
    use spikedrive_proto::dm_env_rpc::v1::extensions::properties::{
        ListPropertyRequest, ReadPropertyRequest, WritePropertyRequest,
    };
    use tonic::Code;

    use super::*;

    fn config() -> WorldConfig {
        let course = Course::Phase { phase: Phase::Sharp, split: Split::Test };
        WorldConfig { seed: u64::MAX, ..WorldConfig::base(course, 1, 140) }
    }

    fn ask(payload: property_request::Payload, joined: bool) -> Result<property_response::Payload, Status> {
        let config = config();
        let response = answer(&PropertyRequest { payload: Some(payload) }, joined.then_some(&config))?;
        Ok(response.payload.unwrap())
    }

    fn read(key: &str, joined: bool) -> Result<property_response::Payload, Status> {
        ask(property_request::Payload::ReadProperty(ReadPropertyRequest { key: key.to_owned() }), joined)
    }

    fn list(key: &str, joined: bool) -> Result<Vec<PropertySpec>, Status> {
        match ask(property_request::Payload::ListProperty(ListPropertyRequest { key: key.to_owned() }), joined)? {
            property_response::Payload::ListProperty(list) => Ok(list.values),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_listed_can_be_read_as_it_is_listed() {
        for joined in [true, false] {
            for listed in list("", joined).unwrap() {
                let spec = listed.spec.unwrap();
                assert!(
                    listed.is_readable && !listed.is_writable && !listed.is_listable && !listed.description.is_empty()
                );
                match read(&spec.name, joined).unwrap() {
                    property_response::Payload::ReadProperty(read) => {
                        assert_eq!(tensor_spec(&spec.name, &read.value.unwrap()), spec);
                    }
                    other => panic!("{other:?}"),
                }
                assert_ne!(spec.dtype(), DataType::InvalidDataType);
            }
        }
        let value = |value| property_response::Payload::ReadProperty(ReadPropertyResponse { value: Some(value) });
        assert_eq!(read("horizon", true).unwrap(), value(to_int64(140)));
        assert_eq!(read("phase", true).unwrap(), value(to_int64(3)));
        assert_eq!(read("seed", true).unwrap(), value(to_uint64(u64::MAX)));
        assert_eq!(read("track", true).unwrap(), value(to_string("test")));
    }

    #[test]
    fn errors_are_those_that_the_client_knows() {
        let write = |key: &str| {
            let key = key.to_owned();
            ask(property_request::Payload::WriteProperty(WritePropertyRequest { key, value: None }), true)
        };
        let code = |result: Result<_, Status>| result.map(|_: property_response::Payload| ()).unwrap_err().code();
        assert_eq!(code(write("horizon")), Code::PermissionDenied);
        assert_eq!(code(write("colour")), Code::NotFound);
        assert_eq!(code(read("colour", true)), Code::NotFound);
        assert_eq!(code(read("", true)), Code::NotFound);
        assert!(read("horizon", false).unwrap_err().message().contains("join a world"));
        assert_eq!(list("horizon", true).unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(list("colour", true).unwrap_err().code(), Code::NotFound);
        assert_eq!(answer(&PropertyRequest { payload: None }, None).unwrap_err().code(), Code::InvalidArgument);
    }
}
