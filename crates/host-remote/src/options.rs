//! Where the server is, and how this program proves to it who it is.

use std::path::PathBuf;

use hcs_contract::{Deadlines, Error, Result};

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// `unix:///run/hcs/hcsd.sock`
    Unix(PathBuf),
    /// `http://127.0.0.1:8376`: host and port.
    Http(String),
    /// `https://server.example:8377`: host and port.
    Https {
        /// The name that the server's certificate must have.
        host: String,
        /// The port.
        port: u16,
    },
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Where it listens.
    pub address: Address,
    /// Of `http`: the file with the token.
    pub token_file: Option<PathBuf>,
    /// Of `https`: who signs servers' certificates, PEM.
    pub ca: Option<PathBuf>,
    /// Of `https`: this program's certificate, PEM.
    pub certificate: Option<PathBuf>,
    /// Of `https`: its private key, PEM.
    pub key: Option<PathBuf>,
    /// How long calls may take that are answered at once.
    pub deadlines: Deadlines,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Http(authority) => write!(f, "http://{authority}"),
            Self::Https { host, port } => write!(f, "https://{host}:{port}"),
        }
    }
}

impl std::str::FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: &str| {
            Error::invalid_argument("HCS_HOST", format!("{text:?}: {reason}"))
                .with_hint("it is unix:///PATH, http://HOST:PORT or https://HOST:PORT")
        };
        if let Some(path) = text.strip_prefix("unix://") {
            if cfg!(not(unix)) {
                return Err(wrong("this system's programs have no Unix sockets"));
            }
            return if path.starts_with('/') {
                Ok(Self::Unix(path.into()))
            } else {
                Err(wrong("the path must begin with /"))
            };
        }
        let (secure, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(wrong("it begins with none of these")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = authority.rsplit_once(':').ok_or_else(|| wrong("there is no port"))?;
        let port: u16 = port.parse().map_err(|_| wrong("the port is not a number up to 65535"))?;
        let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | '@');
        if host.is_empty() || host.contains(bad) {
            return Err(wrong("the host is not a name or an address"));
        }
        if !secure {
            return Ok(Self::Http(format!("{host}:{port}")));
        }
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self::Https { host: host.into(), port })
    }
}

impl Options {
    /// A server, with nothing that proves who this is.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            token_file: None,
            ca: None,
            certificate: None,
            key: None,
            deadlines: Deadlines::default(),
        }
    }

    /// What `HCS_HOST` says, with `HCS_TOKEN_FILE`, `HCS_TLS_CA`, `HCS_TLS_CERT` and `HCS_TLS_KEY`; `None` when it is
    /// not set or empty. `lookup` gives a variable's value: nothing here reads the real environment.
    ///
    /// # Errors
    /// Invalid argument, for an address of another form.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let Some(host) = lookup("HCS_HOST") else { return Ok(None) };
        let path = |name: &str| lookup(name).map(PathBuf::from);
        Ok(Some(Self {
            token_file: path("HCS_TOKEN_FILE"),
            ca: path("HCS_TLS_CA"),
            certificate: path("HCS_TLS_CERT"),
            key: path("HCS_TLS_KEY"),
            deadlines: Deadlines::from_lookup(lookup),
            ..Self::new(host.parse()?)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let parse = |text: &str| text.parse::<Address>();
        #[cfg(unix)]
        assert_eq!(parse("unix:///run/x").unwrap(), Address::Unix("/run/x".into()));
        assert_eq!(parse("http://127.0.0.1:80/").unwrap(), Address::Http("127.0.0.1:80".into()));
        assert_eq!(parse("https://[::1]:443").unwrap(), Address::Https { host: "::1".into(), port: 443 });
        for bad in [
            "unix://run",
            "ftp://x:1",
            "http://x",
            "http://:1",
            "http://x:99999",
            "http://a b:1",
            "https://u@h:1",
            "http://h/path:1",
            "tcp://1",
        ] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.code(), "invalid-argument", "{bad}");
            assert!(error.hint().is_some_and(|hint| hint.contains("unix:///PATH")), "{bad}");
        }
    }

    #[test]
    fn no_variable_is_no_server() {
        assert_eq!(Options::from_lookup(|_| None).unwrap(), None);
        assert_eq!(Options::from_lookup(|_| Some(String::new())).unwrap(), None);
        let set = |name: &str| match name {
            "HCS_HOST" => Some("http://localhost:1".to_owned()),
            "HCS_TOKEN_FILE" => Some("/t".to_owned()),
            _ => None,
        };
        let options = Options::from_lookup(set).unwrap().unwrap();
        assert_eq!(options.token_file, Some("/t".into()));
    }
}
