//! Traits for JavaScript objects that do a part of the driver's work: a `WebClient` makes the connect calls, an
//! `http.Agent` opens the connections.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::net::error_code::CodedError;
use crate::net::stream::Duplex;
use crate::session::{ApiError, ConnectResponse};

/// The result of a request to the host. Dropping the future cancels the request.
pub type HostFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// The user's `WebClient`.
pub trait WebClient: Send + Sync {
    /// Makes the connect call, with all its retries. `ConnectResponse::answer` may be `None`.
    fn connect(&self, method: &str) -> HostFuture<ConnectResponse, ApiError>;
}

/// The user's `http.Agent` that opens the connections itself.
pub trait Agent: Send + Sync {
    /// Sends an HTTP request and reads the whole response.
    fn request(&self, request: AgentRequest) -> HostFuture<AgentResponse, CodedError>;

    /// Sends an upgrade request. Returns the stream too if the server switched protocols.
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
    /// Names in lower case and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// An HTTP response that an agent received.
pub struct AgentResponse {
    /// The status.
    pub status: u16,
    /// The reason phrase after the status.
    pub reason: String,
    /// Names in lower case and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
}
