//! Under which names a dashboard is served.
//!
//! A page of another site whose name resolves to this dashboard (DNS rebinding) would be the dashboard's own page to a browser, which
//! tells only the name that was asked for. So names that nobody gave are refused. An address that is written in digits was not
//! resolved, so nobody rebound it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use axum::http::uri::Authority;

/// The names of this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A name under which browsers open the dashboard, without a port: `dashboard.example`, `192.0.2.7` or `[2001:db8::7]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// A text that is no name of a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name of a host: use one as in a browser's address bar, such as dashboard.example, without http:// and port"
)]
pub struct HostNameError(String);

/// Which names are served beside those that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Those of this machine: nobody else reaches the page.
    Loopback,
    /// Those of this machine and every IP address: the network is closed, but browsers in it may see pages of other sites.
    Addresses,
    /// All: a token keeps others out, and a browser sends it only to the name that it came from.
    Any,
}

impl Hosts {
    /// Whether the page is served under this name.
    pub(crate) fn admit(self, name: &str) -> bool {
        let is_loopback = || LOOPBACK.iter().any(|known| name.eq_ignore_ascii_case(known));
        match self {
            Self::Loopback => is_loopback(),
            Self::Addresses => is_loopback() || is_address(name),
            Self::Any => true,
        }
    }
}

impl HostName {
    /// Whether a browser means it by this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

fn is_address(name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.map_or_else(|| name.parse::<Ipv4Addr>().is_ok(), |inner| inner.parse::<Ipv6Addr>().is_ok())
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let is_bare = |authority: &Authority| authority.as_str() == authority.host();
        let authority = text.parse::<Authority>().ok().filter(is_bare);
        match authority.filter(|authority| authority.host().chars().all(is_name) || is_address(authority.host())) {
            Some(authority) => Ok(Self(authority.host().to_owned())),
            None => Err(HostNameError(text.chars().take(200).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_resolved_is_served_only_if_it_was_given() {
        let served = |hosts: Hosts| {
            let names =
                ["LocalHost", "127.0.0.1", "[::1]", "192.0.2.7", "[2001:db8::7]", "127.1", "[::1", "evil.example"];
            names.map(|name| hosts.admit(name))
        };
        assert_eq!(served(Hosts::Loopback), [true, true, true, false, false, false, false, false]);
        assert_eq!(served(Hosts::Addresses), [true, true, true, true, true, false, false, false]);
        assert_eq!(served(Hosts::Any), [true; 8]);
    }

    #[test]
    fn names_are_read_as_browsers_write_them() {
        for text in ["dashboard", "Dashboard.example", "a_b-c.example", "192.0.2.7", "[2001:db8::7]"] {
            let name: HostName = text.parse().unwrap();
            assert!(name.is(&text.to_ascii_lowercase()) && !name.is("evil.example"), "{text}");
            assert_eq!(name.to_string(), text);
        }
        for text in ["", "*", "*.example", "a:80", "http://a", "a/b", "u@a", "a b", "[::1]:80", "::1", "a,b"] {
            let error = text.parse::<HostName>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is no name of a host: use")), "{error}");
        }
    }
}
