//! `-t`: a program with a terminal that is ours. `script` (of every Debian system) plays the terminal.

use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{Winsize, tcsetwinsize};

use super::running::{Running, program};
use super::support::Engine;

/// The command in a terminal whose keys and screen are pipes of ours.
pub(crate) struct Terminal(Running);

impl Terminal {
    /// `after` is a shell command for the same terminal when the first has ended.
    pub(crate) fn new(engine: &Engine, arguments: &[&str], after: &str) -> Self {
        Self::with(engine, arguments, after, &[])
    }

    fn with(engine: &Engine, arguments: &[&str], after: &str, environment: &[(&str, &str)]) -> Self {
        let quoted: Vec<String> = arguments.iter().map(|text| format!("'{text}'")).collect();
        let line =
            format!("'{}' {}; code=$?; {after} exit $code", env!("CARGO_BIN_EXE_hcs"), quoted.join(" "));
        let mut script = program("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("SHELL", "/bin/sh");
        engine.environment(&mut script);
        script.envs(environment.iter().copied()).stdin(Stdio::piped());
        Self(Running::try_start(&mut script).expect("script is missing: apt-get install bsdutils"))
    }

    #[track_caller]
    pub(crate) fn keys(&mut self, keys: &str) {
        self.0.write(keys.as_bytes());
    }

    #[track_caller]
    pub(crate) fn screen(&mut self, end: &str) -> String {
        self.0.read_until(end)
    }

    /// The terminal as `hcs` has it: standard input of the process below `script`.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let shell = child_of(self.0.pid());
        let device = fs_err::read_link(format!("/proc/{shell}/fd/0")).unwrap();
        let terminal =
            rustix::fs::open(device, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
            .unwrap();
    }

    /// Waits for the end: the exit code and the rest of the screen.
    #[track_caller]
    pub(crate) fn end(self) -> (i32, String) {
        // The keys stay open: their end would be a key, too.
        let output = self.0.finish_with_input();
        (output.code, output.stdout)
    }
}

fn child_of(pid: rustix::process::Pid) -> u32 {
    let children = fs_err::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn keys_sizes_and_ctrl_c_reach_the_program_and_the_terminal_comes_back() {
    let engine = Engine::new();
    let rootfs = engine.rootfs();
    let shell = ["run", "--rm", "-it", "--rootfs", &rootfs, "--", "/bin/sh"];
    let mut terminal = Terminal::new(&engine, &shell, "stty -a;");
    terminal.screen("# ");
    terminal.keys("tty_is() { [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo 'yes'\\!; }; tty_is\r");
    terminal.screen("yes!\r\n");
    terminal.resize(132, 43);
    // The size is on its way through two processes; the shell is asked until it has come.
    terminal.keys("until [ \"$(stty size)\" = '43 132' ]; do sleep 0.01; done; echo re''sized\r");
    terminal.screen("resized\r\n");
    // Once cat has answered it runs for sure: a shell on its way to a program may lose the key.
    terminal.keys("echo bu''sy; cat\r");
    terminal.screen("busy\r\n");
    terminal.keys("line\r");
    terminal.screen("line\r\nline\r\n");
    terminal.keys("\x03");
    terminal.screen("# ");
    terminal.keys("exit 9\r");
    let (code, rest) = terminal.end();
    assert_eq!(code, 9, "{rest}");
    for mode in ["icanon", "echo", "isig", "icrnl", "opost"] {
        let on = rest.split_whitespace().any(|word| word == mode);
        assert!(on, "{mode} after the end: {rest}");
    }
}

#[test]
fn exec_has_terminals_too_and_t_alone_takes_no_keys() {
    let engine = Engine::new();
    engine.detached("box", "sleep 1000");
    let mut terminal = Terminal::new(&engine, &["exec", "-it", "box", "/bin/sh"], "");
    terminal.screen("# ");
    terminal.keys("exit 4\r");
    assert_eq!(terminal.end().0, 4);
    let terminal = Terminal::new(&engine, &["exec", "-t", "box", "/bin/stty", "size"], "");
    let (code, text) = terminal.end();
    assert_eq!((code, text.trim()), (0, "24 80"), "a terminal that does not know its size");
    engine.hcs(&["rm", "-f", "box"]).ok();
}

#[test]
fn errors_on_a_terminal_have_colours_unless_nobody_wants_them() {
    let engine = Engine::new();
    let (code, text) = Terminal::new(&engine, &["inspect", "nobody"], "").end();
    assert!(code == 125 && text.contains("\x1b[") && text.contains("nobody"), "{text:?}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let (code, text) = Terminal::with(&engine, &["inspect", "nobody"], "", &[(name, value)]).end();
        assert!(code == 125 && !text.contains('\x1b') && text.contains("nobody"), "{name}: {text:?}");
    }
}
