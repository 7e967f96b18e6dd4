//! `apiCall`: Web API calls beside the session's own. Owns those under way; what is repeated, and when, the session's
//! `Retries` say.

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

/// So many requests of one client are under way at a time; the others wait. (As with `@slack/web-api`.)
const MAX_CONCURRENT: usize = 100;

/// What became of a call.
pub(super) enum Progress {
    /// An attempt failed, and another follows.
    Repeats { error: ApiError, pause: Duration },
    /// It is over.
    Ended { id: CallId, result: Result<ApiResponse, ErrorReport<ApiError>> },
}

/// The calls of one client.
pub(super) struct ApiCalls {
    transport: Arc<Transport>,
    retry: RetryConfig,
    rng: fastrand::Rng,
    slots: Arc<Semaphore>,
    attempts: FuturesUnordered<Attempt>,
}

/// An attempt under way: the call comes back with what it came to.
type Attempt = Pin<Box<dyn Future<Output = (ApiCall, Result<ApiResponse, ApiError>)> + Send>>;

/// A call under way.
struct ApiCall {
    id: CallId,
    request: ApiRequest,
    retries: Retries,
}

impl ApiCalls {
    pub(super) fn new(transport: Arc<Transport>, retry: RetryConfig, seed: u64) -> Self {
        let slots = Arc::new(Semaphore::new(MAX_CONCURRENT));
        let rng = fastrand::Rng::with_seed(seed);
        Self { transport, retry, rng, slots, attempts: FuturesUnordered::new() }
    }

    pub(super) fn begin(&mut self, id: CallId, request: ApiRequest) {
        let retries = Retries::new(self.retry.clone(), self.rng.u64(..), now());
        self.attempt(ApiCall { id, request, retries }, Duration::ZERO);
    }

    fn attempt(&mut self, call: ApiCall, pause: Duration) {
        let (transport, slots) = (Arc::clone(&self.transport), Arc::clone(&self.slots));
        self.attempts.push(Box::pin(async move {
            // Even no time would be a tick of the clock, and put calls out of their order.
            if !pause.is_zero() {
                sleep(pause).await;
            }
            let _slot = slots.acquire().await.expect("it is never closed");
            let result = transport.attempt(&call.request).await;
            (call, result)
        }));
    }

    /// Waits for the next attempt to end. Cancel-safe.
    pub(super) async fn progress(&mut self) -> Progress {
        let Some((mut call, result)) = self.attempts.next().await else {
            return pending().await;
        };
        let error = match result {
            Ok(answer) => return Progress::Ended { id: call.id, result: Ok(answer) },
            Err(error) => error,
        };
        match call.retries.after(now(), &error) {
            Ok(pause) => {
                self.attempt(call, pause);
                Progress::Repeats { error, pause }
            }
            Err(next) => Progress::Ended { id: call.id, result: Err(ErrorReport { error, next }) },
        }
    }

    /// Forgets all calls under way.
    pub(super) fn clear(&mut self) {
        self.attempts.clear();
    }
}
