//! A console's events.

#![expect(unsafe_code, reason = "installing a handler of the console")]

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
    SetConsoleCtrlHandler,
};

use super::Signal;

static TO: Mutex<Option<Sender<Signal>>> = Mutex::new(None);

/// The events that arrived since they were caught.
#[derive(Debug)]
pub(crate) struct Signals(Receiver<Signal>);

impl Signals {
    /// Catches them from now on, for the rest of the process. Called once.
    pub(crate) fn catch() -> io::Result<Self> {
        let (send, signals) = channel();
        *TO.lock().unwrap_or_else(PoisonError::into_inner) = Some(send);
        // SAFETY: the handler is a function that takes any event, and stays for the rest of the process.
        if unsafe { SetConsoleCtrlHandler(Some(note), 1) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(signals))
    }

    /// Waits for the next one. `None`: none comes any more.
    pub(crate) fn wait(&self) -> Option<Signal> {
        self.0.recv().ok()
    }
}

/// On a thread that the system makes for it.
unsafe extern "system" fn note(event: u32) -> i32 {
    let signal = match event {
        CTRL_C_EVENT => Signal::Interrupt,
        CTRL_BREAK_EVENT => Signal::Quit,
        CTRL_CLOSE_EVENT => Signal::HangUp,
        CTRL_LOGOFF_EVENT | CTRL_SHUTDOWN_EVENT => Signal::Terminate,
        _ => return 0,
    };
    let to = TO.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let told = to.is_some_and(|to| to.send(signal).is_ok());
    if told && !matches!(signal, Signal::Interrupt | Signal::Quit) {
        // The process is ended when this returns, or after some seconds: what cleans up has until then.
        loop {
            std::thread::park();
        }
    }
    told.into()
}
