//! What the judge weighs with: a network with one hidden layer.

use super::Outcome;
use super::model::{Points, softmax};

/// Units of the hidden layer.
pub(crate) const UNITS: usize = 64;

/// A number for each unit.
pub(crate) type Units = [f32; UNITS];

/// From the numbers of a mail to the probabilities of the outcomes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network {
    /// How each number excites each unit.
    pub(crate) units: Vec<Units>,
    /// How much each unit is excited by nothing at all.
    pub(crate) units_bias: Units,
    /// How each unit, as far as it is excited, speaks for each outcome.
    pub(crate) outcomes: [Points; UNITS],
    /// How each outcome is spoken for by nothing at all.
    pub(crate) outcomes_bias: Points,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            units: Vec::new(),
            units_bias: [0.0; UNITS],
            outcomes: [Points::default(); UNITS],
            outcomes_bias: Points::default(),
        }
    }
}

impl Network {
    /// The probabilities of the outcomes.
    pub(crate) fn weigh(&self, numbers: &[f32]) -> Points {
        softmax(self.points(&self.excited(numbers)))
    }

    /// How much each unit is excited: never less than not at all.
    pub(crate) fn excited(&self, numbers: &[f32]) -> Units {
        summed(self.units_bias, numbers, &self.units).map(|unit| unit.max(0.0))
    }

    /// How each outcome is spoken for.
    pub(crate) fn points(&self, excited: &Units) -> Points {
        let mut points = self.outcomes_bias;
        for (unit, weights) in excited.iter().zip(&self.outcomes) {
            for (point, weight) in points.iter_mut().zip(weights) {
                *point += unit * weight;
            }
        }
        points
    }

    /// Whether an outcome is the likeliest one for certain, if the last numbers are not known: from one step to the next
    /// none of them falls.
    ///
    /// Interval arithmetic: how much each unit can be excited at least and at most between two steps, and from that how
    /// little the outcome can be ahead of each other one. A "no" may be too careful.
    pub(crate) fn is_likeliest<const N: usize>(
        &self,
        outcome: Outcome,
        known: &[f32],
        steps: &[[f32; N]],
    ) -> bool {
        // More than sums in another order may differ by.
        const CLEARLY: f32 = 1e-3;
        let Some((of_known, of_last)) = self.units.split_at_checked(known.len()) else {
            return false;
        };
        if of_last.len() != N || steps.len() < 2 {
            return false;
        }
        let known = summed(self.units_bias, known, of_known);
        let of = |points: &Points, outcome: Outcome| {
            points.get(outcome as usize).copied().unwrap_or(0.0)
        };
        steps.array_windows().all(|[one, other]| {
            let (mut low, mut high) = (known, known);
            for ((one, other), weights) in one.iter().zip(other).zip(of_last) {
                for ((low, high), weight) in low.iter_mut().zip(&mut high).zip(weights) {
                    *low += weight * if *weight > 0.0 { one } else { other };
                    *high += weight * if *weight > 0.0 { other } else { one };
                }
            }
            let excited = low.iter().zip(&high).map(|(low, high)| (low.max(0.0), high.max(0.0)));
            let mut least_ahead = Points::default();
            for ((low, high), points) in excited.zip(&self.outcomes) {
                for (least, other) in least_ahead.iter_mut().zip(points) {
                    let ahead = of(points, outcome) - other;
                    *least += ahead * if ahead > 0.0 { low } else { high };
                }
            }
            Outcome::ALL.into_iter().filter(|&other| other != outcome).all(|other| {
                let bias = of(&self.outcomes_bias, outcome) - of(&self.outcomes_bias, other);
                of(&least_ahead, other) + bias > CLEARLY
            })
        })
    }
}

/// What so many numbers excite, with a bias.
fn summed(bias: Units, numbers: &[f32], weights: &[Units]) -> Units {
    let mut units = bias;
    for (number, weights) in numbers.iter().zip(weights) {
        for (unit, weight) in units.iter_mut().zip(weights) {
            *unit += number * weight;
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit for a refusal that one number excites, and a bias of 2 for "unrelated".
    fn network() -> Network {
        let mut network = Network { units: vec![[0.0; UNITS]], ..Network::default() };
        network.units[0][0] = 1.0;
        network.outcomes[0][Outcome::Declined as usize] = 1.0;
        network.outcomes_bias[Outcome::Unrelated as usize] = 2.0;
        network
    }

    #[test]
    fn a_unit_speaks_as_far_as_it_is_excited() {
        let declined = |number: f32| {
            let points = network().points(&network().excited(&[number]));
            points[Outcome::Declined as usize]
        };
        for (number, right) in [(3.0, 3.0), (0.5, 0.5), (-3.0, 0.0)] {
            assert!((declined(number) - right).abs() < 1e-6, "{number}");
        }
        let likely = network().weigh(&[3.0]);
        assert!(likely[Outcome::Declined as usize] > likely[Outcome::Unrelated as usize]);
        assert!((likely.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn an_outcome_is_likeliest_only_if_it_is_so_at_all_steps_and_in_between() {
        let unrelated = |steps: &[[f32; 1]]| network().is_likeliest(Outcome::Unrelated, &[], steps);
        assert!(unrelated(&[[-8.0], [0.0], [1.9]]));
        assert!(!unrelated(&[[-8.0], [2.1]]));
        assert!(!unrelated(&[[-8.0], [0.0], [2.1]]));
        let mut two = network();
        two.units.push([0.0; UNITS]);
        assert!(!two.is_likeliest(Outcome::Unrelated, &[2.1], &[[0.0], [1.0]]));
        assert!(two.is_likeliest(Outcome::Unrelated, &[1.9], &[[0.0], [1.0]]));
        assert!(!unrelated(&[[0.0]]), "nothing is between one step");
        let nothing = Network::default();
        assert!(!nothing.is_likeliest(Outcome::Unrelated, &[], &[[0.0], [1.0]]), "not learned");
    }

    #[test]
    fn what_is_certain_between_two_steps_holds_at_every_number_between_them() {
        let mut chance = 1_u32;
        let mut by_chance = || {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(chance >> 16).unwrap()) / 32_768.0 - 1.0
        };
        let mut certain = 0;
        for _ in 0..200 {
            let mut network = Network { units: vec![[0.0; UNITS]; 3], ..Network::default() };
            network.units.iter_mut().flatten().for_each(|weight| *weight = by_chance());
            network.outcomes.iter_mut().flatten().for_each(|weight| *weight = by_chance() / 8.0);
            network.outcomes_bias[0] = 2.0;
            let [known, low, high] = [by_chance(), by_chance(), 1.0];
            let steps = [[low - 1.0, low], [low, high]];
            if network.is_likeliest(Outcome::Declined, &[known], &steps) {
                certain += 1;
                for part in 0..=20_u8 {
                    let part = f32::from(part) / 20.0;
                    let last = [low - 1.0 + part, low + part * (high - low)];
                    let points = network.weigh(&[known, last[0], last[1]]);
                    assert!(points.iter().all(|&point| point <= points[0]), "{points:?}");
                }
            }
        }
        assert!((20..180).contains(&certain), "{certain}");
    }
}
