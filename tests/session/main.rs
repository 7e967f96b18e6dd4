//! Tests of the session on a fake clock. Nothing here sleeps, opens a socket or reads the clock.
//!
//! Each scenario drives a [`Simulation`](simulation::Simulation): a session, a scripted server and a clock.
//! `properties` drives a session with random inputs and checks its [`invariants`].

mod backoff;
mod client_states;
mod connect_errors;
mod diagnostics;
mod invariants;
mod keepalive;
mod late_inputs;
mod lifecycle;
mod output_lines;
mod properties;
mod replies;
mod sending;
mod sequence;
mod simulation;
mod sleep;
mod start_and_disconnect;
mod web_client;
