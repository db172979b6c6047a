//! What is in a table of ours, and whether its fixed part is as it was made.

use super::layout::Table;
use super::set::{Elements, Key, SetSpec, Value};
use super::{
    GETCHAIN, GETGEN, GETRULE, GETSET, GETSETELEM, GETTABLE, HEAD, NEWCHAIN, NEWGEN, NEWRULE, NEWSET,
    NEWSETELEM, Nft,
};
use crate::error::{Error, Label};
use crate::netlink::attr::{Writer, attribute, attributes, be_u32, nested, text};
use crate::netlink::{DUMP, REQUEST};

/// The kernel does not say that a listing of elements was torn by a change, so the number of changes is compared.
const TRIES: u32 = 8;

/// What is there of a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No table of that name.
    Nothing,
    /// A table whose sets, chains or rules are not the wanted ones: by another version, or changed by somebody.
    Other(String),
    /// The wanted table, with these elements, in the order of its sets.
    Elements(Vec<Elements>),
}

impl Nft {
    /// Reads the table that `layout` describes.
    ///
    /// # Errors
    /// [`Error::Unsettled`], [`Error::Socket`], [`Error::Refused`].
    pub(crate) fn read(&mut self, layout: &Table) -> Result<Found, Error> {
        for _ in 0..TRIES {
            let before = self.generation()?;
            let found = self.read_once(layout);
            if self.generation()? == before {
                return found;
            }
        }
        Err(Error::Unsettled { object: "nftables", tries: TRIES })
    }

    /// There is a table of this name.
    pub(crate) fn has_table(&mut self, name: &str) -> Result<bool, Error> {
        let label = Label::new("look up", format_args!("nftables table {name}"));
        let request = |w: &mut Writer, n| w.message(GETTABLE, REQUEST, n, &HEAD, |w| w.put_str(1, name));
        Ok(self.channel.get(&label, request, |_| Ok(()))?.is_some())
    }

    fn generation(&mut self) -> Result<u32, Error> {
        let label = Label::new("read", "the number of changes of nftables");
        let request = |w: &mut Writer, n| w.message(GETGEN, REQUEST, n, &HEAD, |_| ());
        let found = self.channel.get(&label, request, |message| {
            let id = body(message.payload).and_then(|b| attribute(b, 1)).and_then(be_u32);
            id.filter(|_| message.kind == NEWGEN).ok_or_else(|| label.unexpected("no number"))
        })?;
        found.ok_or_else(|| label.unexpected("no answer"))
    }

    fn read_once(&mut self, layout: &Table) -> Result<Found, Error> {
        if !self.has_table(&layout.name)? {
            return Ok(Found::Nothing);
        }
        if let Some(difference) = self.difference(layout)? {
            return Ok(Found::Other(difference));
        }
        let elements =
            layout.sets.iter().map(|set| self.elements(&layout.name, set)).collect::<Result<_, _>>()?;
        Ok(Found::Elements(elements))
    }

    /// How the fixed part differs from `layout`.
    fn difference(&mut self, layout: &Table) -> Result<Option<String>, Error> {
        let table = layout.name.as_str();
        let sets = self.bodies("nftables sets", GETSET, NEWSET, table)?;
        let chains = self.bodies("nftables chains", GETCHAIN, NEWCHAIN, table)?;
        let rules = self.bodies("nftables rules", GETRULE, NEWRULE, table)?;
        if sets.len() != layout.sets.len() || chains.len() != layout.chains.len() {
            let (sets, chains) = (sets.len(), chains.len());
            return Ok(Some(format!("it has {sets} sets and {chains} chains")));
        }
        for set in &layout.sets {
            let there = named(&sets, 2, &set.name);
            if !there.is_some_and(|there| same(&written(|w| set.write(w)), there)) {
                return Ok(Some(format!("its set {} is another", set.name)));
            }
        }
        for chain in &layout.chains {
            let there = named(&chains, 3, &chain.name);
            if !there.is_some_and(|there| same(&written(|w| chain.write(w)), there)) {
                return Ok(Some(format!("its chain {} is another", chain.name)));
            }
            let there: Vec<_> =
                rules.iter().filter(|r| attribute(r, 2).and_then(text) == Some(&chain.name)).collect();
            let equal = there.len() == chain.rules.len()
                && chain
                    .rules
                    .iter()
                    .zip(there)
                    .all(|(rule, there)| same(&written(|w| rule.write(w)), there));
            if !equal {
                return Ok(Some(format!("the rules of its chain {} are others", chain.name)));
            }
        }
        Ok(None)
    }

    /// The attributes of all objects of one kind in `table`.
    fn bodies(&mut self, what: &'static str, get: u16, new: u16, table: &str) -> Result<Vec<Vec<u8>>, Error> {
        let request = |w: &mut Writer, n| {
            w.message(get, REQUEST | DUMP, n, &HEAD, |w| w.put_str(1, table));
        };
        self.channel.dump(what, request, |message| {
            let body = body(message.payload).filter(|_| message.kind == new);
            // Kernels before 6.3 list the chains of all tables, whatever the request says.
            let ours = body.filter(|body| attribute(body, 1).and_then(text) == Some(table));
            Ok(ours.map(<[u8]>::to_vec))
        })
    }

    fn elements(&mut self, table: &str, set: &SetSpec) -> Result<Elements, Error> {
        const LIST: u16 = 3;
        let request = |w: &mut Writer, n| {
            w.message(GETSETELEM, REQUEST | DUMP, n, &HEAD, |w| {
                w.put_str(1, table);
                w.put_str(2, &set.name);
            });
        };
        let label = Label::new("read", format_args!("set {} of nftables table {table}", set.name));
        let pieces = self.channel.dump("nftables elements", request, |message| {
            let Some(list) = body(message.payload).and_then(|b| attribute(b, LIST)) else { return Ok(None) };
            if message.kind != NEWSETELEM {
                return Ok(None);
            }
            let all: Option<Vec<_>> = attributes(list).map(|(_, element)| one(element)).collect();
            all.map(Some).ok_or_else(|| label.unexpected("an element of a form that we did not make"))
        })?;
        let all: Vec<One> = pieces.into_iter().flatten().collect();
        if set.ranges && set.key.len() == 1 {
            return pairs(all).ok_or_else(|| label.unexpected("ranges without beginning or end"));
        }
        Ok(all.into_iter().map(|one| (Key { from: one.key, to: one.end }, one.value)).collect())
    }
}

/// An element as it stands in the kernel's list.
struct One {
    key: Vec<u8>,
    end: Option<Vec<u8>>,
    value: Value,
    is_end: bool,
}

fn one(element: &[u8]) -> Option<One> {
    let value = match attribute(element, 2) {
        None => Value::None,
        Some(data) => Value::Bytes(attribute(data, 1)?.to_vec()),
    };
    Some(One {
        key: attribute(attribute(element, 1)?, 1)?.to_vec(),
        end: attribute(element, 10).and_then(|end| attribute(end, 1)).map(<[u8]>::to_vec),
        value,
        is_end: attribute(element, 3).and_then(be_u32).is_some_and(|flags| flags & 1 != 0),
    })
}

/// Ranges of a single field are listed as their beginnings and ends, in any order.
fn pairs(mut all: Vec<One>) -> Option<Elements> {
    // Where one range ends and the next begins, the end is first.
    all.sort_by(|a, b| (&a.key, !a.is_end).cmp(&(&b.key, !b.is_end)));
    let mut elements = Elements::new();
    let mut open: Option<One> = None;
    for one in all {
        match (open.take(), one.is_end) {
            (None, false) => open = Some(one),
            (Some(begun), true) => {
                elements.insert(Key { from: begun.key, to: Some(one.key) }, begun.value);
            }
            _ => return None,
        }
    }
    // A range without end goes to the last address there is.
    if let Some(begun) = open {
        elements.insert(Key { from: begun.key, to: None }, begun.value);
    }
    Some(elements)
}

fn body(payload: &[u8]) -> Option<&[u8]> {
    payload.get(HEAD.len()..)
}

fn named<'a>(bodies: &'a [Vec<u8>], kind: u16, name: &str) -> Option<&'a [u8]> {
    bodies.iter().find(|body| attribute(body, kind).and_then(text) == Some(name)).map(Vec::as_slice)
}

fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    write(&mut writer);
    writer.bytes().to_vec()
}

/// `there` says all that `ours` says: each attribute as often and with the same value. It may say more: the kernel
/// lists defaults and numbers of its own.
fn same(ours: &[u8], there: &[u8]) -> bool {
    let mut seen: Vec<u16> = Vec::new();
    for (kind, value, is_nested) in nested(ours) {
        let before = seen.iter().filter(|&&k| k == kind).count();
        seen.push(kind);
        let Some((_, other)) = attributes(there).filter(|(k, _)| *k == kind).nth(before) else {
            return false;
        };
        let equal = if is_nested { same(value, other) } else { value == other };
        if !equal {
            return false;
        }
    }
    seen.iter().all(|kind| {
        let count = |bytes| attributes(bytes).filter(|(k, _)| k == kind).count();
        count(ours) == count(there)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_may_say_more_but_nothing_else() {
        let make = |write: &dyn Fn(&mut Writer)| written(write);
        let ours = make(&|w| {
            w.nest(4, |w| [1, 2].iter().for_each(|n| w.nest(1, |w| w.put_u32(1, *n))));
            w.put_str(2, "x");
        });
        let more = make(&|w| {
            w.put_u32(9, 9);
            w.put_str(2, "x");
            w.nest(4, |w| {
                w.nest(1, |w| w.put_u32(1, 1));
                w.nest(1, |w| {
                    w.put_u32(1, 2);
                    w.put_u32(7, 7);
                });
            });
        });
        assert!(same(&ours, &ours) && same(&ours, &more) && !same(&more, &ours));
        let third = make(&|w| {
            w.nest(4, |w| [1, 2, 3].iter().for_each(|n| w.nest(1, |w| w.put_u32(1, *n))));
            w.put_str(2, "x");
        });
        assert!(!same(&ours, &third) && !same(&third, &ours));
        let other = make(&|w| {
            w.nest(4, |w| [2, 1].iter().for_each(|n| w.nest(1, |w| w.put_u32(1, *n))));
            w.put_str(2, "x");
        });
        assert!(!same(&ours, &other));
    }

    #[test]
    fn beginnings_and_ends_are_paired_in_any_order() {
        let one = |key: u8, is_end| One { key: vec![key], end: None, value: Value::None, is_end };
        let key = |from: u8, to: Option<u8>| Key { from: vec![from], to: to.map(|t| vec![t]) };
        let found =
            pairs(vec![one(9, false), one(5, false), one(5, true), one(3, false), one(8, true)]).unwrap();
        assert_eq!(found.into_keys().collect::<Vec<_>>(), [key(3, Some(5)), key(5, Some(8)), key(9, None)]);
        assert!(pairs(vec![one(5, true)]).is_none());
        assert!(pairs(vec![one(5, false), one(6, false)]).is_none());
    }
}
