//! Names that become names of files: checked once, so that no path leaves its directory.

use std::fmt;
use std::str::FromStr;

/// Longest name, in bytes.
const MAX_LENGTH: usize = 128;

/// A text that may not name a run or a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name: use 1 to {MAX_LENGTH} letters, digits, `.`, `_` and `-`, not beginning with a dot")]
pub(crate) struct NameError(String);

/// The name of a run's directory, or of a recording without `.pb`: 1 to 128 letters, digits, `.`, `_` and `-`, not beginning with
/// a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=MAX_LENGTH).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError(text.chars().take(MAX_LENGTH).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_directory() {
        for text in ["20260101T000000Z-stdp-s0", "a", "A.b_c-9", &"x".repeat(128)] {
            assert_eq!(text.parse::<Name>().unwrap().as_str(), text);
        }
        for text in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ä", "a\0", "%2e", &"x".repeat(129)] {
            assert!(text.parse::<Name>().unwrap_err().to_string().contains("is no name: use"), "{text}");
        }
    }
}
