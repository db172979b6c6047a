//! How long command lines, arguments and variables may be: what no program could be given is refused by the member's
//! name, before anybody is asked to start it.

use std::collections::BTreeMap;

use hcs_contract::{Error, Result};

/// UTF-16 units of a command line, without the NUL that ends it (`CreateProcessW`, lpCommandLine). A variable with its
/// name has as many ("Environment Variables" of the Windows documentation); all of them together have no limit.
const WINDOWS: usize = 32_766;

/// Pages of one argument or variable with its NUL: `MAX_ARG_STRLEN` (Linux, include/uapi/linux/binfmts.h).
const LINUX_PAGES: usize = 32;

/// Bytes of all of them together, with a pointer for each: three quarters of the kernel's largest stack for them
/// (`bprm_stack_limits` in fs/exec.c). A smaller limit of the stack makes it less; then the kernel refuses.
const LINUX_ALL: usize = 6 << 20;

/// Refuses what `CreateProcessW` would not take.
pub(super) fn windows(command_line: &str, environment: &BTreeMap<String, String>) -> Result<()> {
    let units = |text: &str| text.encode_utf16().count();
    let most = |field: &str, units: usize, what: &str| {
        if units <= WINDOWS {
            return Ok(());
        }
        let message = format!("{units} UTF-16 units; a Windows {what} has {WINDOWS} at most");
        Err(Error::invalid_document(field, message))
    };
    most("CommandLine", units(command_line), "command line")?;
    for (name, value) in environment {
        let field = format!("Environment.{}", shortened(name));
        most(&field, units(name) + 1 + units(value), "variable with its name")?;
    }
    Ok(())
}

/// Refuses what `execve` would not take. `field` is the member that the arguments come from.
pub(super) fn linux(field: &str, arguments: &[String], environment: &[String]) -> Result<()> {
    let longest = LINUX_PAGES * rustix::param::page_size() - 1;
    let most = |field: String, length: usize| {
        if length <= longest {
            return Ok(());
        }
        let message = format!("{length} bytes; a Linux argument or variable has {longest} at most");
        Err(Error::invalid_document(field, message))
    };
    let list = field == "CommandArgs";
    for (index, argument) in arguments.iter().enumerate() {
        most(if list { format!("{field}[{index}]") } else { field.to_owned() }, argument.len())?;
    }
    for variable in environment {
        let name = variable.split('=').next().unwrap_or_default();
        most(format!("Environment.{}", shortened(name)), variable.len())?;
    }
    let pointer = size_of::<usize>() + 1;
    let size = |texts: &[String]| texts.iter().map(|text| text.len() + pointer).sum::<usize>();
    let (arguments, environment) = (size(arguments), size(environment));
    if arguments + environment > LINUX_ALL {
        let field = if arguments > environment { field } else { "Environment" };
        let message = format!(
            "arguments and variables have {} bytes together; Linux takes {LINUX_ALL} at most",
            arguments + environment
        );
        return Err(Error::invalid_document(field, message));
    }
    Ok(())
}

/// A name for a message, which is not to be as long as what it complains of.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(64) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}

#[cfg(test)]
mod tests {
    use hcs_contract::Hresult;

    use super::*;

    fn named(result: Result<()>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON);
        error.to_string()
    }

    #[test]
    fn windows_counts_utf_16_units() {
        let none = BTreeMap::new();
        windows(&"x".repeat(WINDOWS), &none).unwrap();
        windows(&"😀".repeat(WINDOWS / 2), &none).unwrap();
        assert!(named(windows(&"x".repeat(WINDOWS + 1), &none)).contains("CommandLine: 32767 UTF-16 units"));
        assert!(named(windows(&"😀".repeat(WINDOWS / 2 + 1), &none)).contains("32768 UTF-16 units"));
        let one = |name: &str, value: usize| BTreeMap::from([(name.to_owned(), "ü".repeat(value))]);
        windows("x", &one("A", WINDOWS - 2)).unwrap();
        let text = named(windows("x", &one("A", WINDOWS - 1)));
        assert!(text.contains("Environment.A: 32767 UTF-16 units"), "{text}");
        let text = named(windows("x", &one(&"N".repeat(40_000), 0)));
        assert!(text.contains("Environment.NNN") && text.len() < 300, "{text}");
        // Each within its limit, and together far above: Windows has no limit there.
        let many = (0..100).map(|n| (format!("V{n}"), "x".repeat(30_000))).collect();
        windows("x", &many).unwrap();
    }

    #[test]
    fn linux_counts_bytes_of_each_and_of_all() {
        let longest = LINUX_PAGES * rustix::param::page_size() - 1;
        let text = |length: usize| "x".repeat(length);
        linux("CommandArgs", &["a".into(), text(longest)], &[]).unwrap();
        let error = named(linux("CommandArgs", &["a".into(), text(longest + 1)], &[]));
        assert!(error.contains("CommandArgs[1]: 131072 bytes"), "{error}");
        assert!(named(linux("CommandLine", &[text(longest + 1)], &[])).contains("CommandLine: "));
        let variable = format!("NAME={}", text(longest));
        assert!(named(linux("CommandArgs", &["a".into()], &[variable])).contains("Environment.NAME: "));
        let many = vec![text(longest); LINUX_ALL / longest];
        linux("CommandArgs", &many[1..], &[]).unwrap();
        let error = named(linux("CommandArgs", &many, &many));
        assert!(error.contains("bytes together; Linux takes"), "{error}");
        // Empty ones count too.
        let empty = vec![String::new(); LINUX_ALL / 8];
        assert!(named(linux("CommandArgs", &empty, &[])).contains("together"));
    }
}
