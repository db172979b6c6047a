//! What a server may take and wait for.

use std::time::Duration;

use hcs_contract::Deadlines;

/// Limits and times of a server. Whatever is over a limit is refused with an error that names the limit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Connections at once; each standard stream and each session has one.
    pub max_connections: usize,
    /// Sessions at once.
    pub max_sessions: usize,
    /// Handles and streams of one session.
    pub max_handles: usize,
    /// Calls of one session that are not complete.
    pub max_operations: usize,
    /// Bytes of one request's body.
    pub max_body: usize,
    /// Lines of a session that its client has not read.
    pub max_lines: usize,
    /// How long a request's head, and then its body, may take to come; and how long a connection may idle.
    pub request_timeout: Duration,
    /// How long a session outlives its connection where a network can lose it. Over a Unix socket a lost connection
    /// is a client that is gone, and nothing is waited for.
    pub grace: Duration,
    /// How long calls and streams may go on when the server is asked to end.
    pub drain: Duration,
    /// How long a call is waited for before it is answered with "goes on".
    pub quick: Duration,
    /// How long calls may take that their clients wait for.
    pub deadlines: Deadlines,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_sessions: 1024,
            max_handles: 4096,
            max_operations: 4096,
            max_body: 4 << 20,
            max_lines: 1 << 16,
            request_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            quick: Duration::from_millis(20),
            deadlines: Deadlines::default(),
        }
    }
}
