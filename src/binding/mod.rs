//! The Node.js addon: the interface between `lib/` and the driver.
//!
//! Calls from JavaScript arrive at [`NativeClient`], which converts their arguments and passes them to the client's task.
//! Everything in the other direction (events, settled promises, log lines) passes through the [`outbox`].
//!
//! ```text
//! calls      lib/rtm-client.js  ───> NativeClient ───> driver::Handle   ───> the client's task
//! events     lib/outbox.js      <─── Outbox       <─── ClientHost       <─── the client's task
//! requests   lib/js-requests.js <──> JsRequests   <──> Agent, WebClient <─── the client's task
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`options`] | the options of a client |
//! | [`outbox`] | the queue to JavaScript |
//! | [`record_format`] | the numbers that `lib/records.js` decodes records by |
//! | [`js_requests`] | what the driver asks JavaScript to do: a user's `WebClient` or agent |
//! | [`js_stream`] | the bytes of a socket that a user's agent opened |
//!
//! A promise is known by a number that `lib/` chooses ([`CallId`]). Absent values are `null`, never `undefined`.
//!
//! This is the only folder with `unsafe` code: one block in [`outbox`] that writes into a JavaScript array, and the counting
//! allocator of a test. The macros of napi generate more.

#![allow(clippy::needless_pass_by_value, reason = "napi passes the values of JavaScript by value")]
#![allow(clippy::cast_precision_loss, reason = "times in milliseconds are far below 2^53")]

#[cfg(test)]
mod cost;
#[cfg(fuzzing)]
#[allow(missing_docs)]
pub(crate) mod fuzzing;
mod js_requests;
mod js_stream;
mod options;
mod outbox;
mod record_format;

use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::Buffer;
use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::driver::io::{ApiError, CallId, ConnectResponse, Input, Message, Secret};
use crate::driver::{
    self, AgentResponse, ApiRequest, ClientEnded, CodedError, Handle, Transport, runtime, spawn,
};
use js_requests::{JsRequest, JsRequestId, JsRequests};
use js_stream::ByteStream;
use options::{ClientOptions, session_config, transport_config};
use outbox::item::ClientId;
use outbox::{ClientGuard, Outbox};

/// A longer response body is refused.
#[napi]
#[expect(unreachable_pub, reason = "the macro requires it")]
pub const MAX_RESPONSE_BYTES: u32 = 256 * 1024 * 1024;

const _: () =
    assert!(MAX_RESPONSE_BYTES as usize == driver::MAX_RESPONSE_BYTES, "the driver has the same limit");

/// One client. The argument `call` of its methods is the number of a promise, which settles through the outbox.
#[napi]
pub struct NativeClient {
    handle: Arc<ClientGuard>,
    js_requests: Arc<JsRequests>,
}

#[napi]
impl NativeClient {
    /// Creates a disconnected client. `id` is the client's number in the outbox.
    #[napi(constructor, catch_unwind)]
    pub fn new(outbox: &Outbox, id: u32, options: ClientOptions) -> Result<Self> {
        let id = ClientId(id);
        let config = session_config(&options);
        let js_requests = outbox.js_requests(id);
        let transport = Transport::new(transport_config(options, &js_requests)?)
            .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        let runtime = runtime().map_err(|error| {
            Error::new(Status::GenericFailure, format!("cannot start the threads of the addon: {error}"))
        })?;
        let handle = spawn(runtime, config, Arc::new(transport), fastrand::u64(..), outbox.host(id));
        Ok(Self { handle: outbox.guard(id, handle), js_requests })
    }

    /// Sets the certificates that all clients trust by default, in PEM: the ones that Node trusts. Only the first call of the
    /// process has an effect.
    #[napi(catch_unwind)]
    pub fn set_default_roots(pems: Vec<String>) {
        driver::set_default_roots(pems.into_iter().map(String::into_bytes).collect());
    }

    /// Whether any thread of the process has called `setDefaultRoots`.
    #[napi(catch_unwind)]
    pub fn has_default_roots() -> bool {
        driver::has_default_roots()
    }

    /// `start()`. `form` is the options of the connect call, URL-encoded.
    #[napi(catch_unwind)]
    pub fn start(&self, call: u32, form: String) -> Result<()> {
        self.input(Input::Start { call: CallId(call), options: Arc::from(form) })
    }

    /// `disconnect()`
    #[napi(catch_unwind)]
    pub fn disconnect(&self, call: u32) -> Result<()> {
        self.input(Input::Disconnect { call: CallId(call) })
    }

    /// `send()`. `message` is a JSON object without `id`.
    #[napi(catch_unwind)]
    pub fn send(&self, call: u32, message: String) -> Result<()> {
        self.input(Input::Send { call: CallId(call), message: to_message(message)? })
    }

    /// `addOutgoingEvent()`. `message` is a JSON object without `id`.
    #[napi(catch_unwind)]
    pub fn enqueue(&self, call: u32, await_reply: bool, message: String) -> Result<()> {
        self.input(Input::Enqueue { call: CallId(call), await_reply, message: to_message(message)? })
    }

    /// `ping()`
    #[napi(catch_unwind)]
    pub fn ping(&self, call: u32) -> Result<()> {
        self.input(Input::Ping { call: CallId(call) })
    }

    /// `apiCall()`. If `token` is not `null`, it replaces the client's token.
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
        self.with_handle(|handle| handle.call_api(CallId(call), request))
    }

    /// Takes a request to JavaScript; returns `null` if it was canceled, or taken before.
    #[napi(catch_unwind)]
    pub fn take_js_request(&self, id: u32) -> Option<JsRequest> {
        self.js_requests.take(JsRequestId(id))
    }

    /// The user's `WebClient` has made the connect call.
    #[napi(catch_unwind)]
    pub fn finish_connect(&self, id: u32, url: String, user_id: String, team_id: String) {
        let response = ConnectResponse { url, user_id, team_id, response: None };
        self.js_requests.finish_connect(JsRequestId(id), Ok(response));
    }

    /// The connect call by the user's `WebClient` failed. `error` is Slack's error code if Slack refused the call. `gave_up`
    /// says whether the `WebClient` has already retried the call. `retry_after` is in milliseconds.
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
        let error = ApiError::WebClient { message, error, gave_up, retry_after };
        self.js_requests.finish_connect(JsRequestId(id), Err(error));
    }

    /// The response to a request with the user's agent, or to an upgrade that the server refused.
    #[napi(catch_unwind)]
    pub fn finish_request(&self, id: u32, status: u16, reason: String, headers: Vec<String>, body: Buffer) {
        let headers = options::pairs(&headers);
        let body = Vec::from(body).into();
        let response = AgentResponse { status, reason, headers, body };
        self.js_requests.finish_request(JsRequestId(id), Ok(response));
    }

    /// A request or an upgrade with the user's agent failed.
    #[napi(catch_unwind)]
    pub fn fail_request(&self, id: u32, message: String, code: Option<String>) {
        let error = CodedError { message, code: code.map(Into::into) };
        self.js_requests.finish_request(JsRequestId(id), Err(error));
    }

    /// The server accepted an upgrade with the user's agent. Returns the stream to connect with the socket, or `null` if the
    /// upgrade was canceled.
    #[napi(catch_unwind)]
    pub fn finish_upgrade(&self, id: u32, status: u16, headers: Vec<String>) -> Option<ByteStream> {
        let headers = options::pairs(&headers);
        let response = AgentResponse { status, reason: String::new(), headers, body: Bytes::new() };
        self.js_requests.finish_upgrade(JsRequestId(id), response)
    }

    /// The round-trip time of the last ping, in milliseconds.
    #[napi(getter, catch_unwind)]
    pub fn latency(&self) -> Option<f64> {
        self.handle.with(Handle::latency).flatten().map(|latency| latency.as_secs_f64() * 1000.0)
    }

    /// When the last frame arrived, in milliseconds since the Unix epoch.
    #[napi(getter, catch_unwind)]
    pub fn last_activity(&self) -> Option<f64> {
        self.handle.with(Handle::last_activity).flatten().map(|millis| millis as f64)
    }

    fn input(&self, input: Input) -> Result<()> {
        self.with_handle(|handle| handle.input(input))
    }

    fn with_handle(&self, f: impl FnOnce(&Handle) -> std::result::Result<(), ClientEnded>) -> Result<()> {
        self.handle
            .with(f)
            .unwrap_or(Err(ClientEnded))
            .map_err(|ended| Error::new(Status::Closing, ended.to_string()))
    }
}

fn to_message(json: String) -> Result<Message> {
    Message::new(json)
        .map_err(|_| Error::new(Status::InvalidArg, "the message is not a JSON object".to_owned()))
}
