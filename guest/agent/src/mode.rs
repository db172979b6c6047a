//! Which of its three programs the one PE file is: its file name says so, as the design asks.

/// What the process is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `agent.exe`: serves the supervisor on its standard input and output.
    Agent,
    /// `wineboot.exe`: makes what a Wine session must have before its first program, then ends.
    Boot,
    /// `launcher.exe`: starts one process in the console it sits in.
    Launcher,
}

impl Mode {
    /// By the file name of the program, whatever its folder, case and extension; `None` for any other name.
    pub fn from_program(path: &str) -> Option<Self> {
        let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        match stem.to_ascii_lowercase().as_str() {
            "agent" => Some(Self::Agent),
            "wineboot" => Some(Self::Boot),
            "launcher" => Some(Self::Launcher),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_decides_in_any_case_and_with_any_folder() {
        let check = |path: &str, mode| assert_eq!(Mode::from_program(path), mode, "{path}");
        check(r"C:\windows\system32\agent.exe", Some(Mode::Agent));
        check(r"C:\WINDOWS\System32\WineBoot.EXE", Some(Mode::Boot));
        check("launcher", Some(Mode::Launcher));
        check(r"C:\agent.exe\other.exe", None);
        check("", None);
    }
}
