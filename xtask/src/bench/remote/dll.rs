//! The same query by way of `computecore.dll` in Wine, and by HTTP from Linux: both over loopback TCP.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use super::http::{self, Connection};
use crate::bench::Bench;
use crate::bench::alternate::{Contender, Plan, alternate};
use crate::bench::compute::wine::{self, LOADER, SERVER};
use crate::bench::row::Row;
use crate::build;
use crate::error::Error;
use crate::process::Tool;

const PLAN: Plan = Plan { warm_ups: 3, rounds: 20, pause: Duration::from_millis(5) };

/// Where hcsd listens besides its socket.
pub(super) struct Tcp {
    pub(super) address: SocketAddr,
    pub(super) token: PathBuf,
}

impl Tcp {
    /// A port that is free now, and a name for the token's file, which hcsd makes.
    pub(super) fn choose(dir: &Path) -> Result<Self, Error> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        Ok(Self { address, token: dir.join("hcsd.token") })
    }
}

/// `path`: of the query, `id`: of the system that it asks.
pub(super) fn row(bench: &Bench<'_>, tcp: &Tcp, path: &str, id: &str, batch: u32) -> Result<Row, Error> {
    let token = fs_err::read_to_string(&tcp.token)?;
    let headers = format!("hcs-operation: 1\r\nauthorization: Bearer {}\r\n", token.trim());
    let query = http::request("POST", path, &headers);
    let mut connection = Connection::tcp(tcp.address)?;
    let prefix = Prefix::new(bench, tcp)?;
    let mut client = prefix.client(id)?;
    let series = alternate(
        &mut [
            Contender { name: "DLL in Wine".to_owned(), once: Box::new(|| client.queries(batch)) },
            Contender {
                name: "HTTP from Linux".to_owned(),
                once: Box::new(|| {
                    let begun = Instant::now();
                    for _ in 0..batch {
                        connection.ask(&query)?;
                    }
                    Ok(begun.elapsed())
                }),
            },
        ],
        PLAN,
    )?;
    Ok(Row::times(&format!("{batch} property queries by a DLL in Wine"), &series[0], &series[1], 4.0))
}

/// A prefix with our DLLs, and all that runs in it.
struct Prefix {
    folder: PathBuf,
}

impl Prefix {
    fn new(bench: &Bench<'_>, tcp: &Tcp) -> Result<Self, Error> {
        build::clients(bench.layout)?;
        let this = Self { folder: bench.dir.join("prefix") };
        fs_err::create_dir(&this.folder)?;
        wine::set_up(&this.folder)?;
        Tool::new(bench.layout.bin().join("hcs"))
            .args(["wine-prefix", "install"])
            .arg(&this.folder)
            .args(["--host", &format!("http://{}", tcp.address), "--token-file"])
            .arg(&tcp.token)
            .text()?;
        let program = bench.layout.target.join("clients/operations.exe");
        fs_err::copy(program, this.folder.join("drive_c/operations.exe"))?;
        Ok(this)
    }

    fn client(&self, id: &str) -> Result<Client, Error> {
        let tool = wine::tool(LOADER, &self.folder).args([r"C:\operations.exe", "queries", id]);
        let tool = tool.without_env("HCS_HOST").without_env("HCS_TOKEN_FILE");
        let mut child = tool.streams(Stdio::piped(), Stdio::piped(), Stdio::inherit()).spawn()?;
        let no = || problem("the client has no streams");
        let (input, output) = (child.stdin.take().ok_or_else(no)?, child.stdout.take().ok_or_else(no)?);
        Ok(Client { child, input: Some(input), output: BufReader::new(output) })
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        for option in ["-k", "-w"] {
            // Fails when there is none.
            let _ = wine::tool(SERVER, &self.folder).arg(option).run();
        }
    }
}

/// A Windows program that waits for how often it is to ask.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn queries(&mut self, count: u32) -> Result<Duration, Error> {
        let Some(input) = &mut self.input else { return Err(problem("the client has ended")) };
        writeln!(input, "{count}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let nanoseconds = line.trim().parse().map_err(|_| problem(&format!("the client said {line:?}")))?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // The end of its input is the end of its work.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn problem(problem: &str) -> Error {
    Error::Measure { row: "a DLL in Wine".to_owned(), problem: problem.to_owned() }
}
