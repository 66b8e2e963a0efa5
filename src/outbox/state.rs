//! The states of one reply, and the only function that moves between them. Pure.
