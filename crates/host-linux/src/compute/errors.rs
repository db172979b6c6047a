//! What a supervisor's failure is in the words of the contract.

use std::io;

use hcs_contract::{Error, ErrorEvent, ErrorKind, Hresult, Object, ObjectKind};
use hcs_silo::client::{ClientError, LaunchError};
use hcs_silo::protocol::{Failure, State, Step};
use rustix::io::Errno;

/// Win32 codes that the service gives and the contract has no name for.
const ERROR_NO_SUCH_USER: u32 = 1317;

/// The name of a state in documents and messages.
pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Created => "Created",
        State::Running => "Running",
        State::Paused => "Paused",
        State::Stopped => "Stopped",
    }
}

/// The failure of a request about `object`, which is the system `id` or one of its processes.
pub(super) fn from_client(error: ClientError, id: &str, object: &Object) -> Error {
    match error {
        ClientError::Refused(failure) => from_failure(failure, id, object),
        ClientError::Gone => Error::new(ErrorKind::UnexpectedExit).with_object(object.clone()).with_hint(
            "the container's supervisor was ended; what is left of it is removed at the next look",
        ),
        ClientError::Version(_) => Error::from_hresult(Hresult::HCS_E_UNSUPPORTED_PROTOCOL_VERSION)
            .with_events([ErrorEvent::new("supervisor", error.to_string())])
            .with_hint("another version of the tools made this container: use that one"),
        ClientError::Wire(error) => from_wire(&error),
        other => Error::unexpected_value(other.to_string()),
    }
}

/// A message that could not be sent or understood.
fn from_wire(error: &hcs_silo::wire::WireError) -> Error {
    use hcs_silo::wire::WireError;
    match error {
        WireError::Os { call, errno } => Error::os(*call, "the control socket", (*errno).into()),
        other => Error::unexpected_value(other.to_string()),
    }
}

/// What the supervisor refused.
pub(super) fn from_failure(failure: Failure, id: &str, object: &Object) -> Error {
    let text = failure.to_string();
    match failure {
        Failure::InvalidState(State::Stopped) => Error::already_stopped(Object::system(id)),
        Failure::InvalidState(state) => Error::invalid_state(Object::system(id), state_name(state)),
        Failure::NoProcess => Error::already_stopped(object.clone()),
        Failure::Exec { program, step, errno } => from_exec(&program, step, errno),
        Failure::Windows { call: _, code } => {
            Error::from_hresult(Hresult::from_win32(code)).with_events([ErrorEvent::new("agent", text)])
        }
        Failure::UnknownUser(_) => {
            Error::invalid_argument("User", text).with_hresult(Hresult::from_win32(ERROR_NO_SUCH_USER))
        }
        Failure::NotSupported(reason) => Error::not_supported("the request", reason),
        Failure::NotMapped(place) => Error::not_found(Object::new(ObjectKind::Element, place))
            .with_hint("`hcs inspect` shows what is mapped"),
        Failure::Os { step, object, errno } if errno == Errno::BUSY.raw_os_error() && step == "unmount" => {
            Error::os(step, object, io::Error::from_raw_os_error(errno))
                .with_hint("a program of the container has something open there, or is in that folder")
        }
        Failure::Os { step, object, errno } => Error::os(step, object, io::Error::from_raw_os_error(errno)),
        Failure::Lost(_) => Error::from_hresult(Hresult::HCS_E_CONNECTION_CLOSED)
            .with_events([ErrorEvent::new("supervisor", text)]),
    }
}

/// A program that could not be run: the codes are those that CreateProcess gives for the same reason.
fn from_exec(program: &str, step: Step, errno: i32) -> Error {
    let error = Error::os(step.to_string(), program, io::Error::from_raw_os_error(errno));
    let code = match (step, Errno::from_raw_os_error(errno)) {
        (Step::Directory, Errno::NOENT | Errno::NOTDIR) => Hresult::ERROR_DIRECTORY,
        (Step::Exec, Errno::NOENT) => {
            return error.with_hint("it is not in the container; a script's interpreter must be there too");
        }
        // A folder, or no execute permission: CreateProcess says access denied to both.
        (Step::Exec, Errno::ISDIR | Errno::ACCESS) => Hresult::E_ACCESSDENIED,
        (Step::Exec, Errno::NOTDIR) => Hresult::ERROR_PATH_NOT_FOUND,
        (Step::Exec, Errno::NOEXEC) => Hresult::ERROR_BAD_EXE_FORMAT,
        (Step::Exec, Errno::TOOBIG) => Hresult::ERROR_FILENAME_EXCED_RANGE,
        _ => return error,
    };
    error.with_hresult(code)
}

/// A supervisor that could not be started or reached.
pub(super) fn from_launch(error: LaunchError, id: &str) -> Error {
    let system = Object::system(id);
    match error {
        LaunchError::Program { path, source } => {
            Error::os("run the supervisor", path.display().to_string(), source).with_hint(
                "install the helper programs with `./x install`, or name their folder in HCS_LIBEXEC",
            )
        }
        LaunchError::Refused { source, .. } => from_failure(source, id, &system),
        LaunchError::Silent { .. } => Error::from_hresult(Hresult::HCS_E_TERMINATED_DURING_START)
            .with_events([ErrorEvent::new("supervisor", "it ended before it answered")])
            .with_hint("it was killed, or its program is not the one of this version"),
        LaunchError::NotThere { .. } => Error::not_found(system),
        LaunchError::Version { .. } => Error::from_hresult(Hresult::HCS_E_UNSUPPORTED_PROTOCOL_VERSION)
            .with_hint("another version of the tools made this container: use that one"),
        LaunchError::Timeout { .. } => {
            Error::new(ErrorKind::Timeout { waiting_for: "the supervisor's answer".into(), after: None })
        }
        LaunchError::Wire(error) => from_wire(&error),
        LaunchError::Socket(source) => Error::os("make", "a socket", source),
        other => Error::unexpected_value(other.to_string()),
    }
    .with_object(Object::system(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_cannot_run_have_the_codes_of_create_process() {
        for (step, errno, code) in [
            (Step::Exec, Errno::NOENT, 0x8007_0002),
            (Step::Exec, Errno::ACCESS, 0x8007_0005),
            (Step::Exec, Errno::NOEXEC, 0x8007_00C1),
            (Step::Directory, Errno::NOENT, 0x8007_010B),
        ] {
            let failure = Failure::Exec { program: "/x".into(), step, errno: errno.raw_os_error() };
            let error = from_failure(failure, "id", &Object::system("id"));
            assert_eq!(error.hresult(), Hresult(code), "{step:?} {errno:?}");
            assert!(error.to_string().contains("/x"), "{error}");
        }
    }

    #[test]
    fn states_and_processes() {
        let process = Object::process("id", 7);
        let code = |failure| from_failure(failure, "id", &process).hresult().0;
        assert_eq!(code(Failure::InvalidState(State::Stopped)), 0x8037_0110);
        assert_eq!(code(Failure::InvalidState(State::Running)), 0x8037_0105);
        assert_eq!(code(Failure::NoProcess), 0x8037_011F);
        assert_eq!(code(Failure::Windows { call: "CreateProcessW".into(), code: 2 }), 0x8007_0002);
        assert_eq!(code(Failure::NotSupported("x".into())), 0x8007_0032);
    }
}
