//! Options of the commands that find, watch and end containers.

use clap::{ArgAction, Args, Subcommand};
use clap_complete::Shell;

use super::values::{self, Filter};

/// Start containers that were made by create
///
/// Prints their names. Nothing runs in a container that has only been started: exec runs programs in it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs start box && hcs exec box -- /bin/true")]
pub(crate) struct Start {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// List containers
#[derive(Args, Debug)]
#[command(
    visible_alias = "list",
    after_help = "Examples:\n  hcs ls --all --filter state=stopped\n  hcs ls --filter label=team=a --format json\n  hcs rm $(hcs ls -aq)"
)]
pub(crate) struct Ls {
    /// Also those that have stopped and were kept
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Names only
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Only those that match: label=KEY[=VALUE], owner=NAME, state=STATE; filters of one kind add up, kinds narrow
    #[arg(long, value_name = "FILTER", action = ArgAction::Append, value_parser = values::filter)]
    pub(crate) filter: Vec<Filter>,
}

/// List the processes of a container
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs ps build --format json")]
pub(crate) struct Ps {
    /// Name of the container
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Show all that is known about containers
///
/// Prints a JSON array, one object per name, also without --format json.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs inspect build")]
pub(crate) struct Inspect {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Show what containers use
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs stats --format json build")]
pub(crate) struct Stats {
    /// Names of the containers; all that run when not given
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
}

/// Show what a container's detached programs have printed
///
/// Their standard output is printed on standard output, their standard error on standard error.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hcs logs job\n  hcs logs --follow --timestamps job")]
pub(crate) struct Logs {
    /// Go on until the container stops
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// When each line was printed (UTC)
    #[arg(long)]
    pub(crate) timestamps: bool,
    /// Only the last lines
    #[arg(short = 'n', long, value_name = "LINES")]
    pub(crate) tail: Option<usize>,
    /// Name of the container
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Shut containers down
///
/// Programs are asked to end (Windows: CTRL_SHUTDOWN_EVENT, Linux: SIGTERM); when the time is over the container is
/// terminated.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs stop --time 30 web")]
pub(crate) struct Stop {
    /// How long to wait before terminating
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) time: u64,
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Terminate containers, or signal or end one process
///
/// Without --process, and without --signal, the whole container is terminated at once.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  hcs kill web\n  hcs kill --process 312 build\n  hcs kill --process 7 --signal HUP box"
)]
pub(crate) struct Kill {
    /// Only this process of the container, by its id in `hcs ps`
    #[arg(long, value_name = "PID")]
    pub(crate) process: Option<u32>,
    /// Send this instead of ending it: TERM, HUP, 10 … (Linux), CtrlC, CtrlBreak, CtrlClose, CtrlShutdown (Windows)
    #[arg(short, long, value_name = "SIGNAL", requires = "process")]
    pub(crate) signal: Option<String>,
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Remove containers with their records and logs
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hcs rm job\n  hcs rm --force web")]
pub(crate) struct Rm {
    /// Terminate those that have not stopped
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Wait until containers have stopped and print their exit codes
///
/// The code is that of the first program that ran in the container, in full (32 bits), one line per container; - when
/// none did. This command itself ends with 0.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs run -d --name job -- cmd /c exit 3010; hcs wait job")]
pub(crate) struct Wait {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Free what crashed containers left behind
///
/// Says what was found. Only what belongs to this engine (HCS_ROOT and HCS_RUN) is touched.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs gc --dry-run")]
pub(crate) struct Gc {
    /// Only say what would be freed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Manage the Windows bases, the file systems that Windows containers start from
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  hcs base build && hcs base ls")]
pub(crate) enum Base {
    /// Build the base of the installed Wine, unless it is there
    Build,
    /// List bases
    #[command(visible_alias = "list")]
    Ls,
    /// Remove bases that no container uses
    Rm(BaseRm),
}

/// Remove bases that no container uses
#[derive(Args, Debug)]
pub(crate) struct BaseRm {
    /// Names of the bases, as `hcs base ls` shows them
    #[arg(value_name = "BASE", required = true)]
    pub(crate) names: Vec<String>,
}

/// Print a script that completes this command's options in a shell
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs completions bash > /etc/bash_completion.d/hcs")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}
