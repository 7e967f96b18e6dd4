//! The Node.js addon: what `lib/` sees of the driver. Owns conversions between JavaScript values and the session's
//! vocabulary; decides nothing. All that crosses to JavaScript goes through the [`outbox`].
//!
//! `unsafe` is allowed here and nowhere else.

#![allow(clippy::needless_pass_by_value, reason = "JavaScript's values arrive as owned ones")]
#![allow(clippy::cast_precision_loss, reason = "times in ms are far below 2^53")]

#[cfg(test)]
mod cost;
#[cfg(fuzzing)]
#[allow(missing_docs)]
pub(crate) mod fuzzing;
mod js_requests;
mod js_stream;
mod options;
mod outbox;

use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::Buffer;
use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::driver::{self, AgentResponse, ApiRequest, CodedError, Ended, Handle, Transport, runtime, spawn};
use crate::session::{ApiError, CallId, ConnectResponse, Input, Message, Secret};
use js_requests::{JsRequest, JsRequestId, JsRequests};
use js_stream::ByteStream;
use options::{ClientOptions, session_config, transport_config};
use outbox::{ClientGuard, Outbox};

/// A longer answer to a request is to be refused while it is read.
#[napi]
#[expect(unreachable_pub, reason = "the macro asks for it")]
pub const MAX_ANSWER_BYTES: u32 = 256 * 1024 * 1024;

const _: () = assert!(MAX_ANSWER_BYTES as usize == driver::MAX_ANSWER_BYTES, "one bound for all");

/// One client's session. Its promises are known by numbers that the shell chooses, and settle through the outbox.
#[napi]
pub struct NativeClient {
    handle: Arc<ClientGuard>,
    requests: Arc<JsRequests>,
}

#[napi]
impl NativeClient {
    /// Makes a client that is `disconnected`; `id` is what the outbox calls it.
    #[napi(constructor, catch_unwind)]
    pub fn new(outbox: &Outbox, id: u32, options: ClientOptions) -> Result<Self> {
        let config = session_config(&options);
        let requests = outbox.requests(id);
        let transport = Transport::new(transport_config(options, &requests)?)
            .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        let runtime = runtime().map_err(|error| {
            Error::new(
                Status::GenericFailure,
                format!("the threads of the network side could not be started: {error}"),
            )
        })?;
        let handle = spawn(runtime, config, Arc::new(transport), fastrand::u64(..), outbox.host(id));
        Ok(Self { handle: outbox.hold(id, handle), requests })
    }

    /// Has the process trust these authorities by default: what Node trusts, PEM. The first call counts.
    #[napi(catch_unwind)]
    pub fn set_default_roots(pems: Vec<String>) {
        driver::set_default_roots(pems.into_iter().map(String::into_bytes).collect());
    }

    /// Whether `setDefaultRoots` was called in this process, by any thread.
    #[napi(catch_unwind)]
    pub fn has_default_roots() -> bool {
        driver::has_default_roots()
    }

    /// `start()`; `form` holds the options of the connect call, encoded.
    #[napi(catch_unwind)]
    pub fn start(&self, call: u32, form: String) -> Result<()> {
        self.input(Input::Start { call: CallId(call), options: Arc::from(form) })
    }

    /// `disconnect()`
    #[napi(catch_unwind)]
    pub fn disconnect(&self, call: u32) -> Result<()> {
        self.input(Input::Disconnect { call: CallId(call) })
    }

    /// `send()`; `message` is a JSON object without its `id`.
    #[napi(catch_unwind)]
    pub fn send(&self, call: u32, message: String) -> Result<()> {
        self.input(Input::Send { call: CallId(call), message: to_message(message)? })
    }

    /// `addOutgoingEvent()`; `message` is a JSON object without its `id`.
    #[napi(catch_unwind)]
    pub fn enqueue(&self, call: u32, await_reply: bool, message: String) -> Result<()> {
        self.input(Input::Enqueue { call: CallId(call), await_reply, message: to_message(message)? })
    }

    /// `ping()`
    #[napi(catch_unwind)]
    pub fn ping(&self, call: u32) -> Result<()> {
        self.input(Input::Ping { call: CallId(call) })
    }

    /// `apiCall()`; `token` takes the place of the client's.
    #[napi(catch_unwind)]
    pub fn call_api(
        &self,
        call: u32,
        method: String,
        token: Option<String>,
        content_type: String,
        body: Buffer,
    ) -> Result<()> {
        let request =
            ApiRequest { method, token: token.map(Secret), content_type, body: Vec::from(body).into() };
        self.ask(|handle| handle.call_api(CallId(call), request))
    }

    /// Takes the request of this number; `null` where it was called off, or is not new.
    #[napi(catch_unwind)]
    pub fn take_js_request(&self, id: u32) -> Option<JsRequest> {
        self.requests.take(JsRequestId(id))
    }

    /// What the user's `WebClient` answered to the connect call.
    #[napi(catch_unwind)]
    pub fn finish_connect(&self, id: u32, url: String, user_id: String, team_id: String) {
        self.requests
            .connected(JsRequestId(id), Ok(ConnectResponse { url, user_id, team_id, response: None }));
    }

    /// The user's `WebClient` failed; `error` is the one of the answer it got, `retry_after` is in ms.
    #[napi(catch_unwind)]
    pub fn fail_connect(
        &self,
        id: u32,
        message: String,
        error: Option<String>,
        gave_up: bool,
        retry_after: f64,
    ) {
        let retry_after = options::to_duration(retry_after);
        self.requests
            .connected(JsRequestId(id), Err(ApiError::WebClient { message, error, gave_up, retry_after }));
    }

    /// The answer to a request by the user's agent, or to an upgrade that was refused.
    #[napi(catch_unwind)]
    pub fn finish_request(&self, id: u32, status: u16, reason: String, headers: Vec<String>, body: Buffer) {
        let headers = options::pairs(&headers);
        let body = Vec::from(body).into();
        self.requests.answered(JsRequestId(id), Ok(AgentResponse { status, reason, headers, body }));
    }

    /// A request, or an upgrade, by the user's agent failed.
    #[napi(catch_unwind)]
    pub fn fail_request(&self, id: u32, message: String, code: Option<String>) {
        self.requests.answered(JsRequestId(id), Err(CodedError { message, code: code.map(Into::into) }));
    }

    /// An upgrade by the user's agent was taken. Gives the driver's other end of the socket; `null`: called off.
    #[napi(catch_unwind)]
    pub fn finish_upgrade(&self, id: u32, status: u16, headers: Vec<String>) -> Option<ByteStream> {
        let headers = options::pairs(&headers);
        let response = AgentResponse { status, reason: String::new(), headers, body: Bytes::new() };
        self.requests.upgraded(JsRequestId(id), response)
    }

    /// The round trip of the last ping, in ms.
    #[napi(getter, catch_unwind)]
    pub fn latency(&self) -> Option<f64> {
        self.handle.with(Handle::latency).flatten().map(|latency| latency.as_secs_f64() * 1000.0)
    }

    /// When the last frame arrived, in ms since the epoch.
    #[napi(getter, catch_unwind)]
    pub fn last_activity(&self) -> Option<f64> {
        self.handle.with(Handle::last_activity).flatten().map(|millis| millis as f64)
    }

    fn input(&self, input: Input) -> Result<()> {
        self.ask(|handle| handle.input(input))
    }

    fn ask(&self, ask: impl FnOnce(&Handle) -> std::result::Result<(), Ended>) -> Result<()> {
        self.handle
            .with(ask)
            .unwrap_or(Err(Ended))
            .map_err(|ended| Error::new(Status::Closing, ended.to_string()))
    }
}

fn to_message(json: String) -> Result<Message> {
    Message::new(json).map_err(|_| Error::new(Status::InvalidArg, "the message is no JSON object".to_owned()))
}
