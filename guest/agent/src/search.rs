//! Where `CreateProcessW` looks for a program, so that the agent can look at the file before it is started.
//!
//! Source: the documentation of `CreateProcessW`, parameter `lpApplicationName`. One difference, on purpose: the
//! request's own folder and `PATH` are searched, not the agent's, since the agent stands in for a shell.

/// One reading of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The program as it was named.
    pub program: String,
    /// The command line with the program in quotes where it has blanks.
    pub command_line: String,
}

/// Every reading of a command line, in the order in which they are tried: the quoted text, or each prefix that ends
/// at a blank.
pub fn candidates(command_line: &str) -> Vec<Candidate> {
    if let Some(rest) = command_line.strip_prefix('"')
        && let Some((program, _)) = rest.split_once('"')
    {
        return vec![Candidate { program: program.to_owned(), command_line: command_line.to_owned() }];
    }
    let ends = command_line.match_indices([' ', '\t']).map(|(at, _)| at).chain([command_line.len()]);
    let mut readings = Vec::new();
    for end in ends {
        let (program, rest) = command_line.split_at(end);
        if program.is_empty() || program.ends_with([' ', '\t']) {
            continue;
        }
        let quoted = program.contains([' ', '\t']);
        let line = if quoted { format!("\"{program}\"{rest}") } else { command_line.to_owned() };
        readings.push(Candidate { program: program.to_owned(), command_line: line });
    }
    readings
}

/// The files to try for a program, in order. `folder` is the new process's working directory, `path` its `PATH`.
pub fn files(program: &str, folder: &str, path: &str) -> Vec<String> {
    let named = with_extension(program);
    let has_folder = program.contains(['\\', '/', ':']);
    if has_folder {
        return vec![join(folder, &named)];
    }
    [folder, r"C:\windows\system32", r"C:\windows\system", r"C:\windows"]
        .into_iter()
        .chain(path.split(';').map(|p| p.trim_matches('"')).filter(|p| !p.is_empty()))
        .map(|dir| join(dir, &named))
        .collect()
}

/// `name` below `folder`, unless it is absolute or names a drive by itself.
pub fn join(folder: &str, name: &str) -> String {
    let name = name.replace('/', r"\");
    if name.starts_with('\\') && !name.starts_with(r"\\") {
        let drive = folder.get(..2).filter(|d| d.ends_with(':')).unwrap_or("C:");
        return format!("{drive}{name}");
    }
    if name.starts_with('\\') || name.as_bytes().get(1) == Some(&b':') {
        return name;
    }
    format!(r"{}\{name}", folder.trim_end_matches(['\\', '/']))
}

fn with_extension(program: &str) -> String {
    let name = program.rsplit(['\\', '/', ':']).next().unwrap_or(program);
    if name.contains('.') { program.to_owned() } else { format!("{program}.exe") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn programs(line: &str) -> Vec<String> {
        candidates(line).into_iter().map(|c| c.program).collect()
    }

    #[test]
    fn quotes_end_the_choice_and_blanks_open_it() {
        assert_eq!(programs(r#""C:\a b\c.exe" x"#), [r"C:\a b\c.exe"]);
        assert_eq!(programs(r"C:\a b\c d"), [r"C:\a", r"C:\a b\c", r"C:\a b\c d"]);
        assert_eq!(programs("cmd  /c ver"), ["cmd", "cmd  /c", "cmd  /c ver"]);
        assert_eq!(programs(""), Vec::<String>::new());
        let second = &candidates(r"C:\a b.exe c")[1];
        assert_eq!(second.command_line, r#""C:\a b.exe" c"#);
    }

    #[test]
    fn a_bare_name_is_searched_and_a_path_is_not() {
        let found = files("ping", r"C:\app", r#"C:\x;;"C:\y""#);
        assert_eq!(found.first().map(String::as_str), Some(r"C:\app\ping.exe"));
        assert_eq!(found[1], r"C:\windows\system32\ping.exe");
        assert_eq!(&found[4..], [r"C:\x\ping.exe", r"C:\y\ping.exe"]);
        assert_eq!(files(r"bin\a", r"C:\app\", ""), [r"C:\app\bin\a.exe"]);
        assert_eq!(files(r"\a.bat", r"D:\app", ""), [r"D:\a.bat"]);
        assert_eq!(files(r"C:\a.b\c", r"C:\", ""), [r"C:\a.b\c.exe"]);
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line: String, folder: String) {
            for c in candidates(&line) {
                let _ = files(&c.program, &folder, &line);
            }
        }
    }
}
