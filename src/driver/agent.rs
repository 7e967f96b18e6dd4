//! What the user's side does in the driver's place: a `WebClient` makes the connect calls, an `http.Agent` makes the
//! connections. Owns the two interfaces; what is behind them is the host's.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::net::error_code::CodedError;
use crate::net::stream::Duplex;
use crate::session::{ApiError, ConnectResponse};

/// An answer of the user's side. Dropping it calls the matter off.
pub type HostFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// A `WebClient` of the user's.
pub trait WebClient: Send + Sync {
    /// Makes the connect call, with all its repetitions. `ConnectResponse::answer` may stay empty.
    fn connect(&self, method: &str) -> HostFuture<ConnectResponse, ApiError>;
}

/// An agent of the user's that makes connections itself.
pub trait Agent: Send + Sync {
    /// One HTTP request, its whole answer.
    fn request(&self, request: AgentRequest) -> HostFuture<AgentResponse, CodedError>;

    /// An upgrade request; the stream is there where it was taken.
    fn upgrade(
        &self,
        request: AgentRequest,
    ) -> HostFuture<(AgentResponse, Option<Box<dyn Duplex>>), CodedError>;
}

/// An HTTP request for an agent. Holds secrets.
pub struct AgentRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// An `http:` or `https:` URL.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// An HTTP answer by way of an agent.
pub struct AgentResponse {
    /// The status.
    pub status: u16,
    /// The text behind the status.
    pub reason: String,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
}
