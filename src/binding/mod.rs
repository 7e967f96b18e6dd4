//! The Node.js addon: what `lib/` sees of the driver. Owns conversions between JavaScript values and the session's
//! vocabulary; decides nothing. All that crosses to JavaScript goes through the [`outbox`].
//!
//! `unsafe` is allowed here and nowhere else (and is not needed so far).

#![allow(clippy::needless_pass_by_value, reason = "JavaScript's values arrive as owned ones")]
#![allow(clippy::cast_precision_loss, reason = "times in ms are far below 2^53")]

mod encode;
mod host;
mod outbox;

use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::Buffer;
use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::driver::{Handle, Transport, TransportConfig, runtime, spawn};
use crate::session::{Config, Input, LogLevel, Message, RetryConfig, Secret};
use outbox::Outbox;

/// The options of a client, validated and with defaults filled in. Times are in ms; what may be absent is `null`.
#[napi(object)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct ClientOptions {
    /// `slackApiUrl`, with a slash at its end.
    pub slack_api_url: String,
    /// The token.
    pub token: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Extra headers, as names and values in turn.
    pub headers: Vec<String>,
    /// `tls.ca`: PEM files.
    pub ca: Option<Vec<Buffer>>,
    /// `autoReconnect`
    pub auto_reconnect: bool,
    /// `useRtmConnect`
    pub use_rtm_connect: bool,
    /// `clientPingTimeout`; 0: no keepalive.
    pub client_ping_timeout: f64,
    /// `serverPongTimeout`
    pub server_pong_timeout: f64,
    /// `replyAckOnReconnectTimeout`
    pub reply_ack_on_reconnect_timeout: f64,
    /// `requestTimeout`; 0: none.
    pub request_timeout: f64,
    /// `connectTimeout`; 0: none.
    pub connect_timeout: f64,
    /// `replyTimeout`; 0: none.
    pub reply_timeout: f64,
    /// `maxPendingReplies`; `Infinity`: no limit.
    pub max_pending_replies: f64,
    /// `retryConfig.retries`
    pub retries: f64,
    /// `retryConfig.factor`
    pub factor: f64,
    /// `retryConfig.minTimeout`
    pub min_timeout: f64,
    /// `retryConfig.maxTimeout`
    pub max_timeout: f64,
    /// `retryConfig.randomize`
    pub randomize: bool,
    /// `retryConfig.forever`
    pub forever: bool,
    /// `retryConfig.maxRetryTime`
    pub max_retry_time: f64,
    /// `logLevel`: `debug`, `info`, `warn` or `error`.
    pub log_level: String,
}

/// One client's session. Its promises are known by numbers that the shell chooses, and settle through the outbox.
#[napi]
pub struct NativeClient {
    handle: Handle,
}

#[napi]
impl NativeClient {
    /// Makes a client that is `disconnected`; `id` is what the outbox calls it.
    #[napi(constructor, catch_unwind)]
    pub fn new(outbox: &Outbox, id: u32, options: ClientOptions) -> Result<Self> {
        let config = session_config(&options);
        let transport = Transport::new(transport_config(options))
            .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        let runtime = runtime().map_err(|error| {
            Error::new(
                Status::GenericFailure,
                format!("the threads of the network side could not be started: {error}"),
            )
        })?;
        let handle = spawn(runtime, config, Arc::new(transport), fastrand::u64(..), outbox.host(id));
        Ok(Self { handle })
    }

    /// `start()`; `form` holds the options of the connect call, encoded.
    #[napi(catch_unwind)]
    pub fn start(&self, call: u32, form: String) -> Result<()> {
        self.input(Input::Start { call, options: Arc::from(form) })
    }

    /// `disconnect()`
    #[napi(catch_unwind)]
    pub fn disconnect(&self, call: u32) -> Result<()> {
        self.input(Input::Disconnect { call })
    }

    /// `send()`; `message` is a JSON object without its `id`.
    #[napi(catch_unwind)]
    pub fn send(&self, call: u32, message: String) -> Result<()> {
        self.input(Input::Send { call, message: to_message(message)? })
    }

    /// `addOutgoingEvent()`; `message` is a JSON object without its `id`.
    #[napi(catch_unwind)]
    pub fn enqueue(&self, call: u32, await_reply: bool, message: String) -> Result<()> {
        self.input(Input::Enqueue { call, await_reply, message: to_message(message)? })
    }

    /// `ping()`
    #[napi(catch_unwind)]
    pub fn ping(&self, call: u32) -> Result<()> {
        self.input(Input::Ping { call })
    }

    /// The round trip of the last ping, in ms.
    #[napi(getter, catch_unwind)]
    pub fn latency(&self) -> Option<f64> {
        self.handle.latency().map(|latency| latency.as_secs_f64() * 1000.0)
    }

    /// When the last frame arrived, in ms since the epoch.
    #[napi(getter, catch_unwind)]
    pub fn last_activity(&self) -> Option<f64> {
        self.handle.last_activity().map(|millis| millis as f64)
    }

    fn input(&self, input: Input) -> Result<()> {
        self.handle
            .input(input)
            .map_err(|_| Error::new(Status::Closing, "the network side of this client has ended".to_owned()))
    }
}

fn to_message(json: String) -> Result<Message> {
    Message::new(json).map_err(|_| Error::new(Status::InvalidArg, "the message is no JSON object".to_owned()))
}

fn session_config(options: &ClientOptions) -> Config {
    Config {
        auto_reconnect: options.auto_reconnect,
        secure_only: options.slack_api_url.starts_with("https:"),
        client_ping_timeout: to_limit(options.client_ping_timeout),
        server_pong_timeout: to_duration(options.server_pong_timeout),
        reply_ack_timeout: to_duration(options.reply_ack_on_reconnect_timeout),
        connect_timeout: to_limit(options.connect_timeout),
        reply_timeout: to_limit(options.reply_timeout),
        max_pending_replies: to_count(options.max_pending_replies),
        retry: RetryConfig {
            retries: u32::try_from(to_count(options.retries)).unwrap_or(u32::MAX),
            factor: options.factor,
            min_timeout: to_duration(options.min_timeout),
            max_timeout: to_duration(options.max_timeout),
            randomize: options.randomize,
            forever: options.forever,
            max_retry_time: to_duration(options.max_retry_time),
        },
        log_level: match options.log_level.as_str() {
            "debug" => LogLevel::Debug,
            "warn" => LogLevel::Warn,
            "error" => LogLevel::Error,
            _ => LogLevel::Info,
        },
    }
}

fn transport_config(options: ClientOptions) -> TransportConfig {
    let method = if options.use_rtm_connect { "rtm.connect" } else { "rtm.start" };
    let headers = options.headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    TransportConfig {
        api_url: options.slack_api_url,
        method: method.to_owned(),
        token: Secret(options.token),
        user_agent: options.user_agent,
        headers,
        request_timeout: to_limit(options.request_timeout),
        ca: options.ca.map(|pems| pems.iter().map(|pem| pem.to_vec()).collect()),
    }
}

/// Milliseconds to a duration; what is beyond all durations is the longest one.
fn to_duration(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(Duration::MAX)
}

/// Milliseconds to a limit; 0 stands for none.
fn to_limit(millis: f64) -> Option<Duration> {
    (millis > 0.0).then(|| to_duration(millis))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn to_count(number: f64) -> usize {
    number as usize
}
