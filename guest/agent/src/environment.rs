//! The environment of a new process: the agent's own, less what is ours and Wine's, with the request's on top.

use std::collections::BTreeMap;

use crate::identity;

/// Names of the agent's own environment that the container's programs do not get to see. Wine's own part of every process
/// sees them all the same: it has the environment of the program that process 1 started, whatever Windows' is.
const HIDDEN: &[&str] =
    &["LC_CTYPE", "TZ", "USER", "WINEPREFIX", "WINEDEBUG", "WINEARCH", "SHLVL", "PWD", "_"];

/// What the environment of a process is made from.
#[derive(Debug, Default)]
pub struct Environment {
    /// By upper-case name, so that names compare without case and the block comes out sorted, as Windows wants it.
    variables: BTreeMap<String, (String, String)>,
}

impl Environment {
    /// Begins with the agent's own variables, as `NAME=value`.
    pub fn inherited<'a>(own: impl IntoIterator<Item = &'a str>) -> Self {
        let mut environment = Self::default();
        for entry in own {
            // A leading `=` belongs to the name: `=C:=C:\x` is how Windows keeps a folder per drive.
            let split = entry.char_indices().skip(1).find(|&(_, c)| c == '=');
            let Some((at, _)) = split else { continue };
            let (name, value) = (&entry[..at], &entry[at + 1..]);
            let mut hidden = HIDDEN.iter().chain(&identity::VARIABLES);
            let hidden = name.starts_with('=') || hidden.any(|h| h.eq_ignore_ascii_case(name));
            if !hidden {
                environment.set(name, value);
            }
        }
        environment
    }

    /// Sets a variable; the last one of a name counts. Names that Windows can't have are left out.
    pub fn set(&mut self, name: &str, value: &str) {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return;
        }
        self.variables.insert(name.to_uppercase(), (name.to_owned(), value.to_owned()));
    }

    /// Gives the process another user's name, with the folders that go with it. `GetUserName` still tells the
    /// container's user: Wine has one per session.
    pub fn set_user(&mut self, user: &str) {
        self.set("USERNAME", user);
        let profile = format!(r"C:\users\{user}");
        self.set("HOMEPATH", &profile[2..]);
        self.set("APPDATA", &format!(r"{profile}\AppData\Roaming"));
        self.set("LOCALAPPDATA", &format!(r"{profile}\AppData\Local"));
        self.set("TEMP", &format!(r"{profile}\AppData\Local\Temp"));
        self.set("TMP", &format!(r"{profile}\AppData\Local\Temp"));
        self.set("USERPROFILE", &profile);
    }

    /// The value of a variable, by its name in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(&name.to_uppercase()).map(|(_, value)| value.as_str())
    }

    /// The block that `CreateProcessW` takes with `CREATE_UNICODE_ENVIRONMENT`: `NAME=value` and a NUL each, then
    /// one more NUL.
    pub fn to_block(&self) -> Vec<u16> {
        let mut block = Vec::new();
        for (name, value) in self.variables.values() {
            block.extend(name.encode_utf16().chain(['=' as u16]).chain(value.encode_utf16()).chain([0]));
        }
        if block.is_empty() {
            block.push(0);
        }
        block.push(0);
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(environment: &Environment) -> Vec<String> {
        let text = String::from_utf16(&environment.to_block()).unwrap();
        let text = text.strip_suffix("\0\0").expect("two NULs end the block");
        text.split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn the_request_wins_without_regard_to_case_and_ours_is_hidden() {
        let mut e = Environment::inherited(["Path=C:\\a", "=C:=C:\\x", "WinePrefix=/p", "B=1=2", "nonsense"]);
        e.set("PATH", "C:\\b");
        e.set("a", "ü");
        e.set("bad=name", "x");
        assert_eq!(block(&e), ["a=ü", "B=1=2", "PATH=C:\\b"]);
        assert_eq!(e.get("path"), Some("C:\\b"));
    }

    #[test]
    fn an_empty_environment_is_still_a_block() {
        assert_eq!(Environment::default().to_block(), [0, 0]);
    }

    #[test]
    fn a_user_brings_its_folders() {
        let mut e = Environment::inherited(["USERNAME=ContainerAdministrator"]);
        e.set_user("ContainerUser");
        assert_eq!(e.get("USERNAME"), Some("ContainerUser"));
        assert_eq!(e.get("HOMEPATH"), Some(r"\users\ContainerUser"));
        assert_eq!(e.get("userprofile"), Some(r"C:\users\ContainerUser"));
    }
}
