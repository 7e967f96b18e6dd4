//! A client for Slack's Real Time Messaging (RTM) API. The Node.js package `slack-rtm-native` is this crate with the feature
//! `node`. A bot in Rust needs neither Node.js nor the feature; `examples/echo.rs` is one.
//!
//! # The layers
//!
//! ```text
//! index.js, lib/           JavaScript: RTMClient, options, listeners, promises, Error objects
//!     │
//!  binding                 calls in, events and settled promises out
//!     ├── records          events in a form that V8 reads faster than JSON text
//!     └── driver           one tokio task per client, which does what the session asks for
//!            ├── net       TCP, DNS, proxies, TLS
//!            └── session   the protocol as a state machine: no I/O, no clock, no threads
//! ```
//!
//! A module uses only the modules below it in this tree. `npm run lint` checks this.
//!
//! | module | read it if you want to know |
//! |---|---|
//! | [`session`] | when a client connects, reconnects, gives up or rejects a promise |
//! | [`driver`] | how a client's task waits for the network, the user and the clock |
//! | [`net`] | how a connection is opened, through which proxy, and which certificate is trusted |
//! | [`records`] | how an event is encoded for JavaScript |
//! | [`binding`] | conversions between JavaScript and native code, in order |
//!
//! # Where to begin
//!
//! 1. [`session::Input`] and [`session::Output`] are the vocabulary: everything that can happen to a client, and everything
//!    that a client can do.
//! 2. [`session::Session::handle`] takes every input. Inside it, only `Session::enter` changes the state.
//! 3. [`driver::spawn`] starts the task that calls it.
//! 4. [`binding`] shows the way of an event from that task to a listener in JavaScript.
//!
//! `net`, `records` and `binding` are private. `cargo doc --all-features --document-private-items --open` includes them.

#![allow(rustdoc::private_intra_doc_links, reason = "the links work with --document-private-items")]
#![cfg_attr(
    not(feature = "node"),
    allow(
        rustdoc::broken_intra_doc_links,
        reason = "`records` and `binding` are part of the feature `node`"
    )
)]

#[forbid(unsafe_code)]
pub mod driver;
#[forbid(unsafe_code)]
mod net;
#[cfg(feature = "node")]
#[forbid(unsafe_code)]
mod records;
#[forbid(unsafe_code)]
pub mod session;

#[cfg(feature = "node")]
mod binding;

/// The parts that the targets of `fuzz/` need besides the public interface.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::binding::fuzzing::{
        CHUNK_BYTES, Chunk, ItemKind, MAX_DEPTH, MAX_NAME_BYTES, Outbox, RECORD_FORMAT, RecordFormat, Text,
        UNWRITTEN,
    };
    pub use crate::driver::fuzzing::{Socket, connect};
}
