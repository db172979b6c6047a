//! The cases, and what all of them share.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hcs_abi::{computecore, computenetwork, vmcompute};
use hcs_contract::{
    ComputeService as _, Deadline, Hresult, NetworkObjectKind, NetworkService as _, SystemEventKind,
};
use hcs_host_fake::FakeHost;
use libtest_mimic::{Arguments, Trial};

use crate::clients;
use crate::engine::{Engine, PATIENCE, libexec};
use crate::prefix::{Prefix, TO_RUN, finish};
use crate::served::{Served, TOKEN};

/// How many containers a client makes and leaves in each run; `./x test --full` has more.
const CYCLES: &str = "HCSSHIM_TEST_CYCLES";
const FEW: &str = "300";

/// What the fake runs, and the engine.
const HANGS: &str = r#""CommandArgs":["hang"]"#;

/// A container of the fake.
const DOCUMENT: &str =
    r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/srv/root","Owner":"tests"}"#;

/// What users are told of each export.
const PAGE: &str = include_str!("../../../../docs/support/dlls.md");

/// Made once, for all cases.
struct World {
    prefix: Prefix,
    /// The server that the prefix was told of.
    fake: Served,
}

type Case = fn(&World);

const CASES: [(&str, Case); 15] = [
    ("the_dlls_export_what_is_declared", exports),
    ("a_prefix_in_which_programs_run_is_refused", in_use),
    ("a_client_of_the_first_api_leads_a_container_s_life", first_api),
    ("a_client_of_the_second_api_leads_a_container_s_life", second_api),
    ("what_no_client_should_hand_in_is_refused_by_the_first_api", bad_first),
    ("what_no_client_should_hand_in_is_refused_by_the_second_api", bad_second),
    ("a_client_leads_a_network_s_life_by_both_apis", networks),
    ("what_no_client_should_hand_in_is_refused_by_the_network_api", bad_networks),
    ("callbacks_may_block_make_calls_and_end_themselves", callbacks),
    ("a_hundred_threads_at_once", threads),
    ("containers_that_come_and_go_leave_nothing", cycles),
    ("a_server_that_is_not_there_or_another_is_named", other_servers),
    ("a_server_that_says_nothing_is_given_up_on_in_time", slow),
    ("a_server_that_was_started_anew_is_found_again", restarted),
    ("a_killed_client_s_handles_are_closed", killed),
];

/// The test program.
pub(crate) fn program() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Clients of one prefix take turns at one Wine server: together they are no faster.
    arguments.test_threads = Some(1);
    if arguments.list {
        let trials = CASES.iter().map(|(name, _)| Trial::test(*name, || Ok(()))).collect();
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let fake = Served::with_networks(&FakeHost::new());
    let prefix = Prefix::new(&fake.url());
    clients::put(&prefix);
    let world = Arc::new(World { prefix, fake });
    let trials = CASES.iter().map(|(name, case)| {
        let (world, case) = (Arc::clone(&world), *case);
        Trial::test(*name, move || {
            case(&world);
            Ok(())
        })
    });
    let trials = trials.collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Here, and not when the process ends: the prefix and all that runs in it must go.
    drop(world);
    conclusion.exit_code()
}

impl World {
    /// A client on the fake, which it finds by the file in the prefix.
    fn client(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.prefix.command(&format!("{program}.exe"), arguments);
        command.env("HCS_TEST_DOCUMENT", DOCUMENT).env("HCS_TEST_PROGRAM", HANGS);
        command
    }

    /// The client's last word is "done".
    fn done(command: Command) -> String {
        Self::done_within(command, TO_RUN)
    }

    fn done_within(command: Command, limit: Duration) -> String {
        let output = finish(command, limit);
        assert!(output.success && output.text.trim_end().ends_with("done"), "{output:?}");
        output.text
    }

    /// The environment that leads to another server than the prefix's.
    fn to(&self, mut command: Command, served: &Served) -> Command {
        command.env("HCS_HOST", served.url()).env("HCS_TOKEN_FILE", self.prefix.path("token"));
        command
    }
}

/// The engine's container document, with the root folder as Wine shows it.
fn document(engine: &Engine, more: &str) -> String {
    let document = engine.document(more);
    let root = engine.root.display().to_string();
    let windows = format!("Z:{}", root.replace('/', "\\\\"));
    let changed = document.replace(&root, &windows);
    assert!(changed.contains("Z:"), "{changed}");
    changed
}

fn exports(_: &World) {
    let listed = |dll: &str| -> Vec<String> {
        #[expect(clippy::disallowed_methods, reason = "reads the DLL's table")]
        let output =
            Command::new("x86_64-w64-mingw32-objdump").arg("-p").arg(libexec().join(dll)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, table) = text.split_once("[Ordinal/Name Pointer] Table").expect("it exports something");
        let rows = table.lines().skip(1).take_while(|line| !line.trim().is_empty());
        let mut names: Vec<_> = rows.filter_map(|row| Some(row.rsplit_once(' ')?.1.to_owned())).collect();
        names.sort_unstable();
        names
    };
    let sorted = |lists: &[&[&str]]| {
        let mut names: Vec<_> = lists.concat().into_iter().map(str::to_owned).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(listed("vmcompute.dll"), sorted(&[vmcompute::EXPORTS, vmcompute::OTHER_DOMAINS]));
    assert_eq!(listed("computecore.dll"), sorted(&[computecore::EXPORTS]));
    assert_eq!(listed("computenetwork.dll"), sorted(&[computenetwork::EXPORTS]));
    let part_of = |dll: &str| PAGE.split("\n## ").find(|part| part.starts_with(dll));
    for dll in ["vmcompute.dll", "computecore.dll", "computenetwork.dll"] {
        let part = part_of(dll).expect("the page has a part for each DLL");
        let missing: Vec<_> =
            listed(dll).into_iter().filter(|name| !part.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "docs/support/dlls.md does not say what {dll} answers to {missing:?}");
    }
}

/// Its server would write its own registry over ours.
fn in_use(world: &World) {
    // Held by a program too, and not only by its server's promise to stay.
    let mut program = world.prefix.hold();
    let result = world.prefix.install(&world.fake.url());
    let _ = program.kill();
    let _ = program.wait();
    let error = result.unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_BUSY);
    assert!(error.to_string().contains("wineserver -k"), "{error}");
}

fn first_api(world: &World) {
    let engine = Engine::new();
    let served = Served::new(Arc::new(engine.other()));
    let mut command = world.to(world.client("lifecycle", &["first"]), &served);
    let shared = world.prefix.drive_c("shared");
    fs_err::create_dir(&shared).unwrap();
    fs_err::write(shared.join("word"), "\u{e4} word\n").unwrap();
    let mapped = r#""MappedDirectories":[{"HostPath":"C:\\shared","ContainerPath":"/shared"}]"#;
    command.env("HCS_TEST_DOCUMENT", document(&engine, mapped));
    World::done(command);
    served.until("hcsd_handles", 0);
    assert_eq!(engine.host.enumerate_systems("").wait(PATIENCE).unwrap(), "[]");
}

fn second_api(world: &World) {
    let engine = Engine::new();
    let served = Served::new(Arc::new(engine.other()));
    let mut command = world.to(world.client("operations", &["lifecycle", "second"]), &served);
    command.env("HCS_TEST_DOCUMENT", document(&engine, ""));
    World::done(command);
    served.until("hcsd_handles", 0);
    assert_eq!(engine.host.enumerate_systems("").wait(PATIENCE).unwrap(), "[]");
}

fn bad_first(world: &World) {
    World::done(world.client("bad", &["bad"]));
    world.fake.until("hcsd_handles", 0);
}

fn bad_second(world: &World) {
    World::done(world.client("operations", &["bad", "bad-second"]));
    world.fake.until("hcsd_handles", 0);
}

fn networks(world: &World) {
    let host = FakeHost::new();
    let served = Served::with_networks(&host);
    let objects = || NetworkObjectKind::ALL.iter().map(|kind| host.enumerate(*kind, "").unwrap());
    let before: Vec<_> = objects().collect();
    World::done(world.to(world.client("networks", &[]), &served));
    assert_eq!(objects().collect::<Vec<_>>(), before);
}

fn bad_networks(world: &World) {
    World::done(world.client("bad-networks", &[]));
}

fn callbacks(world: &World) {
    World::done(world.client("callbacks", &["callbacks"]));
    world.fake.until("hcsd_handles", 0);
}

fn threads(world: &World) {
    World::done(world.client("threads", &["threads"]));
    world.fake.until("hcsd_handles", 0);
}

fn cycles(world: &World) {
    let rounds = std::env::var(CYCLES).unwrap_or_else(|_| FEW.into());
    let served = Served::new(Arc::new(FakeHost::new()));
    // Its worker threads and its listener are there from the first request on.
    served.until("hcsd_handles", 0);
    let descriptors = || fs_err::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    // Of those few thousand in a minute and more.
    let limit = TO_RUN * (1 + rounds.parse::<u32>().unwrap() / 5000);
    let text = World::done_within(world.to(world.client("cycles", &["cycles", &rounds]), &served), limit);
    if rounds != FEW {
        // Who asks for many wants to see what they have left.
        eprint!("{text}");
    }
    assert!(text.contains(&format!("{rounds} rounds")), "{text}");
    for counter in ["hcsd_handles", "hcsd_sessions", "hcsd_activities"] {
        served.until(counter, 0);
    }
    // Of the connections the one that asks is left.
    served.until("hcsd_connections", 1);
    assert!(descriptors() <= before + 2, "{before} descriptors, then {}", descriptors());
}

fn other_servers(world: &World) {
    let code = |command: Command, code: &str, word: &str| {
        let text = finish(command, TO_RUN).text;
        assert!(text.starts_with(code) && text.contains(word), "{text}");
    };
    // Nobody there: the port of a server that has ended.
    let gone = Served::new(Arc::new(FakeHost::new())).url();
    let mut absent = world.client("ask", &[]);
    absent.env("HCS_HOST", &gone).env("HCS_TOKEN_FILE", world.prefix.path("token"));
    code(absent, "0x80370114", "hcsd at http");
    let mut wrong = world.to(world.client("ask", &[]), &world.fake);
    fs_err::write(world.prefix.path("wrong"), "another").unwrap();
    wrong.env("HCS_TOKEN_FILE", world.prefix.path("wrong"));
    code(wrong, "0x80070005", "token");
    let mut none = world.to(world.client("ask", &[]), &world.fake);
    none.env("HCS_TOKEN_FILE", "/nowhere/token");
    code(none, "0x80070002", "token");
    let mut odd = world.client("ask", &[]);
    odd.env("HCS_HOST", "unix:///run/hcs/hcsd.sock");
    code(odd, "0x80070057", "Unix sockets");
    // A server of another version, and something else altogether.
    let session = r#"{"Type":"Session","Session":"0123456789abcdef0123456789abcdef","Grace":0,"Version":99}"#;
    let newer = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{session}\n\r\n",
        session.len() + 1
    );
    for (answer, code_, word) in [
        (newer.as_str(), "0x8000FFFF", "version 99"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno", "0x8000FFFF", "another server"),
        ("220 mail.example ESMTP\r\n", "0x8", "hcsd at"),
        ("", "0x8037011E", "connection"),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (mut socket, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                // As much of the request as comes first: it is one packet.
                let _ = std::io::Read::read(&mut socket, &mut request);
                // Whatever the client makes of it.
                let _ = socket.write_all(answer.as_bytes());
            });
            let mut command = world.client("ask", &[]);
            command.env("HCS_HOST", format!("http://{address}"));
            command.env("HCS_TOKEN_FILE", world.prefix.path("token"));
            code(command, code_, word);
        });
    }
    // Neither the environment nor the prefix says where it is.
    let settings = world.prefix.drive_c("windows/system32/hcs-client.conf");
    let text = fs_err::read_to_string(&settings).unwrap();
    fs_err::remove_file(&settings).unwrap();
    let output = finish(world.client("ask", &[]), TO_RUN).text;
    fs_err::write(&settings, text).unwrap();
    assert!(output.starts_with("0x80370114") && output.contains("wine-prefix install"), "{output}");
    World::done(world.client("ask", &[]));
}

/// It opens sessions, and then says no more than half an answer.
fn slow(world: &World) {
    let session = r#"{"Type":"Session","Session":"0123456789abcdef0123456789abcdef","Grace":0,"Version":1}"#;
    let lines = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{session}\n\r\n",
        session.len() + 1
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = world.client("ask", &["never"]);
    command.env("HCS_HOST", format!("http://{}", listener.local_addr().unwrap()));
    command.env("HCS_TOKEN_FILE", world.prefix.path("token")).env("HCSSHIM_TIMEOUT_SYSTEMCREATE", "1");
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            // Held until the client has ended: what it is not told it can't read from an end.
            ["", "HTTP/1.1 200 OK\r\ncontent-le"].map(|half| {
                let (mut socket, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                let _ = std::io::Read::read(&mut socket, &mut request).unwrap();
                let answer = if half.is_empty() { &lines } else { half };
                socket.write_all(answer.as_bytes()).unwrap();
                socket
            })
        });
        let text = finish(command, TO_RUN).text;
        assert!(text.contains("HcsCreateComputeSystem") && text.contains("is 0x80370118"), "{text}");
        drop(server.join().unwrap());
    });
}

fn restarted(world: &World) {
    let host = FakeHost::new();
    let first = Served::new(Arc::new(host.clone()));
    let address = first.address;
    let mut command = world.to(world.client("ask", &["survivor"]), &first);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut answer = || {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line
    };
    assert!(answer().starts_with("0x00000000"));
    drop(first);
    stdin.write_all(b"\n").unwrap();
    let line = answer();
    assert!(line.starts_with("0x80370114") || line.starts_with("0x8037011E"), "{line}");
    let second = Served::at(address, Arc::new(host), TOKEN);
    stdin.write_all(b"\n").unwrap();
    let line = answer();
    assert!(line.starts_with("0x00000000") && line.contains("survivor"), "{line}");
    drop(stdin);
    assert!(answer().starts_with("0x8037011E"), "a handle of the server before is dead");
    assert_eq!(answer().trim(), "done");
    assert!(child.wait().unwrap().success());
    drop(second);
}

fn killed(world: &World) {
    let engine = Engine::new();
    let served = Served::new(Arc::new(engine.other()));
    let mut events = engine.host.events().unwrap();
    let mut command = world.to(world.client("ask", &["orphan"]), &served);
    command.env("HCS_TEST_DOCUMENT", document(&engine, r#""TerminateOnLastHandleClosed":true"#));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("orphan"), "{line}");
    assert_eq!(served.metric("hcsd_sessions"), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let until = Deadline::after(PATIENCE);
    loop {
        let event = events.next(until).unwrap().expect("the container ends with its last handle");
        if let SystemEventKind::Exited { .. } = event.kind {
            assert_eq!(event.id, "orphan");
            break;
        }
    }
    for counter in ["hcsd_sessions", "hcsd_handles"] {
        served.until(counter, 0);
    }
}
