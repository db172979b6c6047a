//! The client's side of a system: starting its supervisor, and a connection as one handle on it.

mod connection;
mod launch;
mod onlooker;
mod reactor;

pub use connection::{ClientError, Connection, FAREWELL, Outcome};
pub use launch::{LaunchError, Launcher, SOCKET, connect, connect_until, is_served};
pub use onlooker::{Glimpse, Onlooker};
