//! Signals: which a guest knows, what they do, and to whom they come too late.

use hcs_contract::Hresult;

use crate::check::{differs, holds, same, same_text};
use crate::context::process_status;
use crate::{Case, GuestOs, Pipes, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("signals::ask_a_program_to_end", &["§8 TERM 15; CTRLC", "§3.1 HcsSignalProcess"], |context| {
        let system = context.started(Schema::Two)?;
        let polite: &[&str] = match context.guest() {
            GuestOs::Linux => &[r#"{"Signal":15}"#, r#"{"Signal":2}"#],
            GuestOs::Windows => {
                &[r#"{"Signal":"CtrlC"}"#, r#"{"Signal":"CtrlBreak"}"#, r#"{"Signal":"CtrlShutdown"}"#]
            }
        };
        for signal in polite {
            let (created, _output) = context.spawn_ready(&system, &Program::EndWhenAsked)?;
            context.may_refuse(&created.process.signal(signal))?;
            same(signal, &context.exit_code(&*created.process)?, &0)?;
        }
        same_text("state of the system", &context.state(&system)?, "Running")
    }),
    Case::new("signals::end_one_that_does_not_listen", &["§8 HcsSignalProcess"], |context| {
        let system = context.started(Schema::Two)?;
        let signal = match context.guest() {
            GuestOs::Linux => r#"{"Signal":15}"#,
            GuestOs::Windows => r#"{"Signal":"CtrlC"}"#,
        };
        let (created, output) = context.spawn_ready(&system, &Program::Hang)?;
        context.may_refuse(&created.process.signal(signal))?;
        holds(context.exit_code(&*created.process)? != 0, "ended by a signal with exit code 0")?;
        same_text("rest of its output", &output.rest()?, "")
    }),
    Case::new("signals::none_ends_it_at_once", &["§8 nil = terminate"], |context| {
        let system = context.started(Schema::Two)?;
        for options in ["", "{}"] {
            let (created, _output) = context.spawn_ready(&system, &Program::EndWhenAsked)?;
            context.may_refuse(&created.process.signal(options))?;
            let code = context.exit_code(&*created.process)?;
            holds(code != 0, format!("{options:?} asked, where it must end: exit code 0"))?;
        }
        Ok(())
    }),
    Case::new(
        "signals::by_number",
        &["§8 084: number for both OS", "§8 CTRLC 0, CTRLBREAK 1, CTRLSHUTDOWN 6", "§8 KILL 9"],
        |context| {
            let system = context.started(Schema::Two)?;
            let signals: &[(u32, bool)] = match context.guest() {
                GuestOs::Linux => &[(15, true), (9, false)],
                GuestOs::Windows => &[(0, true), (1, true), (6, true)],
            };
            for (signal, polite) in signals {
                let (created, _output) = context.spawn_ready(&system, &Program::EndWhenAsked)?;
                context.may_refuse(&created.process.signal(&format!("{{\"Signal\":{signal}}}")))?;
                let code = context.exit_code(&*created.process)?;
                holds((code == 0) == *polite, format!("exit code {code} after signal {signal}"))?;
            }
            Ok(())
        },
    ),
    Case::new("signals::that_the_guest_does_not_know", &["§8 number must occur in the map"], |context| {
        let system = context.started(Schema::Two)?;
        let (created, _output) = context.spawn_ready(&system, &Program::EndWhenAsked)?;
        let unknown: &[&str] = match context.guest() {
            GuestOs::Linux => &[r#"{"Signal":65}"#, r#"{"Signal":"CtrlC"}"#],
            GuestOs::Windows => &[r#"{"Signal":15}"#, r#"{"Signal":"Ctrl"}"#],
        };
        for signal in unknown {
            context.fails(&created.process.signal(signal), Hresult::HCS_E_INVALID_JSON)?;
        }
        for broken in ["{", "[]", r#"{"NoSuchMember":1}"#, r#"{"Signal":[]}"#, r#"{"Signal":-1}"#] {
            context.fails(&created.process.signal(broken), Hresult::HCS_E_INVALID_JSON)?;
        }
        let status = process_status(&context.done(&created.process.properties())?)?;
        holds(!status.exited, "a signal that was refused ended it")
    }),
    Case::new("signals::names_in_any_case", &["§8 names in any case"], |context| {
        let system = context.started(Schema::Two)?;
        let signal = match context.guest() {
            GuestOs::Linux => r#"{"signal":15}"#,
            GuestOs::Windows => r#"{"signal":"ctrlc"}"#,
        };
        let (created, _output) = context.spawn_ready(&system, &Program::EndWhenAsked)?;
        context.may_refuse(&created.process.signal(signal))?;
        same("exit code", &context.exit_code(&*created.process)?, &0)
    }),
    Case::new(
        "signals::to_one_that_has_gone",
        &["§8 0x80070490 = not delivered", "§5.4 AlreadyStopped"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(0), Pipes::NONE)?;
            context.exit_code(&*created.process)?;
            let signal = match context.guest() {
                GuestOs::Linux => r#"{"Signal":15}"#,
                GuestOs::Windows => r#"{"Signal":"CtrlC"}"#,
            };
            for options in [signal, ""] {
                match created.process.signal(options).wait(context.patience()) {
                    Ok(result) => return Err(differs("a signal to one that has gone", &result, &"an error")),
                    Err(error) => {
                        holds(error.is_already_stopped(), format!("not \"already stopped\": {error}"))?;
                    }
                }
            }
            Ok(())
        },
    ),
];
