//! What to say about a verdict, and the next small step (支え). Pure.

use serde::{Deserialize, Serialize};
/// x
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reveal {
    /// Company and result.
    #[default]
    Full,
    /// The company, not the result.
    Company,
    /// Neither.
    Discreet,
}
