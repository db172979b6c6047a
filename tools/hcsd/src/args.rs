//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use hcsd::{Config, TlsFiles};
use tracing_subscriber::filter::LevelFilter;

use crate::Error;

/// Serves this machine's host of the Host Compute Service contract over HTTP
///
/// Clients set HCS_HOST: unix:///run/hcs/hcsd.sock, http://127.0.0.1:PORT with HCS_TOKEN_FILE, or https://HOST:PORT
/// with HCS_TLS_CA, HCS_TLS_CERT and HCS_TLS_KEY.
#[derive(Debug, Parser)]
#[command(name = "hcsd", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Listen on this Unix socket [default: hcsd.sock in HCS_RUN; not when systemd hands sockets over]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Listen on TCP of this machine, for clients that have the token; may be repeated
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) tcp: Vec<SocketAddr>,
    /// The token's file, made when it is not there [default: hcsd.token in HCS_RUN]
    #[arg(long, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
    /// Listen on TCP with TLS, for clients that have a certificate; may be repeated
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) tls: Vec<SocketAddr>,
    /// The server's certificate and those above it, PEM
    #[arg(long, value_name = "PATH")]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "PATH")]
    tls_key: Option<PathBuf>,
    /// Who signs clients' certificates, PEM
    #[arg(long, value_name = "PATH")]
    tls_client_ca: Option<PathBuf>,
    /// Connections at once
    #[arg(long, value_name = "N", default_value_t = Config::default().max_connections)]
    max_connections: usize,
    /// Sessions at once
    #[arg(long, value_name = "N", default_value_t = Config::default().max_sessions)]
    max_sessions: usize,
    /// Handles and streams of one session
    #[arg(long, value_name = "N", default_value_t = Config::default().max_handles)]
    max_handles: usize,
    /// Bytes of one document
    #[arg(long, value_name = "BYTES", default_value_t = Config::default().max_body)]
    max_body: usize,
    /// How long a session outlives a lost TCP connection
    #[arg(long, value_name = "SECONDS", default_value_t = Config::default().grace.as_secs())]
    grace: u64,
    /// How long calls and streams may go on at the end
    #[arg(long, value_name = "SECONDS", default_value_t = Config::default().drain.as_secs())]
    drain: u64,
    /// Threads that serve requests
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,
    /// Log from this level on: off, error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LevelFilter,
}

impl Args {
    pub(crate) fn workers(&self) -> usize {
        usize::from(self.workers)
    }

    /// `None`: none are given.
    ///
    /// # Errors
    /// Only some of them are.
    pub(crate) fn tls_files(&self) -> Result<Option<TlsFiles>, Error> {
        match (self.tls_cert.clone(), self.tls_key.clone(), self.tls_client_ca.clone()) {
            (None, None, None) => Ok(None),
            (Some(certificate), Some(key), Some(client_ca)) => {
                Ok(Some(TlsFiles { certificate, key, client_ca }))
            }
            _ => Err(Error::TlsFiles),
        }
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        config.max_connections = self.max_connections;
        config.max_sessions = self.max_sessions;
        config.max_handles = self.max_handles;
        config.max_body = self.max_body;
        config.grace = Duration::from_secs(self.grace);
        config.drain = Duration::from_secs(self.drain);
        config
    }
}
