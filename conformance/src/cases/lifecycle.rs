//! A system's states, what each allows, and how it ends.

use std::sync::Arc;

use hcs_contract::{ComputeSystem, Hresult, ProcessStreams};

use crate::check::{holds, predicates, same, same_text};
use crate::context::{exit_type, parse};
use crate::io::{self, Output};
use crate::{Case, Context, Failure, Pipes, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("lifecycle::create_does_not_start", &["§1.1 CreateContainer does not start"], |context| {
        for schema in Schema::BOTH {
            let system = context.create(schema)?;
            same_text("state", &context.state(&system)?, "Created")?;
        }
        Ok(())
    }),
    Case::new("lifecycle::start_makes_it_run", &["§7.1 Running is reached by start completed"], |context| {
        for schema in Schema::BOTH {
            let system = context.started(schema)?;
            same_text("state", &context.state(&system)?, "Running")?;
        }
        Ok(())
    }),
    Case::new(
        "lifecycle::options_may_be_an_empty_document",
        &["contract an empty options text is the empty document"],
        |context| {
            let system = context.create(Schema::Two)?;
            context.done(&system.start("{}"))?;
            context.done(&system.terminate("{}"))?;
            context.done(&system.wait_exit()).map(drop)
        },
    ),
    Case::new("lifecycle::created_refuses", &["§7.1 Created: start, terminate, close"], |context| {
        refuses(context, &context.create(Schema::Two)?, "Created")
    }),
    Case::new("lifecycle::running_refuses", &["§7.1 Running: everything but start and resume"], |context| {
        refuses(context, &context.started(Schema::Two)?, "Running")
    }),
    Case::new("lifecycle::paused_refuses", &["§7.1 Paused: resume, save, terminate"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.pause(""))?;
        refuses(context, &system, "Paused")
    }),
    Case::new("lifecycle::stopped_refuses", &["§7.1 Stopped: properties and close; no restart"], |context| {
        refuses(context, &context.stopped(Schema::Two)?, "Stopped")
    }),
    Case::new("lifecycle::terminate_created", &["§7.1 Created: terminate"], |context| {
        let system = context.create(Schema::Two)?;
        let exit = system.wait_exit();
        context.done(&system.terminate(""))?;
        same_text("exit type", &exit_type(&context.done(&exit)?)?, "ForcedExit")?;
        same_text("state", &context.state(&system)?, "Stopped")
    }),
    Case::new("lifecycle::terminate_running", &["§1.2 Terminate", "§7.1 ExitType ForcedExit"], |context| {
        for schema in Schema::BOTH {
            let system = context.started(schema)?;
            context.done(&system.terminate(""))?;
            same_text("exit type", &exit_type(&context.done(&system.wait_exit())?)?, "ForcedExit")?;
            same_text("state", &context.state(&system)?, "Stopped")?;
        }
        Ok(())
    }),
    Case::new("lifecycle::terminate_paused", &["§7.1 Paused: terminate"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.pause(""))?;
        context.done(&system.terminate(""))?;
        same_text("exit type", &exit_type(&context.done(&system.wait_exit())?)?, "ForcedExit")
    }),
    Case::new(
        "lifecycle::terminate_twice",
        &["§1.2 Terminate; already stopped is …0110", "§5.4 AlreadyStopped"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            let error = context.fails(&system.terminate(""), Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)?;
            same("predicates", &predicates(&error), &vec!["already stopped"])
        },
    ),
    Case::new(
        "lifecycle::shutdown_stopped",
        &["§1.2 Shutdown: already stopped is returned as an error"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            let error = context.fails(&system.shutdown(""), Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)?;
            same("predicates", &predicates(&error), &vec!["already stopped"])
        },
    ),
    Case::new(
        "lifecycle::shutdown_is_graceful",
        &["§1.2 Shutdown", "§7.1 ExitType GracefulExit"],
        |context| {
            for schema in Schema::BOTH {
                let system = context.started(schema)?;
                let (created, _output) = context.spawn_ready(&system, &Program::EndWhenAsked)?;
                let exit = system.wait_exit();
                context.done(&system.shutdown(""))?;
                same_text("exit type", &exit_type(&context.done(&exit)?)?, "GracefulExit")?;
                same("exit code of a program that was asked", &context.exit_code(&*created.process)?, &0)?;
                same_text("state", &context.state(&system)?, "Stopped")?;
            }
            Ok(())
        },
    ),
    Case::new(
        "lifecycle::shutdown_of_an_idle_system",
        &["§1.2 Shutdown", "§3.1 completes as SystemExited"],
        |context| {
            let system = context.started(Schema::Two)?;
            context.done(&system.shutdown(""))?;
            same_text("exit type", &exit_type(&context.done(&system.wait_exit())?)?, "GracefulExit")
        },
    ),
    Case::new(
        "lifecycle::shutdown_then_terminate",
        &["§11 Terminate afterwards must be harmless"],
        |context| {
            let system = context.started(Schema::Two)?;
            context.done(&system.shutdown(""))?;
            context.done(&system.wait_exit())?;
            let error = context.fails(&system.terminate(""), Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)?;
            holds(error.is_already_stopped(), "terminate after shutdown is not \"already stopped\"")?;
            let exit = exit_type(&context.done(&system.wait_exit())?)?;
            same_text("exit type after a late terminate", &exit, "GracefulExit")
        },
    ),
    Case::new(
        "lifecycle::start_twice",
        &["§7.1 the service answers …0105", "§5.4 0xC0370105 has no predicate of 084"],
        |context| {
            let system = context.started(Schema::Two)?;
            let error = context.fails(&system.start(""), Hresult::HCS_E_INVALID_STATE)?;
            same("predicates", &predicates(&error), &vec!["invalid state"])?;
            same_text("state after a second start", &context.state(&system)?, "Running")
        },
    ),
    Case::new("lifecycle::start_stopped", &["§7.1 no restart: create again"], |context| {
        let system = context.stopped(Schema::Two)?;
        context.fails(&system.start(""), Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)?;
        same_text("state", &context.state(&system)?, "Stopped")
    }),
    Case::new("lifecycle::pause_and_resume", &["§1.2 Pause, Resume", "§7.1 Paused"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.pause(""))?;
        same_text("state", &context.state(&system)?, "Paused")?;
        context.done(&system.resume(""))?;
        same_text("state", &context.state(&system)?, "Running")?;
        same("exit code of a program after it", &context.run(&system, &Program::Exit(7))?.1, &7)
    }),
    Case::new(
        "lifecycle::programs_stand_still_while_paused",
        &["§7.1 Paused", "contract pause freezes every process"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Copy, Pipes::ALL)?;
            let input = io::there(created.information.take_stdin(), "input")?;
            let output = Output::of(context, created.information.take_stdout(), "output")?;
            context.may_refuse(&system.pause(""))?;
            let _input = io::write(context, input, b"line\n")?;
            // A program that runs would have the time of these round trips to copy the line.
            for _ in 0..ROUND_TRIPS {
                same_text("state", &context.state(&system)?, "Paused")?;
            }
            context.end(&system)?;
            same_text("what a program wrote in a paused system", &output.rest()?, "")
        },
    ),
    Case::new(
        "lifecycle::programs_do_not_start_while_paused",
        &["§7.1 Paused: resume, save, terminate", "§7.1 the service answers …0105"],
        |context| {
            let system = context.started(Schema::Two)?;
            context.may_refuse(&system.pause(""))?;
            let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |_| {});
            let operation = system.create_process(&text, ProcessStreams::default());
            context.fails(&operation, Hresult::HCS_E_INVALID_STATE)?;
            context.done(&system.resume(""))?;
            same("exit code", &context.run(&system, &Program::Exit(3))?.1, &3)
        },
    ),
    Case::new("lifecycle::pause_twice", &["§7.1 Paused allows no pause"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.pause(""))?;
        context.fails(&system.pause(""), Hresult::HCS_E_INVALID_STATE)?;
        context.done(&system.resume(""))?;
        same_text("state", &context.state(&system)?, "Running")
    }),
    Case::new(
        "lifecycle::wait_before_start",
        &["§7.1 Wait before Start blocks and wakes on exit"],
        |context| {
            let system = context.create(Schema::Two)?;
            let exit = system.wait_exit();
            context.done(&system.start(""))?;
            holds(!exit.is_done(), "the wait for the exit ended with the start")?;
            context.done(&system.terminate(""))?;
            context.done(&exit).map(drop)
        },
    ),
    Case::new(
        "lifecycle::wait_is_repeatable",
        &["§7.1 HEAD: wait is repeatable", "§12 latch the exit"],
        |context| {
            let system = context.started(Schema::Two)?;
            let waits = [system.wait_exit(), system.wait_exit()];
            context.done(&system.terminate(""))?;
            let first = context.done(&waits[0])?;
            for wait in [&waits[1], &waits[0], &system.wait_exit(), &system.wait_exit()] {
                same_text("the exit's document", &context.done(wait)?, &first)?;
            }
            Ok(())
        },
    ),
    Case::new("lifecycle::waits_on_several_threads", &["§7.1 HEAD: all threads get the exit"], |context| {
        let system = context.started(Schema::Two)?;
        let documents = std::thread::scope(|scope| {
            let wait = || context.done(&system.wait_exit());
            let waiters: Vec<_> = (0..3).map(|_| scope.spawn(wait)).collect();
            let ended = context.end(&system);
            let documents = waiters.into_iter().map(|waiter| {
                waiter.join().unwrap_or_else(|_| Err(Failure::Broken("a waiting thread panicked".into())))
            });
            ended.and_then(|()| documents.collect::<Result<Vec<_>, _>>())
        })?;
        for document in documents {
            same_text("exit type", &exit_type(&document)?, "ForcedExit")?;
        }
        Ok(())
    }),
    Case::new(
        "lifecycle::wait_of_another_handle",
        &["§7.1 each open is an own handle", "§4.3 Wait"],
        |context| {
            let system = context.started(Schema::Two)?;
            let other = context.open(system.id())?;
            let exit = other.wait_exit();
            context.end(&system)?;
            same_text("exit type", &exit_type(&context.done(&exit)?)?, "ForcedExit")
        },
    ),
    Case::new(
        "lifecycle::exit_status_is_a_document",
        &["§4.4 SystemExited; data {Status i32, ExitType string}"],
        |context| {
            let system = context.started(Schema::Two)?;
            context.done(&system.terminate(""))?;
            let document = parse(&context.done(&system.wait_exit())?)?;
            same("Status", &document["Status"].as_i64(), &Some(0))?;
            same("ExitType", &document["ExitType"].as_str(), &Some("ForcedExit"))
        },
    ),
    Case::new(
        "lifecycle::programs_end_with_their_system",
        &["§7.2 the process handle gets its own ProcessExited"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (created, _output) = context.spawn_ready(&system, &Program::Hang)?;
            let exit = created.process.wait_exit();
            context.done(&system.terminate(""))?;
            let status = crate::context::process_status(&context.done(&exit)?)?;
            holds(status.exited, "a program outlived its system")?;
            holds(status.exit_code != 0, "a program that was ended by force has exit code 0")
        },
    ),
    Case::new("lifecycle::save_without_a_place_to", &["§1.5 save", "§6.3 SaveOptions"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.save("")).map(drop)
    }),
];

/// How often a question is asked to give others the time to do what they must not do.
const ROUND_TRIPS: usize = 50;

/// A call whose answer depends on the system's state.
#[derive(Clone, Copy, Debug)]
enum Call {
    Start,
    Shutdown,
    Terminate,
    Pause,
    Resume,
    CreateProcess,
}

const NOT_NOW: Hresult = Hresult::HCS_E_INVALID_STATE;
const STOPPED: Hresult = Hresult::HCS_E_SYSTEM_ALREADY_STOPPED;

/// What each state refuses, with which code. What it allows is proven where it is used. Left open is the shutdown of a
/// system that was created only, which a host may take for its end.
const REFUSED: [(&str, &[(Call, Hresult)]); 4] = [
    ("Created", &[(Call::Pause, NOT_NOW), (Call::Resume, NOT_NOW), (Call::CreateProcess, NOT_NOW)]),
    ("Running", &[(Call::Start, NOT_NOW), (Call::Resume, NOT_NOW)]),
    (
        "Paused",
        &[
            (Call::Start, NOT_NOW),
            (Call::Pause, NOT_NOW),
            (Call::Shutdown, NOT_NOW),
            (Call::CreateProcess, NOT_NOW),
        ],
    ),
    (
        "Stopped",
        &[
            (Call::Start, STOPPED),
            (Call::Shutdown, STOPPED),
            (Call::Terminate, STOPPED),
            (Call::Pause, STOPPED),
            (Call::Resume, STOPPED),
            (Call::CreateProcess, STOPPED),
        ],
    ),
];

/// Makes every call that the state of this system refuses; none of them may change the state.
fn refuses(context: &Context, system: &Arc<dyn ComputeSystem>, state: &str) -> Result<(), Failure> {
    same_text("state", &context.state(system)?, state)?;
    let rows = REFUSED.iter().find(|(name, _)| *name == state).map_or(&[][..], |(_, rows)| rows);
    for (call, code) in rows {
        match call {
            Call::Start => context.fails(&system.start(""), *code),
            Call::Shutdown => context.fails(&system.shutdown(""), *code),
            Call::Terminate => context.fails(&system.terminate(""), *code),
            Call::Pause => context.fails(&system.pause(""), *code),
            Call::Resume => context.fails(&system.resume(""), *code),
            Call::CreateProcess => {
                let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |_| {});
                context.fails(&system.create_process(&text, ProcessStreams::default()), *code)
            }
        }?;
        same_text(&format!("state after {call:?}"), &context.state(system)?, state)?;
    }
    Ok(())
}
