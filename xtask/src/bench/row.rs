//! A result: ours, its peer, their ratio, and whether the goal holds.

use serde::Serialize;

use super::alternate::{Series, median, spread};
use crate::error::Error;
use crate::print;

/// One line of a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// The group's name; [`super::run`] sets it.
    pub(crate) group: &'static str,
    /// What was measured, with its unit.
    pub(crate) name: String,
    /// Ours, in the name's unit; of times the median.
    pub(crate) ours: f64,
    /// The peer's.
    pub(crate) peer: f64,
    pub(crate) peer_name: String,
    /// Ours divided by the peer's; of times the median of the pairs of each round.
    pub(crate) ratio: f64,
    /// The ratio that we want, at most.
    pub(crate) goal: f64,
    pub(crate) holds: bool,
    /// More for people: lowest and highest.
    #[serde(skip)]
    pub(crate) detail: String,
}

impl Row {
    /// Times measured in alternation, in milliseconds.
    pub(crate) fn times(name: &str, ours: &Series, peer: &Series, goal: f64) -> Self {
        let detail = format!("{} | {}", ours.spread(), peer.spread());
        let numbers = (ours.median_ms(), peer.median_ms(), ours.ratio_to(peer));
        Self::new(&format!("{name}, ms"), numbers, &peer.name, goal, detail)
    }

    /// Sizes in KiB, measured in alternation.
    pub(crate) fn sizes(name: &str, ours: &[f64], peer: &[f64], peer_name: &str, goal: f64) -> Self {
        let ratios = ours.iter().zip(peer).map(|(ours, peer)| ours / peer);
        let numbers = (median(ours.to_vec()), median(peer.to_vec()), median(ratios.collect()));
        let detail = format!("{} | {}", spread(ours), spread(peer));
        Self::new(&format!("{name}, KiB"), numbers, peer_name, goal, detail)
    }

    /// Figures beside the most that we allow ourselves; the name has their unit.
    pub(crate) fn budget(name: &str, ours: &[f64], budget: f64) -> Self {
        let numbers = (median(ours.to_vec()), budget, median(ours.to_vec()) / budget);
        Self::new(name, numbers, "budget", 1.0, spread(ours))
    }

    /// Figures beside others of ours; the name has their unit.
    pub(crate) fn growth(name: &str, ours: &[f64], before: &[f64], peer_name: &str, goal: f64) -> Self {
        let (now, then) = (median(ours.to_vec()), median(before.to_vec()));
        let detail = format!("{} | {}", spread(ours), spread(before));
        Self::new(name, (now, then, now / then), peer_name, goal, detail)
    }

    /// Two quantiles of one distribution, in milliseconds: how far they lie apart.
    pub(crate) fn quantiles(name: &str, high: f64, low: f64, goal: f64) -> Self {
        let numbers = (high, low, high / low);
        Self::new(&format!("{name}, ms"), numbers, "itself", goal, String::new())
    }

    fn new(name: &str, numbers: (f64, f64, f64), peer_name: &str, goal: f64, detail: String) -> Self {
        let (ours, peer, ratio) = numbers;
        let (name, peer_name) = (name.to_owned(), peer_name.to_owned());
        Self { group: "", name, ours, peer, peer_name, ratio, goal, holds: ratio <= goal, detail }
    }
}

/// For people.
pub(super) fn table(rows: &[Row]) -> String {
    let titles = ["what", "ours", "peer", "", "ratio", "goal", "holds", "min/median/max n"];
    let mut cells = vec![titles.map(str::to_owned).to_vec()];
    cells.extend(rows.iter().map(|row| {
        vec![
            row.name.clone(),
            format!("{:.2}", row.ours),
            format!("{:.2}", row.peer),
            row.peer_name.clone(),
            format!("{:.3}", row.ratio),
            format!("{:.2}", row.goal),
            if row.holds { "yes" } else { "NO" }.to_owned(),
            row.detail.clone(),
        ]
    }));
    print::table(&cells)
}

/// For programs: exactly the fields that [`super::Format::Json`] names.
pub(super) fn json(rows: &[Row]) -> Result<String, Error> {
    serde_json::to_string_pretty(rows).map_err(|source| Error::Json { what: "the result".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn series(name: &str, ms: [u64; 3]) -> Series {
        Series { name: name.to_owned(), times: ms.map(Duration::from_millis).to_vec() }
    }

    #[test]
    fn json_has_the_promised_fields_and_no_others() {
        let mut row = Row::times("start", &series("ours", [2, 9, 3]), &series("crun", [20, 30, 30]), 0.2);
        row.group = "compute";
        let value: serde_json::Value = serde_json::from_str(&json(&[row]).unwrap()).unwrap();
        let expected = serde_json::json!([{
            "group": "compute", "name": "start, ms", "ours": 3.0, "peer": 30.0, "peer_name": "crun",
            "ratio": 0.1, "goal": 0.2, "holds": true,
        }]);
        assert_eq!(value, expected);
    }

    #[test]
    fn sizes_are_compared_in_pairs() {
        let row = Row::sizes("idle", &[10.0, 20.0, 30.0], &[100.0, 100.0, 200.0], "wine64", 0.15);
        assert_eq!((&*row.name, row.ours, row.peer, row.holds), ("idle, KiB", 20.0, 100.0, true));
        assert!((row.ratio - 0.15).abs() < 1e-9, "{row:?}");
        assert_eq!(row.detail, "10.00/20.00/30.00 3 | 100.00/100.00/200.00 3");
    }

    #[test]
    fn a_budget_is_kept_by_the_median_and_growth_is_a_ratio_of_medians() {
        let row = Row::budget("list, ms", &[10.0, 90.0, 20.0], 50.0);
        assert_eq!((row.ours, row.peer, &*row.peer_name, row.holds), (20.0, 50.0, "budget", true));
        let row = Row::growth("exec, ms", &[3.0, 4.0], &[1.0, 1.0], "with 1", 1.3);
        assert_eq!((row.ours, row.ratio, row.holds), (3.5, 3.5, false));
    }

    #[test]
    fn a_missed_goal_is_shown() {
        let row = Row::times("start", &series("ours", [10, 10, 10]), &series("crun", [20, 20, 20]), 0.4);
        assert!(!row.holds);
        assert!(table(&[row]).contains(" NO "));
    }
}
