//! Wine's services, started when a program first asks for one of them, so that an idle container has none.
//!
//! Three things are asked for: the service manager's pipe (`sc`, `net`, RPC servers, COM), the mount manager's device
//! (volume names, labels and serial numbers: `dir`, `vol`), and the network's (`ipconfig`, adapter lists). Whoever
//! comes first waits until all are there; nobody notices later.
#![expect(unsafe_code, reason = "waiting for several handles, and starting the services")]

use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use hcs_guest_protocol::Failure;
use windows_sys::Win32::Foundation::{HANDLE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CreateEventW, CreateProcessW, DETACHED_PROCESS, INFINITE, PROCESS_INFORMATION, STARTUPINFOW,
    WaitForMultipleObjects,
};

use super::failure::{check, failure, last, wide};
use super::making::{self, Alone};
use super::placeholder::Placeholder;
use super::relay::Listener;
use super::server;
use super::size::size_of_u32;
use super::stillness::Stillness;

/// The event that services.exe sets when it and what it starts by itself are up.
const STARTED: &str = "__wine_SvcctlStarted";

/// Devices of drivers that services.exe loads.
const DEVICES: [&str; 2] = ["MountPointManager", "Nsi"];

/// What stands in for the services until they run.
#[derive(Debug)]
pub(crate) struct Services {
    devices: Vec<Placeholder>,
    pipe: Option<Listener>,
    running: bool,
}

impl Services {
    /// Puts the stand-ins in place.
    pub(crate) fn new() -> Result<Self, Failure> {
        if !server::is_known() {
            let mut this = Self { devices: Vec::new(), pipe: None, running: false };
            // Another Wine, other calls: the services start now, and nobody waits for them.
            start(&making::alone())?;
            this.running = true;
            return Ok(this);
        }
        let devices = DEVICES
            .map(|name| Placeholder::new(name).map_err(|status| failure(format!(r"\Device\{name}"), status)))
            .into_iter()
            .collect::<Result<_, _>>()?;
        Ok(Self { devices, pipe: Some(Listener::new()?), running: false })
    }

    /// Serves the stand-ins for as long as the process lives; on a thread of its own.
    pub(crate) fn serve(mut self) {
        while let Ok(index) = self.wait(&[]) {
            let result = match index.checked_sub(self.devices.len()) {
                // A caller of the service manager.
                Some(_) => self.ensure().and_then(|()| self.pass_on()),
                None => self.device(index),
            };
            if result.is_err() {
                // The callers that wait get an error when this thread lets go of what they are connected to.
                return;
            }
        }
    }

    /// Waits for one of `first`, a device or the pipe: the index in this order.
    fn wait(&self, first: &[HANDLE]) -> Result<usize, Failure> {
        let mut handles = first.to_vec();
        handles.extend(self.devices.iter().map(|device| device.as_handle().as_raw_handle()));
        handles.extend(self.pipe.iter().map(|pipe| pipe.event().as_raw_handle()));
        let count = u32::try_from(handles.len()).expect("there are a few");
        // SAFETY: all handles are open: they are borrowed from `self`, or from the caller for this call.
        let result = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, INFINITE) };
        let index = result.wrapping_sub(WAIT_OBJECT_0) as usize;
        if index < handles.len() { Ok(index) } else { Err(last("WaitForMultipleObjects")) }
    }

    fn device(&mut self, index: usize) -> Result<(), Failure> {
        while let Some(request) = self.devices[index].next() {
            self.ensure()?;
            self.devices[index].forward(request);
        }
        Ok(())
    }

    fn pass_on(&mut self) -> Result<(), Failure> {
        match self.pipe.take() {
            Some(listener) => listener.pass_on(),
            None => Ok(()),
        }
    }

    /// Starts the services, unless they run, and waits until they are up.
    fn ensure(&mut self) -> Result<(), Failure> {
        if self.running {
            return Ok(());
        }
        self.running = true;
        // Between the stand-ins and the drivers' devices there are some hundred milliseconds without any.
        let alone = making::alone();
        let stillness = Stillness::of_all();
        for device in &mut self.devices {
            device.step_aside();
        }
        // A program's: nothing of the services runs yet. It is to find them as after a boot, so it waits.
        let first = self.pipe.take_if(|pipe| pipe.is_connected());
        let (started, process) = start(&alone)?;
        let devices = std::mem::take(&mut self.devices);
        let own = [started.as_raw_handle(), process.as_raw_handle()];
        let result = loop {
            // What the services start calls the service manager in turn, and may have come to our instance.
            match self.wait(&own) {
                Ok(0) => break Ok(()),
                Ok(1) => break Err(failure("services.exe", 1)),
                woken => woken.and_then(|_| self.pass_on())?,
            }
        };
        drop((stillness, alone));
        self.devices = devices;
        result?;
        if let Some(first) = first {
            first.pass_on()?;
        }
        // From now on callers shall find the real one only.
        match self.pipe.take() {
            Some(listener) if listener.is_connected() => listener.pass_on(),
            Some(listener) => {
                listener.close();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Starts services.exe: the event that it sets when all is up, and its process.
fn start(_: &Alone) -> Result<(OwnedHandle, OwnedHandle), Failure> {
    const PROGRAM: &str = r"C:\windows\system32\services.exe";
    let name = wide("CreateEventW", STARTED)?;
    // SAFETY: the name ends with a NUL, null security asks for the default.
    let raw = unsafe { CreateEventW(null(), 1, 0, name.as_ptr()) };
    if raw.is_null() {
        return Err(last("CreateEventW"));
    }
    // SAFETY: not null, so a new handle that nobody else owns.
    let started = unsafe { OwnedHandle::from_raw_handle(raw) };
    let program = wide("CreateProcessW", PROGRAM)?;
    let startup = STARTUPINFOW { cb: size_of_u32::<STARTUPINFOW>(), ..Default::default() };
    let mut made = PROCESS_INFORMATION::default();
    // SAFETY: the name ends with a NUL; no command line, environment or folder of its own; no handle is inherited.
    let ok = unsafe {
        CreateProcessW(
            program.as_ptr(),
            null_mut(),
            null(),
            null(),
            0,
            DETACHED_PROCESS,
            null(),
            null(),
            &raw const startup,
            &raw mut made,
        )
    };
    check("CreateProcessW(services.exe)", ok)?;
    // SAFETY: success gives two new handles that nobody else owns.
    let (process, thread) =
        unsafe { (OwnedHandle::from_raw_handle(made.hProcess), OwnedHandle::from_raw_handle(made.hThread)) };
    drop(thread);
    Ok((started, process))
}
