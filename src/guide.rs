//! What to say about a verdict, and the next small step (支え). Pure.
