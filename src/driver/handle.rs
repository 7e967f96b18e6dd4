//! The user's handle of a client: commands for its task, and its health.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::UnboundedSender;

use super::web_api::ApiRequest;
use crate::session::{CallId, Input};

/// The value in [`Health`] of something that has not happened yet.
const NEVER: u64 = 0;

/// A client. When its last handle is dropped, the client's task ends, and its socket is closed.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) commands: UnboundedSender<Box<Command>>,
    pub(super) health: Arc<Health>,
}

/// A command for a client's task. The channel holds boxes, because it keeps memory for 32 of them per client.
pub(super) enum Command {
    Input(Input),
    CallApi(CallId, ApiRequest),
}

impl Handle {
    /// Passes an input to the session: `Start`, `Disconnect`, `Send`, `Enqueue` or `Ping`.
    ///
    /// # Errors
    /// The client's task has ended.
    pub fn input(&self, input: Input) -> Result<(), ClientEnded> {
        self.send(Command::Input(input))
    }

    /// Calls a Web API method in any state of the session, with retries by `retryConfig`. `call` settles with
    /// [`Outcome::ApiResponse`](crate::session::Outcome::ApiResponse), or fails.
    ///
    /// # Errors
    /// The client's task has ended.
    pub fn call_api(&self, call: CallId, request: ApiRequest) -> Result<(), ClientEnded> {
        self.send(Command::CallApi(call, request))
    }

    fn send(&self, command: Command) -> Result<(), ClientEnded> {
        self.commands.send(Box::new(command)).map_err(|_| ClientEnded)
    }

    /// The round-trip time of the last ping that got a reply.
    pub fn latency(&self) -> Option<Duration> {
        match self.health.latency_us.load(Ordering::Relaxed) {
            NEVER => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    /// The time at which the last frame arrived, in ms since the Unix epoch.
    pub fn last_activity(&self) -> Option<u64> {
        match self.health.last_activity_ms.load(Ordering::Relaxed) {
            NEVER => None,
            millis => Some(millis),
        }
    }
}

/// The client's task has ended, because its runtime is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client's task has ended")]
pub struct ClientEnded;

/// Numbers about a client that any thread can read at any time.
#[derive(Debug, Default)]
pub(super) struct Health {
    latency_us: AtomicU64,
    last_activity_ms: AtomicU64,
}

impl Health {
    pub(super) fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1);
        self.latency_us.store(micros, Ordering::Relaxed);
    }

    pub(super) fn set_last_activity(&self, time: SystemTime) {
        let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.last_activity_ms.store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
