//! The clients of a system: each connection is one handle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::SendFlags;

use super::poll::{Poll, Source};
use crate::protocol::{Event, Failure, Happening, Message, Reply, Sight, Welcome};
use crate::wire::{self, WireError};

/// A client that reads nothing is cut off at this many unread messages, so that it can't fill our memory.
const PATIENCE: usize = 1024;

/// The same for an onlooker, who misses little by it: it may come again and see how things stand.
const PATIENCE_WITH_ONLOOKERS: usize = 64;

/// What a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It has not said yet.
    Stranger,
    /// A handle on the system.
    Handle,
    /// It sees what happens, and counts for nothing.
    Onlooker,
}

/// A packet that found no room in the socket.
#[derive(Debug)]
struct Packet {
    /// It says no more than another of its kind.
    repeatable: bool,
    bytes: Vec<u8>,
    file: Option<OwnedFd>,
    fds: Vec<OwnedFd>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) socket: OwnedFd,
    pub(super) role: Role,
    /// Processes that this handle has opened.
    pub(super) opened: BTreeSet<u32>,
    queue: VecDeque<Packet>,
    /// What is in the queue is the last that it gets.
    leaving: bool,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Clients {
    by_number: BTreeMap<u32, Client>,
    next: u32,
}

impl Clients {
    pub(super) fn add(&mut self, poll: &Poll, socket: OwnedFd, role: Role) -> Result<u32, Errno> {
        let number = self.next;
        self.next += 1;
        poll.add(Source::Client(number), &socket, EventFlags::IN)?;
        let client = Client { socket, role, opened: BTreeSet::new(), queue: VecDeque::new(), leaving: false };
        self.by_number.insert(number, client);
        Ok(number)
    }

    /// Greets a new client, for whose first message there is room.
    pub(super) fn welcome(&self, number: u32, welcome: Welcome) -> Result<(), WireError> {
        let Some(client) = self.by_number.get(&number) else { return Ok(()) };
        wire::send(&client.socket, &welcome, &[])
    }

    pub(super) fn get(&self, number: u32) -> Option<&Client> {
        self.by_number.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Client> {
        self.by_number.get_mut(&number)
    }

    pub(super) fn remove(&mut self, poll: &Poll, number: u32) -> Option<Client> {
        let client = self.by_number.remove(&number)?;
        poll.remove(&client.socket);
        Some(client)
    }

    /// How many handles there are.
    pub(super) fn handles(&self) -> u32 {
        self.by_number.values().map(|client| u32::from(client.role == Role::Handle)).sum()
    }

    /// Whether any handle has this process open.
    pub(super) fn have_open(&self, process: u32) -> bool {
        self.by_number.values().any(|client| client.opened.contains(&process))
    }

    /// Sends an answer, or keeps it until there is room.
    pub(super) fn answer(
        &mut self,
        poll: &Poll,
        number: u32,
        id: u32,
        result: Result<Reply, Failure>,
        fds: Vec<OwnedFd>,
    ) {
        self.send(poll, number, &Message::Answer { id, result }, fds);
    }

    /// Tells every handle.
    pub(super) fn tell_all(&mut self, poll: &Poll, event: Event) {
        self.tell(poll, Role::Handle, &Message::Event(event));
    }

    /// Tells every onlooker.
    pub(super) fn show(&mut self, poll: &Poll, at_100ns: u64, what: Happening) {
        self.tell(poll, Role::Onlooker, &Message::Sight(Sight { at_100ns, what }));
    }

    fn tell(&mut self, poll: &Poll, role: Role, message: &Message) {
        let those = self.by_number.iter().filter(|(_, client)| client.role == role);
        let numbers: Vec<u32> = those.map(|(number, _)| *number).collect();
        for number in numbers {
            self.send(poll, number, message, Vec::new());
        }
    }

    /// Tells those who have the process open.
    pub(super) fn tell_openers(&mut self, poll: &Poll, process: u32, event: Event) {
        let openers = self.by_number.iter().filter(|(_, client)| client.opened.contains(&process));
        let numbers: Vec<u32> = openers.map(|(number, _)| *number).collect();
        for number in numbers {
            self.send(poll, number, &Message::Event(event), Vec::new());
        }
    }

    fn send(&mut self, poll: &Poll, number: u32, message: &Message, fds: Vec<OwnedFd>) {
        // Before the greeting a client expects nothing but the welcome, which says how things stand.
        let Some(client) = self.by_number.get_mut(&number) else { return };
        if client.role == Role::Stranger || client.leaving {
            return;
        }
        // Programs decide how often memory runs out; a client that has one such event before it needs no other.
        let repeatable = matches!(
            message,
            Message::Event(Event::OutOfMemory) | Message::Sight(Sight { what: Happening::OutOfMemory, .. })
        );
        if repeatable && client.queue.iter().any(|packet| packet.repeatable) {
            return;
        }
        let Ok((bytes, file)) = wire::encode(message) else { return };
        client.queue.push_back(Packet { repeatable, bytes, file, fds });
        if client.role == Role::Onlooker && client.queue.len() > PATIENCE_WITH_ONLOOKERS {
            // It finds that out as soon as it reads again, and we keep one message for it instead of ever more.
            let missed = Sight { at_100ns: super::now_100ns(), what: Happening::Missed };
            let Ok((bytes, file)) = wire::encode(&Message::Sight(missed)) else { return };
            client.queue.clear();
            client.queue.push_back(Packet { repeatable, bytes, file, fds: Vec::new() });
            client.leaving = true;
            return;
        }
        if client.queue.len() > PATIENCE {
            // The next event on it is the end of file, which does the rest.
            let _ = rustix::net::shutdown(&client.socket, rustix::net::Shutdown::Both);
            client.queue.clear();
            return;
        }
        if client.queue.len() == 1 {
            Self::flush(poll, number, client);
        }
    }

    /// Sends what there is room for.
    pub(super) fn room(&mut self, poll: &Poll, number: u32) {
        if let Some(client) = self.by_number.get_mut(&number) {
            Self::flush(poll, number, client);
            if client.queue.is_empty() {
                let _ = poll.change(Source::Client(number), &client.socket, EventFlags::IN);
            }
        }
    }

    fn flush(poll: &Poll, number: u32, client: &mut Client) {
        while let Some(packet) = client.queue.front() {
            let fds: Vec<_> = packet.fds.iter().map(AsFd::as_fd).collect();
            let file = packet.file.as_ref().map(AsFd::as_fd);
            match wire::send_packet(&client.socket, &packet.bytes, file, &fds, SendFlags::DONTWAIT) {
                Ok(()) => {
                    client.queue.pop_front();
                }
                Err(error) if error.would_block() => {
                    let both = EventFlags::IN | EventFlags::OUT;
                    let _ = poll.change(Source::Client(number), &client.socket, both);
                    return;
                }
                // Gone; its end of file comes as an event of its own.
                Err(_) => {
                    client.queue.clear();
                    return;
                }
            }
        }
        if client.leaving {
            // The next event on it is the end of file, which does the rest.
            let _ = rustix::net::shutdown(&client.socket, rustix::net::Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, socketpair};

    use super::*;
    use crate::wire::Receiver;

    fn client(poll: &Poll, clients: &mut Clients) -> (u32, OwnedFd) {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        (clients.add(poll, theirs, Role::Handle).unwrap(), ours)
    }

    fn next(socket: &OwnedFd) -> Option<Message> {
        let message = Receiver::new(true).receive::<Message>(socket, RecvFlags::DONTWAIT);
        message.map_or(None, |message| message.map(|(message, _)| message))
    }

    #[test]
    fn running_out_of_memory_often_does_not_cut_off_a_client_that_does_not_look() {
        let poll = Poll::new().unwrap();
        let mut clients = Clients::default();
        let (number, socket) = client(&poll, &mut clients);
        for _ in 0..10 * PATIENCE {
            clients.tell_all(&poll, Event::OutOfMemory);
        }
        clients.answer(&poll, number, 7, Ok(Reply::Done), Vec::new());
        let mut events = 0;
        let answer = loop {
            clients.room(&poll, number);
            match next(&socket) {
                Some(Message::Event(Event::OutOfMemory)) => events += 1,
                other => break other,
            }
        };
        assert_eq!(answer, Some(Message::Answer { id: 7, result: Ok(Reply::Done) }), "after {events} events");
        assert!(events > 0);
    }

    #[test]
    fn a_client_that_reads_nothing_is_cut_off() {
        let poll = Poll::new().unwrap();
        let mut clients = Clients::default();
        let (number, socket) = client(&poll, &mut clients);
        for _ in 0..10 * PATIENCE {
            clients.answer(&poll, number, 7, Ok(Reply::Done), Vec::new());
        }
        assert!(clients.get(number).unwrap().queue.is_empty());
        let answers = std::iter::from_fn(|| next(&socket)).count();
        assert!((1..2 * PATIENCE).contains(&answers), "{answers}");
    }

    #[test]
    fn an_onlooker_that_reads_nothing_costs_one_message_and_is_told_and_cut_off_when_it_reads() {
        let poll = Poll::new().unwrap();
        let mut clients = Clients::default();
        let (number, socket) = client(&poll, &mut clients);
        clients.get_mut(number).unwrap().role = Role::Onlooker;
        for at in 0..10 * PATIENCE as u64 {
            clients.show(&poll, at, Happening::Paused);
        }
        assert_eq!(clients.get(number).unwrap().queue.len(), 1);
        let mut next_sight = || {
            clients.room(&poll, number);
            match next(&socket) {
                Some(Message::Sight(sight)) => Some(sight),
                other => panic!("{other:?}"),
            }
        };
        let mut at = 0;
        while next_sight().unwrap().what == Happening::Paused {
            at += 1;
        }
        assert!((1..10 * PATIENCE).contains(&at), "{at}");
        assert_eq!(next(&socket), None);
        assert_eq!(rustix::io::read(&socket, &mut [0; 1]), Ok(0), "the end");
    }

    #[test]
    fn handles_and_onlookers_each_hear_what_is_theirs() {
        let poll = Poll::new().unwrap();
        let mut clients = Clients::default();
        let (_, handle) = client(&poll, &mut clients);
        let (number, onlooker) = client(&poll, &mut clients);
        clients.get_mut(number).unwrap().role = Role::Onlooker;
        assert_eq!(clients.handles(), 1);
        clients.show(&poll, 7, Happening::Modified);
        clients.tell_all(&poll, Event::OutOfMemory);
        assert_eq!(next(&handle), Some(Message::Event(Event::OutOfMemory)));
        let sight = Sight { at_100ns: 7, what: Happening::Modified };
        assert_eq!((next(&onlooker), next(&onlooker)), (Some(Message::Sight(sight)), None));
    }
}
