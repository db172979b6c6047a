//! The fixed part of the host's table. Its rules are the same for one endpoint and for ten thousand.

use crate::names::Instance;
use crate::nft::expr::{
    Base, Ct, DESTINATION_TRANSLATED, ESTABLISHED, Expr, Family, Meta, R, RELATED, Verdict,
};
use crate::nft::layout::{At, Chain, Hook, Rule, Table};
use crate::nft::set::{Data, Field, SetSpec};

use Field::{Ipv4, Ipv6, LinkName, Port, Protocol};

/// The sets, in the table's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostSet {
    /// Bridges that the host routes for.
    Bridges,
    /// Those of them without a way out.
    Internal,
    /// Each bridge with itself.
    Same,
    /// Prefixes of NAT networks.
    Nat4,
    Nat6,
    /// Bridge and prefix of each network with the host as gateway.
    Hairpin4,
    Hairpin6,
    /// Endpoint and where to its packets go with its own address.
    Direct4,
    Direct6,
    /// Endpoint → the address that its packets leave with.
    Leave4,
    Leave6,
    /// Published at one address.
    At4,
    At6,
    /// Published at all addresses of the host.
    Any4,
    Any6,
    /// Links that the host did not forward between before we had it forward at all.
    Fence4,
    Fence6,
}

impl HostSet {
    pub(crate) const ALL: [Self; 17] = [
        Self::Bridges,
        Self::Internal,
        Self::Same,
        Self::Nat4,
        Self::Nat6,
        Self::Hairpin4,
        Self::Hairpin6,
        Self::Direct4,
        Self::Direct6,
        Self::Leave4,
        Self::Leave6,
        Self::At4,
        Self::At6,
        Self::Any4,
        Self::Any6,
        Self::Fence4,
        Self::Fence6,
    ];

    /// What the kernel calls it, what its keys are, what they lead to, and whether keys are ranges.
    fn parts(self) -> (&'static str, &'static [Field], &'static [Field], bool) {
        match self {
            Self::Bridges => ("bridges", &[LinkName], &[], false),
            Self::Internal => ("internal", &[LinkName], &[], false),
            Self::Same => ("same", &[LinkName, LinkName], &[], false),
            Self::Nat4 => ("nat4", &[Ipv4], &[], true),
            Self::Nat6 => ("nat6", &[Ipv6], &[], true),
            Self::Hairpin4 => ("hairpin4", &[LinkName, Ipv4], &[], true),
            Self::Hairpin6 => ("hairpin6", &[LinkName, Ipv6], &[], true),
            Self::Direct4 => ("direct4", &[Ipv4, Ipv4], &[], true),
            Self::Direct6 => ("direct6", &[Ipv6, Ipv6], &[], true),
            Self::Leave4 => ("leave4", &[Ipv4], &[Ipv4], false),
            Self::Leave6 => ("leave6", &[Ipv6], &[Ipv6], false),
            Self::At4 => ("at4", &[Ipv4, Protocol, Port], &[Ipv4, Port], false),
            Self::At6 => ("at6", &[Ipv6, Protocol, Port], &[Ipv6, Port], false),
            Self::Any4 => ("any4", &[Protocol, Port], &[Ipv4, Port], false),
            Self::Any6 => ("any6", &[Protocol, Port], &[Ipv6, Port], false),
            Self::Fence4 => ("fence4", &[LinkName], &[], false),
            Self::Fence6 => ("fence6", &[LinkName], &[], false),
        }
    }

    pub(crate) fn spec(self) -> SetSpec {
        let (name, key, data, ranges) = self.parts();
        let data = if data.is_empty() { Data::None } else { Data::Fields(data) };
        SetSpec { name: name.to_owned(), key, data, ranges }
    }

    fn name(self) -> String {
        self.parts().0.to_owned()
    }

    /// The one of a pair that is for this family.
    fn of(family: Family, v4: Self, v6: Self) -> Self {
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }
}

fn rule(comment: &str, expressions: Vec<Expr>) -> Rule {
    Rule { comment: comment.to_owned(), expressions }
}

fn rules(parts: impl IntoIterator<Item = Vec<Expr>>) -> Vec<Expr> {
    parts.into_iter().flatten().collect()
}

fn jump(chain: &str) -> Expr {
    Expr::Verdict(Verdict::Jump(chain.to_owned()))
}

fn base(name: &str, kind: &'static str, at: At, priority: i32, rules: Vec<Rule>) -> Chain {
    Chain { name: name.to_owned(), hook: Some(Hook { kind, at, priority }), rules }
}

/// The host's table of `instance`.
pub(crate) fn table(instance: &Instance) -> Table {
    const FIRST: i32 = -300;
    const DESTINATION: i32 = -100;
    const FILTER: i32 = 0;
    const SOURCE: i32 = 100;
    let published = rule("published ports", vec![jump("published")]);
    Table {
        name: instance.table(),
        comment: "networks of containers; see hcs network".to_owned(),
        sets: HostSet::ALL.map(HostSet::spec).to_vec(),
        chains: vec![
            base("first", "filter", At::Prerouting, FIRST, first()),
            base("prerouting", "nat", At::Prerouting, DESTINATION, vec![published.clone()]),
            base("output", "nat", At::Output, DESTINATION, vec![published]),
            base("forward", "filter", At::Forward, FILTER, forward()),
            base("postrouting", "nat", At::Postrouting, SOURCE, postrouting()),
            Chain { name: "published".to_owned(), hook: None, rules: destination() },
        ],
    }
}

/// The first byte of 127.0.0.0/8.
const LOOPBACK: u8 = 127;

/// A bridge takes packets from and to 127.0.0.0/8 (`route_localnet`, without which nothing that is published would be
/// reached at 127.0.0.1), so that a container must be kept from the services that listen there.
fn first() -> Vec<Rule> {
    [(12, "no container is at 127.0.0.0/8"), (16, "no container reaches 127.0.0.0/8")]
        .into_iter()
        .map(|(offset, comment)| {
            let mut all =
                vec![Expr::Meta(Meta::InName, R(0)), Expr::Lookup(HostSet::Bridges.name(), R(0), None)];
            all.extend(Expr::family(Family::V4));
            all.push(Expr::Payload(Base::Network, offset, 1, R(0)));
            all.extend([Expr::Equal(R(0), vec![LOOPBACK]), Expr::Verdict(Verdict::Drop)]);
            rule(comment, all)
        })
        .collect()
}

/// Where to a packet for a published port goes.
fn destination() -> Vec<Rule> {
    let mut all = Vec::new();
    for (family, comment) in [(Family::V4, "at one IPv4 address"), (Family::V6, "at one IPv6 address")] {
        let n = family.registers();
        let map = HostSet::of(family, HostSet::At4, HostSet::At6).name();
        let mut steps = Expr::family(family).to_vec();
        steps.extend([
            Expr::destination(family, R(0)),
            Expr::Meta(Meta::Protocol, R(n)),
            Expr::Payload(Base::Transport, 2, 2, R(n + 1)),
            Expr::Lookup(map, R(0), Some(R(0))),
            Expr::DestinationNat(family, R(0), R(n)),
        ]);
        all.push(rule(comment, steps));
    }
    for (family, comment) in [(Family::V4, "at all IPv4 addresses"), (Family::V6, "at all IPv6 addresses")] {
        let map = HostSet::of(family, HostSet::Any4, HostSet::Any6).name();
        let mut steps = Expr::family(family).to_vec();
        steps.extend(Expr::to_this_machine());
        steps.extend([
            Expr::Meta(Meta::Protocol, R(0)),
            Expr::Payload(Base::Transport, 2, 2, R(1)),
            Expr::Lookup(map, R(0), Some(R(0))),
            Expr::DestinationNat(family, R(0), R(family.registers())),
        ]);
        all.push(rule(comment, steps));
    }
    all
}

fn forward() -> Vec<Rule> {
    let from = |set: HostSet| vec![Expr::Meta(Meta::InName, R(0)), Expr::Lookup(set.name(), R(0), None)];
    let to = |set: HostSet| vec![Expr::Meta(Meta::OutName, R(0)), Expr::Lookup(set.name(), R(0), None)];
    let accept = || vec![Expr::Verdict(Verdict::Accept)];
    let drop = || vec![Expr::Verdict(Verdict::Drop)];
    let mut all = vec![
        rule(
            "what belongs to a connection",
            rules([Expr::any_of(Ct::State, ESTABLISHED | RELATED).to_vec(), accept()]),
        ),
        rule(
            "within one network",
            rules([
                vec![
                    Expr::Meta(Meta::InName, R(0)),
                    Expr::Meta(Meta::OutName, R(4)),
                    Expr::Lookup(HostSet::Same.name(), R(0), None),
                ],
                accept(),
            ]),
        ),
        rule("no way out", rules([from(HostSet::Internal), drop()])),
        rule("published ports", rules([Expr::any_of(Ct::Status, DESTINATION_TRANSLATED).to_vec(), accept()])),
        rule("no other way in", rules([to(HostSet::Bridges), drop()])),
    ];
    for (family, set) in [(Family::V4, HostSet::Fence4), (Family::V6, HostSet::Fence6)] {
        let steps = rules([Expr::family(family).to_vec(), from(set), to(set), drop()]);
        all.push(rule("the host forwards for containers alone", steps));
    }
    all
}

fn postrouting() -> Vec<Rule> {
    [Family::V4, Family::V6].into_iter().flat_map(source).collect()
}

/// Which address a packet leaves with.
fn source(family: Family) -> Vec<Rule> {
    let (of, from) = (HostSet::of, Expr::source(family, R(0)));
    let out = || Expr::Meta(Meta::OutName, R(0));
    let known = |set: HostSet| Expr::Lookup(set.name(), R(0), None);
    let accept = Expr::Verdict(Verdict::Accept);
    let mut all = vec![rule(
        "the answer must come back through the host",
        rules([
            vec![
                Expr::Meta(Meta::OutName, R(0)),
                Expr::source(family, R(4)),
                known(of(family, HostSet::Hairpin4, HostSet::Hairpin6)),
            ],
            Expr::any_of(Ct::Status, DESTINATION_TRANSLATED).to_vec(),
            vec![Expr::Masquerade],
        ]),
    )];
    if family == Family::V4 {
        all.push(rule(
            "from the host's 127.0.0.1",
            vec![
                out(),
                known(HostSet::Bridges),
                Expr::Payload(Base::Network, 12, 1, R(0)),
                Expr::Equal(R(0), vec![LOOPBACK]),
                Expr::Masquerade,
            ],
        ));
    }
    all.extend([
        rule("to a container", vec![out(), known(HostSet::Bridges), accept.clone()]),
        rule(
            "with its own address",
            vec![
                from.clone(),
                Expr::destination(family, R(family.registers())),
                known(of(family, HostSet::Direct4, HostSet::Direct6)),
                accept,
            ],
        ),
        rule(
            "with a given address",
            vec![
                from.clone(),
                Expr::Lookup(of(family, HostSet::Leave4, HostSet::Leave6).name(), R(0), Some(R(0))),
                Expr::SourceNat(family, R(0)),
            ],
        ),
        rule(
            "with the host's address",
            vec![from, known(of(family, HostSet::Nat4, HostSet::Nat6)), Expr::Masquerade],
        ),
    ]);
    for rule in &mut all {
        rule.expressions.splice(0..0, Expr::family(family));
    }
    all
}
