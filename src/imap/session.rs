//! A strict session over async-imap: every answer is judged here.
