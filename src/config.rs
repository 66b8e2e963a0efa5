//! The settings: built-in defaults, the user's file, the environment; every key checked.
