//! A change of nftables: all of it or nothing.

use super::layout::{Table, comment};
use super::set::{Elements, Key, SetSpec, Value, write_element};
use super::{DELSETELEM, DELTABLE, HEAD, NEWCHAIN, NEWRULE, NEWSET, NEWSETELEM, NEWTABLE, Nft};
use crate::error::{Error, Label, Refusal};
use crate::netlink::attr::{Writer, attribute};
use crate::netlink::{ACK, APPEND, CREATE, EXCL, REQUEST};

/// `NFNL_MSG_BATCH_BEGIN` and `_END`; their header's last 16 bits name the subsystem, in network order.
const BEGIN: u16 = 0x10;
const END: u16 = 0x11;
const BATCH_HEAD: [u8; 4] = [0, 0, 0, 10];
/// One message's list of elements stays below this, with room for the element that crosses it: the length of an
/// attribute has 16 bits.
const LIST: usize = 60_000;

/// A change in the making.
#[derive(Debug)]
pub(crate) struct Batch {
    writer: Writer,
    /// Of each message: its number, where it begins, what it is about, and for elements the type of their set.
    parts: Vec<Part>,
    table: String,
    next: u32,
    sets: u32,
}

#[derive(Debug)]
struct Part {
    start: usize,
    label: Label,
    set: Option<SetSpec>,
}

impl Batch {
    /// Of the table of this name.
    pub(crate) fn new(table: &str) -> Self {
        let mut this =
            Self { writer: Writer::default(), parts: Vec::new(), table: table.to_owned(), next: 1, sets: 0 };
        this.message(BEGIN, 0, &BATCH_HEAD, Label::new("begin", "a change of nftables"), None, |_| ());
        this
    }

    fn message(
        &mut self,
        kind: u16,
        flags: u16,
        head: &[u8],
        label: Label,
        set: Option<SetSpec>,
        body: impl FnOnce(&mut Writer),
    ) {
        self.parts.push(Part { start: self.writer.len(), label, set });
        self.writer.message(kind, REQUEST | flags, self.next, head, body);
        self.next += 1;
    }

    /// Deletes the table, if it is there, with all that is in it.
    pub(crate) fn clear(&mut self) {
        // Made first, because it is an error to delete what is not there.
        for (kind, flags, action) in [(NEWTABLE, CREATE, "make"), (DELTABLE, 0, "delete")] {
            let table = self.table.clone();
            let label = Label::new(action, format_args!("nftables table {table}"));
            self.message(kind, flags, &HEAD, label, None, |w| w.put_str(1, &table));
        }
    }

    /// Makes the table with its sets, chains and rules; it must not be there.
    pub(crate) fn build(&mut self, layout: &Table) {
        let table = self.table.clone();
        let label = |what: &str, name: &str| {
            Label::new("make", format_args!("{what} {name} of nftables table {table}"))
        };
        // Two who build at once would otherwise both add their rules.
        let head = Label::new("make", format_args!("nftables table {table}"));
        self.message(NEWTABLE, CREATE | EXCL, &HEAD, head, None, |w| {
            w.put_str(1, &table);
            w.put(6, &comment(&layout.comment));
        });
        for set in &layout.sets {
            self.sets += 1;
            let id = self.sets;
            self.message(NEWSET, CREATE, &HEAD, label("set", &set.name), None, |w| {
                w.put_str(1, &table);
                set.write(w);
                w.put_u32(10, id);
            });
        }
        // All chains before the rules that lead to them.
        for chain in &layout.chains {
            self.message(NEWCHAIN, CREATE, &HEAD, label("chain", &chain.name), None, |w| {
                w.put_str(1, &table);
                chain.write(w);
            });
        }
        for chain in &layout.chains {
            for rule in &chain.rules {
                self.message(NEWRULE, CREATE | APPEND, &HEAD, label("rule", &rule.comment), None, |w| {
                    w.put_str(1, &table);
                    w.put_str(2, &chain.name);
                    rule.write(w);
                });
            }
        }
    }

    /// Adds elements. One that is there with another value is an error (`EEXIST`), which names it.
    pub(crate) fn add<'a>(
        &mut self,
        set: &SetSpec,
        elements: impl IntoIterator<Item = (&'a Key, &'a Value)>,
    ) {
        self.elements(NEWSETELEM, CREATE, "add", set, elements);
    }

    /// Removes elements. One that is not there is an error (`ENOENT`), which names it.
    pub(crate) fn remove<'a>(
        &mut self,
        set: &SetSpec,
        elements: impl IntoIterator<Item = (&'a Key, &'a Value)>,
    ) {
        self.elements(DELSETELEM, 0, "remove", set, elements);
    }

    /// Makes a set that has `from` have `to`.
    pub(crate) fn change(&mut self, set: &SetSpec, from: &Elements, to: &Elements) {
        // An element with another value is removed and added: the kernel refuses to overwrite one.
        self.remove(set, from.iter().filter(|(key, value)| to.get(*key) != Some(*value)));
        self.add(set, to.iter().filter(|(key, value)| from.get(*key) != Some(*value)));
    }

    fn elements<'a>(
        &mut self,
        kind: u16,
        flags: u16,
        action: &'static str,
        set: &SetSpec,
        elements: impl IntoIterator<Item = (&'a Key, &'a Value)>,
    ) {
        const ELEMENTS: u16 = 3;
        let mut elements = elements.into_iter().peekable();
        let table = self.table.clone();
        while elements.peek().is_some() {
            let label =
                Label::new(action, format_args!("elements of {} in nftables table {table}", set.name));
            self.message(kind, flags, &HEAD, label, Some(set.clone()), |w| {
                w.put_str(1, &table);
                w.put_str(2, &set.name);
                w.nest(ELEMENTS, |w| {
                    let start = w.len();
                    while w.len() - start < LIST
                        && let Some((key, value)) = elements.next()
                    {
                        write_element(w, set, key, value);
                    }
                });
            });
        }
    }

    /// There is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.len() == 1
    }

    /// Which element of a refused message the kernel meant, in words.
    fn element(&self, part: &Part, refusal: &Refusal) -> Option<String> {
        let set = part.set.as_ref()?;
        let at = part.start + usize::try_from(refusal.offset?).ok()?;
        let bytes = self.writer.bytes().get(at..)?;
        let length = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
        let key = attribute(attribute(bytes.get(4..length)?, 1)?, 1)?;
        (key.len() == set.key_length()).then(|| set.show(key))
    }
}

impl Nft {
    /// Has the kernel do all of `batch`, or nothing. An empty one is not sent.
    ///
    /// # Errors
    /// [`Error::Refused`] with what was refused first.
    pub(crate) fn commit(&mut self, mut batch: Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let label = Label::new("change", format_args!("nftables table {}", batch.table));
        let last = batch.next;
        // Without its end the kernel takes a batch silently for none; the acknowledgement proves that it came.
        batch.message(END, ACK, &BATCH_HEAD, label.clone(), None, |_| ());
        let (refusals, done) = self.channel.batch(&batch.writer, &label, last)?;
        if let Some((sequence, refusal)) = refusals.into_iter().next() {
            let part = sequence.checked_sub(1).and_then(|n| batch.parts.get(usize::try_from(n).ok()?));
            let Some(part) = part else { return Err(label.refused(refusal)) };
            let error = match batch.element(part, &refusal) {
                Some(key) => Label {
                    action: part.label.action,
                    object: format!("element {key} ({})", part.label.object),
                }
                .refused(refusal),
                None => part.label.refused(refusal),
            };
            return Err(error);
        }
        if done { Ok(()) } else { Err(label.unexpected("the kernel did not acknowledge the change")) }
    }
}
