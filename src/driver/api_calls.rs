//! The Web API calls of `apiCall`, which run beside the session's connection, with their retries.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::now;
use super::transport::Transport;
use super::web_api::ApiRequest;
use crate::session::{ApiError, ApiResponse, CallId, ErrorReport, Retries, RetryConfig};

/// The most requests of one client that are in flight at the same time, as in `@slack/web-api`. Others wait.
const MAX_IN_FLIGHT: usize = 100;

/// What happened to a call.
pub(super) enum CallEvent {
    /// An attempt failed. The next one starts after the pause.
    Retrying { error: ApiError, pause: Duration },
    /// The call succeeded, or its last attempt failed.
    Finished { call: CallId, result: Result<ApiResponse, ErrorReport<ApiError>> },
}

/// The calls of one client.
pub(super) struct ApiCalls {
    transport: Arc<Transport>,
    retry: RetryConfig,
    rng: fastrand::Rng,
    slots: Arc<Semaphore>,
    attempts: FuturesUnordered<Attempt>,
}

/// An attempt in progress. It returns its call, so that the call can be retried.
type Attempt = Pin<Box<dyn Future<Output = (ApiCall, Result<ApiResponse, ApiError>)> + Send>>;

/// A call in progress.
struct ApiCall {
    id: CallId,
    request: ApiRequest,
    retries: Retries,
}

impl ApiCalls {
    pub(super) fn new(transport: Arc<Transport>, retry: RetryConfig, seed: u64) -> Self {
        let slots = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        let rng = fastrand::Rng::with_seed(seed);
        Self { transport, retry, rng, slots, attempts: FuturesUnordered::new() }
    }

    pub(super) fn start(&mut self, id: CallId, request: ApiRequest) {
        let retries = Retries::new(self.retry.clone(), self.rng.u64(..), now());
        self.start_attempt(ApiCall { id, request, retries }, Duration::ZERO);
    }

    fn start_attempt(&mut self, call: ApiCall, pause: Duration) {
        let (transport, slots) = (Arc::clone(&self.transport), Arc::clone(&self.slots));
        self.attempts.push(Box::pin(async move {
            // Even a sleep of zero takes a tick of tokio's clock, and would change the order of the calls.
            if !pause.is_zero() {
                sleep(pause).await;
            }
            let _slot = slots.acquire().await.expect("the semaphore is never closed");
            let result = transport.call_once(&call.request).await;
            (call, result)
        }));
    }

    /// Waits for the next attempt to end. Cancel-safe.
    pub(super) async fn next_event(&mut self) -> CallEvent {
        let Some((mut call, result)) = self.attempts.next().await else {
            return pending().await;
        };
        let error = match result {
            Ok(response) => return CallEvent::Finished { call: call.id, result: Ok(response) },
            Err(error) => error,
        };
        match call.retries.after(now(), &error) {
            Ok(pause) => {
                self.start_attempt(call, pause);
                CallEvent::Retrying { error, pause }
            }
            Err(next) => CallEvent::Finished { call: call.id, result: Err(ErrorReport { error, next }) },
        }
    }

    /// Cancels all calls.
    pub(super) fn clear(&mut self) {
        self.attempts.clear();
    }
}
