//! How long to wait before the next attempt: the pauses of `retryConfig` and those between connections.

use std::time::Duration;

/// The longest pause between two attempts of a session that has been connected before, however long an outage lasts. A
/// server that names a longer time (`Retry-After`) still gets it.
pub const LONGEST_RECONNECT_PAUSE: Duration = Duration::from_secs(60);

/// The `retryConfig` option: how a failed connect call is retried.
///
/// Names, meaning and formula are those of the npm package `retry`, as in `@slack/rtm-api` and `@slack/web-api`.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// How often a failed call is retried.
    pub retries: u32,
    /// The factor by which each pause is longer than the one before.
    pub factor: f64,
    /// The first pause.
    pub min_timeout: Duration,
    /// The longest pause.
    pub max_timeout: Duration,
    /// Whether each pause is multiplied by a random number between 1 and 2.
    pub randomize: bool,
    /// Whether the call is retried without end. The pause stops growing after `retries` attempts.
    pub forever: bool,
    /// No retry begins later than this after the first call.
    pub max_retry_time: Duration,
}

impl Default for RetryConfig {
    /// Ten retries in about thirty minutes, the default of `@slack/rtm-api`.
    fn default() -> Self {
        Self {
            retries: 10,
            factor: 1.968_21,
            min_timeout: Duration::from_secs(1),
            max_timeout: Duration::MAX,
            randomize: true,
            forever: false,
            max_retry_time: Duration::MAX,
        }
    }
}

impl RetryConfig {
    /// Whether another attempt is allowed after these failures.
    pub(super) fn allows(&self, failed: FailedCalls) -> bool {
        (self.forever || failed.count <= self.retries) && failed.elapsed < self.max_retry_time
    }

    /// The pause after the `failures`-th failed call in a row, counted from 1.
    pub(super) fn pause(&self, failures: u32, rng: &mut fastrand::Rng) -> Duration {
        let exponent = failures.saturating_sub(1).min(self.retries.saturating_sub(1));
        let random = if self.randomize { 1.0 + rng.f64() } else { 1.0 };
        let seconds = random * self.min_timeout.as_secs_f64() * self.factor.powf(f64::from(exponent));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(self.max_timeout)
    }
}

/// Failed attempts of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FailedCalls {
    /// How many attempts have failed.
    pub(super) count: u32,
    /// The time since the first attempt.
    pub(super) elapsed: Duration,
}

/// The pause before a connection is replaced, after this number of failures since a connection was last stable.
///
/// The first pause is between 0 and 1 s, so that a thousand clients of one server do not return at the same moment. The
/// next ones are random between 1 and 2 s, 2 and 4 s, and so on, up to between 30 s and [`LONGEST_RECONNECT_PAUSE`]. At
/// most five connect calls therefore fit into the first ten seconds.
pub(super) fn reconnect_pause(failures: u32, rng: &mut fastrand::Rng) -> Duration {
    if failures == 0 {
        return Duration::from_secs(1).mul_f64(rng.f64());
    }
    let longest = Duration::from_secs(1 << failures.min(6)).min(LONGEST_RECONNECT_PAUSE);
    longest.mul_f64(0.5 + rng.f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> fastrand::Rng {
        fastrand::Rng::with_seed(7)
    }

    #[test]
    fn the_pauses_are_those_of_the_npm_package_retry() {
        let config = RetryConfig {
            retries: 3,
            factor: 2.0,
            min_timeout: Duration::from_millis(100),
            max_timeout: Duration::from_millis(350),
            randomize: false,
            forever: true,
            ..RetryConfig::default()
        };
        let pauses: Vec<_> = (1..=5).map(|n| config.pause(n, &mut rng()).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 350, 350, 350]);
    }

    #[test]
    fn the_default_retries_take_about_thirty_minutes() {
        let config = RetryConfig::default();
        let mut rng = rng();
        let elapsed: Duration = (1..=10).map(|n| config.pause(n, &mut rng)).sum();
        assert!((900..2400).contains(&elapsed.as_secs()), "{elapsed:?}");
        assert!(config.allows(FailedCalls { count: 10, elapsed }));
        assert!(!config.allows(FailedCalls { count: 11, elapsed }));
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let config = RetryConfig { retries: u32::MAX, factor: 1e300, ..RetryConfig::default() };
        assert_eq!(config.pause(u32::MAX, &mut rng()), Duration::MAX);
    }

    #[test]
    fn at_most_five_connect_calls_fit_into_the_first_ten_seconds() {
        for seed in 0..1000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut at = Duration::ZERO;
            let mut calls = 0;
            for failures in 0.. {
                if at > Duration::from_secs(10) {
                    break;
                }
                calls += 1;
                at += reconnect_pause(failures, &mut rng);
            }
            assert!(calls <= 5, "{calls} calls with seed {seed}");
        }
    }

    #[test]
    fn no_pause_exceeds_the_longest_one() {
        let mut rng = rng();
        assert!((0..1000).all(|n| reconnect_pause(n, &mut rng) <= LONGEST_RECONNECT_PAUSE));
    }
}
