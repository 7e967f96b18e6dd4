//! Tests of the driver with a scripted server: real sockets on the loopback interface, and a stopped clock where time
//! matters. No test sleeps, and every wait has a limit.

mod agents;
mod api_calls;
mod backpressure;
mod client;
mod clock;
mod closing;
mod failures;
mod frames;
mod lifetime;
mod opening;
mod own_process;
mod proxies;
mod request;
mod responses;
mod server;
mod socks;
mod timeouts;
mod tls;
mod web_client;
mod websocket;
