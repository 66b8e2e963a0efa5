//! The whole main job on this machine, against embedded loopback servers.
