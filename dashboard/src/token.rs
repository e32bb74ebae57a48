//! The secret that opens a dashboard which listens to more than its own machine.

use std::fmt;

use sha2::{Digest, Sha256};

/// Shortest token, in characters.
const MIN_LENGTH: usize = 16;

/// A secret text. Only its digest is kept, and compared, so that the time of a comparison tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

/// A text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token has at least {MIN_LENGTH} letters, digits, `-`, `.`, `_` or `~`: make one with `openssl rand -hex 32`"
)]
pub struct TokenError;

impl Token {
    /// Reads a token, without the white space around it.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        // Those that need no quoting in an address or a cookie.
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if text.len() < MIN_LENGTH || !text.bytes().all(is_allowed) {
            return Err(TokenError);
        }
        Ok(Self::digest(text))
    }

    /// Whether `text` is the token.
    pub fn admits(&self, text: &str) -> bool {
        Self::digest(text) == *self
    }

    /// Whether an `Authorization` header, `Bearer TOKEN`, holds the token.
    pub(crate) fn admits_header(&self, header: Option<&str>) -> bool {
        let credentials = header.and_then(|header| header.split_once(' '));
        credentials.is_some_and(|(scheme, text)| scheme.eq_ignore_ascii_case("bearer") && self.admits(text.trim()))
    }

    fn digest(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

/// Tells nothing.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_is_admitted() {
        let token = Token::parse(" 0123456789abcdef\n").unwrap();
        assert!(token.admits("0123456789abcdef"));
        assert!(!token.admits("0123456789abcdeF"));
        assert!(token.admits_header(Some("bearer 0123456789abcdef")));
        for header in [None, Some(""), Some("0123456789abcdef"), Some("Basic 0123456789abcdef"), Some("Bearer ")] {
            assert!(!token.admits_header(header), "{header:?}");
        }
        for text in ["", "short", "0123456789 abcdef", "0123456789;abcdef", "0123456789äbcdef"] {
            assert_eq!(Token::parse(text), Err(TokenError), "{text}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }
}
