//! Options that are made when they are needed: of some twenty commands one is asked for, and making the options of all
//! takes longer than anything else that a start of a container does in this process.

use std::ffi::OsString;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};

/// A command's arguments, whose options are made at once when its name is among this process's arguments, and else only
/// if the parser comes to it. What the list of all commands needs, its text and its other names, has to stand at the
/// variant instead.
///
/// The parser alone would do, but it then finds the general options there already, and its help has them first.
#[derive(Debug)]
pub(crate) struct Later<T>(Box<T>);

impl<T> Deref for Later<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Later<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: FromArgMatches> FromArgMatches for Later<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(|arguments| Self(Box::new(arguments)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// Whether the command line may be one of this command: a word that only looks like its name costs some time.
fn asked_for(command: &Command) -> bool {
    static WORDS: LazyLock<Vec<OsString>> = LazyLock::new(|| std::env::args_os().collect());
    WORDS
        .iter()
        .any(|word| word == command.get_name() || command.get_all_aliases().any(|alias| word == alias))
}

impl<T: Args> Args for Later<T> {
    fn augment_args(command: Command) -> Command {
        if asked_for(&command) { T::augment_args(command) } else { command.defer(T::augment_args) }
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(T::augment_args_for_update)
    }
}

impl<T: Subcommand> Subcommand for Later<T> {
    fn augment_subcommands(command: Command) -> Command {
        if asked_for(&command) {
            T::augment_subcommands(command)
        } else {
            command.defer(T::augment_subcommands)
        }
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        command.defer(T::augment_subcommands_for_update)
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}
