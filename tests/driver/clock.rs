//! Time in tests: a limit for every wait, and a clock that only the test advances.

use std::sync::mpsc::{Sender, channel};
use std::thread::panicking;
use std::time::{Duration, Instant};

use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{advance, timeout};

/// The longest time that a test waits for something.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// How often a test yields to other tasks before it concludes that nothing happens.
const YIELDS: usize = 200;

/// The longest delay of a ping, because pings wait for the next tick of 20 ms.
pub(crate) const PING_LEEWAY: Duration = Duration::from_millis(30);

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Waits for something that must happen.
///
/// # Panics
/// It did not happen in time.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(MAX_WAIT, future).await.unwrap_or_else(|_| panic!("timed out: {what}"))
}

/// Lets all other tasks run, and the sockets make progress.
pub(crate) async fn let_others_run() {
    for _ in 0..YIELDS {
        yield_now().await;
    }
}

/// Lets other tasks run until the condition is true.
pub(crate) async fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "the clock of the runtime may stand still")]
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < MAX_WAIT, "timed out: {what}");
        yield_now().await;
    }
}

/// A stopped clock, for tests with `start_paused`. tokio's paused clock jumps to the next deadline when all tasks wait,
/// even if they wait for a packet that is in transit. This one does not.
pub(crate) struct Clock {
    stopped: Sender<()>,
}

impl Clock {
    /// Stops the clock until the returned value is dropped.
    pub(crate) fn stop() -> Self {
        let (stopped, dropped) = channel::<()>();
        // tokio's clock does not jump while a blocking task runs. The limit ends a test that would wait forever.
        spawn_blocking(move || dropped.recv_timeout(MAX_WAIT));
        Self { stopped }
    }

    /// Advances the clock in one step. Timers that are due in between fire at the end.
    pub(crate) async fn pass(&self, time: Duration) {
        let_others_run().await;
        advance(time).await;
        let_others_run().await;
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let stood_still = self.stopped.send(()).is_ok();
        assert!(stood_still || panicking(), "the clock moved, because the test waited too long");
    }
}
