//! All SQL about drafts and the outbox.
