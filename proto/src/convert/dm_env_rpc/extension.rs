//! Messages in `Any`: the properties extension.

use prost::Message;
use prost_types::Any;
use tonic::Status;

use super::quoted;
use crate::dm_env_rpc::v1::extensions::properties::{PropertyRequest, PropertyResponse};

/// Full name of the only message that is understood as an extension.
const REQUEST: &str = "dm_env_rpc.v1.extensions.properties.PropertyRequest";
/// URL of its answer, as protobuf's own `Pack` writes it.
const RESPONSE_URL: &str = "type.googleapis.com/dm_env_rpc.v1.extensions.properties.PropertyResponse";

/// Unpacks a request about properties.
///
/// UNIMPLEMENTED when it is another message, INVALID_ARGUMENT when its bytes are none.
pub fn read_property_request(any: &Any) -> Result<PropertyRequest, Status> {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    if name != REQUEST {
        let given = quoted(name);
        return Err(Status::unimplemented(format!("extension: {given:?} is not understood: send {REQUEST}")));
    }
    PropertyRequest::decode(any.value.as_slice())
        .map_err(|error| Status::invalid_argument(format!("extension: the bytes are no {REQUEST}: {error}")))
}

/// Packs the answer.
pub fn wrap_property_response(response: &PropertyResponse) -> Any {
    Any { type_url: RESPONSE_URL.to_owned(), value: response.encode_to_vec() }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::dm_env_rpc::v1::extensions::properties::property_request::Payload;
    use crate::dm_env_rpc::v1::extensions::properties::{ListPropertyRequest, PropertyRequest};

    #[test]
    fn a_request_is_unpacked_whoever_packed_it() {
        let request = PropertyRequest { payload: Some(Payload::ListProperty(ListPropertyRequest::default())) };
        for url in ["type.googleapis.com/", "example.org/types/", ""] {
            let any = Any { type_url: format!("{url}{REQUEST}"), value: request.encode_to_vec() };
            assert_eq!(read_property_request(&any).unwrap(), request);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let other = Any { type_url: "type.googleapis.com/google.rpc.Status".to_owned(), value: vec![] };
        let error = read_property_request(&other).unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
        assert!(error.message().contains("\"google.rpc.Status\" is not understood: send dm_env_rpc"));
        let broken = Any { type_url: REQUEST.to_owned(), value: vec![0xff] };
        assert_eq!(read_property_request(&broken).unwrap_err().code(), Code::InvalidArgument);
    }
}
