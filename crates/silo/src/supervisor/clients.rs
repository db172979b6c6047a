//! The clients of a system: each connection is one handle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::SendFlags;

use super::poll::{Poll, Source};
use crate::protocol::{Event, Failure, Message, Reply};
use crate::wire;

/// A client that reads nothing is cut off at this many unread messages, so that it can't fill our memory.
const PATIENCE: usize = 1024;

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
    /// The versions have been compared.
    pub(super) greeted: bool,
    /// Processes that this handle has opened.
    pub(super) opened: BTreeSet<u32>,
    queue: VecDeque<Packet>,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Clients {
    by_number: BTreeMap<u32, Client>,
    next: u32,
}

impl Clients {
    pub(super) fn add(&mut self, poll: &Poll, socket: OwnedFd, greeted: bool) -> Result<u32, Errno> {
        let number = self.next;
        self.next += 1;
        poll.add(Source::Client(number), &socket, EventFlags::IN)?;
        let client = Client { socket, greeted, opened: BTreeSet::new(), queue: VecDeque::new() };
        self.by_number.insert(number, client);
        Ok(number)
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

    /// How many handles there are: connections that have been greeted.
    pub(super) fn greeted(&self) -> u32 {
        self.by_number.values().map(|client| u32::from(client.greeted)).sum()
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

    /// Tells every client.
    pub(super) fn tell_all(&mut self, poll: &Poll, event: Event) {
        let numbers: Vec<u32> = self.by_number.keys().copied().collect();
        for number in numbers {
            self.send(poll, number, &Message::Event(event), Vec::new());
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
        let Some(client) = self.by_number.get_mut(&number).filter(|client| client.greeted) else { return };
        // Programs decide how often memory runs out; a client that has one such event before it needs no other.
        let repeatable = matches!(message, Message::Event(Event::OutOfMemory));
        if repeatable && client.queue.iter().any(|packet| packet.repeatable) {
            return;
        }
        let Ok((bytes, file)) = wire::encode(message) else { return };
        client.queue.push_back(Packet { repeatable, bytes, file, fds });
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
        (clients.add(poll, theirs, true).unwrap(), ours)
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
}
