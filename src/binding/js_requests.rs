//! Requests to JavaScript: what the network side asks JavaScript to do, because only JavaScript can: a connect call by the user's
//! `WebClient`, a request or an upgrade by the user's agent. Owns those under way; `lib/requests.js` runs them.
//!
//! An request is announced through the outbox by its number. JavaScript takes it, and answers it by the same number. One
//! that is no longer there was called off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use tokio::sync::oneshot;

use super::js_stream::{ByteStream, pipe};
use super::outbox::queue::{Kind, Queue, Sender};
use crate::driver::{Agent, AgentRequest, AgentResponse, CodedError, Duplex, HostFuture, WebClient};
use crate::session::{ApiError, ConnectResponse};

/// What an request is about.
#[napi(string_enum = "camelCase")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsRequestKind {
    /// Call a Web API method by the user's `WebClient`.
    Connect,
    /// Make an HTTP request by the user's agent.
    Request,
    /// Make an upgrade request by the user's agent.
    Upgrade,
}

/// An request, as JavaScript takes it.
#[napi(object, use_nullable = true)]
pub struct JsRequest {
    /// What it is about.
    pub kind: JsRequestKind,
    /// The Web API method, or the HTTP method.
    pub method: String,
    /// Of a request.
    pub url: String,
    /// Of a request: names and values in turn.
    pub headers: Vec<String>,
    /// Of a request.
    pub body: Buffer,
}

/// The number of a request to JavaScript; unique among those in progress of one client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct JsRequestId(pub(super) u32);

type Upgraded = (AgentResponse, Option<Box<dyn Duplex>>);

/// Where an request's answer goes.
enum Reply {
    Connect(oneshot::Sender<Result<ConnectResponse, ApiError>>),
    Request(oneshot::Sender<Result<AgentResponse, CodedError>>),
    Upgrade(oneshot::Sender<Result<Upgraded, CodedError>>),
}

#[derive(Default)]
struct Open {
    last: JsRequestId,
    /// Of each request what it is, until it is taken, and where its answer goes.
    requests: HashMap<JsRequestId, (Option<JsRequest>, Reply)>,
}

/// The requests of one client.
pub(super) struct JsRequests {
    client: u32,
    queue: Arc<Queue>,
    open: Mutex<Open>,
}

impl JsRequests {
    pub(super) fn new(client: u32, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { client, queue, open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has JavaScript look after the request, or stream, of this number.
    pub(super) fn announce(&self, id: JsRequestId) {
        self.queue.push(&mut Sender::new(self.client), Kind::JsRequest, id.0, b"null");
        self.queue.wake();
    }

    fn begin(self: &Arc<Self>, request: JsRequest, reply: Reply) -> Guard {
        let mut open = self.open();
        open.last = JsRequestId(open.last.0.wrapping_add(1).max(1));
        let id = open.last;
        open.requests.insert(id, (Some(request), reply));
        drop(open);
        self.announce(id);
        Guard { id, requests: Arc::clone(self) }
    }

    /// What an request is; `None` when it was called off, or is not taken for the first time.
    pub(super) fn take(&self, id: JsRequestId) -> Option<JsRequest> {
        self.open().requests.get_mut(&id)?.0.take()
    }

    fn reply(&self, id: JsRequestId) -> Option<Reply> {
        self.open().requests.remove(&id).map(|(_, reply)| reply)
    }

    /// The end of a connect call. (Here as below, nobody waits for the answer to what was called off.)
    pub(super) fn connected(&self, id: JsRequestId, result: Result<ConnectResponse, ApiError>) {
        if let Some(Reply::Connect(reply)) = self.reply(id) {
            let _ = reply.send(result);
        }
    }

    /// The end of a request, or of an upgrade that was refused or failed.
    pub(super) fn answered(&self, id: JsRequestId, result: Result<AgentResponse, CodedError>) {
        match self.reply(id) {
            Some(Reply::Request(reply)) => drop(reply.send(result)),
            Some(Reply::Upgrade(reply)) => drop(reply.send(result.map(|response| (response, None)))),
            Some(Reply::Connect(_)) | None => {}
        }
    }

    /// An upgrade was taken: gives JavaScript's end of the stream, `None` when it was called off.
    pub(super) fn upgraded(self: &Arc<Self>, id: JsRequestId, response: AgentResponse) -> Option<ByteStream> {
        let Some(Reply::Upgrade(reply)) = self.reply(id) else { return None };
        let requests = Arc::clone(self);
        let (stream, end) = pipe(move || requests.announce(id));
        reply.send(Ok((response, Some(Box::new(stream))))).ok().map(|()| end)
    }
}

/// An request under way: dropped before the answer, it is called off.
struct Guard {
    id: JsRequestId,
    requests: Arc<JsRequests>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.requests.reply(self.id).is_some() {
            self.requests.announce(self.id);
        }
    }
}

/// A client's requests, as the driver hands them out.
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
        let guard = self.0.begin(request, Reply::Connect(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| {
                let CodedError { message, .. } = abandoned();
                Err(ApiError::Request { cause: message.clone(), message, code: None })
            })
        })
    }
}

impl Agent for JsHost {
    fn request(&self, request: AgentRequest) -> HostFuture<AgentResponse, CodedError> {
        let (sender, receiver) = oneshot::channel();
        let guard = self.0.begin(js_request(JsRequestKind::Request, request), Reply::Request(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| Err(abandoned()))
        })
    }

    fn upgrade(&self, request: AgentRequest) -> HostFuture<Upgraded, CodedError> {
        let (sender, receiver) = oneshot::channel();
        let guard = self.0.begin(js_request(JsRequestKind::Upgrade, request), Reply::Upgrade(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| Err(abandoned()))
        })
    }
}

/// Cannot be: each request is answered in kind.
fn abandoned() -> CodedError {
    CodedError { message: "JavaScript left the request unanswered".to_owned(), code: None }
}

fn js_request(kind: JsRequestKind, request: AgentRequest) -> JsRequest {
    let AgentRequest { method, url, headers, body } = request;
    let headers = headers.into_iter().flat_map(|(name, value)| [name, value]).collect();
    JsRequest { kind, method: method.to_owned(), url, headers, body: Vec::from(body).into() }
}
