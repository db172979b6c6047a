//! The fixed part of a table: its sets, chains and rules. What changes from day to day are the sets' elements.

use super::expr::Expr;
use super::set::SetSpec;
use crate::netlink::attr::Writer;

/// A chain; one with a hook is where packets enter the table.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) name: String,
    pub(crate) hook: Option<Hook>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Hook {
    /// `nat` or `filter`.
    pub(crate) kind: &'static str,
    pub(crate) at: At,
    pub(crate) priority: i32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    Prerouting = 0,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// What it is for; `nft list` shows it.
    pub(crate) comment: String,
    pub(crate) expressions: Vec<Expr>,
}

/// A table of the inet family.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) comment: String,
    pub(crate) sets: Vec<SetSpec>,
    pub(crate) chains: Vec<Chain>,
}

/// A comment as nft keeps it in user data: type 0, length, text with its NUL.
pub(crate) fn comment(text: &str) -> Vec<u8> {
    let text = &text.as_bytes()[..text.len().min(127)];
    let mut bytes = vec![0, u8::try_from(text.len() + 1).expect("at most 128")];
    bytes.extend_from_slice(text);
    bytes.push(0);
    bytes
}

impl Chain {
    /// What `NEWCHAIN` says beside the table; also what a listing is compared with.
    pub(crate) fn write(&self, w: &mut Writer) {
        const ACCEPT: u32 = 1;
        w.put_str(3, &self.name);
        if let Some(hook) = &self.hook {
            w.nest(4, |w| {
                w.put_u32(1, hook.at as u32);
                w.put(2, &hook.priority.to_be_bytes());
            });
            w.put_u32(5, ACCEPT);
            w.put_str(7, hook.kind);
        }
    }
}

impl Rule {
    /// What `NEWRULE` says beside table and chain; also what a listing is compared with.
    pub(crate) fn write(&self, w: &mut Writer) {
        w.nest(4, |w| self.expressions.iter().for_each(|e| e.write(w)));
        w.put(7, &comment(&self.comment));
    }
}
