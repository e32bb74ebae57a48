//! Who calls.

use std::fmt;
use std::sync::Arc;

/// Who sent a request: the holder of a token or of a client certificate, else the address that it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The holder of the token of this name.
    Token(Arc<str>),
    /// The holder of the certificate with this SHA-256, in hexadecimal.
    Certificate(Arc<str>),
    /// Anybody at this address, or at the server's Unix socket.
    Anybody(Arc<str>),
}

impl Caller {
    /// Whether it is known who that is.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Anybody(_))
    }

    /// Whether this caller may use what belongs to `owner`. Where nobody is known, who knows a session's id may use it.
    pub fn may_use(&self, owner: &Self) -> bool {
        self == owner || !(self.is_known() || owner.is_known())
    }
}

/// Never the token itself.
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(name) => write!(f, "the holder of token {name}"),
            Self::Certificate(digest) => write!(f, "the holder of certificate {digest}"),
            Self::Anybody(address) => write!(f, "{address}"),
        }
    }
}
