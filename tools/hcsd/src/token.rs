//! The token that requests over TCP of this machine carry.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use axum::http::{HeaderMap, header};
use fs_err::os::unix::fs::OpenOptionsExt as _;
use hcs_remote_protocol::to_hex;
use sha2::{Digest as _, Sha256};

/// A token, kept as its digest: comparing digests tells nobody how much of a guess was right.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file can't be read or made.
    #[error("cannot use the token's file")]
    File(#[from] io::Error),
    /// Others may read it.
    #[error("{0} may be read by others: it must have mode 0600")]
    Open(String),
    /// What it holds is too short to be a secret.
    #[error("{0} holds no token: remove it, and a new one is made")]
    Short(String),
}

/// Of a token that somebody chose; ours have 64.
const LEAST: usize = 16;

/// Of a file that is read as one.
const MOST: u64 = 4096;

impl Token {
    /// The token of this text.
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The token in the file, which is made with a new one when it is not there.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn from_file(path: &Path) -> Result<Self, TokenError> {
        let made = fs_err::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(mut file) => {
                let mut bytes = [0; 32];
                rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
                    .map_err(io::Error::from)?;
                let text = to_hex(&bytes);
                writeln!(file, "{text}")?;
                Ok(Self::new(&text))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(error.into()),
        }
    }

    fn read(path: &Path) -> Result<Self, TokenError> {
        let file = fs_err::File::open(path)?;
        if file.metadata()?.mode() & 0o077 != 0 {
            return Err(TokenError::Open(path.display().to_string()));
        }
        let mut text = String::new();
        file.take(MOST).read_to_string(&mut text)?;
        let text = text.trim();
        if text.len() < LEAST {
            return Err(TokenError::Short(path.display().to_string()));
        }
        Ok(Self::new(text))
    }

    /// Whether the request carries it.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        given
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|given| Self::new(given).0 == self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let made = Token::from_file(&path).unwrap();
        assert_eq!(fs_err::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Token::from_file(&path).unwrap().0, made.0);
        let text = fs_err::read_to_string(&path).unwrap();
        let mut headers = HeaderMap::new();
        assert!(!made.is_in(&headers));
        headers.insert(header::AUTHORIZATION, format!("Bearer {}", text.trim()).parse().unwrap());
        assert!(made.is_in(&headers));
        headers.insert(header::AUTHORIZATION, format!("bearer{}", text.trim()).parse().unwrap());
        assert!(!made.is_in(&headers));
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Token::from_file(&path), Err(TokenError::Open(_))));
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        fs_err::write(&path, "short\n").unwrap();
        assert!(matches!(Token::from_file(&path), Err(TokenError::Short(_))));
    }
}
