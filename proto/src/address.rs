//! The one grammar of server addresses, wherever one is written.

use std::fmt;
use std::str::FromStr;

/// The address of a server: `host:port` or `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no server address: use host:port or http://host:port, such as 127.0.0.1:50051")]
pub struct AddressError(String);

impl Address {
    /// The address as a URI.
    pub fn uri(&self) -> String {
        format!("http://{}", self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError(text.to_owned());
        let authority = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or_else(error)?;
        let port_is_valid = port.parse::<u16>().is_ok_and(|port| port > 0);
        let uri: tonic::codegen::http::Uri = format!("http://{authority}").parse().map_err(|_| error())?;
        if host.is_empty() || !port_is_valid || uri.host().is_none() || uri.path() != "/" || authority.contains('@') {
            return Err(error());
        }
        Ok(Self(authority.to_owned()))
    }
}

/// An address to listen on: as one to connect to, but port 0 takes any free one.
pub fn parse_listen(text: &str) -> Result<String, String> {
    let free_port = text.strip_suffix(":0").map(|host| format!("{host}:1"));
    let address: Address = free_port
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| "use host:port, such as 127.0.0.1:50051".to_owned())?;
    Ok(if free_port.is_some() { text.trim_start_matches("http://").to_owned() } else { address.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar() {
        for text in ["127.0.0.1:50051", "localhost:1", "[::1]:50051", "server.example:65535"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.uri(), format!("http://{text}"));
            assert_eq!(format!("http://{text}/").parse::<Address>().unwrap(), address);
        }
        for text in [
            "",
            "localhost",
            ":50051",
            "localhost:0",
            "localhost:65536",
            "localhost:x",
            "https://a:1",
            "unix:/tmp/x",
            "a:1/b",
            "a b:1",
            "u@h:1",
        ] {
            assert!(text.parse::<Address>().unwrap_err().to_string().contains("use host:port"), "{text}");
        }
    }
}
