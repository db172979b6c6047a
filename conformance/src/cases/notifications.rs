//! Notifications: each once, in order, also to those who come late, and to nobody who has gone.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};

use hcs_contract::{Callback, EventType, Hresult, Subscription};

use crate::check::{holds, same, same_text};
use crate::context::{exit_type, process_status};
use crate::recorder::Recorder;
use crate::{Case, Context, Failure, Pipes, Program, Schema};

const SYSTEM_EXITED: EventType = EventType::SYSTEM_EXITED;
const PROCESS_EXITED: EventType = EventType::PROCESS_EXITED;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "notifications::exit_of_a_system",
        &["§4.1 SystemExited", "§4.4 data {Status, ExitType}"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (recorder, _subscription) = watch(|callback| system.subscribe(callback))?;
            // Nobody waits: it must come by itself.
            let _terminating = system.terminate("");
            let event = recorder.next(context, SYSTEM_EXITED)?;
            same("status", &event.status, &Hresult::S_OK)?;
            same_text("exit type", &exit_type(event.data.as_deref().unwrap_or_default())?, "ForcedExit")
        },
    ),
    Case::new(
        "notifications::exit_by_shutdown",
        &["§3.1 shutdown completes as SystemExited 0x1"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (recorder, _subscription) = watch(|callback| system.subscribe(callback))?;
            let _asked = system.shutdown("");
            let event = recorder.next(context, SYSTEM_EXITED)?;
            same_text("exit type", &exit_type(event.data.as_deref().unwrap_or_default())?, "GracefulExit")
        },
    ),
    Case::new(
        "notifications::the_wait_says_the_same",
        &["§4.4 SystemExited", "§4.3 Wait awaits 0x1"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (recorder, _subscription) = watch(|callback| system.subscribe(callback))?;
            context.done(&system.terminate(""))?;
            let waited = context.done(&system.wait_exit())?;
            let event = recorder.next(context, SYSTEM_EXITED)?;
            same_text("the event's document", event.data.as_deref().unwrap_or_default(), &waited)
        },
    ),
    Case::new(
        "notifications::exit_reaches_a_late_subscriber",
        &["§4.2 the service replays", "contract an exit is remembered"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            for _ in 0..2 {
                let (recorder, _subscription) = watch(|callback| system.subscribe(callback))?;
                let event = recorder.next(context, SYSTEM_EXITED)?;
                same_text("exit type", &exit_type(event.data.as_deref().unwrap_or_default())?, "ForcedExit")?;
            }
            Ok(())
        },
    ),
    Case::new(
        "notifications::exit_reaches_a_late_handle",
        &["§7.1 Exit before Wait is called: kept"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            let other = context.open(system.id())?;
            let (recorder, _subscription) = watch(|callback| other.subscribe(callback))?;
            recorder.next(context, SYSTEM_EXITED)?;
            same_text("exit type", &exit_type(&context.done(&other.wait_exit())?)?, "ForcedExit")
        },
    ),
    Case::new(
        "notifications::exit_comes_once",
        &["contract none is lost or joined", "§12 a repeated notification"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (recorder, _subscription) = watch(|callback| system.subscribe(callback))?;
            context.end(&system)?;
            recorder.next(context, SYSTEM_EXITED)?;
            settle(context, &system)?;
            // What asks again must not tell again.
            let _ = system.terminate("").wait(context.patience());
            context.done(&system.wait_exit())?;
            settle(context, &system)?;
            same("notifications after the exit", &recorder.seen(), &vec![])
        },
    ),
    Case::new(
        "notifications::nothing_comes_before_the_exit",
        &["§4.4 event types: completions are none"],
        |context| {
            let system = context.create(Schema::Two)?;
            let (recorder, _subscription) = watch(|callback| system.subscribe(callback))?;
            context.done(&system.start(""))?;
            same("exit code", &context.run(&system, &Program::Exit(1))?.1, &1)?;
            settle_running(context, &system)?;
            same("notifications of a system that runs", &recorder.seen(), &vec![])
        },
    ),
    Case::new("notifications::every_subscriber_is_told", &["§7.1 all get it (broadcast)"], |context| {
        let system = context.started(Schema::Two)?;
        let other = context.open(system.id())?;
        let far = context.open_elsewhere(system.id())?;
        let watched = [
            watch(|callback| system.subscribe(callback))?,
            watch(|callback| system.subscribe(callback))?,
            watch(|callback| other.subscribe(callback))?,
            watch(|callback| far.subscribe(callback))?,
        ];
        context.done(&system.terminate(""))?;
        for (recorder, _subscription) in &watched {
            recorder.next(context, SYSTEM_EXITED)?;
        }
        Ok(())
    }),
    Case::new(
        "notifications::none_after_unsubscribing",
        &["contract after the drop none runs", "§4.2 Removal"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (gone, subscription) = watch(|callback| system.subscribe(callback))?;
            let (stays, _subscription) = watch(|callback| system.subscribe(callback))?;
            drop(subscription);
            context.end(&system)?;
            stays.next(context, SYSTEM_EXITED)?;
            settle(context, &system)?;
            same("notifications after unsubscribing", &gone.seen(), &vec![])
        },
    ),
    Case::new(
        "notifications::unsubscribing_leaves_the_others",
        &["contract closing one touches no other"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (_first, subscription) = watch(|callback| system.subscribe(callback))?;
            let (second, _subscription) = watch(|callback| system.subscribe(callback))?;
            drop(subscription);
            context.done(&system.terminate(""))?;
            second.next(context, SYSTEM_EXITED).map(drop)
        },
    ),
    Case::new(
        "notifications::a_callback_may_unsubscribe_itself",
        &["contract except from within that callback"],
        |context| {
            let system = context.started(Schema::Two)?;
            let slot: Arc<Mutex<Option<Subscription>>> = Arc::default();
            let (send, done) = channel();
            let (own, send) = (Arc::clone(&slot), Mutex::new(send));
            let callback: Callback = Arc::new(move |event| {
                drop(own.lock().unwrap_or_else(PoisonError::into_inner).take());
                let send = send.lock().unwrap_or_else(PoisonError::into_inner);
                // Nobody listens any more when the case has failed.
                let _ = send.send(event.kind);
            });
            let subscription = system
                .subscribe(callback)
                .map_err(|error| Failure::Call { step: "subscribe".into(), error })?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(subscription);
            let _terminating = system.terminate("");
            context.step("a callback that unsubscribes itself");
            let kind = done.recv_timeout(context.patience());
            let kind = kind.map_err(|_| Failure::Nothing("a callback that unsubscribes itself".into()))?;
            same("kind", &kind, &SYSTEM_EXITED)
        },
    ),
    Case::new(
        "notifications::unsubscribing_waits_for_a_running_callback",
        &["§3.1 unregister blocks until running callbacks have returned"],
        |context| {
            let system = context.started(Schema::Two)?;
            let far = context.open_elsewhere(system.id())?;
            let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let (entered_in, entered) = channel();
            let (go, may_return) = channel::<()>();
            let returned = Arc::new(Mutex::new(false));
            let (flag, inside) = (Arc::clone(&returned), Mutex::new((entered_in, may_return)));
            let patience = context.patience();
            let callback: Callback = Arc::new(move |_| {
                let inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = inside.0.send(());
                // Ends by itself when the case has failed.
                let _ = inside.1.recv_timeout(patience);
                *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
            });
            let subscription = created
                .process
                .subscribe(callback)
                .map_err(|error| Failure::Call { step: "subscribe".into(), error })?;
            let _killed = created.process.terminate("");
            context.step("the callback of a process's exit");
            entered
                .recv_timeout(patience)
                .map_err(|_| Failure::Nothing("the callback of a process's exit".into()))?;
            let (begun_in, begun) = channel();
            let unsubscriber = std::thread::spawn(move || {
                let _ = begun_in.send(());
                drop(subscription);
                *returned.lock().unwrap_or_else(PoisonError::into_inner)
            });
            let _ = begun.recv_timeout(patience);
            // The time that an unsubscribing that does not wait would need to come back.
            let settled = settle_running(context, &far);
            let _ = go.send(());
            settled?;
            context.step("unsubscribing to return");
            let waited = unsubscriber.join().map_err(|_| Failure::Broken("unsubscribing panicked".into()))?;
            holds(waited, "unsubscribing came back while the callback ran")
        },
    ),
    Case::new(
        "notifications::exit_of_a_process",
        &["§4.1 ProcessExited", "§4.4 data = ProcessStatus"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Copy, Pipes::ALL)?;
            let (recorder, _subscription) = watch(|callback| created.process.subscribe(callback))?;
            let _closed = created.process.modify(super::CLOSE_STDIN);
            drop(created.information.take_stdin());
            let event = recorder.next(context, PROCESS_EXITED)?;
            same("status", &event.status, &Hresult::S_OK)?;
            let status = process_status(event.data.as_deref().unwrap_or_default())?;
            same(
                "ProcessId, Exited, ExitCode",
                &(status.process_id, status.exited, status.exit_code),
                &(created.process.pid(), true, 0),
            )
        },
    ),
    Case::new(
        "notifications::exit_of_a_process_reaches_a_late_subscriber",
        &["§7.2 the exit may come before registration"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(9), Pipes::NONE)?;
            context.exit_code(&*created.process)?;
            for _ in 0..2 {
                let (recorder, _subscription) = watch(|callback| created.process.subscribe(callback))?;
                let event = recorder.next(context, PROCESS_EXITED)?;
                let status = process_status(event.data.as_deref().unwrap_or_default())?;
                same("exit code", &status.exit_code, &9)?;
            }
            Ok(())
        },
    ),
    Case::new(
        "notifications::exit_of_a_process_comes_once",
        &["contract none is lost or joined"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let (recorder, _subscription) = watch(|callback| created.process.subscribe(callback))?;
            context.done(&created.process.terminate(""))?;
            context.exit_code(&*created.process)?;
            recorder.next(context, PROCESS_EXITED)?;
            context.end(&system)?;
            settle(context, &system)?;
            same("notifications after the exit", &recorder.seen(), &vec![])
        },
    ),
    Case::new(
        "notifications::a_process_is_not_told_its_system_s_exit",
        &["§7.2 the system's exit is not routed to process handles"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let (recorder, _subscription) = watch(|callback| created.process.subscribe(callback))?;
            context.end(&system)?;
            recorder.next(context, PROCESS_EXITED)?;
            settle(context, &system)?;
            same("notifications after the process's exit", &recorder.seen(), &vec![])
        },
    ),
    Case::new(
        "notifications::a_system_is_not_told_its_processes_exits",
        &["§4.1 ProcessExited: handle = process"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (recorder, _subscription) = watch(|callback| system.subscribe(callback))?;
            same("exit code", &context.run(&system, &Program::Exit(1))?.1, &1)?;
            context.end(&system)?;
            recorder.next(context, SYSTEM_EXITED)?;
            settle(context, &system)?;
            same("notifications after the system's exit", &recorder.seen(), &vec![])
        },
    ),
    Case::new(
        "notifications::a_process_is_not_told_another_s_exit",
        &["§4.2 per type per handle"],
        |context| {
            let system = context.started(Schema::Two)?;
            let stays = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let (recorder, _subscription) = watch(|callback| stays.process.subscribe(callback))?;
            let (other, _output) = context.spawn_ready(&system, &Program::Hang)?;
            let (told, _other) = watch(|callback| other.process.subscribe(callback))?;
            context.done(&other.process.terminate(""))?;
            told.next(context, PROCESS_EXITED)?;
            settle_running(context, &system)?;
            same("notifications of a process that runs", &recorder.seen(), &vec![])
        },
    ),
];

/// Subscribes a recorder.
fn watch(
    subscribe: impl FnOnce(Callback) -> hcs_contract::Result<Subscription>,
) -> Result<(Recorder, Subscription), Failure> {
    let recorder = Recorder::new();
    let subscription = subscribe(recorder.callback());
    let subscription = subscription.map_err(|error| Failure::Call { step: "subscribe".into(), error })?;
    Ok((recorder, subscription))
}

type System = Arc<dyn hcs_contract::ComputeSystem>;

/// Lets everything arrive that was under way when a system had stopped: a later subscriber is told last.
fn settle(context: &Context, system: &System) -> Result<(), Failure> {
    let (barrier, _subscription) = watch(|callback| system.subscribe(callback))?;
    barrier.next(context, SYSTEM_EXITED)?;
    same_text("state", &context.state(system)?, "Stopped")
}

/// The same for a system that runs: answers come behind what was sent before them.
fn settle_running(context: &Context, system: &System) -> Result<(), Failure> {
    for _ in 0..50 {
        same_text("state", &context.state(system)?, "Running")?;
    }
    Ok(())
}
