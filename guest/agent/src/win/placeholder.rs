//! Stand-ins for the devices of Wine's drivers, which a container does without until a program asks for one.
//!
//! The name of the real device is a symbolic link to a device of ours. Opening it succeeds at once; the first control
//! request starts the services, for which the link goes away, and is then made of the real device. Whoever opens the
//! name from then on has the real device, so only handles from before come through here.

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE};

use super::nt;
use super::server::{ControlRequest, DeviceManager};
use super::streams;

/// A driver's device that is not there yet.
#[derive(Debug)]
pub(crate) struct Placeholder {
    name: &'static str,
    manager: DeviceManager,
    /// While they exist, the name leads to us.
    links: Vec<OwnedHandle>,
}

impl AsHandle for Placeholder {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.manager.as_handle()
    }
}

impl Placeholder {
    /// Takes the place of `\Device\NAME` and `\\.\NAME`. The error is an `NTSTATUS`.
    pub(crate) fn new(name: &'static str) -> Result<Self, u32> {
        let manager = DeviceManager::new()?;
        let own = format!(r"\Device\Placeholder-{name}");
        manager.add(&own)?;
        let link = |from: String| nt::symbolic_link(&from, &own).map_err(i32::cast_unsigned);
        let links = vec![link(format!(r"\Device\{name}"))?, link(format!(r"\??\{name}"))?];
        Ok(Self { name, manager, links })
    }

    /// Gives the name free for the real device.
    pub(crate) fn step_aside(&mut self) {
        self.links.clear();
    }

    /// The next control request, if there is one.
    pub(crate) fn next(&mut self) -> Option<ControlRequest> {
        self.manager.next()
    }

    /// Makes a request of the real device, on a thread of its own: some are answered only when something happens.
    pub(crate) fn forward(&self, request: ControlRequest) {
        let name = self.name;
        let thread = std::thread::Builder::new().stack_size(128 << 10);
        // Without memory for a thread the caller waits for ever; it will end for the same reason.
        let _ = thread.spawn(move || forward(name, request));
    }
}

fn forward(name: &str, request: ControlRequest) {
    /// `STATUS_NO_SUCH_DEVICE`
    const NO_SUCH_DEVICE: u32 = 0xc000_000e;
    // The two low bits of a code say how buffers are passed; all but "buffered" bring what is in the output buffer along.
    const BUFFERED: u32 = 0;
    let Ok(device) = streams::file(&format!(r"\\.\{name}"), GENERIC_READ | GENERIC_WRITE, false) else {
        return request.answer(NO_SUCH_DEVICE, &[], 0);
    };
    let mut output = vec![0; request.output as usize];
    let mut input = request.input.as_slice();
    if request.code & 3 != BUFFERED
        && let Some(at) = input.len().checked_sub(output.len())
    {
        let (arguments, before) = input.split_at(at);
        output.copy_from_slice(before);
        input = arguments;
    }
    let (status, information) = nt::device_control(device.as_raw_handle(), request.code, input, &mut output);
    let filled = output.len().min(information as usize);
    request.answer(status, &output[..filled], information);
}
