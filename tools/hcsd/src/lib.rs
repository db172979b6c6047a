//! A host of the Host Compute Service contract, served over HTTP.
//!
//! [`Server`] is the whole of it: give it a host and places to listen. The program `hcsd` adds options, systemd and
//! signals. What is said on the wire is `hcs-remote-protocol`'s matter, and `openapi.json` lists the routes.

mod activity;
mod api;
mod app;
mod config;
mod failure;
mod lines;
mod listen;
mod metrics;
mod peer;
mod progress;
mod routes;
mod serve;
mod session;
pub mod systemd;
mod tls;
mod token;

pub use config::Config;
pub use listen::{ListenError, Listener, TlsFiles};
pub use serve::{Server, Services};
pub use tls::TlsError;
pub use token::{Token, TokenError};
