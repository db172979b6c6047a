//! The command line: one definition per option gives parser, help and completions.

pub(crate) mod change;
pub(crate) mod image;
mod later;
pub(crate) mod manage;
pub(crate) mod network;
pub(crate) mod prefix;
pub(crate) mod run;
pub(crate) mod values;
pub(crate) mod watch;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use self::later::Later;
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

/// What to do. A command's options are made when it is asked for ([`Later`]); the texts about it, which the list of all
/// commands has too, therefore stand here.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program in a new container
    ///
    /// What stands before -- is an image, with arguments for its program. Behind -- stands a program: without --rootfs in
    /// a Windows container, on the Windows base that `hcs base build` makes; with --rootfs in a Linux one with that
    /// folder as its root. The program's standard streams are this command's, its exit code is this command's: a code
    /// above 255 is printed in full on standard error, and this command ends with 255.
    Run(Later<run::Run>),
    /// Make a container without starting it
    ///
    /// Prints its name. `hcs start` starts it, `hcs exec` runs programs in it, `hcs rm` removes it.
    Create(Later<run::Create>),
    /// Start containers that were made by create
    ///
    /// Prints their names. Nothing runs in a container that has only been started: exec runs programs in it.
    Start(Later<Start>),
    /// Run a further program in a running container
    ///
    /// Standard streams and exit code pass through as with run.
    Exec(Later<run::Exec>),
    /// List containers
    #[command(visible_alias = "list")]
    Ls(Later<Ls>),
    /// List the processes of a container
    Ps(Later<manage::Ps>),
    /// Show all that is known about containers
    ///
    /// Prints a JSON array, one object per name, also without --format json.
    Inspect(Later<Inspect>),
    /// Show what containers use
    Stats(Later<Stats>),
    /// Show what a container's detached programs have printed
    ///
    /// Their standard output is printed on standard output, their standard error on standard error.
    Logs(Later<Logs>),
    /// Show the processes of containers and what they use, again and again
    ///
    /// Refreshes until the containers have stopped or it is interrupted: on a terminal in place, elsewhere one table
    /// below the other, with --format json one line each. Figures under CPU% are for the time since the last refresh;
    /// the first table has none.
    Top(Later<watch::Top>),
    /// Show what happens to all containers, as it happens
    ///
    /// From now on and until it is interrupted: create, start, pause, resume, modify, oom (the memory limit ended
    /// processes) and exit, whoever made it happen. With --format json each event is one line. The type missed says
    /// that something is not in the list, because nobody read it in time; no filter hides it.
    Events(Later<watch::Events>),
    /// Stop every program of containers where it stands, until resume
    ///
    /// The programs keep their memory and get no processor time. Prints the names of the containers.
    Pause(Later<change::Pause>),
    /// Let the programs of paused containers go on
    Resume(Later<change::Resume>),
    /// Change what running containers may use, and which folders of the host they see
    ///
    /// What is not given stays as it is. Of the three limits of processors the service takes one at a time. A memory
    /// limit below what is in use makes the kernel reclaim memory, and end programs where that is not enough.
    Update(Later<change::Update>),
    /// Shut containers down
    ///
    /// Programs are asked to end (Windows: CTRL_SHUTDOWN_EVENT, Linux: SIGTERM); when the time is over the container
    /// is terminated.
    Stop(Later<Stop>),
    /// Terminate containers, or signal or end one process
    ///
    /// Without --process, and without --signal, the whole container is terminated at once.
    Kill(Later<Kill>),
    /// Remove containers with their records and logs
    Rm(Later<Rm>),
    /// Wait until containers have stopped and print their exit codes
    ///
    /// The code is that of the first program that ran in the container, in full (32 bits), one line per container; -
    /// when none did. This command itself ends with 0.
    Wait(Later<Wait>),
    /// Free what crashed containers left behind
    ///
    /// Says what was found. Only what belongs to this engine (HCS_ROOT and HCS_RUN) is touched.
    Gc(Later<Gc>),
    /// Make, list and remove networks
    #[command(subcommand)]
    Network(Later<network::Network>),
    /// Make, list and remove endpoints: what connects a container to a network
    #[command(subcommand)]
    Endpoint(Later<network::Endpoint>),
    /// Make, list and remove network namespaces, and attach endpoints to them
    #[command(subcommand)]
    Namespace(Later<network::Namespace>),
    /// Manage the Windows bases, the file systems that Windows containers start from
    #[command(subcommand)]
    Base(Later<Base>),
    /// Let Windows programs in a Wine prefix use this machine's containers
    ///
    /// A program of Windows that makes containers looks for the service's DLLs in the system directory. These are put
    /// there; they talk to hcsd, which runs on this machine: hcsd --tcp 127.0.0.1:PORT.
    #[command(subcommand)]
    WinePrefix(Later<prefix::WinePrefix>),
    /// Get, make and hand on images
    ///
    /// An image is what containers are made of: `hcs run IMAGE`. Images of Linux and of Windows are kept below HCS_ROOT.
    #[command(subcommand)]
    Image(Later<image::Image>),
    /// Make an image of what a stopped container wrote
    ///
    /// Of containers of images, and of those made with --keep-scratch. What lies in volumes is left out, and of Windows
    /// containers the registry. Prints the image's name with its digest.
    Commit(Later<image::Commit>),
    /// Show what this host can do, and why it can't do the rest
    ///
    /// Kinds of guests, schema versions, Wine, cgroups and the limits that can be set, isolation. Nothing is made to
    /// find out.
    Features(Later<watch::Features>),
    /// Print a script that completes this command's options in a shell
    Completions(Later<Completions>),
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
