//! The session on a fake clock: every promise of the contract as a scenario, and random inputs for what no scenario
//! thinks of. Nothing here sleeps, dials or reads the clock.

mod backoff;
mod checker;
mod connect_errors;
mod diagnostics;
mod harness;
mod keepalive;
mod late_inputs;
mod lifecycle;
mod properties;
mod replies;
mod sending;
mod sequence;
mod situations;
mod sleep;
mod start_and_disconnect;
mod trace;
mod web_client;
