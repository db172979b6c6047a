//! What instructions mean: for the image's configuration, and for the steps that make layers.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::copy::Copy;
use super::parse::{Instruction, Keyword, parse};
use super::words::{list, split, whole};
use crate::error::Result;
use crate::launch::Launch;
use crate::spec::{Config, Image, Platform};

/// Shells of commands in the shell form.
const SHELLS: [&[&str]; 2] = [&["/bin/sh", "-c"], &["cmd", "/S", "/C"]];
/// ARGs that need no instruction.
const PREDEFINED: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Changes a configuration by one instruction, as `hcs commit --change` takes it.
///
/// # Errors
/// An instruction that is not known, or that changes more than the configuration.
pub fn change(config: &mut Config, text: &str, windows: bool) -> Result<()> {
    let mut apply = || -> Result<(), Problem> {
        let instructions = parse(text)?;
        let [instruction] = &instructions[..] else {
            return Err(Problem::new("is more than one instruction"));
        };
        let mut stage = Stage::new(BTreeMap::new());
        stage.begin(windows, config);
        stage.change(config, instruction)
    };
    apply().map_err(|problem| Problem { line: 0, ..problem }.at(&format!("the change {text:?}")))
}

/// What is known while the instructions of one image are gone through.
pub(super) struct Stage {
    pub(super) begun: bool,
    windows: bool,
    shell: Option<Vec<String>>,
    /// A CMD of the file's own, which stays with a later ENTRYPOINT.
    has_cmd: bool,
    /// Values from outside, and those that no ARG asked for.
    given: BTreeMap<String, String>,
    unasked: BTreeSet<String>,
    /// ARGs before FROM, and behind it.
    before: BTreeMap<String, String>,
    arguments: BTreeMap<String, String>,
    environment: Vec<(String, String)>,
}

impl Stage {
    pub(super) fn new(given: BTreeMap<String, String>) -> Self {
        let unasked = given.keys().cloned().collect();
        Self {
            begun: false,
            windows: false,
            shell: None,
            has_cmd: false,
            given,
            unasked,
            before: BTreeMap::new(),
            arguments: BTreeMap::new(),
            environment: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, windows: bool, config: &Config) {
        self.begun = true;
        self.windows = windows;
        self.shell.clone_from(&config.shell);
        self.environment = pairs(config);
    }

    /// Values from outside that nothing asks for are a slip.
    pub(super) fn unused(&self) -> Result<(), Problem> {
        match self.unasked.first() {
            Some(name) => Err(Problem::new(format!("has no ARG {name}, for which a value was given"))),
            None => Ok(()),
        }
    }

    fn lookup(&self, name: &str) -> Option<String> {
        let same = |known: &str| known == name || self.windows && known.eq_ignore_ascii_case(name);
        let set =
            self.environment.iter().rev().find(|(known, _)| same(known)).map(|(_, value)| value.clone());
        set.or_else(|| self.arguments.get(name).cloned())
    }

    fn split(&self, instruction: &Instruction) -> Result<Vec<String>, Problem> {
        split(&instruction.rest, instruction.escape, &|name| self.lookup(name))
    }

    fn whole(&self, instruction: &Instruction) -> Result<String, Problem> {
        whole(instruction.rest.trim(), instruction.escape, &|name| self.lookup(name))
    }

    /// ARG.
    pub(super) fn argument(&mut self, instruction: &Instruction) -> Result<(), Problem> {
        no_flags(instruction)?;
        let words = if self.begun {
            self.split(instruction)?
        } else {
            split(&instruction.rest, instruction.escape, &|name| self.before.get(name).cloned())?
        };
        for word in words {
            let (name, default) =
                word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(value)));
            check_name(name)?;
            self.unasked.remove(name);
            // Behind FROM the value of one before it has to be asked for by name.
            let inherited = self.begun.then(|| self.before.get(name).cloned()).flatten();
            let value = self.given.get(name).cloned().or_else(|| default.map(str::to_owned)).or(inherited);
            if let Some(value) = value {
                let known = if self.begun { &mut self.arguments } else { &mut self.before };
                known.insert(name.to_owned(), value);
            }
        }
        for name in PREDEFINED {
            self.unasked.remove(name);
        }
        Ok(())
    }

    /// The image that FROM names.
    pub(super) fn from(&mut self, instruction: &Instruction) -> Result<String, Problem> {
        no_flags(instruction)?;
        let words = split(&instruction.rest, instruction.escape, &|name| self.before.get(name).cloned())?;
        match &words[..] {
            [image] => Ok(image.clone()),
            // The name is of use to further stages, which are refused by themselves.
            [image, word, _] if word.eq_ignore_ascii_case("as") => Ok(image.clone()),
            _ => Err(Problem::new("FROM names one image")),
        }
    }

    /// The program of a RUN.
    pub(super) fn launch(&self, config: &Config, instruction: &Instruction) -> Result<Launch, Problem> {
        no_flags(instruction)?;
        let (argv, is_line) = self.program(&instruction.rest);
        let image = Image {
            platform: Platform {
                os: if self.windows { "windows" } else { "linux" }.into(),
                ..Platform::default()
            },
            config: Config { entrypoint: None, cmd: Some(argv), args_escaped: is_line, ..config.clone() },
            ..Image::default()
        };
        let mut launch = image.launch(&[], None).map_err(|error| Problem::new(error.to_string()))?;
        // What ENV says counts more.
        let arguments = self.arguments.iter().map(|(name, value)| (name.clone(), value.clone()));
        launch.environment = arguments.chain(launch.environment).collect();
        Ok(launch)
    }

    /// What COPY or ADD is to do.
    pub(super) fn copy(&self, config: &Config, instruction: &Instruction) -> Result<Copy, Problem> {
        let words = match list(&instruction.rest) {
            Some(words) => words,
            None => self.split(instruction)?,
        };
        let folder = if config.working_dir.is_empty() { "/" } else { &config.working_dir };
        Copy::new(instruction, &words, folder, self.windows)
    }

    /// A program in the exec form, or in the shell form: then of Windows a whole command line.
    fn program(&self, text: &str) -> (Vec<String>, bool) {
        if let Some(argv) = list(text.trim()) {
            return (argv, false);
        }
        let default = || SHELLS[usize::from(self.windows)].iter().map(|part| (*part).to_owned()).collect();
        let mut shell: Vec<String> = self.shell.clone().unwrap_or_else(default);
        if self.windows {
            return (vec![format!("{} {}", shell.join(" "), text.trim())], true);
        }
        shell.push(text.trim().to_owned());
        (shell, false)
    }

    /// An instruction that only changes the configuration.
    pub(super) fn change(&mut self, config: &mut Config, instruction: &Instruction) -> Result<(), Problem> {
        no_flags(instruction)?;
        match instruction.keyword {
            Keyword::Cmd => {
                let (argv, is_line) = self.program(&instruction.rest);
                (config.cmd, config.args_escaped) = (Some(argv), is_line);
                self.has_cmd = true;
            }
            Keyword::Entrypoint => {
                let (argv, is_line) = self.program(&instruction.rest);
                config.entrypoint = Some(argv).filter(|argv| !argv.is_empty());
                if !self.has_cmd {
                    (config.cmd, config.args_escaped) = (None, is_line);
                }
            }
            Keyword::Env => {
                for (name, value) in self.assignments(instruction)? {
                    check_name(&name)?;
                    self.set(config, &name, value);
                }
            }
            Keyword::Label => {
                let labels = config.labels.get_or_insert_default();
                labels.extend(self.assignments(instruction)?);
            }
            Keyword::Expose => {
                for word in self.split(instruction)? {
                    let (port, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
                    if port.parse::<u16>().is_err() || !matches!(protocol, "tcp" | "udp" | "sctp") {
                        return Err(Problem::new(format!("EXPOSE {word}: expected PORT or PORT/PROTOCOL")));
                    }
                    let ports = config.exposed_ports.get_or_insert_default();
                    ports.insert(format!("{port}/{protocol}"), serde_json::json!({}));
                }
            }
            Keyword::Volume => {
                let paths = match list(&instruction.rest) {
                    Some(paths) => paths,
                    None => self.split(instruction)?,
                };
                let volumes = config.volumes.get_or_insert_default();
                volumes.extend(paths.into_iter().map(|path| (path, serde_json::json!({}))));
            }
            Keyword::Shell => {
                let shell = list(&instruction.rest).filter(|shell| !shell.is_empty());
                let shell = shell.ok_or_else(|| Problem::new("SHELL takes a list in JSON"))?;
                self.shell = Some(shell.clone());
                config.shell = Some(shell);
            }
            Keyword::StopSignal => config.stop_signal = self.whole(instruction)?,
            Keyword::User => config.user = self.whole(instruction)?,
            Keyword::WorkDir => {
                let path = self.whole(instruction)?;
                config.working_dir = below(&config.working_dir, &path, self.windows);
            }
            _ => return Err(Problem::new("changes files, and not the configuration alone")),
        }
        Ok(())
    }

    /// `NAME=VALUE…`, or the old form `NAME VALUE` to the line's end.
    fn assignments(&self, instruction: &Instruction) -> Result<Vec<(String, String)>, Problem> {
        let (first, rest) =
            instruction.rest.split_once(char::is_whitespace).unwrap_or((&instruction.rest, ""));
        if !first.contains('=') {
            if rest.trim().is_empty() {
                return Err(Problem::new(format!("{first} has no value")));
            }
            let value = whole(rest.trim(), instruction.escape, &|name| self.lookup(name))?;
            return Ok(vec![(first.to_owned(), value)]);
        }
        let pair = |word: String| match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(Problem::new(format!("{word:?} is not NAME=VALUE"))),
        };
        self.split(instruction)?.into_iter().map(pair).collect()
    }

    fn set(&mut self, config: &mut Config, name: &str, value: String) {
        let windows = self.windows;
        let same = |known: &str| known == name || windows && known.eq_ignore_ascii_case(name);
        self.environment.retain(|(known, _)| !same(known));
        self.environment.push((name.to_owned(), value));
        config.env = Some(self.environment.iter().map(|(name, value)| format!("{name}={value}")).collect());
    }
}

fn pairs(config: &Config) -> Vec<(String, String)> {
    let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    config.env.iter().flatten().filter_map(pair).collect()
}

fn no_flags(instruction: &Instruction) -> Result<(), Problem> {
    match instruction.flags.first() {
        Some((name, _)) => Err(Problem::new(format!("the option --{name} is not supported here"))),
        None => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.contains(['\0', ' ', '\t']) {
        return Err(Problem::new(format!("{name:?} is no name of a variable")));
    }
    Ok(())
}

/// A path that may be relative to another.
pub(super) fn below(folder: &str, path: &str, windows: bool) -> String {
    let drive = path.get(1..2) == Some(":");
    if path.starts_with('/') || windows && (drive || path.starts_with('\\')) {
        return path.to_owned();
    }
    let separator = if windows { '\\' } else { '/' };
    let folder = match (folder, windows) {
        ("", true) => r"C:",
        (folder, _) => folder.trim_end_matches(['/', '\\']),
    };
    format!("{folder}{separator}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(windows: bool, texts: &[&str]) -> Result<Config, String> {
        let mut config = Config::default();
        let mut stage = Stage::new(BTreeMap::from([("V".to_owned(), "9".to_owned())]));
        stage.begin(windows, &config);
        for text in texts {
            let parsed = parse(text).map_err(|problem| problem.text)?;
            let done = match parsed[0].keyword {
                Keyword::Arg => stage.argument(&parsed[0]),
                _ => stage.change(&mut config, &parsed[0]),
            };
            done.map_err(|problem| problem.text)?;
        }
        Ok(config)
    }

    #[test]
    fn each_instruction_changes_what_it_names() {
        let all = changed(
            false,
            &[
                "ARG V=1 W=2",
                "ENV A=$V B=\"x y\"",
                "ENV C old form",
                "WORKDIR /a",
                "WORKDIR b/$W",
                "USER u:g",
                "EXPOSE 80 53/udp",
                "VOLUME [\"/v\"]",
                "LABEL k=v",
                "STOPSIGNAL SIGQUIT",
                "CMD echo $A",
                "ENTRYPOINT [\"/e\"]",
            ],
        )
        .unwrap();
        assert_eq!(all.env.unwrap(), ["A=9", "B=x y", "C=old form"]);
        assert_eq!((&*all.working_dir, &*all.user, &*all.stop_signal), ("/a/b/2", "u:g", "SIGQUIT"));
        assert_eq!(all.exposed_ports.unwrap().into_keys().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
        assert_eq!(all.cmd.unwrap(), ["/bin/sh", "-c", "echo $A"]);
        assert_eq!(all.entrypoint.unwrap(), ["/e"]);
        assert_eq!(all.volumes.unwrap().len() + all.labels.unwrap().len(), 2);
    }

    #[test]
    fn on_windows_paths_and_shells_are_its_own() {
        let config = changed(true, &["WORKDIR app", "ENV path=1", "ENV PATH=2", "CMD a \"b c\""]).unwrap();
        assert_eq!(config.working_dir, r"C:\app");
        assert_eq!(config.env.unwrap(), ["PATH=2"]);
        assert_eq!(
            (config.cmd.unwrap(), config.args_escaped),
            (vec![r#"cmd /S /C a "b c""#.to_owned()], true)
        );
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (text, word) in [
            ("USER --x=1 a", "--x"),
            ("EXPOSE 1-2", "EXPOSE 1-2"),
            ("SHELL sh", "JSON"),
            ("ENV A", "A has no value"),
            ("LABEL =x", "NAME=VALUE"),
            ("RUN x", "not the configuration"),
        ] {
            let problem = changed(false, &[text]).unwrap_err();
            assert!(problem.contains(word), "{text}: {problem}");
        }
    }
}
