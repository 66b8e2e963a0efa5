//! Bounds what a server may make the parser do.
