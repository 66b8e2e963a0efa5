//! Starts everything, stops everything.
