//! Submits one approved message to the user's provider, once, and says how far it got.
