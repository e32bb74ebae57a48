//! Where a page that asks for something came from.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::{Authority, Scheme};

/// An origin as browsers send it: `http://host:port` or `https://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    authority: Authority,
}

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin: use http://HOST:PORT or https://HOST, as in a browser's address bar and without a path")]
pub struct OriginError(String);

impl Origin {
    /// Its host, without the port.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// Whether the page was served under this `Host`. Behind a proxy that adds TLS the scheme may differ.
    pub(crate) fn is_of_host(&self, host: &Authority) -> bool {
        self.host().eq_ignore_ascii_case(host.host()) && self.port() == host.port_u16().unwrap_or(self.default_port())
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(self.default_port())
    }

    fn default_port(&self) -> u16 {
        if self.scheme == Scheme::HTTPS { 443 } else { 80 }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let error = || OriginError(text.chars().take(200).collect());
        let parts = text.trim_end_matches('/').parse::<Uri>().map_err(|_| error())?.into_parts();
        let is_bare = parts.path_and_query.is_none_or(|path| path.as_str() == "/");
        let scheme = parts.scheme.filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
        match (scheme, parts.authority) {
            (Some(scheme), Some(authority)) if is_bare && !authority.as_str().contains('@') => {
                Ok(Self { scheme, authority })
            }
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_of_the_host_that_served_it() {
        let is_of = |origin: &str, host: &str| origin.parse::<Origin>().unwrap().is_of_host(&host.parse().unwrap());
        assert!(is_of("http://localhost:8080", "localhost:8080"));
        assert!(is_of("http://[::1]:8080", "[::1]:8080"));
        assert!(is_of("http://a", "A:80"));
        assert!(is_of("https://a.example", "a.example"));
        assert!(!is_of("http://localhost:8081", "localhost:8080"));
        assert!(!is_of("http://evil.example:8080", "localhost:8080"));
        assert!(!is_of("https://a", "a:80"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in ["", "null", "localhost:8080", "ftp://a", "http://", "http://a/b", "http://u@a", "http://a?b"] {
            assert!(text.parse::<Origin>().unwrap_err().to_string().contains("use http://HOST:PORT"), "{text}");
        }
    }
}
