//! Counting failures: those of a session ([`RetryState`]) and those of one call of `apiCall()` ([`Retries`]).

use std::time::{Duration, Instant};

use super::api_error::{ApiError, ErrorClass};
use super::backoff::{FailedCalls, LONGEST_RECONNECT_PAUSE, RetryConfig, reconnect_pause};
use super::text::format_duration;

/// A session's failures: they decide when it gives up and how long its pauses are.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryState {
    /// Whether the client was `authenticated` since `start()`. From then on, a temporary error never ends the session.
    pub(super) was_authenticated: bool,
    /// Failed attempts of the connect call that count against `retryConfig`.
    failed_calls: u32,
    /// When the first of these attempts was made.
    first_call_at: Instant,
    /// Pauses and failed attempts since a connection was last stable. The pauses grow with this number.
    failures: u32,
    /// Attempts of the connect call since the client was last `ready`.
    attempts: u32,
}

impl RetryState {
    /// The state of a session that begins now.
    pub(super) fn new(now: Instant) -> Self {
        Self { was_authenticated: false, failed_calls: 0, first_call_at: now, failures: 0, attempts: 0 }
    }

    /// The client enters `connecting`. A session that was authenticated before has all retries of `retryConfig` again.
    pub(super) fn connecting(&mut self, now: Instant) {
        if self.was_authenticated {
            self.failed_calls = 0;
            self.first_call_at = now;
        }
    }

    /// Counts an attempt of the connect call. Returns the number of attempts since the client was last `ready`.
    pub(super) fn count_attempt(&mut self) -> u32 {
        self.attempts = self.attempts.saturating_add(1);
        self.attempts
    }

    /// Counts a failed attempt of the connect call. Returns the failed attempts so far.
    pub(super) fn count_failed_call(&mut self, now: Instant) -> FailedCalls {
        self.failed_calls += 1;
        FailedCalls { count: self.failed_calls, elapsed: now.saturating_duration_since(self.first_call_at) }
    }

    /// The connect call has succeeded.
    pub(super) fn authenticated(&mut self) {
        self.was_authenticated = true;
        self.failed_calls = 0;
    }

    /// The client is `ready`.
    pub(super) fn ready(&mut self) {
        self.attempts = 0;
    }

    /// A connection was stable: the pauses start from the shortest one again.
    pub(super) fn stable(&mut self) {
        self.failures = 0;
    }

    /// Whether the next pause is the first one since a connection was stable.
    pub(super) fn is_first_failure(&self) -> bool {
        self.failures == 0
    }

    /// The pause of `retryConfig` before the connect call is retried.
    ///
    /// Once authenticated, the session begins a new round of retries after each failed one. Its pauses continue to grow
    /// from one round to the next, up to [`LONGEST_RECONNECT_PAUSE`].
    pub(super) fn call_pause(&mut self, config: &RetryConfig, rng: &mut fastrand::Rng) -> Duration {
        let pause = if self.was_authenticated {
            config.pause(self.failed_calls.max(self.failures), rng).min(LONGEST_RECONNECT_PAUSE)
        } else {
            config.pause(self.failed_calls, rng)
        };
        self.failures += 1;
        pause
    }

    /// The pause before the next connection, at least `at_least`.
    pub(super) fn reconnect_pause(&mut self, at_least: Duration, rng: &mut fastrand::Rng) -> Duration {
        let pause = reconnect_pause(self.failures, rng).max(at_least);
        self.failures += 1;
        pause
    }
}

/// The failures of one call of `apiCall()`. They do not affect the session.
#[derive(Debug, Clone)]
pub struct Retries {
    config: RetryConfig,
    rng: fastrand::Rng,
    first_call_at: Instant,
    failures: u32,
}

impl Retries {
    /// For a call whose first attempt is made at `now`. The seed determines the random part of the pauses.
    pub fn new(config: RetryConfig, seed: u64, now: Instant) -> Self {
        Self { config, rng: fastrand::Rng::with_seed(seed), first_call_at: now, failures: 0 }
    }

    /// Counts a failed attempt and returns the pause before the next one: that of `retryConfig`, or longer if the
    /// server named a time (`Retry-After`).
    ///
    /// # Errors
    /// The call must not be retried. The text says why; it is the [`next`](super::ErrorReport::next) of the call's
    /// error.
    pub fn after(&mut self, now: Instant, error: &ApiError) -> Result<Duration, String> {
        self.failures += 1;
        let elapsed = now.saturating_duration_since(self.first_call_at);
        let failed = FailedCalls { count: self.failures, elapsed };
        if error.class() != ErrorClass::Retryable {
            return Err("the call is not retried".to_owned());
        }
        if !self.config.allows(failed) {
            return Err(retries_exhausted(failed));
        }
        Ok(self.config.pause(self.failures, &mut self.rng).max(error.retry_after()))
    }
}

/// The text for a call whose retries are exhausted.
pub(super) fn retries_exhausted(failed: FailedCalls) -> String {
    let FailedCalls { count, elapsed } = failed;
    let plural = if count == 1 { "" } else { "s" };
    format!("giving up after {count} attempt{plural} in {} (retryConfig)", format_duration(elapsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn some_time() -> Instant {
        Instant::now()
    }

    fn exact_pauses(retries: u32) -> RetryConfig {
        RetryConfig { retries, factor: 2.0, randomize: false, ..RetryConfig::default() }
    }

    #[test]
    fn a_call_is_retried_if_that_can_help_and_not_earlier_than_slack_asks() {
        let now = some_time();
        let retries = || Retries::new(exact_pauses(2), 7, now);
        let no_response = ApiError::Request { message: String::new(), cause: String::new(), code: None };
        let limited = |secs| ApiError::RateLimited {
            method: "api.test".to_owned(),
            retry_after: Duration::from_secs(secs),
        };
        let refused = ApiError::Platform { message: String::new(), error: None, body: "{}".into() };
        let mut call = retries();
        let pauses = [&no_response, &limited(30), &no_response].map(|error| call.after(now, error));
        let exhausted = "giving up after 3 attempts in 0 ms (retryConfig)".to_owned();
        assert_eq!(pauses, [Ok(Duration::from_secs(1)), Ok(Duration::from_secs(30)), Err(exhausted)]);
        assert_eq!(retries().after(now, &limited(0)), Ok(Duration::from_secs(1)));
        assert_eq!(retries().after(now, &refused), Err("the call is not retried".to_owned()));
    }

    #[test]
    fn before_the_first_authentication_all_attempts_count_against_retry_config() {
        let start = some_time();
        let mut state = RetryState::new(start);
        for count in 1..=3 {
            state.connecting(start);
            let now = start + Duration::from_secs(count.into());
            let failed = state.count_failed_call(now);
            assert_eq!(failed, FailedCalls { count, elapsed: now - start });
        }
        state.authenticated();
        let later = start + Duration::from_secs(60);
        state.connecting(later);
        assert_eq!(state.count_failed_call(later), FailedCalls { count: 1, elapsed: Duration::ZERO });
    }

    #[test]
    fn the_pauses_of_an_authenticated_session_grow_from_one_round_to_the_next() {
        let now = some_time();
        let mut rng = fastrand::Rng::with_seed(7);
        let mut state = RetryState::new(now);
        state.authenticated();
        let mut pauses = Vec::new();
        for _round in 0..4 {
            state.connecting(now);
            for _attempt in 0..2 {
                state.count_failed_call(now);
                pauses.push(state.call_pause(&exact_pauses(10), &mut rng).as_secs());
            }
        }
        assert_eq!(pauses, [1, 2, 2, 4, 8, 16, 32, 60]);
        state.stable();
        state.connecting(now);
        state.count_failed_call(now);
        assert_eq!(state.call_pause(&exact_pauses(10), &mut rng).as_secs(), 1);
    }

    #[test]
    fn attempts_are_counted_from_the_last_time_the_client_was_ready() {
        let mut state = RetryState::new(some_time());
        assert_eq!([state.count_attempt(), state.count_attempt()], [1, 2]);
        state.ready();
        assert_eq!(state.count_attempt(), 1);
    }
}
