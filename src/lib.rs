//! A client for Slack's Real Time Messaging API in three layers, each of which knows only the one before it:
//!
//! - [`session`]: the protocol as a state machine. No I/O, no clock, no runtime.
//! - [`driver`]: sockets, HTTP, TLS and timers on tokio. Carries out what the session asks and decides nothing.
//! - `binding` (feature `node`): the Node.js addon. Conversions only.
//!
//! A bot in Rust needs neither Node nor the feature: `examples/echo.rs` is one.
//!
//! This file owns nothing but the list of them.

#[forbid(unsafe_code)]
pub mod driver;
#[forbid(unsafe_code)]
mod net;
#[cfg(feature = "node")]
mod records;
#[forbid(unsafe_code)]
pub mod session;

#[cfg(feature = "node")]
mod binding;

/// What the targets of `fuzz/` reach beyond the interface. No part of it.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::binding::fuzzing::{Chunk, Outbox, Text, UNWRITTEN};
    pub use crate::driver::fuzzing::{Socket, connect};
}
