//! Makes connections, with what proves who this is.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use hcs_contract::{Error, Object, Result};

use crate::options::{Address, Options};
use crate::transport::Transport;

/// How long a connection may take to come up: longer than a lost packet's second try.
const CONNECT: Duration = Duration::from_secs(10);

/// A token is a line; of more than this nobody would make one.
const MOST_OF_TOKEN: u64 = 4096;

/// How connections are made.
pub(crate) struct Connector {
    address: Address,
    /// The header that every request has, ready to be sent.
    authorization: String,
    #[cfg(feature = "tls")]
    tls: Option<std::sync::Arc<rustls::ClientConfig>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Connector {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let authorization = match (&options.address, &options.token_file) {
            (Address::Http(_), None) => {
                let error = Error::invalid_argument("HCS_TOKEN_FILE", "over http every request has a token");
                return Err(error.with_hint("name the file that hcsd was given by --token-file"));
            }
            (Address::Http(_), Some(path)) => {
                let text = fs_err::File::open(path).and_then(|file| {
                    use io::Read as _;
                    let mut text = String::new();
                    file.take(MOST_OF_TOKEN).read_to_string(&mut text)?;
                    Ok(text)
                });
                let text = text.map_err(|error| Error::os("read", "the server's token", error))?;
                let token = text.trim();
                if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(Error::invalid_argument("HCS_TOKEN_FILE", "the file holds no token"));
                }
                format!("authorization: Bearer {token}\r\n")
            }
            _ => String::new(),
        };
        #[cfg(feature = "tls")]
        let tls = match &options.address {
            Address::Https { .. } => Some(crate::tls::config(options)?),
            _ => None,
        };
        #[cfg(not(feature = "tls"))]
        if let Address::Https { .. } = &options.address {
            return Err(Error::not_supported("https", "this program was built without TLS"));
        }
        Ok(Self {
            address: options.address.clone(),
            authorization,
            #[cfg(feature = "tls")]
            tls,
        })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn authorization(&self) -> &str {
        &self.authorization
    }

    pub(crate) fn connect(&self) -> Result<Transport> {
        self.try_connect().map_err(|error| {
            Error::service_unavailable(format!("hcsd at {} can't be reached: {error}", self.address))
                .with_hint("is it running (systemctl status hcsd), and is HCS_HOST right?")
                .with_object(Object::service())
        })
    }

    fn try_connect(&self) -> io::Result<Transport> {
        match &self.address {
            #[cfg(unix)]
            Address::Unix(path) => Ok(Transport::Unix(std::os::unix::net::UnixStream::connect(path)?)),
            #[cfg(not(unix))]
            Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
            Address::Http(authority) => Ok(Transport::Tcp(tcp(authority)?)),
            Address::Https { host, port } => self.secure(host, *port),
        }
    }

    #[cfg(feature = "tls")]
    fn secure(&self, host: &str, port: u16) -> io::Result<Transport> {
        let name = rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let config = self.tls.clone().ok_or(io::ErrorKind::Unsupported)?;
        let mut connection = rustls::ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut socket =
            tcp(&if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })?;
        socket.set_read_timeout(Some(CONNECT))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        socket.set_read_timeout(None)?;
        Ok(Transport::Tls(Box::new(rustls::StreamOwned::new(connection, socket))))
    }

    #[cfg(not(feature = "tls"))]
    fn secure(&self, _: &str, _: u16) -> io::Result<Transport> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn tcp(authority: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in authority.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(socket) => {
                // Requests are one write each, and waited for.
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
