//! The options that the session uses.

use std::time::Duration;

use super::backoff::RetryConfig;
use super::io::LogLevel;

/// The options of a client that the session uses. Each field names the option of `RTMClient` that sets it.
///
/// The defaults are those of `RTMClient`, except for [`max_pending_replies`](Self::max_pending_replies).
#[derive(Debug, Clone)]
pub struct Config {
    /// `autoReconnect`: whether a lost connection is replaced.
    pub auto_reconnect: bool,
    /// Whether a socket URL with `ws:` is refused. Set if `slackApiUrl` is an `https:` URL.
    pub secure_only: bool,
    /// `clientPingTimeout`: a ping is sent when one direction has been silent for this time. `None` turns the keepalive
    /// off.
    pub client_ping_timeout: Option<Duration>,
    /// `serverPongTimeout`: the connection is replaced if nothing arrives for this time after a ping.
    pub server_pong_timeout: Duration,
    /// `replyAckOnReconnectTimeout`: how long a new connection waits for replies to messages of an earlier one before
    /// it is `ready`.
    pub reply_ack_timeout: Duration,
    /// `connectTimeout`: the time limit from opening the socket to `hello`. `None` turns the limit off.
    pub connect_timeout: Option<Duration>,
    /// `replyTimeout`: the time limit for the reply to a message. `None` turns the limit off.
    pub reply_timeout: Option<Duration>,
    /// `maxPendingReplies`: how many messages can wait for their reply at the same time. `usize::MAX` turns the limit
    /// off and is the default here.
    pub max_pending_replies: usize,
    /// `retryConfig`: how a failed connect call is retried.
    pub retry: RetryConfig,
    /// `logLevel`: lines below this level are not built.
    pub log_level: LogLevel,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            auto_reconnect: true,
            secure_only: true,
            client_ping_timeout: Some(Duration::from_secs(6)),
            server_pong_timeout: Duration::from_secs(4),
            reply_ack_timeout: Duration::from_secs(2),
            connect_timeout: Some(Duration::from_secs(30)),
            reply_timeout: None,
            max_pending_replies: usize::MAX,
            retry: RetryConfig::default(),
            log_level: LogLevel::Info,
        }
    }
}
