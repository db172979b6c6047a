//! One file per command.

#[cfg(target_os = "linux")]
mod base;
mod completions;
mod events;
mod exec;
#[cfg(target_os = "linux")]
mod features;
#[cfg(target_os = "linux")]
mod gc;
#[cfg(target_os = "linux")]
mod image;
#[cfg(target_os = "linux")]
mod inspect;
mod kill;
#[cfg(target_os = "linux")]
mod logs;
mod ls;
mod network;
mod pause;
#[cfg(target_os = "linux")]
mod prefix;
mod ps;
#[cfg(target_os = "linux")]
mod rm;
mod run;
mod start;
mod stats;
mod stop;
mod top;
mod update;
mod wait;

use std::fmt;

use hcsshim::{Container, Host};
use serde::Serialize;

use crate::args::run::{Container as ContainerOptions, Create, Process, Program};
use crate::args::{Cli, Command};
use crate::document::{Fate, Source};
use crate::failure::Failure;
use crate::host;
use crate::name;
use crate::outcome::Outcome;
use crate::printer::{self, Named, Printer};
use crate::stand::Stand;

/// Does what the command line says.
pub(crate) fn dispatch(cli: &Cli, printer: Printer) -> Result<Outcome, Failure> {
    match &cli.command {
        Command::Run(arguments) => return run::run(arguments, printer),
        Command::Exec(arguments) => return exec::exec(arguments, printer),
        Command::Network(command) => return network::network(command, printer),
        Command::Endpoint(command) => network::endpoint(command, printer),
        Command::Namespace(command) => network::namespace(command, printer),
        Command::Create(arguments) => create(arguments, printer),
        Command::Start(arguments) => start::start(arguments, printer),
        Command::Ls(arguments) => ls::ls(arguments, printer),
        Command::Ps(arguments) => ps::ps(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Inspect(arguments) => inspect::inspect(arguments),
        Command::Stats(arguments) => stats::stats(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Logs(arguments) => logs::logs(arguments),
        Command::Events(arguments) => events::events(arguments, printer),
        Command::Pause(arguments) => pause::pause(arguments, printer),
        Command::Resume(arguments) => pause::resume(arguments, printer),
        Command::Update(arguments) => update::update(arguments, printer),
        Command::Stop(arguments) => stop::stop(arguments, printer),
        Command::Kill(arguments) => kill::kill(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Rm(arguments) => rm::rm(arguments, printer),
        Command::Wait(arguments) => wait::wait(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Gc(arguments) => gc::gc(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Base(arguments) => base::base(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Image(arguments) => image::image(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Commit(arguments) => image::commit(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::WinePrefix(arguments) => prefix::prefix(arguments, printer),
        Command::Top(arguments) => top::top(arguments, printer),
        #[cfg(target_os = "linux")]
        Command::Features(_) => features::features(printer),
        Command::Completions(arguments) => completions::completions(arguments),
        #[cfg(not(target_os = "linux"))]
        Command::Inspect(_) => Err(host::linux_only("inspect")),
        #[cfg(not(target_os = "linux"))]
        Command::Logs(_) => Err(host::linux_only("logs")),
        #[cfg(not(target_os = "linux"))]
        Command::Rm(_) => Err(host::linux_only("rm")),
        #[cfg(not(target_os = "linux"))]
        Command::Gc(_) => Err(host::linux_only("gc")),
        #[cfg(not(target_os = "linux"))]
        Command::Base(_) => Err(host::linux_only("base")),
        #[cfg(not(target_os = "linux"))]
        Command::Image(_) => Err(host::linux_only("image")),
        #[cfg(not(target_os = "linux"))]
        Command::Commit(_) => Err(host::linux_only("commit")),
        #[cfg(not(target_os = "linux"))]
        Command::Features(_) => Err(host::linux_only("features")),
        #[cfg(not(target_os = "linux"))]
        Command::WinePrefix(_) => Err(host::linux_only("wine-prefix")),
    }?;
    Ok(Outcome::Success)
}

fn create(create: &Create, printer: Printer) -> Result<(), Failure> {
    let host = host::open()?;
    let source = prepared(&host, &create.container, Fate::Create, None)?;
    let container = created(&host, create.container.name.as_deref(), &source)?;
    printer.result(&Named { id: container.id().into() })
}

/// What a container is to be made from, and the base that it will stand on. The first Windows container makes that,
/// which takes seconds: here, where it can be watched. When it is there this looks at a few files.
fn prepared<'a>(
    host: &Host,
    options: &'a ContainerOptions,
    fate: Fate,
    stand: Option<&'a Stand>,
) -> Result<Source<'a>, Failure> {
    let source = Source::new(options, fate, stand)?;
    #[cfg(target_os = "linux")]
    if source.needs_base()
        && let Some(engine) = host.linux()
    {
        let mut display = crate::progress::Display::new();
        engine.ensure_base(&mut |progress| display.show(progress))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = host;
    Ok(source)
}

/// Creates a container by its given name, or by a name that is free.
fn created(host: &Host, name: Option<&str>, source: &Source<'_>) -> Result<Container, Failure> {
    if let Some(id) = name {
        return source.create(host, id);
    }
    loop {
        let id = name::made_up();
        match source.create(host, &id) {
            // One chance in four thousand million, for each container that there is.
            Err(Failure::Hcs(error)) if error.is_already_exists() && error.object_id() == id => {}
            result => return result,
        }
    }
}

/// The process that the options describe, without its streams. `stand`: of a container of an image, whose program it
/// is then.
fn process(
    container: &Container,
    program: &Program,
    options: &Process,
    stand: Option<&Stand>,
) -> hcsshim::Command {
    let argv = stand.map_or(&program.argv, |stand| &stand.argv);
    let (first, rest) = argv.split_first().expect("the parser wants at least one, and so does an image");
    let mut command = match stand {
        Some(stand) if stand.is_line => container.command("").command_line(first),
        _ => container.command(first).args(rest),
    };
    if let Some(stand) = stand {
        command = command.envs(stand.environment.iter().map(|(name, value)| (&**name, &**value)));
    }
    command = command.envs(options.environment.iter().map(|variable| (&*variable.key, &*variable.value)));
    let of_image = |of: fn(&Stand) -> &Option<String>| stand.and_then(|stand| of(stand).as_ref());
    if let Some(directory) = options.workdir.as_ref().or_else(|| of_image(|stand| &stand.folder)) {
        command = command.current_dir(directory);
    }
    if let Some(user) = options.user.as_ref().or_else(|| of_image(|stand| &stand.user)) {
        command = command.user(user);
    }
    command
}

/// Does the same to each of several objects and names those to which it was done.
fn each(
    ids: &[String],
    printer: Printer,
    mut action: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    results(ids, printer, |id| {
        action(id)?;
        Ok(Named { id: id.into() })
    })
}

/// Does the same to each of several objects: people get each result when it is there, programs all in one array. A
/// failure does not keep the others from it: each is reported, and together they make the command fail.
fn results<T: Serialize + fmt::Display>(
    ids: &[String],
    printer: Printer,
    mut action: impl FnMut(&str) -> Result<T, Failure>,
) -> Result<(), Failure> {
    let mut done = Vec::new();
    let mut result = Ok(());
    for id in ids {
        match action(id) {
            Ok(one) if printer.is_json() => done.push(one),
            Ok(one) => printer.result(&one)?,
            // The one failure of one object is the command's.
            Err(failure) if ids.len() == 1 => return Err(failure),
            Err(failure) => {
                printer.failure(&failure);
                result = Err(Failure::Reported);
            }
        }
    }
    if printer.is_json() {
        printer::json(&done)?;
    }
    result
}
