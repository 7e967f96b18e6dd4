//! Errands: what the network side asks JavaScript to do, because only JavaScript can: a connect call by the user's
//! `WebClient`, a request or an upgrade by the user's agent. Owns those under way; `lib/errands.js` runs them.
//!
//! An errand is announced through the outbox by its number. JavaScript takes it, and answers it by the same number. One
//! that is no longer there was called off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use tokio::sync::oneshot;

use super::queue::{Kind, Queue, Sender};
use super::stream::{ByteStream, pipe};
use crate::driver::{Agent, AgentError, AgentRequest, AgentResponse, Duplex, Errand as Pending, WebClient};
use crate::session::{ApiError, CallId, ConnectAnswer};

/// What an errand is about.
#[napi(string_enum = "camelCase")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrandKind {
    /// Call a Web API method by the user's `WebClient`.
    Connect,
    /// Make an HTTP request by the user's agent.
    Request,
    /// Make an upgrade request by the user's agent.
    Upgrade,
}

/// An errand, as JavaScript takes it.
#[napi(object, use_nullable = true)]
pub struct Errand {
    /// What it is about.
    pub kind: ErrandKind,
    /// The Web API method, or the HTTP method.
    pub method: String,
    /// Of a request.
    pub url: String,
    /// Of a request: names and values in turn.
    pub headers: Vec<String>,
    /// Of a request.
    pub body: Buffer,
}

type Upgraded = (AgentResponse, Option<Box<dyn Duplex>>);

/// Where an errand's answer goes.
enum Reply {
    Connect(oneshot::Sender<Result<ConnectAnswer, ApiError>>),
    Request(oneshot::Sender<Result<AgentResponse, AgentError>>),
    Upgrade(oneshot::Sender<Result<Upgraded, AgentError>>),
}

#[derive(Default)]
struct Open {
    last: CallId,
    /// Of each errand what it is, until it is taken, and where its answer goes.
    errands: HashMap<CallId, (Option<Errand>, Reply)>,
}

/// The errands of one client.
pub(super) struct Errands {
    client: u32,
    queue: Arc<Queue>,
    open: Mutex<Open>,
}

impl Errands {
    pub(super) fn new(client: u32, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { client, queue, open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has JavaScript look after the errand, or stream, of this number.
    pub(super) fn announce(&self, id: CallId) {
        self.queue.push(&mut Sender::new(self.client), Kind::Errand, id, b"null");
        self.queue.wake();
    }

    fn begin(self: &Arc<Self>, errand: Errand, reply: Reply) -> Guard {
        let mut open = self.open();
        open.last = open.last.wrapping_add(1).max(1);
        let id = open.last;
        open.errands.insert(id, (Some(errand), reply));
        drop(open);
        self.announce(id);
        Guard { id, errands: Arc::clone(self) }
    }

    /// What an errand is; `None` when it was called off, or is not taken for the first time.
    pub(super) fn take(&self, id: CallId) -> Option<Errand> {
        self.open().errands.get_mut(&id)?.0.take()
    }

    fn reply(&self, id: CallId) -> Option<Reply> {
        self.open().errands.remove(&id).map(|(_, reply)| reply)
    }

    /// The end of a connect call. (Here as below, nobody waits for the answer to what was called off.)
    pub(super) fn connected(&self, id: CallId, result: Result<ConnectAnswer, ApiError>) {
        if let Some(Reply::Connect(reply)) = self.reply(id) {
            let _ = reply.send(result);
        }
    }

    /// The end of a request, or of an upgrade that was refused or failed.
    pub(super) fn answered(&self, id: CallId, result: Result<AgentResponse, AgentError>) {
        match self.reply(id) {
            Some(Reply::Request(reply)) => drop(reply.send(result)),
            Some(Reply::Upgrade(reply)) => drop(reply.send(result.map(|response| (response, None)))),
            Some(Reply::Connect(_)) | None => {}
        }
    }

    /// An upgrade was taken: gives JavaScript's end of the stream, `None` when it was called off.
    pub(super) fn upgraded(self: &Arc<Self>, id: CallId, response: AgentResponse) -> Option<ByteStream> {
        let Some(Reply::Upgrade(reply)) = self.reply(id) else { return None };
        let errands = Arc::clone(self);
        let (stream, end) = pipe(move || errands.announce(id));
        reply.send(Ok((response, Some(Box::new(stream))))).ok().map(|()| end)
    }
}

/// An errand under way: dropped before the answer, it is called off.
struct Guard {
    id: CallId,
    errands: Arc<Errands>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.errands.reply(self.id).is_some() {
            self.errands.announce(self.id);
        }
    }
}

/// A client's errands, as the driver hands them out.
pub(super) struct Shell(pub(super) Arc<Errands>);

impl WebClient for Shell {
    fn connect(&self, method: &str) -> Pending<ConnectAnswer, ApiError> {
        let (sender, receiver) = oneshot::channel();
        let errand = Errand {
            kind: ErrandKind::Connect,
            method: method.to_owned(),
            url: String::new(),
            headers: Vec::new(),
            body: Vec::new().into(),
        };
        let guard = self.0.begin(errand, Reply::Connect(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| {
                let AgentError { message, .. } = abandoned();
                Err(ApiError::Request { cause: message.clone(), message, code: None })
            })
        })
    }
}

impl Agent for Shell {
    fn request(&self, request: AgentRequest) -> Pending<AgentResponse, AgentError> {
        let (sender, receiver) = oneshot::channel();
        let guard = self.0.begin(errand(ErrandKind::Request, request), Reply::Request(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| Err(abandoned()))
        })
    }

    fn upgrade(&self, request: AgentRequest) -> Pending<Upgraded, AgentError> {
        let (sender, receiver) = oneshot::channel();
        let guard = self.0.begin(errand(ErrandKind::Upgrade, request), Reply::Upgrade(sender));
        Box::pin(async move {
            let result = receiver.await;
            drop(guard);
            result.unwrap_or_else(|_| Err(abandoned()))
        })
    }
}

/// Cannot be: each errand is answered in kind.
fn abandoned() -> AgentError {
    AgentError { message: "JavaScript left the errand unanswered".to_owned(), code: None }
}

fn errand(kind: ErrandKind, request: AgentRequest) -> Errand {
    let AgentRequest { method, url, headers, body } = request;
    let headers = headers.into_iter().flat_map(|(name, value)| [name, value]).collect();
    Errand { kind, method: method.to_owned(), url, headers, body: Vec::from(body).into() }
}
