//! Measuring in alternation: A B C A B C …, so that whatever else the machine does meets all alike.

use std::time::Duration;

use super::timer::Timed;
use crate::error::Error;
use crate::process::pause;

/// One of those that are compared: does the thing once and says how long that took. What must be prepared before or
/// cleaned up after is done within the call and outside the time that it returns.
pub(crate) struct Contender<'a> {
    pub(crate) name: String,
    pub(crate) once: Box<dyn FnMut() -> Result<Duration, Error> + 'a>,
}

impl Contender<'_> {
    /// A program, with nothing to prepare or to clean up.
    pub(crate) fn timed(name: &str, timed: Timed) -> Self {
        Self { name: name.to_owned(), once: Box::new(move || timed.once()) }
    }
}

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Rounds that are not counted.
    pub(crate) warm_ups: u32,
    /// Counted rounds.
    pub(crate) rounds: u32,
    /// Between two measurements: starts in a tight loop share costs that a single start pays in full (a grace period
    /// of the kernel's, most of all).
    pub(crate) pause: Duration,
}

/// The times of one contender, in the order of the rounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) times: Vec<Duration>,
}

impl Series {
    pub(crate) fn median_ms(&self) -> f64 {
        median(self.milliseconds())
    }

    /// In the order of the rounds.
    pub(crate) fn milliseconds(&self) -> Vec<f64> {
        self.times.iter().map(|time| ms(*time)).collect()
    }

    /// The median of our time divided by the peer's of the same round.
    pub(crate) fn ratio_to(&self, peer: &Self) -> f64 {
        let pairs = self.times.iter().zip(&peer.times);
        median(pairs.map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()).collect())
    }

    /// See [`spread`]; in milliseconds.
    pub(crate) fn spread(&self) -> String {
        spread(&self.milliseconds())
    }
}

/// Lowest, median and highest, and how many there are.
pub(crate) fn spread(values: &[f64]) -> String {
    let extreme = |choose: fn(f64, f64) -> f64, start| values.iter().copied().fold(start, choose);
    let (low, high) = (extreme(f64::min, f64::INFINITY), extreme(f64::max, 0.0));
    format!("{low:.2}/{:.2}/{high:.2} {}", median(values.to_vec()), values.len())
}

/// Measures all contenders in turn; the result has their order. A contender that fails ends the measurement.
pub(crate) fn alternate(contenders: &mut [Contender<'_>], plan: Plan) -> Result<Vec<Series>, Error> {
    let mut all: Vec<_> =
        contenders.iter().map(|c| Series { name: c.name.clone(), times: Vec::new() }).collect();
    for round in 0..plan.warm_ups + plan.rounds {
        for (contender, series) in contenders.iter_mut().zip(&mut all) {
            pause(plan.pause)?;
            let time = (contender.once)()?;
            if round >= plan.warm_ups {
                series.times.push(time);
            }
        }
    }
    Ok(all)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The middle, or the mean of the two in the middle; not a number when there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn contenders_take_turns_and_warm_ups_do_not_count() {
        let order = RefCell::new(String::new());
        let contender = |name: &'static str, ms| Contender {
            name: name.to_owned(),
            once: Box::new({
                let order = &order;
                move || {
                    order.borrow_mut().push_str(name);
                    Ok(Duration::from_millis(ms))
                }
            }),
        };
        let plan = Plan { warm_ups: 1, rounds: 2, pause: Duration::ZERO };
        let mut contenders = [contender("a", 1), contender("b", 4)];
        let series = alternate(&mut contenders, plan).unwrap();
        drop(contenders);
        assert_eq!(order.into_inner(), "ababab");
        assert_eq!(series[0].times.len(), 2);
        assert!((series[0].ratio_to(&series[1]) - 0.25).abs() < 1e-9);
    }

    #[test]
    fn the_ratio_is_that_of_pairs_not_of_medians() {
        let series = |ms: [u64; 3]| Series {
            name: String::new(),
            times: ms.into_iter().map(Duration::from_millis).collect(),
        };
        // The machine was slow in the last round, for both.
        let (ours, peer) = (series([1, 2, 30]), series([2, 4, 20]));
        assert!((ours.ratio_to(&peer) - 0.5).abs() < 1e-9);
        assert_eq!(ours.spread(), "1.00/2.00/30.00 3");
        assert!(median(Vec::new()).is_nan());
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }
}
