//! How long calls may take: one table for every host.

use std::time::{Duration, Instant};

use crate::OperationKind;

/// The moment at which a wait gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// At this moment.
    At(Instant),
    /// Never. Only a wait for an exit honours this; other waits take the default limit of their operation.
    Never,
}

impl Deadline {
    /// This long from now; [`Deadline::Never`] when the clock can't count so far.
    pub fn after(limit: Duration) -> Self {
        Instant::now().checked_add(limit).map_or(Self::Never, Self::At)
    }

    /// At once: a wait only looks.
    pub fn now() -> Self {
        Self::At(Instant::now())
    }

    /// The moment, unless it is never.
    pub fn instant(self) -> Option<Instant> {
        match self {
            Self::At(moment) => Some(moment),
            Self::Never => None,
        }
    }

    /// What is left: zero when it has passed, `None` when it never does.
    pub fn remaining(self) -> Option<Duration> {
        self.instant().map(|moment| moment.saturating_duration_since(Instant::now()))
    }

    /// Whether the moment has come.
    pub fn has_passed(self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }
}

impl From<Duration> for Deadline {
    fn from(limit: Duration) -> Self {
        Self::after(limit)
    }
}

impl From<Option<Duration>> for Deadline {
    fn from(limit: Option<Duration>) -> Self {
        limit.map_or(Self::Never, Self::after)
    }
}

/// The limit of every call, each settable.
///
/// Upstream limits only create, start, pause, resume and save (240 s each, `hcs.md` 1.5) and lets every other call
/// wait for ever; the other defaults are ours.
///
/// ```
/// let mut deadlines = hcs_contract::Deadlines::default();
/// deadlines.create = std::time::Duration::from_secs(30);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadlines {
    /// Create a system: 240 s. `HCSSHIM_TIMEOUT_SYSTEMCREATE`.
    pub create: Duration,
    /// Start a system: 240 s. `HCSSHIM_TIMEOUT_SYSTEMSTART`.
    pub start: Duration,
    /// Pause a system: 240 s. `HCSSHIM_TIMEOUT_SYSTEMPAUSE`.
    pub pause: Duration,
    /// Resume a system: 240 s. `HCSSHIM_TIMEOUT_SYSTEMRESUME`.
    pub resume: Duration,
    /// Save a system: 240 s. `HCSSHIM_TIMEOUT_SYSTEMSAVE`.
    pub save: Duration,
    /// Ask a system to shut down: 30 s until the request is accepted, as the guest bridge has it. Its exit has a
    /// wait of its own.
    pub shutdown: Duration,
    /// Terminate a system: 30 s, as the guest bridge has it.
    pub terminate: Duration,
    /// Modify a system: 240 s, because an added device may need the guest.
    pub modify: Duration,
    /// Ask for properties of a system: 60 s.
    pub properties: Duration,
    /// List systems, ask the service for its properties: 60 s.
    pub enumerate: Duration,
    /// Start a process: 240 s, because the first one may wait for the guest to come up.
    pub create_process: Duration,
    /// Every other call on a process (signal, terminate, modify, properties, streams): 60 s.
    pub process: Duration,
    /// Open a system or process: 60 s.
    pub open: Duration,
    /// Each call of the network service, which blocks so long at most: 240 s, because another process's change may
    /// have to end first.
    pub network: Duration,
    /// After this a call that has not returned yet is reported in the log, once: 240 s.
    /// `HCSSHIM_TIMEOUT_SYSCALLWATCHER`. The call goes on.
    pub call_watch: Duration,
}

const UPSTREAM: Duration = Duration::from_mins(4);
const MINUTE: Duration = Duration::from_mins(1);
const GUEST_BRIDGE: Duration = Duration::from_secs(30);

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            create: UPSTREAM,
            start: UPSTREAM,
            pause: UPSTREAM,
            resume: UPSTREAM,
            save: UPSTREAM,
            shutdown: GUEST_BRIDGE,
            terminate: GUEST_BRIDGE,
            modify: UPSTREAM,
            properties: MINUTE,
            enumerate: MINUTE,
            create_process: UPSTREAM,
            process: MINUTE,
            open: MINUTE,
            network: UPSTREAM,
            call_watch: UPSTREAM,
        }
    }
}

impl Deadlines {
    /// The table with what the `HCSSHIM_TIMEOUT_*` variables say: decimal seconds above 0; anything else keeps the
    /// default, as upstream has it. `lookup` gives a variable's value: nothing here reads the real environment.
    ///
    /// These variables of upstream's have no counterpart:
    /// - `TAR2VHD`, `EXTERNALCOMMANDSTART`, `EXTERNALCOMMANDCOMPLETE`, `TESTDRETRYLOOP`, for its own helpers: that
    ///   work runs within the caller, who can stop it.
    /// - `GCSCONNECTION`, until a virtual machine's agent has called back: on Windows the service waits for it, on
    ///   Linux the supervisor, which has no timer. Either wait is a part of the start, so [`Deadlines::start`] is
    ///   its limit.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut this = Self::default();
        for (name, field) in [
            ("SYSTEMCREATE", &mut this.create),
            ("SYSTEMSTART", &mut this.start),
            ("SYSTEMPAUSE", &mut this.pause),
            ("SYSTEMRESUME", &mut this.resume),
            ("SYSTEMSAVE", &mut this.save),
            ("SYSCALLWATCHER", &mut this.call_watch),
        ] {
            let seconds =
                lookup(&format!("HCSSHIM_TIMEOUT_{name}")).and_then(|text| text.parse::<u64>().ok());
            if let Some(seconds @ 1..) = seconds {
                *field = Duration::from_secs(seconds);
            }
        }
        this
    }

    /// The limit of one kind of operation; `None` for waiting for an exit, which may be endless.
    pub fn limit(&self, kind: OperationKind) -> Option<Duration> {
        Some(match kind {
            OperationKind::Create => self.create,
            OperationKind::Start => self.start,
            OperationKind::Pause => self.pause,
            OperationKind::Resume => self.resume,
            OperationKind::Save => self.save,
            OperationKind::Shutdown => self.shutdown,
            OperationKind::Terminate | OperationKind::Crash => self.terminate,
            OperationKind::Modify => self.modify,
            OperationKind::GetProperties => self.properties,
            OperationKind::Enumerate | OperationKind::GetServiceProperties => self.enumerate,
            OperationKind::CreateProcess => self.create_process,
            OperationKind::OpenSystem | OperationKind::OpenProcess | OperationKind::Subscribe => self.open,
            OperationKind::OpenNetworkObject | OperationKind::Delete | OperationKind::HnsCall => self.network,
            OperationKind::SignalProcess
            | OperationKind::TerminateProcess
            | OperationKind::GetProcessInfo
            | OperationKind::GetProcessProperties
            | OperationKind::ModifyProcess => self.process,
            OperationKind::WaitSystemExit | OperationKind::WaitProcessExit => return None,
        })
    }

    /// The deadline of an operation that starts now.
    pub fn deadline(&self, kind: OperationKind) -> Deadline {
        self.limit(kind).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_replace_defaults_only_with_whole_seconds_above_zero() {
        let set = |value: &'static str| {
            move |name: &str| (name == "HCSSHIM_TIMEOUT_SYSTEMSTART").then(|| value.to_owned())
        };
        assert_eq!(Deadlines::from_lookup(set("17")).start, Duration::from_secs(17));
        for ignored in ["0", "-1", "", "1.5", "x", "99999999999999999999"] {
            assert_eq!(Deadlines::from_lookup(set(ignored)), Deadlines::default(), "{ignored:?}");
        }
        let all = Deadlines::from_lookup(|_| Some("7".into()));
        let seven = Duration::from_secs(7);
        assert_eq!([all.create, all.start, all.pause, all.resume, all.save], [seven; 5]);
        assert_eq!(all.call_watch, seven);
        assert_eq!(all.modify, Deadlines::default().modify);
    }

    #[test]
    fn only_waiting_for_an_exit_is_endless() {
        for kind in OperationKind::ALL {
            let endless = matches!(kind, OperationKind::WaitSystemExit | OperationKind::WaitProcessExit);
            assert_eq!(Deadlines::default().limit(*kind).is_none(), endless, "{kind}");
        }
        assert_eq!(Deadline::from(None), Deadline::Never);
        assert_eq!(Deadline::after(Duration::MAX), Deadline::Never);
        assert!(Deadline::now().has_passed() && !Deadline::Never.has_passed());
    }
}
