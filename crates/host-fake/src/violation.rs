//! Ways to break the contract: what a fake commits when told so, to see whether somebody's tests would notice.
//!
//! Each names the line of `hcs.md`, this project's reference of the service, that it breaks; where that leaves a
//! point to the service, the line of `hcs_contract` that settles it.

use std::collections::BTreeSet;
use std::fmt;

macro_rules! violations {
    ($($(#[$about:meta])* $name:ident = $rule:literal,)*) => {
        /// One way to break the contract. The text says what the fake does, then which line of `hcs.md` (or of
        /// `hcs_contract`) says otherwise.
        ///
        /// ```
        /// use hcs_contract::{ComputeService as _, ComputeSystem as _, Deadline};
        /// use hcs_host_fake::{FakeHost, Violation};
        ///
        /// let host = FakeHost::builder().violate(Violation::CreateTwiceSucceeds).build();
        /// let document = r#"{"SystemType":"Container"}"#;
        /// let _first = host.create_system("web", document)?;
        /// assert!(host.create_system("web", document).is_ok(), "a sound host answers: already exists");
        /// # Ok::<(), hcs_contract::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Violation {
            $($(#[$about])* #[doc = ""] #[doc = concat!("Breaks ", $rule)] $name,)*
        }

        impl Violation {
            /// Every violation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name, as in the source.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The line of the reference that it breaks.
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$name => $rule,)* }
            }
        }
    };
}

violations! {
    // The life of a system.
    /// A second create of an id succeeds.
    CreateTwiceSucceeds = "hcs.md 5.1: 010F, the system already exists.",
    /// A created system runs at once.
    CreateStarts = "hcs.md 1.1, CreateContainer: does not start.",
    /// Opening an id that nobody has says 0x490, as for a process.
    UnknownIdGivesWrongCode = "hcs.md 5.1: 010E, the system does not exist.",
    /// The id of a system is another than it was created with.
    IdIsChanged = "hcs.md 2.4, ContainerProperties: Id is the system's.",
    /// A second start succeeds.
    StartTwiceSucceeds = "hcs.md 5.1: 0105, not valid in this state.",
    /// A stopped system starts again.
    StartOfStoppedSucceeds = "hcs.md 5.1: 0110, the system has already stopped.",
    /// A system that was not started can be paused.
    PauseOfCreatedSucceeds = "hcs.md 5.1: 0105, not valid in this state.",
    /// A second pause succeeds.
    PauseTwiceSucceeds = "hcs.md 5.1: 0105, not valid in this state.",
    /// A running system can be resumed.
    ResumeOfRunningSucceeds = "hcs.md 5.1: 0105, not valid in this state.",
    /// A resumed system still says Paused.
    ResumedStaysPaused = "hcs.md 1.2, Resume: the opposite of Pause.",
    /// A paused system says Running.
    PausedSaysRunning = "hcs.md 2.4, ContainerProperties: State.",
    /// Programs run on while their system is paused.
    PauseDoesNotFreeze = "hcs_contract, ComputeSystem::pause: freezes every process in it.",
    /// Terminating a stopped system fails with 0105 in place of 0110, so clients see a failure.
    TerminateOfStoppedFails = "hcs.md 1.2, Terminate: 0110, which clients turn into success.",
    /// Shutting down a stopped system succeeds.
    ShutdownOfStoppedSucceeds = "hcs.md 1.2, Shutdown: already stopped is returned as an error.",
    /// A shutdown ends the programs without asking them.
    ShutdownKills = "hcs.md 2.4, ExitType: GracefulExit and ForcedExit differ.",
    /// A terminated system says GracefulExit.
    TerminateLooksGraceful = "hcs.md 2.4, ExitType: GracefulExit and ForcedExit differ.",
    /// Terminate only asks, as a shutdown does.
    TerminateOnlyAsks = "hcs_contract, ComputeSystem::terminate: ends it at once.",
    /// Terminate never completes.
    TerminateNeverCompletes = "hcs_contract, Operation: completes exactly once.",
    /// A stopped system still says Running.
    StoppedSaysRunning = "hcs.md 2.4, ContainerProperties: State.",
    /// The flag Stopped stays false.
    StoppedFlagIsNeverSet = "hcs.md 2.4, ContainerProperties: Stopped.",
    /// The properties of a stopped system have no ExitType.
    ExitTypeIsMissing = "hcs.md 2.4, ContainerProperties: ExitType.",
    /// The id of a stopped system is free although handles of it are open.
    IdIsFreedAtExit = "hcs.md 1.2, Close: it is the close that gives a system up, and properties work until then.",
    /// The id of a stopped system stays taken after its last handle.
    IdIsNeverFreed = "hcs.md 5.1: 010E once the system does not exist.",
    /// The last handle ends nothing, whatever the document says.
    LastHandleDoesNotTerminate = "hcs.md 2.1, TerminateOnLastHandleClosed.",
    /// Programs run on after their system has ended.
    ProcessesOutliveTheSystem = "hcs.md 4.1: a process of a system that exited has exited.",

    // Handles.
    /// Calls on a closed handle of a system work.
    MethodsWorkAfterClose = "hcs.md 1.2, closed handle: ErrAlreadyClosed.",
    /// Calls on a closed handle of a process work.
    ProcessMethodsWorkAfterClose = "hcs.md 1.3, Kill: closed gives ErrAlreadyClosed.",
    /// A second close counts as that of another handle.
    SecondCloseClosesAnother = "hcs.md 1.2, Close: on a closed handle success, no-op.",
    /// Closing a handle ends the system.
    CloseTerminates = "hcs.md 1.2, Close: not terminate.",
    /// Closing one handle closes every other.
    CloseClosesAll = "hcs_contract, handles: closing one touches no other.",
    /// Closing a system's handle closes those of its processes.
    CloseClosesProcesses = "hcs.md 1.3: a process handle has a close of its own.",
    /// Closing a process's handle kills it.
    ClosingProcessKills = "hcs.md 1.3, Close: does not kill.",
    /// Who waits on a handle that is closed waits for ever.
    WaitSurvivesClose = "hcs.md 4.3: queues closed by Close give ErrHandleClose.",

    // Waits and notifications.
    /// The exit of a system is told to one wait only.
    WaitIsOneShot = "hcs.md 12, Wait (084): latch the exit, broadcast.",
    /// The exit of a process is told to one wait only.
    ProcessWaitIsOneShot = "hcs.md 12, Wait (084): latch the exit, broadcast.",
    /// A wait that begins after the exit never ends.
    LateWaitHangs = "hcs.md 12, Wait (084): latch the exit.",
    /// The exit of a system comes without its document.
    ExitHasNoDocument = "hcs.md 4.4, SystemExited: data {Status, ExitType}.",
    /// The exit of a system is notified while it still says Running.
    NotificationBeforeState = "hcs.md 4.1: SystemExited says that it has exited.",
    /// The exit of a system is not notified.
    NoSystemExitNotification = "hcs.md 4.1, SystemExited.",
    /// The exit of a process is not notified.
    NoProcessExitNotification = "hcs.md 4.1, ProcessExited.",
    /// An exit is notified twice.
    ExitIsNotifiedTwice = "hcs.md 12, single-slot queues: an exit happens once.",
    /// Who subscribes after the exit hears nothing.
    LateSubscriberHearsNothing = "hcs.md 4.2: what happened before the registration is replayed.",
    /// Notifications come after the subscription has ended.
    NotifiesAfterUnsubscribe = "hcs.md 3.1, HcsUnregisterComputeSystemCallback: after it none runs.",
    /// A second subscription replaces the first.
    OnlyOneSubscriber = "hcs.md 4.2: each registration has its queues.",
    /// A notification of an exit has no data.
    NotificationHasNoData = "hcs.md 4.4: data of SystemExited and ProcessExited.",
    /// A process's exit is notified on the system's handle.
    ProcessExitIsTheSystems = "hcs.md 4.1, ProcessExited: handle process.",
    /// A process's exit has the number of a system's.
    ProcessExitHasOtherNumber = "hcs.md 4.4: ProcessExited is 0x00010000.",

    // Processes.
    /// Programs run in a system that was not started.
    ProcessInCreatedRuns = "hcs.md 5.1: 0105, not valid in this state.",
    /// Programs start in a paused system.
    ProcessInPausedRuns = "hcs.md 5.1: 0105, not valid in this state.",
    /// A program that is not there starts and ends with 1.
    MissingProgramRuns = "hcs.md 3.1, HcsCreateProcess: synchronous, its HRESULT is the failure's.",
    /// Exit codes have 8 bits.
    ExitCodeTruncatedTo8Bits = "hcs.md 1.3, ExitCode: u32.",
    /// Exit codes from 0x80000000 are negative.
    ExitCodeIsNegative = "hcs.md 1.3, ExitCode: as u32, so 0xC0000005 is 3221225477.",
    /// A running process says Exited.
    RunningSaysExited = "hcs.md 1.3, ExitCode: Exited false until then.",
    /// The exit code is gone once somebody asked for it.
    ExitCodeIsReadOnce = "hcs.md 1.3, ExitCode: works any time while the handle is open.",
    /// Killing a process that has ended succeeds.
    KillOfExitedSucceeds = "hcs.md 1.3, Kill: process gone, 0x490.",
    /// A kill does nothing.
    KillDoesNothing = "hcs.md 1.3, Kill: HcsTerminateProcess.",
    /// Signalling a process that has ended succeeds.
    SignalOfExitedSucceeds = "hcs.md 5.1: 0x490 or 011F, process gone.",
    /// A signal does nothing.
    SignalIgnored = "hcs.md 8, signals: delivered to the process.",
    /// Every signal kills.
    SignalKills = "hcs.md 12, Signal (084): it was wired to HcsTerminateProcess.",
    /// Signals that do not exist are accepted.
    UnknownSignalAccepted = "hcs.md 8: which signals there are.",
    /// A process that is not there can be opened.
    OpenOfUnknownProcessSucceeds = "hcs.md 5.1: 0x490, process gone or unknown.",
    /// Opening a process that is not there says 010E, as for a system.
    OpenProcessGivesWrongCode = "hcs.md 5.1: 0x490, process gone or unknown.",
    /// A process that was opened has another number.
    OpenedProcessHasOtherPid = "hcs.md 1.3, Pid: from the OpenProcess argument.",
    /// All processes have one number.
    PidsRepeat = "hcs.md 2.4, ProcessId: what OpenProcess finds it by.",
    /// A program's environment is empty.
    EnvironmentIsDropped = "hcs.md 2.3, ProcessConfig: Environment.",
    /// A program's working folder is another.
    WorkingDirectoryIsDropped = "hcs.md 2.3, ProcessConfig: WorkingDirectory.",
    /// Arguments are split at spaces whatever their quotation.
    ArgumentsAreSplit = "hcs.md 2.3, ProcessConfig: CommandArgs is argv, CommandLine one line.",

    // Streams.
    /// Closing the service's end of a process's input does not end it.
    StdinNeverEnds = "hcs.md 1.3, CloseStdin: closes the write end inside the service.",
    /// Closing the input of a process that has ended succeeds.
    CloseStdinOfExitedSucceeds = "hcs.md 1.3, CloseStdin: after exit the service fails this call.",
    /// A process's output has no end.
    StdoutNeverEnds = "hcs.md 11: wait, then read all output.",
    /// What was not read at the exit is gone.
    OutputIsLostAtExit = "hcs.md 11: wait, exit code, then streams and all output.",
    /// Errors are written to the output.
    StderrOnStdout = "hcs.md 3.2, HCS_PROCESS_INFORMATION: StdError is a pipe of its own.",
    /// Pipes are made although the document asks for none.
    PipesWithoutBeingAsked = "hcs.md 3.2: 0 when a pipe was not requested.",
    /// Streams can be had once only.
    InfoHasNoStreams = "hcs.md 3.2, HcsGetProcessInfo: new duplicates each call.",
    /// Bytes that are no UTF-8 are replaced.
    BytesAreText = "hcs.md 3.2: pipes carry bytes.",
    /// A console has an error pipe of its own.
    ConsoleHasStderr = "hcs.md 2.3, EmulateConsole: stderr pipe then ignored.",
    /// A console keeps its size.
    ResizeIgnored = "hcs.md 1.3, ResizeConsole.",
    /// Height and width change places in a resize.
    ResizeSwapsSides = "hcs.md 6.4, ConsoleSize: Height, Width.",
    /// A process without a console can be resized.
    ResizeWithoutConsoleSucceeds = "hcs.md 1.3, ResizeConsole: only a console has a size.",

    // Documents.
    /// Members that nobody knows are accepted.
    UnknownMembersAccepted = "hcs.md 5.1: 010D; documents are refused, not guessed.",
    /// A document that is not JSON says E_INVALIDARG.
    BrokenJsonGivesWrongCode = "hcs.md 5.1: 010D, invalid JSON.",
    /// Names of members must have the reference's case.
    NamesCaseSensitive = "hcs.md 2.4: key match is case-insensitive.",
    /// Members that can't be honoured are ignored.
    UnsupportedMembersIgnored = "hcs.md 5.1: 0x80070032, not supported.",
    /// Members that can't be honoured say 010D.
    UnsupportedGivesWrongCode = "hcs.md 5.1: 0x80070032, not supported.",
    /// A list that is null is refused.
    NullListRefused = "hcs.md 2.1, Layers: nil gives null.",
    /// A console size without a console is refused from clients of schema 1, which always send one.
    ZeroConsoleSizeRefused = "hcs.md 2.3, ConsoleSize: zeros are always sent.",
    /// A schema version that nobody knows is accepted.
    AnySchemaVersionAccepted = "hcs.md 6.1: other versions are an error.",
    /// Options that an operation does not know are ignored.
    OptionsIgnored = "hcs_contract: nothing is silently ignored.",
    /// Empty options are refused.
    EmptyOptionsRefused = "hcs.md 3.1: options are always the empty string.",
    /// A change of a resource that is not there succeeds.
    AnyResourceModified = "hcs.md 5.1: 0x80070032, not supported.",
    /// A folder that is added to a running system does not appear.
    MapIsForgotten = "hcs.md 6.5, resource paths: Container/MappedDirectories.",
    /// A folder that is removed from a running system stays.
    UnmapIsForgotten = "hcs.md 6.5, resource paths: Container/MappedDirectories.",
    /// Two folders can be mapped to one place.
    MapsTwiceToOnePlace = "hcs_contract, ComputeSystem::modify: refused where something is already.",
    /// The removal of a folder that is not mapped succeeds.
    UnmapsWhatIsNotThere = "hcs_contract, ComputeSystem::modify: refused for what is not there.",

    // Properties and lists.
    /// Properties have the shape of the other schema.
    PropertiesOfOtherSchema = "hcs_contract, ComputeSystem::properties: the shape of the system's own schema.",
    /// The owner is not kept.
    OwnerIsDropped = "hcs.md 2.1, Owner: GetContainers can filter on it.",
    /// The kind of guest is the other one.
    GuestIsTheOtherOne = "hcs.md 2.4, RuntimeOsType: Windows or Linux.",
    /// Statistics that are asked for are missing.
    StatisticsAreMissing = "hcs.md 1.2, Statistics.",
    /// A list of processes that is asked for is missing.
    ProcessListIsMissing = "hcs.md 1.2, ProcessList.",
    /// The list of processes keeps those that have ended.
    ProcessListKeepsExited = "hcs.md 1.2, ProcessList: what runs.",
    /// Properties that nobody knows are answered with nothing.
    UnknownPropertyAccepted = "hcs.md 5.1: 0x80070032, not supported.",
    /// A list of systems ignores Ids.
    EnumerateIgnoresIds = "hcs.md 2.4, ComputeSystemQuery: Ids filters.",
    /// A list of systems ignores Names.
    EnumerateIgnoresNames = "hcs.md 2.4, ComputeSystemQuery: Names filters.",
    /// A list of systems ignores Owners.
    EnumerateIgnoresOwners = "hcs.md 2.4, ComputeSystemQuery: Owners filters.",
    /// A list of systems ignores Types.
    EnumerateIgnoresTypes = "hcs.md 2.4, ComputeSystemQuery: Types filters.",
    /// A system that one filter takes is listed whatever the others say.
    EnumerateTakesAnyFilter = "hcs_schema, ComputeSystemQuery: each filter must match.",
    /// A list of no systems is null.
    EnumerateGivesNull = "hcs.md 1.1, GetContainers: NULL is an unexpected value, none is an empty array.",
    /// A list of systems hides those that were not started.
    EnumerateHidesCreated = "hcs.md 2.4, ContainerProperties: State.",
    /// A list of systems hides those that have stopped and are still open.
    EnumerateHidesStopped = "hcs.md 2.4, ContainerProperties: Stopped.",
    /// The service does not say which schema versions it takes.
    SchemaVersionsMissing = "hcs.md 6.1, SupportedSchemaVersions.",
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The violations that a fake commits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Violations(BTreeSet<Violation>);

impl Violations {
    pub(crate) fn add(&mut self, violation: Violation) {
        self.0.insert(violation);
    }

    pub(crate) fn has(&self, violation: Violation) -> bool {
        self.0.contains(&violation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_many_and_each_names_its_rule() {
        assert!(Violation::ALL.len() >= 60, "{}", Violation::ALL.len());
        for violation in Violation::ALL {
            let rule = violation.rule();
            assert!(rule.starts_with("hcs.md ") || rule.starts_with("hcs_"), "{violation}: {rule}");
            assert!(rule.ends_with('.'), "{violation}: {rule}");
        }
    }
}
