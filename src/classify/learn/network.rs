//! How the judge's network is learned: Adam over small steps, with weights held back.

use super::Chance;
use crate::classify::model::{Points, softmax};
use crate::classify::network::{Network, UNITS};

/// Rounds over all mails.
const ROUNDS: usize = 20;

/// Mails of a step.
const STEP: usize = 128;

/// How far a weight moves in a step, about, in the first round; less and less towards the last.
const PACE: f32 = 2e-3;

/// How strongly weights are held back, biases among them, shared out over the mails.
const HOLD: f32 = 25.0;

/// Learns from the numbers of mails and their outcomes. The numbers are brought to one scale for the learning.
pub(super) fn fit(rows: &[&(Vec<f32>, usize)]) -> Network {
    let scale = Scale::of(rows);
    let scaled: Vec<(Vec<f32>, usize)> =
        rows.iter().map(|(numbers, label)| (scale.apply(numbers), *label)).collect();
    let mut chance = Chance::default();
    let mut network = start(scale.mean.len(), &mut chance);
    let mut moments = vec![Moments::default(); parameters(&mut network).count()];
    let hold = HOLD / count(scaled.len());
    let mut order: Vec<usize> = (0..scaled.len()).collect();
    let mut steps = 0;
    for round in 0..ROUNDS {
        chance.shuffle(&mut order);
        let pace = PACE * (1.05 - count(round) / count(ROUNDS));
        for some in order.chunks(STEP) {
            let mut slope = slope(&network, some.iter().filter_map(|&at| scaled.get(at)));
            steps += 1;
            // Moments begin with nothing: to what share of their size they have grown.
            let grown = [FIRST, SECOND].map(|kept| 1.0 - kept.powi(steps));
            let weights = parameters(&mut network).zip(parameters(&mut slope));
            for ((weight, slope), moments) in weights.zip(&mut moments) {
                let slope = *slope / count(some.len()) + hold * *weight;
                *weight -= pace * moments.direction(slope, grown);
            }
        }
    }
    scale.undo(&mut network);
    network
}

#[expect(clippy::cast_precision_loss, reason = "some thousand mails")]
const fn count(number: usize) -> f32 {
    number as f32
}

/// A network of small weights by chance, so that no two units are the same.
fn start(width: usize, chance: &mut Chance) -> Network {
    let mut about = |inputs: usize, size: f32| chance.between(size / count(inputs.max(1)).sqrt());
    Network {
        units: (0..width).map(|_| [0.0; UNITS].map(|_| about(width, 1.7))).collect(),
        outcomes: [Points::default(); UNITS].map(|points| points.map(|_| about(UNITS, 0.87))),
        ..Network::default()
    }
}

/// All weights of a network, always in the same order.
fn parameters(network: &mut Network) -> impl Iterator<Item = &mut f32> {
    let Network { units, units_bias, outcomes, outcomes_bias } = network;
    let weights = units.iter_mut().flatten().chain(units_bias);
    weights.chain(outcomes.iter_mut().flatten()).chain(outcomes_bias)
}

/// How the log-loss of these mails rises with each weight, in sum.
fn slope<'a>(network: &Network, mails: impl Iterator<Item = &'a (Vec<f32>, usize)>) -> Network {
    let mut slope =
        Network { units: vec![[0.0; UNITS]; network.units.len()], ..Network::default() };
    for (numbers, label) in mails {
        let excited = network.excited(numbers);
        let mut error = softmax(network.points(&excited));
        if let Some(right) = error.get_mut(*label) {
            *right -= 1.0;
        }
        let mut by_unit = [0.0; UNITS];
        let units = excited.iter().zip(&network.outcomes).zip(&mut slope.outcomes);
        for (((&excited, weights), slopes), by_unit) in units.zip(&mut by_unit) {
            for ((slope, weight), error) in slopes.iter_mut().zip(weights).zip(error) {
                *slope += excited * error;
                // A unit that is not excited at all stays so if a weight moves a little.
                *by_unit += if excited > 0.0 { weight * error } else { 0.0 };
            }
        }
        for (slopes, number) in slope.units.iter_mut().zip(numbers) {
            for (slope, by_unit) in slopes.iter_mut().zip(by_unit) {
                *slope += number * by_unit;
            }
        }
        for (slope, by_unit) in slope.units_bias.iter_mut().zip(by_unit) {
            *slope += by_unit;
        }
        for (slope, error) in slope.outcomes_bias.iter_mut().zip(error) {
            *slope += error;
        }
    }
    slope
}

/// How much of the moments stays from step to step.
const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;

/// What is remembered of the slopes of a weight: each weight moves at its own pace.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    first: f32,
    second: f32,
}

impl Moments {
    /// Where to move by this slope, with moments that have `grown` to this share of their size.
    fn direction(&mut self, slope: f32, grown: [f32; 2]) -> f32 {
        self.first = FIRST * self.first + 0.1 * slope;
        self.second = SECOND * self.second + 0.001 * slope * slope;
        let [first, second] = grown;
        (self.first / first) / ((self.second / second).sqrt() + 1e-8)
    }
}

/// The mean of each number, and how far it spreads.
struct Scale {
    mean: Vec<f32>,
    spread: Vec<f32>,
}

impl Scale {
    /// Least spread: what hardly ever differs is not made louder than this.
    const LEAST: f32 = 0.25;

    fn of(rows: &[&(Vec<f32>, usize)]) -> Self {
        let width = rows.first().map_or(0, |(numbers, _)| numbers.len());
        let all = count(rows.len().max(1));
        let mut mean = vec![0.0_f32; width];
        for (numbers, _) in rows {
            for (mean, number) in mean.iter_mut().zip(numbers) {
                *mean += number / all;
            }
        }
        let mut spread = vec![0.0_f32; width];
        for (numbers, _) in rows {
            for ((spread, number), mean) in spread.iter_mut().zip(numbers).zip(&mean) {
                *spread += (number - mean).powi(2) / all;
            }
        }
        let spread = spread.into_iter().map(|spread| spread.sqrt().max(Self::LEAST)).collect();
        Self { mean, spread }
    }

    fn apply(&self, numbers: &[f32]) -> Vec<f32> {
        let numbers = numbers.iter().zip(&self.mean).zip(&self.spread);
        numbers.map(|((number, mean), spread)| (number - mean) / spread).collect()
    }

    /// Makes a network of scaled numbers one of the numbers as they come.
    fn undo(&self, network: &mut Network) {
        for ((weights, mean), spread) in network.units.iter_mut().zip(&self.mean).zip(&self.spread)
        {
            for (weight, bias) in weights.iter_mut().zip(&mut network.units_bias) {
                *weight /= spread;
                *bias -= *weight * mean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_sum_of_numbers_tells_is_learned() {
        // Either of the two, but not both.
        let rows: Vec<(Vec<f32>, usize)> = (0..2000_u16)
            .map(|n| {
                let (one, other) = (n % 2, n / 2 % 2);
                (vec![f32::from(one) * 9.0, f32::from(other) + 5.0], usize::from(one != other))
            })
            .collect();
        let network = fit(&rows.iter().collect::<Vec<_>>());
        for (numbers, label) in rows.iter().take(4) {
            let said = network.weigh(numbers);
            assert!(said[*label] > 0.8, "{numbers:?}: {said:?}");
        }
    }
}
