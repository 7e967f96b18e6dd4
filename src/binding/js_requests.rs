//! Requests to JavaScript: what the driver needs and only JavaScript can do. These are a connect call with the user's
//! `WebClient`, and a request or an upgrade with the user's agent.
//!
//! A request is announced through the outbox by its number, so it has its place in the order of events. `lib/js-requests.js`
//! takes it by this number and later responds by the same number. A request that is canceled disappears; JavaScript is
//! notified, and its late response has no effect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use tokio::sync::oneshot;

use super::js_stream::{ByteStream, pipe};
use super::outbox::item::{ClientId, ItemKind};
use super::outbox::queue::{Producer, Queue};
use crate::driver::io::{ApiError, ConnectResponse};
use crate::driver::{Agent, AgentRequest, AgentResponse, CodedError, Duplex, HostFuture, WebClient};

/// The kind of a request to JavaScript.
#[napi(string_enum = "camelCase")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsRequestKind {
    /// Call a Web API method with the user's `WebClient`.
    Connect,
    /// Make an HTTP request with the user's agent.
    Request,
    /// Make an upgrade request with the user's agent.
    Upgrade,
}

/// A request to JavaScript.
#[napi(object, use_nullable = true)]
pub struct JsRequest {
    /// The kind.
    pub kind: JsRequestKind,
    /// The Web API method, or the HTTP method.
    pub method: String,
    /// The URL; empty for `connect`.
    pub url: String,
    /// The headers, as alternating names and values; empty for `connect`.
    pub headers: Vec<String>,
    /// The body; empty for `connect`.
    pub body: Buffer,
}

/// The number of a request to JavaScript. Unique among the requests of a client that are in progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct JsRequestId(pub(super) u32);

impl JsRequestId {
    /// The number behind this one. 0 is not used.
    fn next(self) -> Self {
        Self(self.0.wrapping_add(1).max(1))
    }
}

type Upgraded = (AgentResponse, Option<Box<dyn Duplex>>);

/// Where the response to a request goes.
enum ResponseSender {
    Connect(oneshot::Sender<Result<ConnectResponse, ApiError>>),
    Request(oneshot::Sender<Result<AgentResponse, CodedError>>),
    Upgrade(oneshot::Sender<Result<Upgraded, CodedError>>),
}

struct InProgress {
    /// The request, until JavaScript takes it.
    request: Option<JsRequest>,
    sender: ResponseSender,
}

#[derive(Default)]
struct State {
    last: JsRequestId,
    in_progress: HashMap<JsRequestId, InProgress>,
}

/// The requests of one client.
pub(super) struct JsRequests {
    client: ClientId,
    queue: Arc<Queue>,
    state: Mutex<State>,
}

impl JsRequests {
    pub(super) fn new(client: ClientId, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { client, queue, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notifies JavaScript that a request is new or canceled, or that its stream has bytes to write.
    fn notify(&self, id: JsRequestId) {
        self.queue.push(&mut Producer::new(self.client), ItemKind::JsRequest, id.0, b"null");
        self.queue.wake();
    }

    fn begin(self: &Arc<Self>, request: JsRequest, sender: ResponseSender) -> CancelOnDrop {
        let mut state = self.state();
        state.last = state.last.next();
        let id = state.last;
        state.in_progress.insert(id, InProgress { request: Some(request), sender });
        drop(state);
        self.notify(id);
        CancelOnDrop { id, requests: Arc::clone(self) }
    }

    /// Takes a request; returns `None` if it was canceled or taken before.
    pub(super) fn take(&self, id: JsRequestId) -> Option<JsRequest> {
        self.state().in_progress.get_mut(&id)?.request.take()
    }

    /// Ends a request; returns `None` if it was canceled.
    fn end(&self, id: JsRequestId) -> Option<ResponseSender> {
        self.state().in_progress.remove(&id).map(|request| request.sender)
    }

    /// Responds to a connect call. (If the receiver is gone, here and below, the request was canceled.)
    pub(super) fn finish_connect(&self, id: JsRequestId, result: Result<ConnectResponse, ApiError>) {
        if let Some(ResponseSender::Connect(sender)) = self.end(id) {
            let _ = sender.send(result);
        }
    }

    /// Responds to a request, or to an upgrade that was refused or failed.
    pub(super) fn finish_request(&self, id: JsRequestId, result: Result<AgentResponse, CodedError>) {
        match self.end(id) {
            Some(ResponseSender::Request(sender)) => drop(sender.send(result)),
            Some(ResponseSender::Upgrade(sender)) => {
                drop(sender.send(result.map(|response| (response, None))));
            }
            Some(ResponseSender::Connect(_)) | None => {}
        }
    }

    /// Responds to an upgrade that was accepted. Returns JavaScript's end of the stream, or `None` if the upgrade was
    /// canceled.
    pub(super) fn finish_upgrade(
        self: &Arc<Self>,
        id: JsRequestId,
        response: AgentResponse,
    ) -> Option<ByteStream> {
        let Some(ResponseSender::Upgrade(sender)) = self.end(id) else { return None };
        let requests = Arc::clone(self);
        let (stream, end) = pipe(move || requests.notify(id));
        sender.send(Ok((response, Some(Box::new(stream))))).ok().map(|()| end)
    }
}

/// Cancels a request if it is dropped before the response.
struct CancelOnDrop {
    id: JsRequestId,
    requests: Arc<JsRequests>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if self.requests.end(self.id).is_some() {
            self.requests.notify(self.id);
        }
    }
}

/// The user's `WebClient` and agent, as the driver uses them.
pub(super) struct JsHost(pub(super) Arc<JsRequests>);

impl WebClient for JsHost {
    fn connect(&self, method: &str) -> HostFuture<ConnectResponse, ApiError> {
        let (sender, receiver) = oneshot::channel();
        let request = JsRequest {
            kind: JsRequestKind::Connect,
            method: method.to_owned(),
            url: String::new(),
            headers: Vec::new(),
            body: Vec::new().into(),
        };
        let guard = self.0.begin(request, ResponseSender::Connect(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| {
                let CodedError { message, .. } = no_response();
                Err(ApiError::Request { cause: message.clone(), message, code: None })
            })
        })
    }
}

impl Agent for JsHost {
    fn request(&self, request: AgentRequest) -> HostFuture<AgentResponse, CodedError> {
        let (sender, receiver) = oneshot::channel();
        let request = js_request(JsRequestKind::Request, request);
        let guard = self.0.begin(request, ResponseSender::Request(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| Err(no_response()))
        })
    }

    fn upgrade(&self, request: AgentRequest) -> HostFuture<Upgraded, CodedError> {
        let (sender, receiver) = oneshot::channel();
        let request = js_request(JsRequestKind::Upgrade, request);
        let guard = self.0.begin(request, ResponseSender::Upgrade(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| Err(no_response()))
        })
    }
}

/// For a response of the wrong kind, which JavaScript never sends.
fn no_response() -> CodedError {
    CodedError { message: "JavaScript did not respond to the request".to_owned(), code: None }
}

fn js_request(kind: JsRequestKind, request: AgentRequest) -> JsRequest {
    let AgentRequest { method, url, headers, body } = request;
    let headers = headers.into_iter().flat_map(|(name, value)| [name, value]).collect();
    JsRequest { kind, method: method.to_owned(), url, headers, body: Vec::from(body).into() }
}
