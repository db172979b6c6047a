//! The command line: one definition per option gives parser, help and completions.

pub(crate) mod change;
pub(crate) mod image;
pub(crate) mod manage;
pub(crate) mod prefix;
pub(crate) mod run;
pub(crate) mod values;
pub(crate) mod watch;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use self::manage::{Base, Completions, Gc, Inspect, Kill, Logs, Ls, Rm, Start, Stats, Stop, Wait};
use crate::failure::Failure;

/// Runs and manages containers by the Host Compute Service contract
///
/// Windows programs run on Wine, in isolated containers; Linux containers run natively. State is kept below
/// HCS_ROOT (/var/lib/hcs) and HCS_RUN (/run/hcs). With HCS_HOST set (unix:///PATH, http://HOST:PORT,
/// https://HOST:PORT) containers are those of the host that hcsd serves there.
#[derive(Debug, Parser)]
#[command(name = "hcs", version, after_help = EXAMPLES, max_term_width = 100, infer_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = r#"Examples:
  hcs run --rm -- cmd /c ver
  hcs run --rm --rootfs ./rootfs -- /bin/sh -c 'echo hello; exit 7'
  hcs image pull debian:12 && hcs run --rm -it debian:12 bash
  hcs run -d --name job -- cmd /c "echo working"
  hcs logs job

Without a terminal, or with NO_COLOR set, output has no colours."#;

// Options of every command. (No doc comment: it would replace the text above in the help.)
#[derive(Args, Debug)]
#[command(next_help_heading = "General options")]
pub(crate) struct Global {
    /// How listings, results and errors are printed; what programs print passes as it is
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Log what is done on standard error, from this level on; debug when only --log-format is given
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevel>,
    /// How the log is printed; text when only --log-level is given
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

impl Global {
    /// The log that was asked for: each of the two options asks for one, and has a default beside the other.
    pub(crate) fn log(&self) -> Option<(LogLevel, LogFormat)> {
        (self.log_level.is_some() || self.log_format.is_some())
            .then(|| (self.log_level.unwrap_or_default(), self.log_format.unwrap_or_default()))
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// How the log is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line of text per event.
    #[default]
    Text,
    /// A JSON object per line.
    Json,
}

/// From which level on events are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    // The first that tells what is done. (No doc comment: the help would have a list with one text in it.)
    #[default]
    Debug,
    Trace,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Box<run::Run>),
    Create(Box<run::Create>),
    Start(Start),
    Exec(Box<run::Exec>),
    Ls(Ls),
    Ps(manage::Ps),
    Inspect(Inspect),
    Stats(Stats),
    Logs(Logs),
    Top(watch::Top),
    Events(watch::Events),
    Pause(change::Pause),
    Resume(change::Resume),
    Update(change::Update),
    Stop(Stop),
    Kill(Kill),
    Rm(Rm),
    Wait(Wait),
    Gc(Gc),
    #[command(subcommand)]
    Base(Base),
    #[command(subcommand)]
    Image(Box<image::Image>),
    Commit(Box<image::Commit>),
    #[command(subcommand)]
    WinePrefix(prefix::WinePrefix),
    Features(watch::Features),
    Completions(Completions),
}

/// Whether a command line that can't be parsed asks for JSON. Behind -- stands what is the program's.
pub(crate) fn ask_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let ours: Vec<_> = arguments.take_while(|argument| argument != "--").collect();
    ours.iter().any(|argument| argument == "--format=json")
        || ours.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// The parser's explanation, taken apart: the first paragraph is what is wrong, the last where there is help.
pub(crate) fn failure(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::Usage {
            problem: "no command is given".into(),
            hint: "`hcs --help` lists them".into(),
        };
    }
    let text = error.to_string();
    let words = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut paragraphs = text.split("\n\n").map(words);
    let problem = paragraphs.next().unwrap_or_default();
    Failure::Usage {
        problem: problem.strip_prefix("error: ").unwrap_or(&problem).into(),
        hint: paragraphs.collect::<Vec<_>>().join("; ").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_usage_is_taken_apart() {
        let check = |arguments: &[&str], problem: &str, hint: &str| {
            let failure = failure(&Cli::try_parse_from(arguments).unwrap_err());
            assert_eq!((&*failure.to_string(), failure.hint()), (problem, Some(hint)));
        };
        check(&["hcs"], "no command is given", "`hcs --help` lists them");
        check(
            &["hcs", "run", "--rm"],
            "the following required arguments were not provided: <PROGRAM>...",
            "Usage: hcs run [OPTIONS] IMAGE [ARG]... hcs run [OPTIONS] -- PROGRAM [ARG]...; For more information, try '--help'.",
        );
        check(
            &["hcs", "ls", "--format", "xml"],
            "invalid value 'xml' for '--format <FORMAT>' [possible values: table, json]",
            "For more information, try '--help'.",
        );
    }

    #[test]
    fn json_is_asked_for_before_the_programs_own_arguments() {
        let ask = |line: &str| ask_for_json(line.split(' ').map(OsString::from));
        assert!(ask("hcs --format json rum") && ask("hcs run --format=json"));
        assert!(!ask("hcs run --bad -- x --format json") && !ask("hcs ls --format table"));
    }
}
