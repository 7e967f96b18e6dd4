//! The driver against a scripted server: real sockets on the loopback, and a clock that stands still where time
//! matters. No test sleeps, and none waits without a bound.

mod alone;
mod answers;
mod backpressure;
mod client;
mod clock;
mod dialling;
mod endings;
mod failures;
mod frames;
mod lifetime;
mod request;
mod server;
mod tls;
mod waits;
mod websocket;
