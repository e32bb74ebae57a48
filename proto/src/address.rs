//! The one grammar of server addresses, wherever one is written.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a server: `host:port` or `http://host:port`, `https://host:port`, or `unix:/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Plain HTTP/2: `host:port`.
    Plain(String),
    /// HTTP/2 over TLS: `host:port`.
    Tls(String),
    /// A socket in the file system of this machine.
    Unix(PathBuf),
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no server address: use host:port, http://host:port, https://host:port or unix:/path, such as 127.0.0.1:50051"
)]
pub struct AddressError(String);

impl Address {
    /// The address as a URI, as `tonic::transport::Endpoint` takes it.
    pub fn uri(&self) -> String {
        match self {
            Self::Plain(authority) => format!("http://{authority}"),
            Self::Tls(authority) => format!("https://{authority}"),
            Self::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    /// Whether what is sent there stays on this machine or is encrypted: a token may be sent.
    pub fn keeps_secrets(&self) -> bool {
        match self {
            Self::Tls(_) | Self::Unix(_) => true,
            Self::Plain(authority) => is_loopback(authority),
        }
    }
}

/// Whether `host:port` is this machine alone.
fn is_loopback(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(authority) => f.write_str(authority),
            Self::Tls(_) | Self::Unix(_) => f.write_str(&self.uri()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            let is_file = path.starts_with('/') && !path.ends_with('/');
            return if is_file { Ok(Self::Unix(path.into())) } else { Err(error()) };
        }
        let (tls, authority) = match text.strip_prefix("https://") {
            Some(authority) => (true, authority),
            None => (false, text.strip_prefix("http://").unwrap_or(text)),
        };
        let authority = authority.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or_else(error)?;
        let port_is_valid = port.parse::<u16>().is_ok_and(|port| port > 0);
        let uri: tonic::codegen::http::Uri = format!("http://{authority}").parse().map_err(|_| error())?;
        if host.is_empty() || !port_is_valid || uri.host().is_none() || uri.path() != "/" || authority.contains('@') {
            return Err(error());
        }
        Ok(if tls { Self::Tls(authority.to_owned()) } else { Self::Plain(authority.to_owned()) })
    }
}

/// An address to listen on: as one to connect to, but port 0 takes any free one. `https://` is not for listeners: certificates make
/// TLS.
pub fn parse_listen(text: &str) -> Result<String, String> {
    let free_port = text.strip_suffix(":0").map(|host| format!("{host}:1"));
    let no_address = || "use host:port, such as 127.0.0.1:50051".to_owned();
    match free_port.as_deref().unwrap_or(text).parse().map_err(|_| no_address())? {
        Address::Plain(_) if free_port.is_some() => Ok(text.trim_start_matches("http://").to_owned()),
        Address::Plain(authority) => Ok(authority),
        Address::Tls(_) | Address::Unix(_) => Err(no_address()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar() {
        for text in ["127.0.0.1:50051", "localhost:1", "[::1]:50051", "server.example:65535"] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.uri(), address.to_string()), (format!("http://{text}"), text.to_owned()));
            assert_eq!(format!("http://{text}/").parse::<Address>().unwrap(), address);
        }
        for text in ["https://server.example:443", "unix:/run/spikedrive.sock"] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.uri(), address.to_string()), (text.to_owned(), text.to_owned()));
        }
        for text in [
            "",
            "localhost",
            ":50051",
            "localhost:0",
            "localhost:65536",
            "localhost:x",
            "https://a",
            "unix:",
            "unix:relative",
            "unix:/directory/",
            "a:1/b",
            "a b:1",
            "u@h:1",
        ] {
            assert!(text.parse::<Address>().unwrap_err().to_string().contains("use host:port"), "{text}");
        }
    }

    #[test]
    fn secrets_stay_on_this_machine_or_are_encrypted() {
        let keeps = |text: &str| text.parse::<Address>().unwrap().keeps_secrets();
        for text in ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/s", "https://server.example:1"] {
            assert!(keeps(text), "{text}");
        }
        for text in ["10.0.0.1:1", "server.example:1", "localhost.example:1", "[::2]:1"] {
            assert!(!keeps(text), "{text}");
        }
    }

    #[test]
    fn a_listener_takes_any_free_port_and_no_tls() {
        assert_eq!(parse_listen("http://localhost:0").unwrap(), "localhost:0");
        assert_eq!(parse_listen("0.0.0.0:7").unwrap(), "0.0.0.0:7");
        for text in ["https://a:1", "unix:/s", "a"] {
            assert!(parse_listen(text).unwrap_err().starts_with("use host:port"), "{text}");
        }
    }
}
