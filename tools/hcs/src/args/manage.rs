//! Options of the commands that find, watch and end containers.

use clap::{ArgAction, Args, Subcommand};
use clap_complete::Shell;

use super::values::{self, Filter};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs start box && hcs exec box -- /bin/true")]
pub(crate) struct Start {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(
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

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs ps build --format json")]
pub(crate) struct Ps {
    /// Name of the container
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs inspect build")]
pub(crate) struct Inspect {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs stats --format json build")]
pub(crate) struct Stats {
    /// Names of the containers; all that run when not given
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
}

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

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs run -d --name job -- cmd /c exit 3010; hcs wait job")]
pub(crate) struct Wait {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs gc --dry-run")]
pub(crate) struct Gc {
    /// Only say what would be freed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

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

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs completions bash > /etc/bash_completion.d/hcs")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}
