//! Handles: several of one system, what closing one does and does not, and what a closed one answers.

use std::sync::Arc;

use hcs_contract::{ComputeProcess, ComputeSystem, Hresult, ProcessStreams};
use serde_json::json;

use crate::check::{holds, predicates, same, same_text};
use crate::context::{exit_type, expect_error};
use crate::recorder::Recorder;
use crate::{Case, Context, Failure, Pipes, Program, Schema};

/// What a handle that we closed answers; vmcompute and computecore have no code of their own for it.
const CLOSED: Hresult = Hresult::E_HANDLE;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "handles::open_gives_another_handle",
        &["§1.1 OpenContainer", "§7.1 each open is an own handle"],
        |context| {
            let system = context.started(Schema::Two)?;
            let other = context.open(system.id())?;
            same_text("id", other.id(), system.id())?;
            same_text("state", &context.state(&other)?, "Running")
        },
    ),
    Case::new("handles::another_client_opens_it", &["§1.1 OpenContainer", "§4.3 reopen by id"], |context| {
        let system = context.started(Schema::Two)?;
        let other = context.open_elsewhere(system.id())?;
        same("exit code", &context.run(&other, &Program::Exit(5))?.1, &5)?;
        context.done(&other.terminate(""))?;
        same_text("exit type", &exit_type(&context.done(&system.wait_exit())?)?, "ForcedExit")
    }),
    Case::new(
        "handles::close_touches_no_other_handle",
        &["§7.1 closing one does not touch the others"],
        |context| {
            let system = context.started(Schema::Two)?;
            let other = context.open(system.id())?;
            let exit = other.wait_exit();
            system.close();
            same_text("state", &context.state(&other)?, "Running")?;
            holds(!exit.is_done(), "closing one handle ended the wait of another")?;
            context.end(&other)?;
            context.done(&exit).map(drop)
        },
    ),
    Case::new(
        "handles::close_does_not_terminate",
        &["§1.2 Close: not terminate, not wait", "§7.1 system keeps running"],
        |context| {
            for schema in Schema::BOTH {
                let system = context.started(schema)?;
                let id = system.id().to_owned();
                system.close();
                drop(system);
                let again = context.open(&id)?;
                same_text("state", &context.state(&again)?, "Running")?;
                same("exit code", &context.run(&again, &Program::Exit(6))?.1, &6)?;
                context.end(&again)?;
            }
            Ok(())
        },
    ),
    Case::new("handles::drop_closes", &["contract dropping the last reference closes it"], |context| {
        let system = context.started(Schema::Two)?;
        let id = system.id().to_owned();
        drop(system);
        same_text("state", &context.state(&context.open(&id)?)?, "Running")
    }),
    Case::new("handles::close_twice", &["§1.2 Close: success, no-op on a closed handle"], |context| {
        let system = context.started(Schema::Two)?;
        let keeper = context.open(system.id())?;
        system.close();
        system.close();
        same_text("state", &context.state(&keeper)?, "Running")
    }),
    Case::new(
        "handles::closed_system_calls",
        &["§1.2 closed handle: ErrAlreadyClosed", "§5.4 AlreadyClosed"],
        |context| {
            let system = context.started(Schema::Two)?;
            let _keeper = context.open(system.id())?;
            system.close();
            for operation in [
                system.start(""),
                system.shutdown(""),
                system.terminate(""),
                system.pause(""),
                system.resume(""),
            ] {
                closed(&context.fails(&operation, CLOSED)?)?;
            }
            Ok(())
        },
    ),
    Case::new(
        "handles::closed_system_queries",
        &["§12 Statistics, ProcessList, MappedVirtualDisks: return already-closed"],
        |context| {
            let system = context.started(Schema::Two)?;
            let _keeper = context.open(system.id())?;
            system.close();
            for query in ["", r#"{"PropertyTypes":["Statistics"]}"#, r#"{"PropertyTypes":["ProcessList"]}"#] {
                closed(&context.fails(&system.properties(query), CLOSED)?)?;
            }
            closed(&context.fails(&system.modify(r#"{"ResourcePath":"Container/Processor"}"#), CLOSED)?)
        },
    ),
    Case::new(
        "handles::closed_system_processes",
        &["§1.2 CreateProcess, OpenProcess on a closed handle"],
        |context| {
            let system = context.started(Schema::Two)?;
            let _keeper = context.open(system.id())?;
            let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            system.close();
            let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |_| {});
            closed(&context.fails(&system.create_process(&text, ProcessStreams::default()), CLOSED)?)?;
            let opened = system.open_process(created.process.pid());
            closed(&expect_error("open a process by a closed handle", opened, CLOSED)?)
        },
    ),
    Case::new(
        "handles::wait_after_close",
        &["§12 Wait after Close: return an already-closed error"],
        |context| {
            let system = context.started(Schema::Two)?;
            let _keeper = context.open(system.id())?;
            system.close();
            closed(&context.fails(&system.wait_exit(), CLOSED)?)
        },
    ),
    Case::new(
        "handles::wait_after_exit_and_close",
        &["§12 Wait after Close", "contract after close, every call says so"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            system.close();
            closed(&context.fails(&system.wait_exit(), CLOSED)?)
        },
    ),
    Case::new("handles::close_ends_a_wait", &["§7.1 Close while Wait runs: Wait ends"], |context| {
        let system = context.started(Schema::Two)?;
        let keeper = context.open(system.id())?;
        let exit = system.wait_exit();
        system.close();
        closed(&context.fails(&exit, CLOSED)?)?;
        same_text("state", &context.state(&keeper)?, "Running")
    }),
    Case::new("handles::close_wakes_a_waiting_thread", &["§4.2 blocked waiters wake"], |context| {
        let system = context.started(Schema::Two)?;
        let _keeper = context.open(system.id())?;
        let exit = system.wait_exit();
        let result = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| exit.wait(context.patience()));
            system.close();
            waiter.join()
        });
        let result = result.map_err(|_| Failure::Broken("the waiting thread panicked".into()))?;
        closed(&expect_error("a wait that close ended", result, CLOSED)?)
    }),
    Case::new("handles::subscribe_after_close", &["contract subscribe: AlreadyClosed"], |context| {
        let system = context.started(Schema::Two)?;
        let _keeper = context.open(system.id())?;
        system.close();
        let subscribed = system.subscribe(Recorder::new().callback());
        closed(&expect_error("subscribe by a closed handle", subscribed, CLOSED)?)
    }),
    Case::new(
        "handles::a_process_outlives_its_system_s_handle",
        &["§7.2 System closed first: process handles stay usable"],
        |context| {
            let system = context.started(Schema::Two)?;
            let keeper = context.open(system.id())?;
            let (created, _output) = context.spawn_ready(&system, &Program::Hang)?;
            system.close();
            drop(system);
            let status = crate::context::process_status(&context.done(&created.process.properties())?)?;
            holds(!status.exited, "closing the system's handle ended its process")?;
            context.done(&created.process.terminate(""))?;
            context.exit_code(&*created.process)?;
            same_text("state", &context.state(&keeper)?, "Running")
        },
    ),
    Case::new(
        "handles::closed_process_calls",
        &["§1.3 Kill: closed is ErrAlreadyClosed", "§7.2 further calls ErrAlreadyClosed"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Hang, Pipes::ALL)?;
            let process = &created.process;
            process.close();
            for operation in [
                process.terminate(""),
                process.signal(""),
                process.modify(r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#),
                process.properties(),
                process.wait_exit(),
            ] {
                closed(&context.fails(&operation, CLOSED)?)?;
            }
            closed(&context.fails(&process.info(), CLOSED)?)?;
            let subscribed = process.subscribe(Recorder::new().callback());
            closed(&expect_error("subscribe by a closed handle", subscribed, CLOSED)?)
        },
    ),
    Case::new(
        "handles::close_of_a_process_does_not_end_it",
        &["§1.3 Close does not kill", "§7.2 process keeps running"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (created, _output) = context.spawn_ready(&system, &Program::Hang)?;
            let pid = created.process.pid();
            created.process.close();
            let opened = context.open_process(&system, pid)?;
            let status = crate::context::process_status(&context.done(&opened.properties())?)?;
            holds(!status.exited, "closing the process's handle ended it")
        },
    ),
    Case::new(
        "handles::close_of_a_process_twice",
        &["§1.3 Close: second call is a no-op success"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (created, _output) = context.spawn_ready(&system, &Program::Hang)?;
            let opened = context.open_process(&system, created.process.pid())?;
            created.process.close();
            created.process.close();
            let status = crate::context::process_status(&context.done(&opened.properties())?)?;
            holds(!status.exited, "the second close touched another handle")
        },
    ),
    Case::new(
        "handles::close_of_a_process_ends_its_wait",
        &["§7.2 Close: waiters get ErrHandleClose"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let exit = created.process.wait_exit();
            created.process.close();
            closed(&context.fails(&exit, CLOSED)?)
        },
    ),
    Case::new(
        "handles::last_handle_ends_it_schema_1",
        &["§2.1 TerminateOnLastHandleClosed", "§7.1 with the last handle"],
        |context| {
            let system = context.started_with(Schema::One, |document| {
                document["TerminateOnLastHandleClosed"] = json!(true);
            })?;
            last_handle(context, system)
        },
    ),
    Case::new(
        "handles::last_handle_ends_it_schema_2",
        &["§6.2 ShouldTerminateOnLastHandleClosed"],
        |context| {
            let system = context.started_with(Schema::Two, |document| {
                document["ShouldTerminateOnLastHandleClosed"] = json!(true);
            })?;
            last_handle(context, system)
        },
    ),
    Case::new(
        "handles::another_client_s_handle_is_the_last",
        &["§2.1 TerminateOnLastHandleClosed: when the last handle closes"],
        |context| {
            let system = context.started_with(Schema::Two, |document| {
                document["ShouldTerminateOnLastHandleClosed"] = json!(true);
            })?;
            let far = context.open_elsewhere(system.id())?;
            let exit = far.wait_exit();
            drop(system);
            same_text("state with another client's handle left", &context.state(&far)?, "Running")?;
            holds(!exit.is_done(), "it ended, although a handle was left")
        },
    ),
    Case::new(
        "handles::last_handle_ends_one_that_never_ran",
        &["§6.2 ShouldTerminateOnLastHandleClosed", "§7.1 Created: close"],
        |context| {
            let system = context.create_with(Schema::Two, |document| {
                document["ShouldTerminateOnLastHandleClosed"] = json!(true);
            })?;
            last_handle_of(context, system, "Created")
        },
    ),
    Case::new(
        "handles::last_handle_ends_its_programs",
        &["§6.2 ShouldTerminateOnLastHandleClosed"],
        |context| {
            let system = context.started_with(Schema::Two, |document| {
                document["ShouldTerminateOnLastHandleClosed"] = json!(true);
            })?;
            let (created, output) = context.spawn_ready(&system, &Program::Hang)?;
            drop(created);
            drop(system);
            same_text("rest of a program's output", &output.rest()?, "")
        },
    ),
    Case::new(
        "handles::a_process_handle_is_none_of_the_system_s",
        &["§7.2 own handle; System closed first"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (created, _output) = context.spawn_ready(&system, &Program::Hang)?;
            let other: Arc<dyn ComputeProcess> = context.open_process(&system, created.process.pid())?;
            created.process.close();
            context.done(&other.terminate(""))?;
            context.exit_code(&*other)?;
            same_text("state", &context.state(&system)?, "Running")
        },
    ),
    Case::new(
        "handles::a_stopped_system_is_forgotten_with_its_last_handle",
        &["§7.1 Stopped", "contract open: NotFound for an id that nobody has"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            let id = system.id().to_owned();
            let other = context.open(&id)?;
            drop(system);
            same_text("state", &context.state(&other)?, "Stopped")?;
            drop(other);
            let opened = context.service().open_system(&id);
            expect_error("open of a forgotten system", opened, Hresult::HCS_E_SYSTEM_NOT_FOUND).map(drop)
        },
    ),
    Case::new(
        "handles::close_twice_is_one_close",
        &["§1.2 Close: no-op on a closed handle", "§6.2 ShouldTerminateOnLastHandleClosed"],
        |context| {
            let system = context.started_with(Schema::Two, |document| {
                document["ShouldTerminateOnLastHandleClosed"] = json!(true);
            })?;
            let second = context.open(system.id())?;
            system.close();
            system.close();
            same_text("state with one handle left", &context.state(&second)?, "Running")
        },
    ),
    Case::new(
        "handles::an_id_is_free_with_the_last_handle",
        &["§7.1 No restart: create again", "§7.1 existing id is …010F"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            let id = system.id().to_owned();
            let document = context.document(Schema::Two, &id, |_| {});
            let taken = context.try_create(&id, &document);
            expect_error("create while a handle is open", taken, Hresult::HCS_E_SYSTEM_ALREADY_EXISTS)?;
            drop(system);
            let again = context
                .try_create(&id, &document)
                .map_err(|error| Failure::Call { step: "create with a free id".into(), error })?;
            same_text("state", &context.state(&again)?, "Created")
        },
    ),
];

fn closed(error: &hcs_contract::Error) -> Result<(), Failure> {
    same("predicates of a closed handle's error", &predicates(error), &vec!["already closed"])
}

fn last_handle(context: &Context, system: Arc<dyn ComputeSystem>) -> Result<(), Failure> {
    last_handle_of(context, system, "Running")
}

/// Of two handles, the first that is closed changes nothing, and the second ends the system.
fn last_handle_of(context: &Context, system: Arc<dyn ComputeSystem>, state: &str) -> Result<(), Failure> {
    let id = system.id().to_owned();
    let second = context.open(&id)?;
    drop(system);
    same_text("state with one handle left", &context.state(&second)?, state)?;
    drop(second);
    // The id is free as soon as the system has ended, for which a create waits.
    let document = context.document(Schema::Two, &id, |_| {});
    let again = context
        .try_create(&id, &document)
        .map_err(|error| Failure::Call { step: "create after the last handle".into(), error })?;
    same_text("state of the new system", &context.state(&again)?, "Created")
}
