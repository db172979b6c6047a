//! Named pipes of Windows containers: real clients inside, real sockets outside.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hcs_contract::{ComputeSystem, CreatedProcess};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use serde_json::{Value, json};

use super::mapping::change;
use super::support::{Engine, INVALID_STATE, PATIENCE, SOON, code, done, finish, spawn};
use super::windows;
use super::windows_guests::{command, document, document_1, started};

/// A Windows container with the probe, and a pipe `p` that stands for this socket.
fn with_pipe(engine: &Engine, id: &str, socket: &Path) -> Arc<dyn ComputeSystem> {
    started(engine, id, &document(&mapped(socket), ""))
}

/// These members, for a document of either schema.
fn mapped(socket: &Path) -> String {
    format!(
        r#","MappedPipes":[{{"ContainerPipeName":"p","HostPath":"{}"}}],
           "MappedDirectories":[{{"HostPath":"{}","ContainerPath":"C:\\probe","ReadOnly":true}}]"#,
        socket.display(),
        windows::probe().display(),
    )
}

/// A client of the pipe that says these lines and then ends its direction.
fn client(system: &Arc<dyn ComputeSystem>, mode: &str, lines: &str) -> Arc<CreatedProcess> {
    let created = spawn(system, &command(&format!(r"C:\probe\probe.exe pipe \\.\pipe\p {mode}")));
    let mut stdin = created.information.take_stdin().unwrap();
    stdin.write_all(lines.as_bytes()).unwrap();
    drop(stdin);
    let close = created.process.modify(CLOSE_STDIN);
    // One that nobody serves may have ended by now.
    if let Err(error) = close.wait(PATIENCE) {
        assert!(error.is_already_stopped(), "{error:?}");
    }
    created
}

const CLOSE_STDIN: &str = r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#;

/// What a client prints.
fn said(created: &CreatedProcess) -> String {
    let (out, errors, code) = finish(created);
    assert_eq!((&*errors, code), ("", 0), "{out}");
    out.replace("\r\n", "\n")
}

/// The connection of a client.
fn accept(listener: &UnixListener) -> UnixStream {
    let limit = rustix::event::Timespec::try_from(SOON).unwrap();
    let mut fds = [rustix::event::PollFd::new(listener, rustix::event::PollFlags::IN)];
    assert_eq!(rustix::event::poll(&mut fds, Some(&limit)).unwrap(), 1, "no client has come");
    listener.accept().unwrap().0
}

/// Reads to the end of a client's direction and answers with that, between words of its own.
fn serve(mut connection: UnixStream) {
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    // At once: what a stream brings is cut wherever it happens to be.
    connection.write_all(format!("got {text}").as_bytes()).unwrap();
}

#[test]
fn clients_speak_with_a_socket_of_the_host() {
    let engine = Engine::new();
    let path = engine.path("server.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let system = with_pipe(&engine, "pipes", &path);

    // The end of one direction is seen, and the other goes on.
    let one = client(&system, "bytes", "hello\n");
    serve(accept(&listener));
    assert_eq!(said(&one), "9 got hello\nend\n");

    // Many at once, each with a connection of its own.
    let all: Vec<_> = (0..8).map(|number| client(&system, "bytes", &format!("{number}\n"))).collect();
    let connections: Vec<_> = all.iter().map(|_| accept(&listener)).collect();
    connections.into_iter().for_each(serve);
    for (number, client) in all.iter().enumerate() {
        assert_eq!(said(client), format!("5 got {number}\nend\n"));
    }

    // More than a pipe and a socket hold.
    let long = "x".repeat(1_000_000);
    let one = client(&system, "bytes", &format!("{long}\n"));
    serve(accept(&listener));
    let lengths: Vec<usize> =
        said(&one).lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect();
    assert_eq!(lengths.iter().sum::<usize>(), long.len() + 4);

    // A server that was started anew is found at its path.
    drop(listener);
    fs_err::remove_file(&path).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    let one = client(&system, "bytes", "again\n");
    serve(accept(&listener));
    assert_eq!(said(&one), "9 got again\nend\n");

    // Without one a client is let go of, and the pipe is there for the next.
    drop(listener);
    let (out, _, _) = finish(&client(&system, "bytes", "nobody\n"));
    assert!(!out.contains("got"), "{out}");
    fs_err::remove_file(&path).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    let one = client(&system, "bytes", "somebody\n");
    serve(accept(&listener));
    assert_eq!(said(&one), "12 got somebody\nend\n");

    // A client that is killed is gone for the server too.
    let held = spawn(&system, &command(r"C:\probe\probe.exe pipe \\.\pipe\p bytes"));
    let mut connection = accept(&listener);
    done(&held.process.terminate(""));
    assert_eq!(connection.read(&mut [0; 8]).unwrap(), 0);
    done(&system.terminate(""));
}

#[test]
fn documents_of_schema_1_map_pipes_too() {
    let engine = Engine::new();
    let path = engine.path("server.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let system = started(&engine, "pipes", &document_1(&mapped(&path)));
    let one = client(&system, "bytes", "hello\n");
    serve(accept(&listener));
    assert_eq!(said(&one), "9 got hello\nend\n");
    done(&system.terminate(""));
}

#[test]
fn messages_stay_whole_where_the_socket_has_them() {
    let engine = Engine::new();
    let path = engine.path("messages.sock");
    let listener = messages(&path);
    let system = with_pipe(&engine, "messages", &path);
    let long = "y".repeat(100_000);
    let one = client(&system, "messages", &format!("one\nthree\n{long}\n"));
    let connection = rustix::net::accept_with(&listener, SocketFlags::CLOEXEC).unwrap();
    let mut buffer = vec![0; 1 << 20];
    for expected in ["one", "three", &long, ""] {
        let (count, _) =
            rustix::net::recv(&connection, &mut buffer, rustix::net::RecvFlags::empty()).unwrap();
        assert!(buffer[..count] == *expected.as_bytes(), "{count} bytes for {}", expected.len());
    }
    for answer in ["a", "bcd", &long] {
        rustix::net::send(&connection, answer.as_bytes(), SendFlags::empty()).unwrap();
    }
    drop(connection);
    let said = said(&one);
    let lines: Vec<&str> = said.lines().collect();
    assert!(matches!(lines[..], ["1 a", "3 bcd", rest, "end"] if rest.starts_with("100000 yyy")), "{said}");
    done(&system.terminate(""));
}

fn messages(path: &PathBuf) -> OwnedFd {
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    rustix::net::listen(&socket, 8).unwrap();
    socket
}

#[test]
fn pipes_come_and_go_while_the_container_runs() {
    let engine = Engine::new();
    let path = engine.path("later.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let probe = format!(
        r#","MappedDirectories":[{{"HostPath":"{}","ContainerPath":"C:\\probe","ReadOnly":true}}]"#,
        windows::probe().display()
    );
    let system = engine.try_create("later", &document(&probe, "")).unwrap();
    let pipe = |request: &str, settings: &Value| change("Container/MappedPipes", request, settings);
    let add = pipe("Add", &json!({"ContainerPipeName": "p", "HostPath": path}));
    let remove = pipe("Remove", &json!({"ContainerPipeName": "P"}));
    // What is changed before the start holds from the start on.
    done(&system.modify(&add));
    done(&system.modify(&remove));
    assert_eq!(code(&system.modify(&remove)), 0x8007_0490);
    done(&system.start(""));
    assert_ne!(finish(&client(&system, "bytes", "nobody\n")).2, 0);

    for _ in 0..2 {
        done(&system.modify(&add));
        assert_eq!(code(&system.modify(&add)), 0x8007_00B7);
        assert_eq!(engine.host.mapped("later").unwrap().pipes[0].name, "p");
        let one = client(&system, "bytes", "hello\n");
        serve(listener.accept().unwrap().0);
        assert_eq!(said(&one), "9 got hello\nend\n");
        // Who is connected stays so when nobody else can any more.
        let held = spawn(&system, &command(r"C:\probe\probe.exe pipe \\.\pipe\p bytes"));
        let connection = listener.accept().unwrap().0;
        done(&system.modify(&remove));
        assert!(engine.host.mapped("later").unwrap().pipes.is_empty());
        let mut stdin = held.information.take_stdin().unwrap();
        stdin.write_all(b"still\n").unwrap();
        drop(stdin);
        done(&held.process.modify(CLOSE_STDIN));
        serve(connection);
        assert_eq!(said(&held), "9 got still\nend\n");
        assert_ne!(finish(&client(&system, "bytes", "nobody\n")).2, 0);
    }
    // A frozen container can't be told.
    done(&system.pause(""));
    assert_eq!(code(&system.modify(&add)), INVALID_STATE);
    done(&system.terminate(""));
}

#[test]
fn what_can_be_no_pipe_is_refused_by_name() {
    let engine = Engine::new();
    let socket = engine.path("there.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let file = engine.path("file");
    fs_err::write(&file, "").unwrap();
    let refused = |pipes: &str| {
        let document = document(&format!(r#","MappedPipes":[{pipes}]"#), "");
        let error = engine.try_create("refused", &document).unwrap_err();
        (error.hresult().0, error.to_string())
    };
    let pipe = |path: &Path, name: &str| {
        format!(r#"{{"HostPath":"{}","ContainerPipeName":"{name}"}}"#, path.display())
    };
    for (pipes, code, word) in [
        (pipe(&engine.path("absent"), "p"), 0x8007_0003, "absent"),
        (pipe(&file, "p"), 0x8037_010D, "no unix socket"),
        (pipe(&socket, ""), 0x8037_010D, "ContainerPipeName"),
        (pipe(&socket, r"\\\\.\\pipe\\p"), 0x8037_010D, "ContainerPipeName"),
        (format!("{},{}", pipe(&socket, "p"), pipe(&socket, "P")), 0x8037_010D, "twice"),
    ] {
        let (got, text) = refused(&pipes);
        assert!(got == code && text.contains(word), "{pipes}: {got:x} {text}");
    }
    assert!(engine.host.gc(true).unwrap().found.is_empty());
}
