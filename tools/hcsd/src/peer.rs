//! From where a request came.

/// The kind of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A Unix socket: who may connect is a matter of its mode.
    Unix,
    /// TCP of this machine: every request has the token.
    Loopback,
    /// TLS: the client has shown its certificate.
    Tls,
}
