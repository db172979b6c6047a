//! hcsd on loopback TCP with a token, over any host, within the test.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hcs_contract::{ComputeService, NetworkService};
use hcs_host_fake::FakeHost;
use hcsd::{Config, Listener, Server, Services, Token};
use tokio::sync::oneshot;

use crate::engine::PATIENCE;

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Any port of loopback.
const ANY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A server. Dropped, it ends as one does that is killed: at once.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Served {
    pub(crate) fn new(service: Arc<dyn ComputeService>) -> Self {
        Self::at(ANY, service, TOKEN)
    }

    /// The fake with its networks.
    pub(crate) fn with_networks(host: &FakeHost) -> Self {
        let networks: Arc<dyn NetworkService> = Arc::new(host.clone());
        let services = Services { compute: Arc::new(host.clone()), networks: Some(networks), storage: None };
        Self::serve(ANY, services, TOKEN)
    }

    /// At this address, with this token.
    pub(crate) fn at(address: SocketAddr, service: Arc<dyn ComputeService>, token: &str) -> Self {
        Self::serve(address, service.into(), token)
    }

    fn serve(address: SocketAddr, services: Services, token: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut config = Config::default();
        // A client that is killed has no network between that could have lost it.
        config.grace = Duration::from_millis(200);
        config.drain = Duration::ZERO;
        let server = Server::new(services, config);
        let listener = runtime.block_on(async {
            let until = Instant::now() + PATIENCE;
            loop {
                match Listener::loopback(address, Token::new(token)) {
                    Ok(listener) => return listener,
                    // Connections of the server before may not have ended yet.
                    Err(error) => assert!(Instant::now() < until, "{address}: {error}"),
                }
                tokio::task::yield_now().await;
            }
        });
        let address = listener.address().unwrap();
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(async move {
            server.serve(vec![listener], async { drop(stopped.await) }).await;
        });
        Self { address, stop: Some(stop), runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How the counter of this name stands.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let mut socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /metrics HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).trim().parse().unwrap()
    }

    /// Waits until the counter says so: what it counts happens on threads of the server's.
    pub(crate) fn until(&self, name: &str, wanted: u64) {
        let until = Instant::now() + PATIENCE;
        while self.metric(name) != wanted {
            assert!(Instant::now() < until, "{name} is {} and not {wanted}", self.metric(name));
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}
