//! Two clients that race: what they are told, and what the system is afterwards, must be what one order of their calls
//! gives.
//!
//! The model below is the state machine that clients count on. Ending is the one thing in it that takes time: a system
//! that was asked to end may still be as it was ([`State::Asked`]), and of one that is killed its old state is seen until
//! it is dead ([`State::Dying`]).

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use hcs_contract::{ComputeService as _, ComputeSystem, Hresult, ProcessStreams, Result};
use hcs_host_linux::LinuxHost;
use proptest::prelude::*;

use super::support::{Engine, PATIENCE, done, shell, state};

/// What a system is to its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Created,
    Running,
    Paused,
    Stopped,
    /// Its programs are asked to end.
    Asked(Before),
    /// Its programs are being killed, or have all ended.
    Dying(Before),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    Created,
    Running,
    Paused,
}

impl State {
    const LIVING: [Self; 3] = [Self::Created, Self::Running, Self::Paused];

    /// What it was before its end began; `None`: it has ended.
    fn before(self) -> Option<Before> {
        match self {
            Self::Created => Some(Before::Created),
            Self::Running => Some(Before::Running),
            Self::Paused => Some(Before::Paused),
            Self::Asked(before) | Self::Dying(before) => Some(before),
            Self::Stopped => None,
        }
    }

    fn asked(self) -> Self {
        self.before().map_or(Self::Stopped, Self::Asked)
    }

    fn dying(self) -> Self {
        self.before().map_or(Self::Stopped, Self::Dying)
    }

    /// As properties name it.
    fn name(self) -> &'static str {
        match self.before() {
            Some(Before::Created) => "Created",
            Some(Before::Running) => "Running",
            Some(Before::Paused) => "Paused",
            None => "Stopped",
        }
    }
}

impl Before {
    fn state(self) -> State {
        match self {
            Self::Created => State::Created,
            Self::Running => State::Running,
            Self::Paused => State::Paused,
        }
    }
}

/// A call of a client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Start,
    Pause,
    Resume,
    Shutdown,
    Terminate,
    CreateProcess,
    Modify,
    /// The system's state.
    Look,
    /// Another handle, which is closed at once.
    Open,
    /// A system of the same id.
    Create,
    /// The record of the id.
    Remove,
}

impl Call {
    const ALL: [Self; 11] = [
        Self::Start,
        Self::Pause,
        Self::Resume,
        Self::Shutdown,
        Self::Terminate,
        Self::CreateProcess,
        Self::Modify,
        Self::Look,
        Self::Open,
        Self::Create,
        Self::Remove,
    ];
}

/// What a client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Done,
    State(String),
    Failed(u32),
}

const INVALID: Told = Told::Failed(Hresult::HCS_E_INVALID_STATE.0);
const STOPPED: Told = Told::Failed(Hresult::HCS_E_SYSTEM_ALREADY_STOPPED.0);
const EXISTS: Told = Told::Failed(Hresult::HCS_E_SYSTEM_ALREADY_EXISTS.0);

/// All that one call may give in a state, with the state after it.
fn outcomes(state: State, call: Call) -> Vec<(Told, State)> {
    use State::{Asked, Created, Dying, Paused, Running, Stopped};
    let same = |told: Told| vec![(told, state)];
    match (call, state) {
        (call, Asked(before)) => {
            let as_before = outcomes(before.state(), call).into_iter().map(|(told, end)| (told, end.asked()));
            as_before.chain(outcomes(Dying(before), call)).collect()
        }
        (Call::Look, Dying(_)) => [same(Told::State(state.name().into())), outcomes(Stopped, call)].concat(),
        (Call::Look, _) => same(Told::State(state.name().into())),
        (Call::Open, _) => same(Told::Done),
        (Call::Create, _) => same(EXISTS),
        // Somebody has it open.
        (Call::Remove, _) => same(INVALID),
        (Call::Terminate, Dying(_)) => vec![(Told::Done, state), (Told::Done, Stopped), (STOPPED, Stopped)],
        (_, Stopped | Dying(_)) => same(STOPPED),
        (Call::Start, Created) | (Call::Resume, Paused) => vec![(Told::Done, Running)],
        (Call::Pause, Running) => vec![(Told::Done, Paused)],
        (Call::Shutdown, Running) => vec![(Told::Done, state.asked())],
        (Call::Shutdown, Created) | (Call::Terminate, _) => vec![(Told::Done, state.dying())],
        (Call::CreateProcess, Running) | (Call::Modify, _) => same(Told::Done),
        (Call::Start | Call::Pause | Call::Resume | Call::Shutdown | Call::CreateProcess, _) => same(INVALID),
    }
}

/// What the system can be after two calls at once that were told this; empty: no order of them explains it.
fn after(before: &BTreeSet<State>, calls: [(Call, &Told); 2]) -> BTreeSet<State> {
    let mut possible = BTreeSet::new();
    for [(first, told_first), (second, told_second)] in [calls, [calls[1], calls[0]]] {
        for state in before {
            let between = outcomes(*state, first).into_iter().filter(|(told, _)| told == told_first);
            let ends = between.flat_map(|(_, between)| outcomes(between, second));
            possible.extend(ends.filter(|(told, _)| told == told_second).map(|(_, end)| end));
        }
    }
    possible
}

/// A client with a handle on the system.
struct Client {
    host: LinuxHost,
    system: Arc<dyn ComputeSystem>,
}

impl Client {
    fn call(&self, engine: &Engine, id: &str, call: Call) -> Told {
        let told = |result: Result<()>| match result {
            Ok(()) => Told::Done,
            Err(error) => Told::Failed(error.hresult().0),
        };
        let wait = |operation: hcs_contract::Operation| told(operation.wait(PATIENCE).map(drop));
        let memory = r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":64}"#;
        match call {
            Call::Start => wait(self.system.start("")),
            Call::Pause => wait(self.system.pause("")),
            Call::Resume => wait(self.system.resume("")),
            Call::Shutdown => wait(self.system.shutdown("")),
            Call::Terminate => wait(self.system.terminate("")),
            Call::CreateProcess => {
                let created = self.system.create_process(&shell("sleep 100"), ProcessStreams::default());
                told(created.wait(PATIENCE).map(drop))
            }
            Call::Modify => wait(self.system.modify(memory)),
            Call::Look => Told::State(state(&self.system)),
            Call::Open => told(self.host.open_system(id).map(drop)),
            Call::Create => told(self.host.create_system(id, &engine.document("")).map(drop)),
            Call::Remove => told(self.host.remove(id)),
        }
    }
}

/// Both calls at once.
fn race(engine: &Engine, id: &str, clients: &[Client; 2], calls: [Call; 2]) -> [Told; 2] {
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let [a, b] = [0, 1].map(|number| {
            let (barrier, client, call) = (&barrier, &clients[number], calls[number]);
            scope.spawn(move || {
                barrier.wait();
                client.call(engine, id, call)
            })
        });
        [a.join().unwrap(), b.join().unwrap()]
    })
}

/// Two clients of a new system in this state.
fn two_clients(engine: &Engine, id: &str, state: State) -> [Client; 2] {
    let system = engine.create(id, "");
    if state != State::Created {
        done(&system.start(""));
    }
    match state {
        State::Paused => drop(done(&system.pause(""))),
        State::Stopped => drop(done(&system.terminate(""))),
        _ => {}
    }
    let host = engine.other();
    let other = host.open_system(id).unwrap();
    [Client { host: engine.other(), system }, Client { host, system: other }]
}

/// Ends the system and sees that its id is free.
fn end(engine: &Engine, id: &str, clients: [Client; 2]) {
    if let Err(error) = clients[0].system.terminate("").wait(PATIENCE) {
        assert!(error.is_already_stopped(), "{error:?}");
    }
    drop(clients);
    assert!(engine.host.open_system(id).unwrap_err().is_not_exist());
}

#[test]
fn every_pair_of_calls_in_every_state_is_told_what_one_order_gives() {
    let engine = Engine::new();
    for start in State::LIVING.into_iter().chain([State::Stopped]) {
        for (number, a) in Call::ALL.into_iter().enumerate() {
            for b in &Call::ALL[number..] {
                let clients = two_clients(&engine, "raced", start);
                let told = race(&engine, "raced", &clients, [a, *b]);
                let possible = after(&BTreeSet::from([start]), [(a, &told[0]), (*b, &told[1])]);
                assert!(!possible.is_empty(), "{start:?}: {a:?} and {b:?} were told {told:?}");
                let now = state(&clients[0].system);
                let fits = |possible: &State| {
                    let seen = outcomes(*possible, Call::Look);
                    seen.iter().any(|(told, _)| *told == Told::State(now.clone()))
                };
                assert!(possible.iter().any(fits), "{start:?}: {a:?} and {b:?} were told {told:?}: {now}");
                end(&engine, "raced", clients);
            }
        }
    }
}

fn any_call() -> impl Strategy<Value = Call> {
    proptest::sample::select(&Call::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever two clients do one after the other and at once.
    #[test]
    fn two_clients_see_one_system(rounds in proptest::collection::vec((any_call(), any_call()), 1..8)) {
        let engine = Engine::new();
        let clients = two_clients(&engine, "shared", State::Created);
        let mut possible = BTreeSet::from([State::Created]);
        let mut story = Vec::new();
        for (a, b) in rounds {
            let told = race(&engine, "shared", &clients, [a, b]);
            possible = after(&possible, [(a, &told[0]), (b, &told[1])]);
            story.push((a, b, told));
            prop_assert!(!possible.is_empty(), "no order explains the last of {story:?}");
        }
        end(&engine, "shared", clients);
    }
}
