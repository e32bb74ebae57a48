//! Bearer tokens, each with a name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Shortest token, in characters: what cannot be tried out.
const MIN_TOKEN: usize = 16;

/// The tokens that a server takes. Only their digests are kept.
#[derive(Clone)]
pub struct Tokens(Arc<[(Arc<str>, [u8; 32])]>);

/// The digests stay inside.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Why a file of tokens cannot be used. No text holds a token.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file cannot be read.
    #[error("cannot read the tokens in {path}: {error}; name a readable file with --tokens", path = .0.display(), error = .1)]
    Read(PathBuf, io::Error),
    /// A line is no name and token.
    #[error("{path}, line {line}: write a name and a token, such as \"ann 2f6c…\", or a comment after #", path = .0.display(), line = .1)]
    Line(PathBuf, usize),
    /// A token is too short.
    #[error("{path}, line {line}: the token of {name} has {length} characters, fewer than {MIN_TOKEN}: make one with `openssl rand -hex 32`", path = .0.display(), line = .1, name = .2, length = .3)]
    Short(PathBuf, usize, String, usize),
    /// Two lines have the same name or the same token.
    #[error("{path}, line {line}: the name {name} or its token stands there twice", path = .0.display(), line = .1, name = .2)]
    Twice(PathBuf, usize, String),
    /// There is none.
    #[error("{path} holds no tokens: nobody could use the server", path = .0.display())]
    Empty(PathBuf),
}

impl Tokens {
    /// Reads a file with a name and a token on each line, apart by white space; `#` begins a comment.
    pub fn read(path: &Path) -> Result<Self, TokensError> {
        let text = fs::read_to_string(path).map_err(|error| TokensError::Read(path.to_owned(), error))?;
        let mut tokens: Vec<(Arc<str>, [u8; 32])> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.split('#').next().unwrap_or_default().trim();
            if text.is_empty() {
                continue;
            }
            let [name, token] = text.split_whitespace().collect::<Vec<_>>()[..] else {
                return Err(TokensError::Line(path.to_owned(), line));
            };
            if token.len() < MIN_TOKEN {
                return Err(TokensError::Short(path.to_owned(), line, name.to_owned(), token.len()));
            }
            let digest = digest(token);
            if tokens.iter().any(|(other, known)| **other == *name || *known == digest) {
                return Err(TokensError::Twice(path.to_owned(), line, name.to_owned()));
            }
            tokens.push((name.into(), digest));
        }
        if tokens.is_empty() { Err(TokensError::Empty(path.to_owned())) } else { Ok(Self(tokens.into())) }
    }

    /// The name of a token. It takes as long whatever is given, a right token or a wrong one.
    pub fn name(&self, token: &str) -> Option<Arc<str>> {
        let given = digest(token);
        self.0
            .iter()
            .fold(None, |found, (name, known)| if known.ct_eq(&given).into() { Some(Arc::clone(name)) } else { found })
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tokens, TokensError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokens");
        fs::write(&path, text).unwrap();
        Tokens::read(&path)
    }

    #[test]
    fn each_token_has_its_name() {
        let tokens = read("# ours\nann 0123456789abcdef\n\n  bob\tfedcba9876543210 # on the cluster\n").unwrap();
        assert_eq!(tokens.name("0123456789abcdef").as_deref(), Some("ann"));
        assert_eq!(tokens.name("fedcba9876543210").as_deref(), Some("bob"));
        for wrong in ["", "0123456789abcde", "0123456789abcdef ", "ann"] {
            assert_eq!(tokens.name(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{tokens:?}"), r#"{"ann", "bob"}"#);
    }

    #[test]
    fn a_bad_file_is_told_without_its_secrets() {
        for (text, reason) in [
            ("", "holds no tokens"),
            ("# a\n", "holds no tokens"),
            ("secret-0123456789\n", "line 1: write a name and a token"),
            ("ann secret-0123456789 too much\n", "line 1: write a name and a token"),
            ("ann secret\n", "line 1: the token of ann has 6 characters, fewer than 16"),
            ("ann secret-0123456789\nann secret-9876543210\n", "line 2: the name ann or its token stands there twice"),
            ("ann secret-0123456789\nbob secret-0123456789\n", "line 2: the name bob or its token stands there twice"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{error}");
        }
        let error = Tokens::read(Path::new("/nowhere/tokens")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the tokens in /nowhere/tokens"), "{error}");
    }
}
