//! Windows containers without Wine: the agent and the launchers of consoles are shell scripts that speak the guest
//! protocol, so that each can misbehave in its own way. Real agents are tested in `hcs-host-linux`.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::support::{Place, System};
use hcs_guest_protocol::{self as guest, FromAgent, Response};
use hcs_silo::client::ClientError;
use hcs_silo::protocol::{Failure, Process, Program, Reply, Request, Stream};
use hcs_silo::spec::{Command, Guest, Spec};
use rustix::fs::{CWD, FileType, Mode};

/// Shell functions of the scripts: `take` reads one request and forgets it, `lead X` and `byte N` write parts of one.
const FUNCTIONS: &str = r#"
take() { set -- $(dd bs=1 count=4 2>/dev/null | od -An -tu4); dd bs=1 count=$1 of=/dev/null 2>/dev/null; }
byte() { printf "\\$(printf %03o $1)"; }
"#;

/// The shell command that writes these bytes.
pub(crate) fn raw(bytes: &[u8]) -> String {
    let octal: Vec<String> = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    format!("printf '{}'\n", octal.concat())
}

/// The shell command that writes this message.
pub(crate) fn say(message: &FromAgent) -> String {
    raw(&guest::encode(message).unwrap())
}

pub(crate) fn ready() -> String {
    say(&FromAgent::Ready { version: guest::PROTOCOL_VERSION })
}

/// Until the channel ends, which stays open meanwhile.
pub(crate) const WAIT: &str = "while read x; do :; done\n";

/// An agent that takes requests and answers none.
pub(crate) fn idle() -> String {
    ready() + WAIT
}

pub(crate) fn answer(id: u32, response: Response) -> String {
    say(&FromAgent::Answer { id, result: Ok(response) })
}

/// The same for a process whose id, below 128, the shell works out: the last byte of the message.
pub(crate) fn created(id: u32, pid: &str) -> String {
    let message = FromAgent::Answer { id, result: Ok(Response::Created { pid: 0 }) };
    let bytes = guest::encode(&message).unwrap();
    format!("{}byte {pid}\n", raw(&bytes[..bytes.len() - 1]))
}

/// An exit with a code below 128, likewise.
pub(crate) fn exited(pid: &str, code: u8) -> String {
    let bytes = guest::encode(&FromAgent::Exited { pid: 0, code: code.into() }).unwrap();
    format!("{}byte {pid}\n{}", raw(&bytes[..bytes.len() - 2]), raw(&[code]))
}

/// What a process is to Linux, likewise.
pub(crate) fn native(pid: &str, linux_pid: &str) -> String {
    let bytes = guest::encode(&FromAgent::Native { pid: 0, linux_pid: 0 }).unwrap();
    format!("{}byte {pid}\nbyte {linux_pid}\n", raw(&bytes[..bytes.len() - 2]))
}

pub(crate) fn script(text: &str) -> Command {
    Command {
        argv: vec!["/bin/sh".into(), "-c".into(), format!("{FUNCTIONS}{text}"), "script".into()],
        env: vec!["PATH=/bin".into()],
    }
}

/// A container whose agent and launcher are these scripts.
pub(crate) fn spec(place: &Place, id: &str, agent: &str, launcher: Command) -> Spec {
    let mut spec = place.spec(id);
    fs_err::create_dir_all(place.root.join("prefix/drive_c")).unwrap();
    spec.guest = Guest::Windows { agent: script(agent), launcher, registry: Vec::new(), pipes: Vec::new() };
    spec
}

pub(crate) fn no_launcher() -> Command {
    Command { argv: vec!["/bin/nothing".into()], env: Vec::new() }
}

/// A FIFO in the container's root, by which test and script wait for each other.
pub(crate) fn fifo(place: &Place, name: &str) -> PathBuf {
    let path = place.root.join(name);
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    path
}

pub(crate) fn go(path: &Path) {
    fs_err::write(path, "\n").unwrap();
}

pub(crate) fn process(console: bool) -> Request {
    let console = console.then_some(guest::Console { columns: 80, rows: 25 });
    let streams = if console.is_some() { [Stream::Null; 3] } else { [Stream::Pipe; 3] };
    Request::CreateProcess(Process {
        program: Program::Windows(guest::CreateProcess::default()),
        streams,
        console,
    })
}

pub(crate) struct Started {
    pub(crate) process: u32,
    pub(crate) pid: u32,
    pub(crate) fds: Vec<OwnedFd>,
}

pub(crate) fn start(system: &System, console: bool) -> Started {
    let (reply, fds) = system.ask_with(process(console), &[]).unwrap();
    let Reply::Process { process, pid, .. } = reply else { panic!("{reply:?}") };
    Started { process, pid, fds }
}

pub(crate) fn refusal(system: &System, request: Request) -> Failure {
    match system.ask(request) {
        Err(ClientError::Refused(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn exit(system: &System, process: u32) -> Option<u32> {
    let reply = system.ask(Request::ProcessStatus { process }).unwrap();
    let Reply::ProcessStatus(status) = reply else { panic!("{reply:?}") };
    status.exit.map(|exit| exit.code)
}

/// A launcher on its channel: descriptor 3 in, 4 out.
pub(crate) fn launcher(text: &[String]) -> Command {
    script(&format!("exec 3<$1 4>$2\n{}", text.concat()))
}

/// What goes to the supervisor.
pub(crate) fn out(commands: &str) -> String {
    format!("{{\n{commands}}} >&4\n")
}
