//! Time in tests: a bound for every wait, and a clock that moves only when the test says so.

use std::sync::mpsc::{Sender, channel};
use std::thread::panicking;
use std::time::{Duration, Instant};

use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{advance, timeout};

/// No wait of a test is longer.
const IDLE_WAKE_DELAY: Duration = Duration::from_secs(20);

/// How often others get their turn before "nothing happened" is believed.
const TURNS: usize = 200;

/// A ping is so late at most: it goes out at a tick of the process' clock.
pub(crate) const PING_LEEWAY: Duration = Duration::from_millis(30);

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Awaits what must happen.
///
/// # Panics
/// It did not happen.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(IDLE_WAKE_DELAY, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Gives all other tasks, and the sockets, their turns.
pub(crate) async fn take_turns() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

/// Waits until something that changes while others have their turns is true.
pub(crate) async fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "the clock of the runtime may stand still")]
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < IDLE_WAKE_DELAY, "never came true: {what}");
        yield_now().await;
    }
}

/// A clock that stands still, for tests with `start_paused`. By itself a paused clock jumps to the next deadline
/// whenever all tasks wait, also for a packet that is on its way; this one does not.
pub(crate) struct Clock {
    stopped: Sender<()>,
}

impl Clock {
    /// Stops the clock until the value is dropped.
    pub(crate) fn stop() -> Self {
        let (stopped, dropped) = channel::<()>();
        // The clock does not jump while such a thread works. It gives up in time, so that a wait in vain ends.
        spawn_blocking(move || dropped.recv_timeout(IDLE_WAKE_DELAY));
        Self { stopped }
    }

    /// Lets time pass, at once: what is due on the way happens at the end of it.
    pub(crate) async fn pass(&self, time: Duration) {
        take_turns().await;
        advance(time).await;
        take_turns().await;
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let stood_still = self.stopped.send(()).is_ok();
        assert!(stood_still || panicking(), "a wait in vain set the clock going");
    }
}
