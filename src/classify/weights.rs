//! The weights that were learned from the corpus, and what they are multiplied with.
//!
//! They are corrections to the strengths written by hand in the rules: a cue that the corpus never
//! shows keeps its strength. `cargo run --release --example fit` writes the file.

use std::collections::BTreeMap;

use super::Outcome;
use super::rules::Points;

/// Why learned weights could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightError {
    /// The text is not TOML of the form that the fit writes.
    #[error("rules/weights.toml: {0}")]
    Toml(#[from] toml::de::Error),
}

/// Learned corrections by feature.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights {
    by_feature: BTreeMap<String, Points>,
}

impl Weights {
    /// Reads `feature = { outcome = hundredths, … }` lines.
    pub(crate) fn parse(text: &str) -> Result<Self, WeightError> {
        let table: BTreeMap<String, BTreeMap<Outcome, i32>> = toml::from_str(text)?;
        let by_feature = table
            .into_iter()
            .map(|(feature, hundredths)| {
                let mut points = Points::default();
                for (outcome, value) in hundredths {
                    if let Some(slot) = points.get_mut(outcome as usize) {
                        #[expect(
                            clippy::cast_precision_loss,
                            reason = "hundredths of small numbers"
                        )]
                        let value = value as f32 / 100.0;
                        *slot = value;
                    }
                }
                (feature, points)
            })
            .collect();
        Ok(Self { by_feature })
    }

    /// The correction for a feature.
    pub(crate) fn of(&self, feature: &str) -> Points {
        self.by_feature.get(feature).copied().unwrap_or_default()
    }
}
