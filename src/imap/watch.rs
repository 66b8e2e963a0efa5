//! One account's loop: connect, catch up, wait, again.
