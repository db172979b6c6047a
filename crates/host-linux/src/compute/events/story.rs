//! What a watcher has told of one life of a system, and so what there is still to tell.
//!
//! Word of it comes from three sides, and one may come instead of another: how it stands when it is first reached, what
//! its supervisor says, and the farewell. Whichever comes, each thing is told once and in order.

use hcs_contract::SystemEventKind;
use hcs_schema::compute::ExitType;
use hcs_silo::farewell::Farewell;
use hcs_silo::protocol::{ExitKind, Happening, Sight, State, Status};

use crate::compute::properties::exit_type;

/// What was told so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Story {
    /// What happened before this is not told: 100 ns since the Unix epoch.
    since: u64,
    created: bool,
    started: bool,
    paused: bool,
    out_of_memory: bool,
    exited: bool,
}

/// Something to tell, and when it happened in 100 ns since the Unix epoch.
pub(super) type Told = (u64, SystemEventKind);

impl Story {
    /// Nothing is told yet of what has happened since then.
    pub(super) fn new(since: u64) -> Self {
        Self { since, ..Self::default() }
    }

    /// Whether its end was told, or was before our time.
    pub(super) fn has_ended(&self) -> bool {
        self.exited
    }

    /// It was reached, and stands so.
    pub(super) fn stands(&mut self, status: Status, now: u64) -> Vec<Told> {
        let mut told = self.began(status.created_100ns, status.started_100ns);
        let paused = status.state == State::Paused;
        // One that was paused before anybody looked is not told of: when it was is not known.
        if paused != self.paused && status.started_100ns >= self.since {
            self.change(&mut told, now, paused);
        }
        self.paused = paused;
        if let Some(exit) = status.exit {
            let code = exit.first_process.map(|process| process.code);
            self.ended(&mut told, exit.at_100ns, exit_type(exit.kind), code, exit.oom_kills);
        }
        told
    }

    /// Its supervisor says so.
    pub(super) fn saw(&mut self, sight: Sight) -> Vec<Told> {
        let at = sight.at_100ns;
        let mut told = Vec::new();
        match sight.what {
            Happening::Started => {
                if !std::mem::replace(&mut self.started, true) {
                    told.push((at, SystemEventKind::Started));
                }
            }
            Happening::Paused => self.change(&mut told, at, true),
            Happening::Resumed => self.change(&mut told, at, false),
            Happening::Modified => told.push((at, SystemEventKind::Modified)),
            Happening::OutOfMemory => {
                self.out_of_memory = true;
                told.push((at, SystemEventKind::OutOfMemory));
            }
            Happening::Exited(exit) => {
                let code = exit.first_process.map(|process| process.code);
                self.ended(&mut told, exit.at_100ns, exit_type(exit.kind), code, exit.oom_kills);
            }
            Happening::Missed => told.push((at, SystemEventKind::Missed)),
        }
        told
    }

    /// It is over, and this is all of it.
    pub(super) fn farewell(&mut self, farewell: &Farewell) -> Vec<Told> {
        let Farewell { life: _, created_100ns, started_100ns, exited_100ns, kind, code, oom_kills } =
            farewell;
        if self.exited {
            return Vec::new();
        }
        let mut told = self.began(*created_100ns, *started_100ns);
        self.ended(&mut told, *exited_100ns, exit_type(*kind), *code, *oom_kills);
        told
    }

    /// Its supervisor is gone without a word: it was killed.
    pub(super) fn lost(&mut self, now: u64) -> Vec<Told> {
        let mut told = Vec::new();
        self.ended(&mut told, now, exit_type(ExitKind::Unexpected), None, 0);
        told
    }

    fn began(&mut self, created: u64, started: u64) -> Vec<Told> {
        let mut told = Vec::new();
        if !std::mem::replace(&mut self.created, true) && created >= self.since {
            told.push((created, SystemEventKind::Created));
        }
        if started != 0 && !std::mem::replace(&mut self.started, true) && started >= self.since {
            told.push((started, SystemEventKind::Started));
        }
        told
    }

    fn change(&mut self, told: &mut Vec<Told>, at: u64, paused: bool) {
        self.paused = paused;
        told.push((at, if paused { SystemEventKind::Paused } else { SystemEventKind::Resumed }));
    }

    fn ended(
        &mut self,
        told: &mut Vec<Told>,
        at: u64,
        exit_type: ExitType,
        exit_code: Option<u32>,
        kills: u64,
    ) {
        if std::mem::replace(&mut self.exited, true) || at < self.since {
            return;
        }
        if kills > 0 && !self.out_of_memory {
            told.push((at, SystemEventKind::OutOfMemory));
        }
        told.push((at, SystemEventKind::Exited { exit_type, exit_code }));
    }
}

#[cfg(test)]
mod tests {
    use hcs_silo::protocol::{Exit, ProcessExit};

    use super::*;

    const CREATED: u64 = 10;
    const STARTED: u64 = 20;
    const EXITED: u64 = 90;

    fn status(state: State, exit: Option<Exit>) -> Status {
        let started_100ns = if state == State::Created { 0 } else { STARTED };
        Status { state, init_pid: 1, created_100ns: CREATED, started_100ns, exit }
    }

    fn exit() -> Exit {
        let process = ProcessExit { code: 3, signal: 0, out_of_memory: true };
        Exit { kind: ExitKind::Graceful, oom_kills: 1, first_process: Some(process), at_100ns: EXITED }
    }

    fn farewell() -> Farewell {
        Farewell {
            life: "x".into(),
            created_100ns: CREATED,
            started_100ns: STARTED,
            exited_100ns: EXITED,
            kind: ExitKind::Graceful,
            code: Some(3),
            oom_kills: 1,
        }
    }

    fn sight(at_100ns: u64, what: Happening) -> Sight {
        Sight { at_100ns, what }
    }

    fn names(told: &[Told]) -> Vec<(u64, &'static str)> {
        told.iter().map(|(at, kind)| (*at, kind.name())).collect()
    }

    #[test]
    fn one_that_is_reached_early_is_told_step_by_step_and_nothing_twice() {
        let mut story = Story::new(0);
        assert_eq!(names(&story.stands(status(State::Created, None), 11)), [(10, "create")]);
        for (what, name) in [
            (Happening::Started, "start"),
            (Happening::Paused, "pause"),
            (Happening::Resumed, "resume"),
            (Happening::Modified, "modify"),
            (Happening::OutOfMemory, "oom"),
            (Happening::OutOfMemory, "oom"),
            (Happening::Missed, "missed"),
        ] {
            assert_eq!(names(&story.saw(sight(30, what))), [(30, name)]);
        }
        assert_eq!(names(&story.stands(status(State::Running, None), 40)), []);
        let exited = SystemEventKind::Exited { exit_type: ExitType::GRACEFUL_EXIT, exit_code: Some(3) };
        assert_eq!(story.saw(sight(EXITED, Happening::Exited(exit()))), [(EXITED, exited)]);
        assert_eq!(story.farewell(&farewell()), []);
        assert_eq!(story.lost(100), []);
    }

    #[test]
    fn one_that_is_reached_late_or_never_is_told_whole() {
        let whole = [(10, "create"), (20, "start"), (90, "oom"), (90, "exit")];
        assert_eq!(names(&Story::new(0).farewell(&farewell())), whole);
        let stopped = status(State::Stopped, Some(exit()));
        assert_eq!(names(&Story::new(0).stands(stopped, 95)), whole);
        let mut story = Story::new(0);
        assert_eq!(
            names(&story.stands(status(State::Paused, None), 50)),
            [(10, "create"), (20, "start"), (50, "pause")]
        );
        assert_eq!(names(&story.farewell(&farewell())), [(90, "oom"), (90, "exit")]);
    }

    #[test]
    fn what_was_before_is_not_told() {
        let mut story = Story::new(STARTED + 1);
        assert_eq!(story.stands(status(State::Paused, None), 50), []);
        assert_eq!(names(&story.saw(sight(60, Happening::Resumed))), [(60, "resume")]);
        let mut story = Story::new(EXITED + 1);
        assert_eq!(story.stands(status(State::Stopped, Some(exit())), 95), []);
        assert!(story.has_ended());
        // While it is made.
        let mut story = Story::new(CREATED);
        assert_eq!(names(&story.stands(status(State::Created, None), 11)), [(10, "create")]);
    }

    #[test]
    fn the_end_without_a_word_was_unexpected() {
        let mut story = Story::new(0);
        let exited = SystemEventKind::Exited { exit_type: ExitType::UNEXPECTED_EXIT, exit_code: None };
        assert_eq!(story.lost(100), [(100, exited)]);
    }
}
