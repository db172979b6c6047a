//! A server over a fake, within the test; and raw requests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hcs_contract::ComputeService;
use hcs_host_fake::FakeHost;
use hcs_host_remote::{Options, RemoteHost};
use hcsd::{Config, Listener, Server, Services, Token};
use tokio::sync::oneshot;

/// Longer than anything here takes on a busy machine: a hang fails instead of hanging the run.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A container of the fake.
pub(crate) const DOCUMENT: &str =
    r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/srv/root","Owner":"tests"}"#;

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The layers of the engine on Linux, which a fake has none of. Only root has them.
fn storage(folder: &std::path::Path) -> Option<Arc<dyn hcs_contract::StorageService>> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let options = hcs_host_linux::Options {
        root: folder.join("state"),
        run: folder.join("run"),
        ..hcs_host_linux::Options::default()
    };
    Some(Arc::new(hcs_host_linux::LinuxHost::open(options).unwrap()))
}

/// A server that goes with the test.
pub(crate) struct Served {
    pub(crate) fake: FakeHost,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) tcp: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
    pub(crate) runtime: Option<tokio::runtime::Runtime>,
}

impl Served {
    pub(crate) fn new(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(change, |_| Vec::new())
    }

    /// With further listeners, which are made within the server's runtime.
    pub(crate) fn with(
        change: impl FnOnce(&mut Config),
        more: impl FnOnce(&std::path::Path) -> Vec<Listener>,
    ) -> Self {
        let fake = FakeHost::new();
        let folder = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut config = Config::default();
        change(&mut config);
        let compute: Arc<dyn ComputeService> = Arc::new(fake.clone());
        let services = Services { storage: storage(folder.path()), ..compute.into() };
        let server = Server::new(services, config);
        fs_err::write(folder.path().join("token"), TOKEN).unwrap();
        let (listeners, tcp) = runtime.block_on(async {
            let unix = Listener::unix(&folder.path().join("hcsd.sock")).unwrap();
            let tcp = Listener::loopback("127.0.0.1:0".parse().unwrap(), Token::new(TOKEN)).unwrap();
            let address = tcp.address().unwrap();
            let mut all = more(folder.path());
            all.extend([unix, tcp]);
            (all, address)
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        runtime.spawn(async move {
            server.serve(listeners, async { drop(stopped.await) }).await;
            let _ = end.send(());
        });
        Self { fake, folder, tcp, stop: Some(stop), ended: Some(ended), runtime: Some(runtime) }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("hcsd.sock")
    }

    /// A client over the Unix socket.
    pub(crate) fn client(&self) -> RemoteHost {
        client(&format!("unix://{}", self.socket().display()))
    }

    /// A client over TCP with the right token.
    pub(crate) fn tcp_client(&self) -> RemoteHost {
        let mut options = Options::new(format!("http://{}", self.tcp).parse().unwrap());
        options.token_file = Some(self.folder.path().join("token"));
        RemoteHost::open(options).unwrap()
    }

    /// Tells it to end.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has.
    pub(crate) fn ended(&mut self) {
        let ended = self.ended.take().unwrap();
        let runtime = self.runtime.as_ref().unwrap();
        runtime.block_on(async { tokio::time::timeout(PATIENCE, ended).await }).unwrap().unwrap();
    }

    /// How the counter of this name stands.
    pub(crate) fn metric(&self, line: &str) -> u64 {
        let request = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let until = std::time::Instant::now() + PATIENCE;
        let mut text = unix(&self.socket(), request);
        // A place among the connections comes free when the server has seen that another is gone.
        while status(&text) == 503 && std::time::Instant::now() < until {
            text = unix(&self.socket(), request);
        }
        let found = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no {line} in {text}")).trim().parse().unwrap()
    }

    /// Waits until the counter says so: what it counts happens on threads of the server's.
    pub(crate) fn until(&self, line: &str, wanted: u64) {
        let until = std::time::Instant::now() + PATIENCE;
        while self.metric(line) != wanted {
            assert!(std::time::Instant::now() < until, "{line} is {} and not {wanted}", self.metric(line));
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

pub(crate) fn client(address: &str) -> RemoteHost {
    RemoteHost::open(Options::new(address.parse().unwrap())).unwrap()
}

/// A system that runs.
pub(crate) fn started(
    host: &dyn ComputeService,
    id: &str,
    document: &str,
) -> Arc<dyn hcs_contract::ComputeSystem> {
    let (system, created) = host.create_system(id, document).unwrap();
    created.wait(PATIENCE).unwrap();
    system.start("").wait(PATIENCE).unwrap();
    system
}

/// Sends bytes as they are, and reads until the server hangs up.
pub(crate) fn unix(path: &std::path::Path, request: &str) -> String {
    let mut socket = UnixStream::connect(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    say(&mut socket, request.as_bytes())
}

pub(crate) fn tcp(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    say(&mut socket, request.as_bytes())
}

pub(crate) fn say(socket: &mut (impl Read + Write), request: &[u8]) -> String {
    // The server may have said enough before it has read all.
    let _ = socket.write_all(request);
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&answer).into_owned(),
    }
}

/// The status of an answer; 0 for none.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}
