//! The table of one endpoint's rules.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Acl, AclRule, Action, Direction};
use crate::host::contents::{behind, bytes};
use crate::names::{Instance, LinkName};
use crate::nft::expr::{Base, Ct, ESTABLISHED, Expr, Family, Meta, R, RELATED, Verdict};
use crate::nft::layout::{At, Chain, Hook, Rule, Table};
use crate::nft::set::{Data, Elements, Field, Key, SetSpec, Value};
use crate::ranges::Ranges;

const ICMPV6: u8 = 58;
/// From router solicitation to neighbour advertisement; not redirects, which would change routes.
const NEIGHBOURS: (u8, u8) = (133, 136);
/// TCP, UDP and SCTP: source and destination port are their first four bytes.
pub(super) const WITH_PORTS: [u8; 3] = [6, 17, 132];

/// What is collected while rules are written.
#[derive(Default)]
struct Parts {
    sets: Vec<SetSpec>,
    elements: Vec<Elements>,
}

/// The table that enforces `acl` on link `name`, and the elements of its sets.
pub(crate) fn table(instance: &Instance, name: &LinkName, acl: &Acl) -> (Table, Vec<Elements>) {
    // After connections are looked up, before destinations are translated; and after that, before sources are.
    const IN: i32 = -150;
    const OUT: i32 = 0;
    let mut parts = Parts::default();
    let mut chain = |direction, at, priority| {
        let (what, otherwise, link) = match direction {
            Direction::In => ("in", acl.otherwise_in, Meta::InName),
            Direction::Out => ("out", acl.otherwise_out, Meta::OutName),
        };
        let mut rules = always(link, name);
        let mut sorted: Vec<(usize, &AclRule)> =
            acl.rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction).collect();
        sorted.sort_by_key(|(_, rule)| rule.priority);
        for (n, rule) in sorted {
            parts.rule(n, rule, &mut rules);
        }
        if otherwise == Action::Block {
            rules.push(Rule {
                comment: "all else".to_owned(),
                expressions: vec![Expr::Verdict(Verdict::Drop)],
            });
        }
        Chain { name: what.to_owned(), hook: Some(Hook { kind: "filter", at, priority }), rules }
    };
    let chains = vec![chain(Direction::In, At::Prerouting, IN), chain(Direction::Out, At::Postrouting, OUT)];
    let table = Table {
        name: format!("{}-{name}", instance.table()),
        comment: "what may come to this endpoint and leave it".to_owned(),
        sets: parts.sets,
        chains,
    };
    (table, parts.elements)
}

/// What comes before any rule.
fn always(link: Meta, name: &LinkName) -> Vec<Rule> {
    let accept = || Expr::Verdict(Verdict::Accept);
    let rule = |comment: &str, mut expressions: Vec<Expr>, last: Expr| {
        expressions.push(last);
        Rule { comment: comment.to_owned(), expressions }
    };
    let mut answers = Expr::any_of(Ct::State, ESTABLISHED).to_vec();
    answers.extend(Expr::answers());
    let mut neighbours = Expr::family(Family::V6).to_vec();
    neighbours.extend([
        Expr::Meta(Meta::Protocol, R(0)),
        Expr::Equal(R(0), vec![ICMPV6]),
        Expr::Payload(Base::Transport, 0, 1, R(0)),
        Expr::AtLeast(R(0), vec![NEIGHBOURS.0]),
        Expr::AtMost(R(0), vec![NEIGHBOURS.1]),
    ]);
    vec![
        rule(
            "other links",
            vec![Expr::Meta(link, R(0)), Expr::NotEqual(R(0), name.key().to_vec())],
            accept(),
        ),
        rule("answers", answers, accept()),
        rule("errors about connections", Expr::any_of(Ct::State, RELATED).to_vec(), accept()),
        rule("neighbours", neighbours, accept()),
    ]
}

impl Parts {
    /// Writes a rule: one, or one for each IP version where addresses are given.
    fn rule(&mut self, n: usize, rule: &AclRule, rules: &mut Vec<Rule>) {
        let comment = format!("priority {}", rule.priority);
        let verdict = match rule.action {
            Action::Allow => Verdict::Accept,
            Action::Block => Verdict::Drop,
        };
        let mut tail = self.protocol_and_ports(n, rule);
        tail.push(Expr::Verdict(verdict));
        if rule.local.is_empty() && rule.remote.is_empty() {
            rules.push(Rule { comment, expressions: tail });
            return;
        }
        for family in [Family::V4, Family::V6] {
            let has = |nets: &[IpNet]| {
                nets.is_empty() || nets.iter().any(|net| net.addr().is_ipv4() == (family == Family::V4))
            };
            if !has(&rule.local) || !has(&rule.remote) {
                continue;
            }
            let mut expressions = Expr::family(family).to_vec();
            for (nets, local) in [(&rule.local, true), (&rule.remote, false)] {
                if !nets.is_empty() {
                    let name = format!("r{n}-{}", if local { "local" } else { "remote" });
                    self.addresses(
                        &name,
                        family,
                        nets,
                        local == (rule.direction == Direction::In),
                        &mut expressions,
                    );
                }
            }
            expressions.extend(tail.clone());
            rules.push(Rule { comment: comment.clone(), expressions });
        }
    }

    fn addresses(
        &mut self,
        name: &str,
        family: Family,
        nets: &[IpNet],
        destination: bool,
        to: &mut Vec<Expr>,
    ) {
        to.push(if destination { Expr::destination(family, R(0)) } else { Expr::source(family, R(0)) });
        let ranges = Ranges::of(nets, family == Family::V4);
        let ranges: Vec<(IpAddr, IpAddr)> = ranges.iter().collect();
        let (field, version): (&'static [Field], _) = match family {
            Family::V4 => (&[Field::Ipv4], "4"),
            Family::V6 => (&[Field::Ipv6], "6"),
        };
        let ranges = ranges.into_iter().map(|(first, last)| (bytes(first), bytes(last))).collect();
        self.one_of(format!("{name}{version}"), field, ranges, to);
    }

    /// The protocol, and ports where they are given.
    fn protocol_and_ports(&mut self, n: usize, rule: &AclRule) -> Vec<Expr> {
        let mut expressions = Vec::new();
        let has_ports = !rule.local_ports.is_empty() || !rule.remote_ports.is_empty();
        let mut protocols = rule.protocols.clone();
        if protocols.is_empty() && has_ports {
            protocols = WITH_PORTS.to_vec();
        }
        protocols.sort_unstable();
        protocols.dedup();
        if !protocols.is_empty() {
            expressions.push(Expr::Meta(Meta::Protocol, R(0)));
            let ranges = protocols.iter().map(|p| (vec![*p], vec![*p])).collect();
            self.one_of(format!("r{n}-protocols"), &[Field::Protocol], ranges, &mut expressions);
        }
        for (ports, local) in [(&rule.local_ports, true), (&rule.remote_ports, false)] {
            if ports.is_empty() {
                continue;
            }
            let destination = local == (rule.direction == Direction::In);
            expressions.push(Expr::Payload(Base::Transport, if destination { 2 } else { 0 }, 2, R(0)));
            let name = format!("r{n}-{}-ports", if local { "local" } else { "remote" });
            let mut pairs: Vec<(u16, u16)> =
                ports.iter().map(|range| (*range.start(), *range.end())).collect();
            pairs.sort_unstable();
            let mut merged: Vec<(u16, u16)> = Vec::new();
            for (first, last) in pairs {
                match merged.last_mut() {
                    Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                    _ => merged.push((first, last)),
                }
            }
            let be = |port: u16| port.to_be_bytes().to_vec();
            let ranges = merged.into_iter().map(|(first, last)| (be(first), be(last))).collect();
            self.one_of(name, &[Field::Port], ranges, &mut expressions);
        }
        expressions
    }

    /// The value in the first register is in one of `ranges`, which are in order and apart.
    fn one_of(
        &mut self,
        name: String,
        field: &'static [Field],
        ranges: Vec<(Vec<u8>, Vec<u8>)>,
        to: &mut Vec<Expr>,
    ) {
        if let [(first, last)] = &*ranges
            && first == last
        {
            to.push(Expr::Equal(R(0), first.clone()));
            return;
        }
        to.push(Expr::Lookup(name.clone(), R(0), None));
        if self.sets.iter().any(|set| set.name == name) {
            return;
        }
        let exact = ranges.iter().all(|(first, last)| first == last);
        self.sets.push(SetSpec { name, key: field, data: Data::None, ranges: !exact });
        let key = |(first, last): (Vec<u8>, Vec<u8>)| {
            if exact { Key::exact(first) } else { Key { to: behind(&last), from: first } }
        };
        self.elements.push(ranges.into_iter().map(|range| (key(range), Value::None)).collect());
    }
}
