//! Processes with a console: one output, a size, and changes of it.

use std::sync::Arc;

use hcs_contract::{ComputeSystem, CreatedProcess, Hresult};
use serde_json::json;

use crate::check::{holds, same};
use crate::io::{self, Output};
use crate::{Case, Context, Failure, Pipes, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("console::has_one_output", &["§2.3 EmulateConsole: stderr pipe then ignored"], |context| {
        let system = context.started(Schema::Two)?;
        let created = with_console(context, &system, &Program::Hang, [25, 80])?;
        holds(created.information.take_stdin().is_some(), "a console has no input")?;
        holds(created.information.take_stdout().is_some(), "a console has no output")?;
        holds(created.information.take_stderr().is_none(), "a console has an error output")
    }),
    Case::new("console::both_outputs_come_by_it", &["§2.3 EmulateConsole"], |context| {
        let system = context.started(Schema::Two)?;
        let program = Program::Print { out: "to-the-out", err: "to-the-err" };
        let created = with_console(context, &system, &program, [25, 80])?;
        let mut screen = Output::of(context, created.information.take_stdout(), "console")?;
        screen.until("to-the-out")?;
        screen.until("to-the-err")
    }),
    Case::new("console::has_the_document_s_size", &["§2.3 ConsoleSize: height, then width"], |context| {
        for schema in Schema::BOTH {
            let system = context.started(schema)?;
            let created = with_console(context, &system, &Program::PrintConsoleSize, [33, 91])?;
            let mut screen = Output::of(context, created.information.take_stdout(), "console")?;
            screen.until("ready")?;
            let input = io::there(created.information.take_stdin(), "input")?;
            let _input = io::write(context, input, b"\r")?;
            screen.until("size 91x33")?;
        }
        Ok(())
    }),
    Case::new("console::can_be_resized", &["§1.3 ResizeConsole(width, height)"], |context| {
        let system = context.started(Schema::Two)?;
        let created = with_console(context, &system, &Program::PrintConsoleSize, [25, 80])?;
        let mut screen = Output::of(context, created.information.take_stdout(), "console")?;
        screen.until("ready")?;
        let input = io::there(created.information.take_stdin(), "input")?;
        let input = io::write(context, input, b"\r")?;
        screen.until("size 80x25")?;
        context.done(&created.process.modify(&resize(40, 132)))?;
        let _input = io::write(context, input, b"\r")?;
        screen.until("size 132x40")
    }),
    Case::new("console::no_size_without_one", &["§7.2 ResizeConsole valid only then"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Hang, Pipes::ALL)?;
        let resized = created.process.modify(&resize(40, 132)).wait(context.patience());
        holds(resized.is_err(), "a process without a console was resized")?;
        let status = context.done(&created.process.properties())?;
        same("Exited", &crate::context::process_status(&status)?.exited, &false)
    }),
    Case::new("console::a_size_of_nothing", &["§1.3 ResizeConsole: zero values are sent"], |context| {
        let system = context.started(Schema::Two)?;
        let created = with_console(context, &system, &Program::Hang, [25, 80])?;
        for [height, width] in [[0, 80], [25, 0]] {
            context.fails(&created.process.modify(&resize(height, width)), Hresult::HCS_E_INVALID_JSON)?;
        }
        Ok(())
    }),
    Case::new(
        "console::resize_of_one_that_has_gone",
        &["§1.3 ResizeConsole", "§5.4 AlreadyStopped"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = with_console(context, &system, &Program::Exit(0), [25, 80])?;
            let screen = Output::of(context, created.information.take_stdout(), "console")?;
            context.exit_code(&*created.process)?;
            screen.bytes()?;
            match created.process.modify(&resize(40, 132)).wait(context.patience()) {
                Ok(_) => Err(Failure::Broken("a process that has gone was resized".into())),
                Err(error) => holds(error.is_already_stopped(), format!("not \"already stopped\": {error}")),
            }
        },
    ),
    Case::new("console::broken_requests", &["§6.4 ProcessModifyRequest"], |context| {
        let system = context.started(Schema::Two)?;
        let created = with_console(context, &system, &Program::Hang, [25, 80])?;
        for request in [
            "",
            "{",
            "{}",
            r#"{"Operation":"NoSuchThing"}"#,
            r#"{"Operation":"ConsoleSize"}"#,
            r#"{"Operation":"CloseHandle"}"#,
            r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"NoSuchThing"}}"#,
            r#"{"Operation":"ConsoleSize","ConsoleSize":{"Height":-1,"Width":1}}"#,
        ] {
            context.fails(&created.process.modify(request), Hresult::HCS_E_INVALID_JSON)?;
        }
        Ok(())
    }),
];

fn resize(height: u32, width: u32) -> String {
    json!({"Operation": "ConsoleSize", "ConsoleSize": {"Height": height, "Width": width}}).to_string()
}

/// A program with a console of this height and width.
fn with_console(
    context: &Context,
    system: &Arc<dyn ComputeSystem>,
    program: &Program,
    size: [u32; 2],
) -> Result<Arc<CreatedProcess>, Failure> {
    let text = context.parameters(Schema::Two, program, Pipes::ALL, |document| {
        document["EmulateConsole"] = json!(true);
        document["ConsoleSize"] = json!(size);
    });
    context.may_refuse(&system.create_process(&text, hcs_contract::ProcessStreams::default()))
}
