//! The options of a client, as `lib/options.js` passes them after validation, and their conversion to the driver's types.

use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::Buffer;
use napi::{Error, Result, Status};
use napi_derive::napi;

use super::js_requests::{JsHost, JsRequests};
use crate::driver::io::{Config, LogLevel, RetryConfig, Secret};
use crate::driver::{Pfx, ProxyConfig, ProxyKind, TlsConfig, TransportConfig};

/// TLS settings. Files are read and keys are decrypted.
#[napi(object, use_nullable = true)]
pub struct TlsOptions {
    /// Trusted certificates, as PEM files; `null` for the default ones.
    pub ca: Option<Vec<Buffer>>,
    /// Client certificates, as PEM files. Each has a certificate and its chain.
    pub certs: Vec<Buffer>,
    /// Private keys, in the DER form of PKCS#8.
    pub keys: Vec<Buffer>,
    /// Client certificates with their keys, as PKCS#12 files.
    pub pfx: Vec<PfxOptions>,
    /// `rejectUnauthorized`: whether the server's certificate is verified.
    pub verify: bool,
}

/// A PKCS#12 file.
#[napi(object, use_nullable = true)]
pub struct PfxOptions {
    /// The content of the file.
    pub data: Buffer,
    /// The passphrase.
    pub passphrase: Option<String>,
}

/// A proxy.
#[napi(object, use_nullable = true)]
pub struct ProxyOptions {
    /// `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`.
    pub kind: String,
    /// The name or address. An IPv6 address has no brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user name, without percent-encoding.
    pub username: Option<String>,
    /// The password, without percent-encoding.
    pub password: Option<String>,
    /// Additional headers of `CONNECT` requests, as alternating names and values.
    pub headers: Vec<String>,
    /// The TLS settings of the connection to the proxy.
    pub tls: TlsOptions,
}

/// The options of a client, validated and complete. Times are in milliseconds.
#[napi(object, use_nullable = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that users know by this name")]
pub struct ClientOptions {
    /// `slackApiUrl`, which ends with a slash.
    pub slack_api_url: String,
    /// The bot's token.
    pub token: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Additional headers of all requests, as alternating names and values.
    pub headers: Vec<String>,
    /// `tls`
    pub tls: TlsOptions,
    /// The option `proxy`, or the proxy that the option `agent` stands for.
    pub proxy: Option<ProxyOptions>,
    /// Whether the user's agent opens the connections.
    pub has_agent: bool,
    /// Whether the user's `WebClient` makes the connect calls.
    pub has_web_client: bool,
    /// Whether a `ws:` socket is refused.
    pub secure_only: bool,
    /// `autoReconnect`
    pub auto_reconnect: bool,
    /// `useRtmConnect`
    pub use_rtm_connect: bool,
    /// `clientPingTimeout`; 0 turns the keepalive off.
    pub client_ping_timeout: f64,
    /// `serverPongTimeout`
    pub server_pong_timeout: f64,
    /// `replyAckOnReconnectTimeout`
    pub reply_ack_on_reconnect_timeout: f64,
    /// `requestTimeout`; 0 turns the limit off.
    pub request_timeout: f64,
    /// `connectTimeout`; 0 turns the limit off.
    pub connect_timeout: f64,
    /// `replyTimeout`; 0 turns the limit off.
    pub reply_timeout: f64,
    /// `maxPendingReplies`; `Infinity` turns the limit off.
    pub max_pending_replies: f64,
    /// `maxFrameBytes`
    pub max_frame_bytes: f64,
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

pub(super) fn session_config(options: &ClientOptions) -> Config {
    Config {
        auto_reconnect: options.auto_reconnect,
        secure_only: options.secure_only,
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

pub(super) fn transport_config(
    options: ClientOptions,
    requests: &Arc<JsRequests>,
) -> Result<TransportConfig> {
    let method = if options.use_rtm_connect { "rtm.connect" } else { "rtm.start" };
    Ok(TransportConfig {
        api_url: options.slack_api_url,
        method: method.to_owned(),
        token: Secret(options.token),
        user_agent: options.user_agent,
        headers: pairs(&options.headers),
        request_timeout: to_limit(options.request_timeout),
        max_frame_bytes: to_count(options.max_frame_bytes),
        tls: tls_config(options.tls),
        proxy: options.proxy.map(proxy_config).transpose()?,
        agent: options.has_agent.then(|| Arc::new(JsHost(Arc::clone(requests))) as _),
        web_client: options.has_web_client.then(|| Arc::new(JsHost(Arc::clone(requests))) as _),
    })
}

fn tls_config(options: TlsOptions) -> TlsConfig {
    let files = |files: Vec<Buffer>| files.into_iter().map(Vec::from).collect();
    TlsConfig {
        ca: options.ca.map(files),
        certs: files(options.certs),
        keys: files(options.keys),
        pfx: options
            .pfx
            .into_iter()
            .map(|PfxOptions { data, passphrase }| Pfx { data: data.into(), passphrase })
            .collect(),
        verify: options.verify,
    }
}

fn proxy_config(options: ProxyOptions) -> Result<ProxyConfig> {
    let ProxyOptions { kind, host, port, username, password, headers, tls } = options;
    let kind = ProxyKind::from_scheme(&kind)
        .ok_or_else(|| Error::new(Status::InvalidArg, format!("unsupported proxy protocol: {kind}")))?;
    Ok(ProxyConfig { kind, host, port, username, password, headers: pairs(&headers), tls: tls_config(tls) })
}

/// Alternating names and values, as pairs.
pub(super) fn pairs(headers: &[String]) -> Vec<(String, String)> {
    headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// Milliseconds as a duration. A value that is too large for a duration becomes the longest one.
pub(super) fn to_duration(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(Duration::MAX)
}

/// Milliseconds as a time limit. 0 means no limit.
fn to_limit(millis: f64) -> Option<Duration> {
    (millis > 0.0).then(|| to_duration(millis))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn to_count(number: f64) -> usize {
    number as usize
}
