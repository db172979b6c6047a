//! Every developer action of the project. `./x` installs what is missing and then runs this.

mod bench;
mod build;
mod check;
mod conformance;
mod error;
mod fuzz;
mod install;
mod layout;
mod mountinfo;
mod picture;
mod print;
mod process;
mod programs;
mod run;
mod test;
mod vm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::layout::Layout;
use crate::process::Tool;

/// Every developer action of the project.
#[derive(Debug, Parser)]
#[command(name = "./x", bin_name = "./x", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run a Windows program in a container; sets up everything that it needs
    Run {
        /// The program and its arguments
        #[arg(last = true, required = true, value_name = "PROGRAM")]
        program: Vec<OsString>,
    },
    /// Say whether this machine has what containers need
    Check,
    /// Build tools and guest programs into the target folder's `hcs`
    Build,
    /// Build the tools and put them below a prefix
    Install {
        /// Tools go to DIR/bin, their helpers to DIR/libexec/hcs
        #[arg(long, value_name = "DIR", default_value = "/usr/local")]
        prefix: PathBuf,
    },
    /// Run what CI runs: format, rules of the sources, lints, docs and all tests
    Test {
        /// The proof of every honoured member (`members`) and the virtual machine, too
        #[arg(long)]
        full: bool,
        /// Only the tests in the virtual machine (Debian's kernel, cgroup v2)
        #[arg(long, conflicts_with = "full")]
        vm: bool,
    },
    /// Run the contract's suite on every host of this machine; prints a table and the counts
    Conformance {
        /// Only cases whose names contain this
        #[arg(default_value = "")]
        filter: String,
    },
    /// Prove that each member that docs/support/compute.md calls honoured has a test that fails without it
    Members {
        /// Only members whose names, such as v2::Container.Memory, contain this
        #[arg(default_value = "")]
        filter: String,
    },
    /// Measure ours beside its peers, in alternation; prints ratios
    Bench {
        /// Only this group
        group: Option<String>,
        #[command(flatten)]
        scale: bench::Scale,
        #[arg(long, value_enum, default_value = "table")]
        format: bench::Format,
    },
    /// Look for inputs that break a parser; needs a nightly toolchain and cargo-fuzz
    Fuzz {
        /// Only this target; the folders of fuzz/corpus are named after them
        target: Option<String>,
        /// For so long, each target
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u64,
    },
    /// Write the JSON Schema files below docs/schema anew; the tests fail when they are stale
    Schema,
    /// Draw the README's picture from a session that is run now
    Picture,
    /// Run a test program as `test` has cargo do it
    #[command(hide = true)]
    TestProgram {
        /// Seconds until it is ended
        limit: u64,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        program: Vec<OsString>,
    },
    /// Format the sources
    Fmt,
}

fn main() -> ExitCode {
    match act(Cli::parse().action) {
        Ok(code) => code,
        Err(error) => {
            print::note(format_args!("x: {}", error.chain()));
            ExitCode::FAILURE
        }
    }
}

fn act(action: Action) -> Result<ExitCode, Error> {
    if let Action::TestProgram { limit, program } = action {
        return test::program(Duration::from_secs(limit), &program).map(ExitCode::from);
    }
    let layout = Layout::find()?;
    match action {
        Action::Run { program } => run::run(&layout, &program),
        Action::Check => check::run(false),
        Action::Build => build::all(&layout).map(|_| ()),
        Action::Install { prefix } => install::run(&layout, &prefix),
        Action::Test { full, vm } => test::run(&layout, test::Options { full, vm }),
        Action::Conformance { filter } => return conformance::run(&layout, &filter),
        Action::Members { filter } => test::members::run(&layout, &filter),
        Action::Bench { group, scale, format } => bench::run(&layout, group.as_deref(), scale, format),
        Action::Fuzz { target, seconds } => fuzz::run(&layout, target.as_deref(), seconds),
        Action::Schema => Tool::cargo(&layout.root)
            .args([
                "run",
                "--locked",
                "--quiet",
                "--package",
                "hcs-schema",
                "--all-features",
                "--example",
                "publish",
            ])
            .run(),
        Action::Picture => picture::draw(&layout),
        Action::Fmt => Tool::cargo(&layout.root).arg("fmt").run(),
        Action::TestProgram { .. } => unreachable!("returned above"),
    }?;
    Ok(ExitCode::SUCCESS)
}
