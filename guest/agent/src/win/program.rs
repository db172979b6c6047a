//! Which file a request starts, and whether it may: looked at before Wine does, because Wine would run a 32-bit
//! program into a loader error and would report success for what it only pretends to have.

use std::fs::File;
use std::io::Read;

use hcs_agent::environment::Environment;
use hcs_agent::image::{HEAD, Image, MACHINE_AMD64};
use hcs_agent::search::{self, Candidate};
use hcs_guest_protocol::{CreateProcess, Failure, is_pretended};
use windows_sys::Win32::Foundation::{
    ERROR_BAD_EXE_FORMAT, ERROR_CALL_NOT_IMPLEMENTED, ERROR_EXE_MACHINE_TYPE_MISMATCH, ERROR_FILE_NOT_FOUND,
    ERROR_PATH_NOT_FOUND,
};
use windows_sys::Win32::Storage::FileSystem::FILE_ATTRIBUTE_DIRECTORY;

use super::failure::failure;
use super::nt;

const PRETENDED: &str = ": Wine only pretends to have this program; bring the real one with the image";

/// What `CreateProcessW` is to be called with.
#[derive(Debug)]
pub(crate) struct Program {
    /// Full path of the file.
    pub(crate) path: String,
    /// The command line, the program in quotes if the request's reading needs them.
    pub(crate) command_line: String,
}

/// Finds the program of a request and refuses what can't run.
///
/// # Errors
/// The codes of `CreateProcessW` for a missing file (2) or folder (3), for what is no program (193);
/// `ERROR_EXE_MACHINE_TYPE_MISMATCH` (216) for another machine's program; `ERROR_CALL_NOT_IMPLEMENTED` (120) for
/// Wine's pretended programs.
pub(crate) fn find(
    request: &CreateProcess,
    folder: &str,
    environment: &Environment,
) -> Result<Program, Failure> {
    let readings = if let Some(application) = &request.application {
        let line = if request.command_line.is_empty() {
            format!("\"{application}\"")
        } else {
            request.command_line.clone()
        };
        vec![(vec![search::join(folder, application)], line)]
    } else {
        let path = environment.get("PATH").unwrap_or_default();
        let reading = |c: Candidate| (search::files(&c.program, folder, path), c.command_line);
        search::candidates(&request.command_line).into_iter().map(reading).collect()
    };
    let named = request.application.as_ref().unwrap_or(&request.command_line);
    for (files, command_line) in &readings {
        for path in files {
            if is_folder(path) == Some(false) {
                may_run(path)?;
                return Ok(Program { path: path.clone(), command_line: command_line.clone() });
            }
        }
    }
    // The base has none of these files; without this the user would look for a misspelt name.
    if readings.iter().any(|(files, _)| files.first().is_some_and(|path| is_pretended(path))) {
        return Err(failure(format!("CreateProcessW({named:?}){PRETENDED}"), ERROR_CALL_NOT_IMPLEMENTED));
    }
    let first = readings.first().and_then(|(files, _)| files.first()).map_or("", String::as_str);
    let parent = first.rsplit_once('\\').map_or("", |(parent, _)| parent);
    let parent_is_there = is_folder(&format!(r"{parent}\")) == Some(true);
    let code = if parent_is_there { ERROR_FILE_NOT_FOUND } else { ERROR_PATH_NOT_FOUND };
    Err(failure(format!("CreateProcessW({named:?})"), code))
}

/// `None`: nothing is there. Not by `std::fs::metadata`, which asks for the volume's serial number too: Wine's mount
/// manager knows that, and starting it for every program is what an idle container must do without.
fn is_folder(path: &str) -> Option<bool> {
    nt::attributes(path).map(|attributes| attributes & FILE_ATTRIBUTE_DIRECTORY != 0)
}

#[expect(clippy::disallowed_methods, reason = "a failure carries the path and the bare Windows code")]
fn may_run(path: &str) -> Result<(), Failure> {
    let refuse = |why: &str, code| Err(failure(format!("CreateProcessW({path:?}){why}"), code));
    let mut head = Vec::with_capacity(HEAD);
    let read = File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    if let Err(error) = read {
        let code = error.raw_os_error().map_or(ERROR_FILE_NOT_FOUND, i32::cast_unsigned);
        return refuse("", code);
    }
    match Image::parse(&head) {
        Image::Pe { machine: MACHINE_AMD64, builtin } => {
            if builtin && is_pretended(path) {
                return refuse(PRETENDED, ERROR_CALL_NOT_IMPLEMENTED);
            }
            Ok(())
        }
        Image::Pe { machine, .. } => refuse(
            &format!(": a program for machine {machine:#06x}, only 64-bit x86 runs here"),
            ERROR_EXE_MACHINE_TYPE_MISMATCH,
        ),
        Image::Dos => refuse(": a DOS or 16-bit program", ERROR_BAD_EXE_FORMAT),
        Image::Other if is_script(path) => Ok(()),
        Image::Other => refuse(": no Windows program", ERROR_BAD_EXE_FORMAT),
    }
}

/// `CreateProcessW` hands these to cmd.exe.
fn is_script(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    extension.eq_ignore_ascii_case("bat") || extension.eq_ignore_ascii_case("cmd")
}
