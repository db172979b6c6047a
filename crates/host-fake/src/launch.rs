//! Starting a program: which one a command line means, and the thread that it runs on.

use std::sync::Arc;
use std::thread;

use hcs_contract::{CreatedProcess, Error, Hresult, ProcessStreams, Result};

use crate::plan::Guest;
use crate::process::Process;
use crate::process_doc;
use crate::program::{FakeProcess, Program};
use crate::shell;
use crate::system::Connection;
use crate::task::Task;
use crate::violation::Violation;

/// ERROR_NO_SUCH_USER, which the contract has no name for.
const ERROR_NO_SUCH_USER: u32 = 1317;
/// Users that every container has, in lower case.
const USERS: [&str; 3] = ["root", "containeradministrator", "containeruser"];

/// Creates a process of a connection's system, and runs it.
pub(crate) fn create(
    connection: &Arc<Connection>,
    parameters: &str,
    streams: ProcessStreams,
) -> Result<CreatedProcess> {
    let machine = &connection.machine;
    let (guest, schema) = (machine.plan.guest, machine.plan.schema);
    let request = process_doc::request(machine.rules.reader(), parameters, streams, guest, schema)?;
    machine.can_run()?;
    let rules = &machine.rules;
    if !is_user(&request.user, guest) && !rules.users.contains(&request.user) {
        let message = format!("no user {:?} in the container", request.user);
        return Err(
            Error::invalid_argument("User", message).with_hresult(Hresult::from_win32(ERROR_NO_SUCH_USER))
        );
    }
    let word = request.arguments.first().map_or("", String::as_str);
    let program = rules.programs.find(word, guest).or_else(|| shell::find(word, guest));
    let program = match program {
        Some(program) => program,
        None if machine.breaks(Violation::MissingProgramRuns) => Arc::new(|_: &FakeProcess| 1_u32) as Program,
        None => {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "the fake has no such program");
            return Err(Error::os("run", word, source)
                .with_hresult(Hresult::ERROR_FILE_NOT_FOUND)
                .with_hint("register it with FakeHostBuilder::program"));
        }
    };
    if rules.is_missing(&request.working_directory) {
        let source =
            std::io::Error::new(std::io::ErrorKind::NotFound, "the fake was told that it is not there");
        return Err(
            Error::os("enter", request.working_directory, source).with_hresult(Hresult::ERROR_DIRECTORY)
        );
    }
    let wanted = [
        matches!(request.streams[0], process_doc::Source::Pipe),
        matches!(request.streams[1], process_doc::Source::Pipe),
        matches!(request.streams[2], process_doc::Source::Pipe),
    ];
    let (number, pid) = machine.next_process();
    let task = Task::new(machine, number, pid, request);
    machine.add(&task);
    let process = Process::new(connection, &task);
    let information = task.information(wanted);
    if let Err(error) = run(&task, program) {
        task.end(1);
        return Err(Error::os("start", "a thread for the program", error));
    }
    Ok(CreatedProcess { process: Arc::new(process), information })
}

fn is_user(user: &str, guest: Guest) -> bool {
    let number = |part: &str| part.parse::<u32>().is_ok();
    user.is_empty()
        || USERS.contains(&user.to_ascii_lowercase().as_str())
        || (guest == Guest::Linux && user.split(':').all(number))
}

fn run(task: &Arc<Task>, program: Program) -> std::io::Result<()> {
    let task = Arc::clone(task);
    let name = format!("fake {}", task.object.id);
    let body = move || {
        let process = FakeProcess::new(Arc::clone(&task));
        // A program that panics has crashed; the panic's own message is on this program's error output.
        let crashed = if task.guest == Guest::Linux { 134 } else { 0xC000_0409 };
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| program(&process)));
        let code = ended.unwrap_or(crashed);
        task.go_on();
        task.end(if task.guest == Guest::Linux { code & 0xFF } else { code });
    };
    thread::Builder::new().name(name).spawn(body).map(drop)
}
