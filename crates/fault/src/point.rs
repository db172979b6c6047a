//! The list of points.

/// What can happen at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody is killed between two steps.
    Step,
    /// That, or the system call that comes next fails for want of space or because its file system is read-only.
    Call,
}

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident: $kind:ident,)*) => {
        /// A named place in the engine.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum Point {
            $($(#[$doc])* $name,)*
        }

        impl Point {
            /// Every point, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What can happen here.
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$name => Kind::$kind,)*
                }
            }

            /// Its name, as it is written in the code.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

points! {
    /// The client makes the runtime folder.
    MakeRuntimeFolder: Call,
    /// The client empties the runtime folder of a dead system whose id a new one takes.
    EmptyRuntimeFolder: Call,
    /// The client writes a file of a system's folder.
    WriteFile: Call,
    /// The client gives a written file its name.
    NameFile: Call,
    /// The client takes a range of user ids.
    TakeIdRange: Call,
    /// The client gives a range of user ids back.
    GiveBackIdRange: Call,
    /// The client makes a folder for a system's writes or its record.
    MakeStateFolder: Call,
    /// The client is about to start a supervisor.
    StartSupervisor: Step,
    /// The supervisor has the specification.
    SpecificationSent: Step,
    /// The client has the supervisor's word that the system is created.
    SystemMade: Step,
    /// The client sends a request.
    SendRequest: Step,
    /// The client has sent a request.
    RequestSent: Step,
    /// The client has an answer.
    AnswerReceived: Step,
    /// The client clears away after a dead system.
    ClearAway: Step,
    /// A change of the networks is committed to their database.
    CommitNetworks: Call,
    /// Somebody is about to forget what others left half done, and to bring the kernel's networks to the record.
    SettleNetworks: Step,
    /// A change of the networks is recorded, and the kernel knows nothing of it.
    NetworkIntended: Step,
    /// The kernel has a change of the networks, and the record does not say so.
    NetworkApplied: Step,
    /// A new network namespace gets its name.
    MountNetns: Call,
    /// The client removes a kept record.
    RemoveRecord: Step,
    /// The client has done a step of a call on a layer.
    LayerStep: Step,
    /// Client or supervisor remove a tree of files.
    RemoveTree: Call,
    /// Client or supervisor remove a cgroup from a hierarchy.
    RemoveCgroup: Call,
    /// The supervisor has read its specification.
    SpecificationRead: Step,
    /// Client or supervisor make a folder of the engine's in a cgroup hierarchy.
    MakeEngineCgroup: Call,
    /// The supervisor is a process of its own.
    SupervisorBorn: Step,
    /// Supervisor or process 1 move into a cgroup.
    EnterCgroup: Call,
    /// The supervisor makes its socket.
    MakeSocket: Call,
    /// The supervisor gives its socket the name under which it is found.
    NameSocket: Call,
    /// The supervisor makes the container's folder in a cgroup hierarchy.
    MakeCgroup: Call,
    /// The supervisor writes a limit.
    WriteCgroup: Call,
    /// The supervisor is about to make process 1.
    MakeInit: Step,
    /// Process 1 waits for its mounts.
    InitMade: Step,
    /// The supervisor writes the maps of user ids.
    MapIds: Call,
    /// The supervisor makes a mount.
    MakeMount: Call,
    /// The supervisor makes a folder of an overlay.
    MakeOverlayFolder: Call,
    /// Process 1 has its mounts.
    MountsSent: Step,
    /// The supervisor has process 1's word that the container is made.
    ContainerMade: Step,
    /// The supervisor makes the file that says how its system stands.
    MakeBoard: Call,
    /// The supervisor gives that file the name under which it is found.
    NameBoard: Call,
    /// The supervisor has told its client so.
    ClientWelcomed: Step,
    /// The supervisor has a request.
    RequestReceived: Step,
    /// Process 1 has been asked to start a program.
    InitAsked: Step,
    /// Process 1 has answered.
    InitAnswered: Step,
    /// The supervisor is about to tell its client of a new process.
    ProcessMade: Step,
    /// The supervisor has recorded a process's exit.
    ProcessEnded: Step,
    /// The supervisor opens a file of the log.
    OpenLog: Call,
    /// The supervisor sees that process 1 has ended.
    InitEnded: Step,
    /// The supervisor makes the folder that tells watchers of the end.
    MakeFarewell: Call,
    /// The farewell is made and not removed.
    FarewellMade: Step,
    /// The supervisor writes a kept system's final state.
    WriteFinalState: Call,
    /// The supervisor gives the written final state its name.
    NameFinalState: Call,
    /// The supervisor removes what is left of the container.
    CleanUp: Step,
    /// The supervisor removes the runtime folder, which is the end of it.
    RemoveRuntimeFolder: Step,
    /// The supervisor makes a FIFO for a Windows process or the agent.
    MakeFifo: Call,
    /// The agent has been started.
    AgentStarted: Step,
    /// The agent is ready.
    AgentReady: Step,
    /// The agent has a request.
    AgentAsked: Step,
    /// The agent has answered.
    AgentAnswered: Step,
    /// Process 1 has begun.
    InitBegun: Step,
    /// Process 1 attaches a mount.
    AttachMount: Call,
    /// Process 1 is about to enter the container's root.
    EnterRoot: Step,
    /// Process 1 is about to give up its rights.
    GiveUpRights: Step,
    /// Process 1 is about to say that the container is made.
    Booted: Step,
    /// Process 1 is about to start a program.
    StartProgram: Step,
    /// A program runs, and process 1 has not said so.
    ProgramStarted: Step,
    /// Process 1 has reaped a program, and has not said so.
    ProgramReaped: Step,
    /// Process 1 has been asked to end.
    ShutdownAsked: Step,
}
