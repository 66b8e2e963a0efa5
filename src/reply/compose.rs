//! An approved draft as the bytes that leave. Pure.
