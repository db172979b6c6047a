//! Command lines of Linux and Windows programs, and paths of Windows containers.

use std::path::Path;

use hcs_agent::{registry_path, search, unix_path};
use hcs_host_linux::fuzzing;

/// A command line for a Linux program: its words, quoted, are the same words.
///
/// # Panics
/// When they are not.
pub fn linux_command_line(bytes: &[u8]) {
    let line = String::from_utf8_lossy(bytes);
    if let Ok(words) = fuzzing::words(&line) {
        let quoted: Vec<String> =
            words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        assert_eq!(fuzzing::words(&quoted.join(" ")).as_ref(), Ok(&words));
    }
}

/// Arguments, one a line, as one Windows command line: what splits it as Windows does gets the arguments.
///
/// # Panics
/// When it gets others.
pub fn windows_command_line(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let arguments: Vec<&str> = text.split('\n').collect();
    let program = arguments[0];
    if let Ok(line) = hcsshim::windows_command_line(&arguments) {
        assert_eq!(split(&line), arguments, "{line}");
        let readings = search::candidates(&line);
        assert!(readings.iter().any(|reading| reading.program == program), "{readings:?}");
    } else {
        assert!(program.is_empty() || program.contains('"') || text.contains('\0'), "{text:?}");
    }
    let line = text.as_ref();
    for reading in search::candidates(line) {
        search::files(&reading.program, r"C:\folder", line);
    }
    registry_path::split(line);
    unix_path::to_windows(line);
}

/// `CommandLineToArgvW`, from its documentation.
fn split(line: &str) -> Vec<String> {
    let (program, mut rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => line.split_at(line.find([' ', '\t']).unwrap_or(line.len())),
    };
    let mut arguments = vec![program.to_owned()];
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return arguments;
        }
        let (mut argument, mut inside) = (String::new(), false);
        loop {
            let after = rest.trim_start_matches('\\');
            let backslashes = rest.len() - after.len();
            if let Some(behind) = after.strip_prefix('"') {
                argument.extend(std::iter::repeat_n('\\', backslashes / 2));
                if backslashes % 2 == 1 {
                    argument.push('"');
                } else {
                    inside = !inside;
                }
                rest = behind;
                continue;
            }
            argument.push_str(&rest[..backslashes]);
            rest = after;
            let Some(character) = rest.chars().next().filter(|c| inside || !matches!(c, ' ' | '\t')) else {
                break;
            };
            argument.push(character);
            rest = &rest[character.len_utf8()..];
        }
        arguments.push(argument);
    }
}

/// A path of a Windows container lies on its drive C:, or is refused.
///
/// # Panics
/// When it leads elsewhere.
pub fn windows_path(bytes: &[u8]) {
    let path = String::from_utf8_lossy(bytes);
    let Ok(inside) = fuzzing::windows_path(&path, Path::new("/nowhere")) else { return };
    let below = inside.strip_prefix("/prefix/drive_c/").unwrap_or_else(|| panic!("{path:?} is {inside:?}"));
    assert!(!below.contains('\0'), "{below:?}");
    for part in below.split('/') {
        assert!(!matches!(part, "" | "." | ".."), "{path:?} is {inside:?}");
    }
}
