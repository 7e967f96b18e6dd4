//! How long to wait before trying again. Owns the two pause formulas, and the count of a single call's failures; a
//! session's counts, and all clocks, belong to others.

use std::time::{Duration, Instant};

use super::api_error::{ApiError, Verdict};

/// No pause of a session that was once connected is longer, however long the outage.
pub const LONGEST_RECONNECT_PAUSE: Duration = Duration::from_secs(60);

/// No server is left alone for longer, whatever time it names.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The `retryConfig` option: how a failed connect call is repeated. Names, meaning and formula are those of the
/// npm package `retry`.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// How often a failed call is repeated before it fails for good.
    pub retries: u32,
    /// The factor by which each pause is longer than the one before.
    pub factor: f64,
    /// The first pause.
    pub min_timeout: Duration,
    /// No pause is longer.
    pub max_timeout: Duration,
    /// Multiplies each pause by a random number between 1 and 2.
    pub randomize: bool,
    /// Goes on past `retries`, with the longest pause reached.
    pub forever: bool,
    /// No repetition begins later than this after the first call.
    pub max_retry_time: Duration,
}

impl Default for RetryConfig {
    /// Ten repetitions in about thirty minutes.
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
    /// Whether another repetition is allowed after `failures` failed calls, the first of them `elapsed` ago.
    pub(super) fn allows(&self, failures: u32, elapsed: Duration) -> bool {
        (self.forever || failures <= self.retries) && elapsed < self.max_retry_time
    }

    /// The pause after the `failures`-th failed call in a row (counted from 1).
    pub(super) fn pause(&self, failures: u32, rng: &mut fastrand::Rng) -> Duration {
        let exponent = failures.saturating_sub(1).min(self.retries.saturating_sub(1));
        let random = if self.randomize { 1.0 + rng.f64() } else { 1.0 };
        let seconds = random * self.min_timeout.as_secs_f64() * self.factor.powf(f64::from(exponent));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(self.max_timeout)
    }
}

/// How often a call outside the session's life (`apiCall`) has failed, and whether it is repeated.
#[derive(Debug, Clone)]
pub struct Retries {
    config: RetryConfig,
    rng: fastrand::Rng,
    since: Instant,
    failures: u32,
}

impl Retries {
    /// For a call whose first attempt is made now. The seed decides the jitter.
    pub fn new(config: RetryConfig, seed: u64, now: Instant) -> Self {
        Self { config, rng: fastrand::Rng::with_seed(seed), since: now, failures: 0 }
    }

    /// The pause after which a failed call is repeated.
    ///
    /// # Errors
    /// It has failed for good, for the reason given.
    pub fn after(&mut self, now: Instant, error: &ApiError) -> Result<Duration, String> {
        self.failures += 1;
        let elapsed = now.saturating_duration_since(self.since);
        if error.verdict() != Verdict::Repeat {
            return Err("it is not repeated".to_owned());
        }
        if !self.config.allows(self.failures, elapsed) {
            return Err(given_up(self.failures, elapsed));
        }
        Ok(self.config.pause(self.failures, &mut self.rng).max(error.retry_after()))
    }
}

/// What the user is told when retries are spent.
pub(super) fn given_up(attempts: u32, elapsed: Duration) -> String {
    let plural = if attempts == 1 { "" } else { "s" };
    format!("giving up after {attempts} attempt{plural} in {} (retryConfig)", words_of(elapsed))
}

/// A time as a reader wants it.
pub(super) fn words_of(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{} s", time.as_secs())
    }
}

/// The pause before a lost connection is replaced, after `setbacks` earlier pauses since a connection last stood
/// for long: up to 1 s at first (so that a thousand clients of one server do not return at one moment), then about
/// 1, 2, 4, … s up to [`LONGEST_RECONNECT_PAUSE`], each between the half and the whole of twice that. Five connect
/// calls fit into the first ten seconds at the most.
pub(super) fn reconnect_pause(setbacks: u32, rng: &mut fastrand::Rng) -> Duration {
    if setbacks == 0 {
        return Duration::from_secs(1).mul_f64(rng.f64());
    }
    let whole = Duration::from_secs(1 << setbacks.min(6)).min(LONGEST_RECONNECT_PAUSE);
    whole.mul_f64(0.5 + rng.f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> fastrand::Rng {
        fastrand::Rng::with_seed(7)
    }

    #[test]
    fn pauses_of_npm_retry() {
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
    fn default_retries_take_about_thirty_minutes() {
        let config = RetryConfig::default();
        let mut rng = rng();
        let total: Duration = (1..=10).map(|n| config.pause(n, &mut rng)).sum();
        assert!((900..2400).contains(&total.as_secs()), "{total:?}");
        assert!(config.allows(10, total) && !config.allows(11, total));
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let config = RetryConfig { retries: u32::MAX, factor: 1e300, ..RetryConfig::default() };
        assert_eq!(config.pause(u32::MAX, &mut rng()), Duration::MAX);
    }

    #[test]
    fn at_most_five_connect_calls_in_the_first_ten_seconds() {
        for seed in 0..1000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut at = Duration::ZERO;
            let mut calls = 0;
            for setbacks in 0.. {
                if at > Duration::from_secs(10) {
                    break;
                }
                calls += 1;
                at += reconnect_pause(setbacks, &mut rng);
            }
            assert!(calls <= 5, "{calls} calls with seed {seed}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn a_call_is_repeated_where_that_may_help_and_as_slack_asks() {
        let now = Instant::now();
        let config = RetryConfig { retries: 2, factor: 2.0, randomize: false, ..RetryConfig::default() };
        let retries = || Retries::new(config.clone(), 7, now);
        let no_answer = ApiError::Request { message: String::new(), cause: String::new(), code: None };
        let limited = |secs| ApiError::RateLimited {
            method: "api.test".to_owned(),
            retry_after: Duration::from_secs(secs),
        };
        let refused = ApiError::Platform { message: String::new(), error: None, body: "{}".into() };
        let mut call = retries();
        let pauses = [&no_answer, &limited(30), &no_answer].map(|error| call.after(now, error));
        let spent = "giving up after 3 attempts in 0 ms (retryConfig)".to_owned();
        assert_eq!(pauses, [Ok(Duration::from_secs(1)), Ok(Duration::from_secs(30)), Err(spent)]);
        assert_eq!(retries().after(now, &limited(0)), Ok(Duration::from_secs(1)));
        assert_eq!(retries().after(now, &refused), Err("it is not repeated".to_owned()));
    }

    #[test]
    fn pauses_never_exceed_the_longest() {
        let mut rng = rng();
        assert!((0..1000).all(|n| reconnect_pause(n, &mut rng) <= LONGEST_RECONNECT_PAUSE));
    }
}
