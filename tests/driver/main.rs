//! The driver against a scripted server: real sockets on the loopback, and a clock that stands still where time
//! matters. No test sleeps, and none waits without a bound.

mod agents;
mod alone;
mod answers;
mod api_calls;
mod backpressure;
mod client;
mod clock;
mod dialling;
mod endings;
mod failures;
mod frames;
mod lifetime;
mod proxies;
mod request;
mod server;
mod socks;
mod tls;
mod waits;
mod web_client;
mod websocket;
