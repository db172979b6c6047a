//! A service that answers as a test tells it, and remembers what was asked of it and what it has handed out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::c_void;
use std::io::{self, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use hcs_abi::vmcompute::NotificationCallback;
use hcs_abi::{Handle, ProcessInformation, TextOut};
use hcs_contract::Stream;

use super::PATIENCE;
use crate::platform::{Direction, Platform};

/// One answer of an export.
#[derive(Default)]
pub(super) struct Answer {
    /// The HRESULT.
    pub(super) code: u32,
    /// The result document.
    pub(super) said: Option<&'static str>,
    /// The document that was asked for.
    pub(super) document: Option<&'static str>,
    /// Nothing is handed out where a handle was due.
    pub(super) no_handle: bool,
    /// A process has pipes.
    pub(super) pipes: bool,
    /// What happens before it returns.
    pub(super) meanwhile: Option<Box<dyn FnOnce() + Send>>,
}

/// What a DLL frees its texts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allocator {
    Task,
    Local,
}

#[derive(Default)]
struct World {
    answers: BTreeMap<&'static str, VecDeque<Answer>>,
    log: Vec<String>,
    last: usize,
    texts: BTreeMap<usize, Allocator>,
    handles: BTreeSet<usize>,
    /// Callback and context of each registration, by the handle that it was made for.
    registered: BTreeMap<usize, (usize, usize)>,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The service of one test. Dropped, it says what was not given back.
pub(super) struct Service(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

fn world<T>(act: impl FnOnce(&mut World) -> T) -> T {
    let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    let result = act(world.get_or_insert_with(World::default));
    drop(world);
    CHANGED.notify_all();
    result
}

#[expect(clippy::unused_self, reason = "who asks must have the service, or another test has it")]
impl Service {
    pub(super) fn new() -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        world(|world| *world = World::default());
        Self(alone)
    }

    /// The next call of this export is answered so; those without an answer succeed.
    pub(super) fn answer(&self, export: &'static str, answer: Answer) {
        world(|world| world.answers.entry(export).or_default().push_back(answer));
    }

    /// Every call so far.
    pub(super) fn log(&self) -> Vec<String> {
        world(|world| world.log.clone())
    }

    /// Waits until an export was called that a thread of ours calls.
    pub(super) fn until_called(&self, export: &str) {
        self.until_called_times(export, 1);
    }

    /// Waits until it was called so often.
    pub(super) fn until_called_times(&self, export: &str, times: usize) {
        let guard = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
        let is_called = |world: &mut Option<World>| {
            let log = world.as_ref().map(|world| world.log.as_slice()).unwrap_or_default();
            log.iter().filter(|line| line.starts_with(export)).count() >= times
        };
        let waited = CHANGED.wait_timeout_while(guard, PATIENCE, |world| !is_called(world));
        let (guard, result) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(guard);
        assert!(!result.timed_out(), "{export} was not called: {:?}", self.log());
    }

    /// Waits until all that was handed out is given back.
    pub(super) fn until_nothing_is_left(&self) {
        let guard = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
        let is_left = |world: &mut Option<World>| {
            world.as_ref().is_some_and(|world| !world.texts.is_empty() || !world.handles.is_empty())
        };
        let waited = CHANGED.wait_timeout_while(guard, PATIENCE, is_left);
        let (guard, result) = waited.unwrap_or_else(PoisonError::into_inner);
        let left =
            guard.as_ref().map(|world| (world.texts.clone(), world.handles.clone(), world.log.clone()));
        drop(guard);
        assert!(!result.timed_out(), "left: {left:?}");
    }
}

/// An export was called.
pub(super) fn called(export: &'static str, on: usize) -> Answer {
    let mut answer = world(|world| {
        world.log.push(format!("{export} {on}"));
        world.answers.get_mut(export).and_then(VecDeque::pop_front).unwrap_or_default()
    });
    if let Some(meanwhile) = answer.meanwhile.take() {
        meanwhile();
    }
    answer
}

/// A new handle of any kind.
pub(super) fn new_handle() -> *mut c_void {
    world(|world| {
        world.last += 1;
        world.handles.insert(world.last);
        std::ptr::without_provenance_mut(world.last)
    })
}

/// A handle is given back; one that is not open is told apart in the log.
pub(super) fn given_back(handle: *mut c_void) {
    world(|world| {
        if !world.handles.remove(&handle.addr()) {
            world.log.push(format!("closed twice: {}", handle.addr()));
        }
    });
}

/// Puts a text where a caller wants it.
pub(super) fn put(text: Option<&str>, place: *mut TextOut, allocator: Allocator) {
    let Some(text) = text else { return };
    let units: Box<[u16]> = text.encode_utf16().chain([0]).collect();
    let pointer = Box::into_raw(units).cast::<u16>();
    world(|world| world.texts.insert(pointer.addr(), allocator));
    // SAFETY: the crate under test hands in a place for a text.
    unsafe { place.write(pointer) };
}

/// Remembers a registration.
pub(super) fn register(handle: *mut c_void, callback: usize, context: *mut c_void) {
    world(|world| world.registered.insert(handle.addr(), (callback, context.addr())));
}

/// Has vmcompute.dll tell something by a registration.
pub(super) fn tell((callback, context): (usize, usize), number: u32, status: u32, data: Option<&str>) {
    let data: Option<Vec<u16>> = data.map(|data| data.encode_utf16().chain([0]).collect());
    let pointer = data.as_ref().map_or(std::ptr::null(), Vec::as_ptr);
    let callback: *const c_void = std::ptr::with_exposed_provenance(callback);
    // SAFETY: the number is a callback's address, which the crate under test has registered and never takes back.
    let callback = unsafe { std::mem::transmute::<*const c_void, NotificationCallback>(callback) };
    // SAFETY: the data is null or ends with a NUL, and outlives the call.
    unsafe { callback(number, std::ptr::without_provenance_mut(context), status.cast_signed(), pointer) };
}

/// What a process is known by.
pub(super) fn information(answer: &Answer, place: *mut ProcessInformation) {
    let pipe = || if answer.pipes { new_handle() } else { std::ptr::null_mut() };
    let information = ProcessInformation {
        process_id: 7,
        reserved: 0,
        std_input: pipe(),
        std_output: pipe(),
        std_error: pipe(),
    };
    // SAFETY: the crate under test hands in a place for it.
    unsafe { place.write(information) };
}

pub(super) const PLATFORM: Platform = Platform { free_task_memory, free_local, close, stream };

unsafe fn free_task_memory(text: *mut c_void) {
    free(text, Allocator::Task);
}

unsafe fn free_local(text: *mut c_void) {
    free(text, Allocator::Local);
}

fn free(text: *mut c_void, by: Allocator) {
    world(|world| match world.texts.remove(&text.addr()) {
        Some(of) if of == by => {}
        other => world.log.push(format!("freed by {by:?} what is {other:?}")),
    });
    let pointer = text.cast::<u16>();
    // SAFETY: it was put there by `put`, and is read up to its NUL before it is freed, once.
    let length = unsafe { crate::text::units(pointer) }.map_or(0, <[u16]>::len) + 1;
    // SAFETY: as long as `put` made it.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, length)) });
}

unsafe fn close(handle: Handle) {
    given_back(handle);
}

unsafe fn stream(handle: Handle, _: Direction) -> Stream {
    Stream::remote(Pipe(handle.addr()))
}

/// A pipe without bytes.
#[derive(Debug)]
struct Pipe(usize);

impl Read for Pipe {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        given_back(std::ptr::without_provenance_mut(self.0));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.until_nothing_is_left();
            let wrong: Vec<_> = self.log().into_iter().filter(|line| !line.starts_with("Hcs")).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
        }
    }
}

/// Callback and context of a handle's registration.
pub(super) fn registered(handle: usize) -> (usize, usize) {
    world(|world| world.registered[&handle])
}
