//! Carries out what the session asks: the connect call, the socket, the clock. One task a client, all tasks on one
//! small runtime. It owns every socket and timer, and decides nothing.

mod cause;
mod connect;
mod dns;
mod socket;
mod tls;

use std::future::{Future, pending};
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use tokio::runtime::{Builder, Handle as RuntimeHandle, Runtime};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep_until;

use crate::session::{
    Closure, Config, ConnectAnswer, ConnectError, ConnectionId, Delivery, Input, Output, Session, SocketError,
};

pub use connect::{Transport, TransportConfig, TransportError};
use socket::{Socket, SocketEvent};

/// Stands in [`Health`] for what has not happened yet.
const NEVER: u64 = 0;

/// Where a client's deliveries go: the user's side of the driver.
pub trait Host: Send + 'static {
    /// Takes the next delivery. Order is all-important.
    fn deliver(&mut self, delivery: Delivery);

    /// Takes note that the session came to grief (a bug): every promise still open must be rejected, and the client
    /// is `disconnected`.
    fn crashed(&mut self, message: &str);

    /// The deliveries so far can be looked at: called once after a batch of them.
    fn flush(&mut self);

    /// Whether the user's side holds so much that the socket should not be read.
    fn is_full(&self) -> bool;

    /// Waits until it is not. Must be cancel-safe.
    fn room(&mut self) -> impl Future<Output = ()> + Send;
}

/// The user's hold on a client. When the last one is gone, the client's task ends and its socket is dropped.
#[derive(Debug, Clone)]
pub struct Handle {
    inputs: UnboundedSender<Input>,
    health: Arc<Health>,
}

impl Handle {
    /// Hands the session an input of the user's: `Start`, `Disconnect`, `Send`, `Enqueue` or `Ping`.
    ///
    /// # Errors
    /// Gives the input back where the client's task has ended (its runtime is gone).
    pub fn input(&self, input: Input) -> Result<(), Box<Input>> {
        self.inputs.send(input).map_err(|error| Box::new(error.0))
    }

    /// The round trip of the last ping that was answered.
    pub fn latency(&self) -> Option<Duration> {
        match self.health.latency_us.load(Ordering::Relaxed) {
            NEVER => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    /// When the last frame arrived, in ms since the Unix epoch.
    pub fn last_activity(&self) -> Option<u64> {
        match self.health.last_activity_ms.load(Ordering::Relaxed) {
            NEVER => None,
            millis => Some(millis),
        }
    }
}

/// What can be read of a client from any thread at any time.
#[derive(Debug, Default)]
struct Health {
    latency_us: AtomicU64,
    last_activity_ms: AtomicU64,
}

/// Starts a client on the runtime given.
pub fn spawn(
    runtime: &RuntimeHandle,
    config: Config,
    transport: Arc<Transport>,
    seed: u64,
    host: impl Host,
) -> Handle {
    let (inputs, receiver) = unbounded_channel();
    let health = Arc::new(Health::default());
    let handle = Handle { inputs, health: Arc::clone(&health) };
    runtime.spawn(async move {
        let session = Session::new(config.clone(), seed, now());
        let driver = Driver {
            config,
            seed,
            session,
            transport,
            inputs: receiver,
            host,
            health,
            work: Work::Idle,
            paused: false,
        };
        driver.supervise().await;
    });
    handle
}

/// The process' runtime, made on first use: few threads serve all clients.
///
/// # Errors
/// The threads could not be started.
pub fn runtime() -> std::io::Result<&'static RuntimeHandle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle());
    }
    let runtime =
        Builder::new_multi_thread().worker_threads(2).thread_name("slack-rtm").enable_all().build()?;
    Ok(RUNTIME.get_or_init(|| runtime).handle())
}

/// The one place where the clock is read (tokio's, so that a test can stop it).
#[expect(clippy::disallowed_methods, reason = "the one place")]
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// One client's task.
struct Driver<H> {
    config: Config,
    seed: u64,
    session: Session,
    transport: Arc<Transport>,
    inputs: UnboundedReceiver<Input>,
    host: H,
    health: Arc<Health>,
    work: Work,
    paused: bool,
}

type Calling = Pin<Box<dyn Future<Output = Result<ConnectAnswer, ConnectError>> + Send>>;
type Dialling = Pin<Box<dyn Future<Output = Result<Socket, SocketError>> + Send>>;

/// What is under way on the network: one thing at a time, so there is never more than one socket.
enum Work {
    Idle,
    Calling(ConnectionId, Calling),
    Dialling(ConnectionId, Dialling),
    Open(ConnectionId, Box<Socket>),
}

/// What came of it.
enum Progress {
    Answered(ConnectionId, Box<Result<ConnectAnswer, ConnectError>>),
    Dialled(ConnectionId, Box<Result<Socket, SocketError>>),
    Socket(ConnectionId, Vec<SocketEvent>),
}

impl Work {
    /// Waits for progress. Cancel-safe.
    async fn progress(&mut self, read: bool) -> Progress {
        match self {
            Work::Idle => pending().await,
            Work::Calling(connection, call) => Progress::Answered(*connection, Box::new(call.await)),
            Work::Dialling(connection, dial) => Progress::Dialled(*connection, Box::new(dial.await)),
            Work::Open(connection, socket) => Progress::Socket(*connection, socket.events(read).await),
        }
    }
}

impl<H: Host> Driver<H> {
    /// Runs until the user's side is gone. A panic becomes an error of this client's, with a new session after it.
    async fn supervise(mut self) {
        while let Err(panic) = AssertUnwindSafe(self.run()).catch_unwind().await {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown panic");
            self.work = Work::Idle;
            self.paused = false;
            let last_id = self.session.last_message_id();
            self.session = Session::new(self.config.clone(), self.seed, now());
            self.session.continue_after(last_id);
            self.host.crashed(message);
            self.host.flush();
        }
    }

    async fn run(&mut self) {
        loop {
            self.carry_out();
            self.host.flush();
            self.note_pause();
            let deadline = self.session.poll_timeout();
            // What has arrived counts before a deadline that passed meanwhile.
            tokio::select! {
                biased;
                progress = self.work.progress(!self.paused) => self.on_progress(progress),
                input = self.inputs.recv() => match input {
                    Some(input) => self.session.handle(now(), input),
                    None => return,
                },
                () = self.host.room(), if self.paused => {}
                () = at(deadline) => {}
            }
            if self.catch_up().is_break() {
                return;
            }
        }
    }

    /// Takes all inputs of the user's that are there, and the deadlines that have come: neither waits for a socket
    /// that is never silent. Breaks when the user's side is gone.
    fn catch_up(&mut self) -> ControlFlow<()> {
        let now = now();
        loop {
            match self.inputs.try_recv() {
                Ok(input) => self.session.handle(now, input),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return ControlFlow::Break(()),
            }
        }
        if self.session.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.session.handle(now, Input::Timeout);
        }
        ControlFlow::Continue(())
    }

    fn on_progress(&mut self, progress: Progress) {
        let now = now();
        match progress {
            Progress::Answered(connection, result) => {
                self.work = Work::Idle;
                self.session.handle(now, Input::Answered { connection, result: *result });
            }
            Progress::Dialled(connection, result) => match *result {
                Ok(socket) => {
                    self.work = Work::Open(connection, Box::new(socket));
                    self.session.handle(now, Input::Opened { connection });
                }
                Err(error) => {
                    self.work = Work::Idle;
                    self.session.handle(now, Input::Closed { connection, closure: Closure::Failed(error) });
                }
            },
            Progress::Socket(connection, events) => self.on_socket_events(now, connection, events),
        }
    }

    fn on_socket_events(&mut self, now: Instant, connection: ConnectionId, events: Vec<SocketEvent>) {
        for event in events {
            let input = match event {
                SocketEvent::Frame(data) => Input::Frame { connection, data },
                SocketEvent::Alive => Input::Alive { connection },
                SocketEvent::Flushed => Input::Flushed { connection },
                SocketEvent::Closed(closure) => {
                    self.work = Work::Idle;
                    Input::Closed { connection, closure }
                }
            };
            if matches!(input, Input::Frame { .. } | Input::Alive { .. }) {
                let millis = wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
                let millis = u64::try_from(millis).unwrap_or(u64::MAX);
                self.health.last_activity_ms.store(millis, Ordering::Relaxed);
            }
            self.session.handle(now, input);
        }
        if let Some(latency) = self.session.latency() {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1);
            self.health.latency_us.store(micros, Ordering::Relaxed);
        }
    }

    /// Does what the session asks, in its order.
    fn carry_out(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect { connection, options } => {
                    let transport = Arc::clone(&self.transport);
                    let call = async move { transport.connect(&options).await };
                    self.work = Work::Calling(connection, Box::pin(call));
                }
                Output::Open { connection, url } => {
                    let transport = Arc::clone(&self.transport);
                    let dial = async move { socket::dial(&transport, &url).await };
                    self.work = Work::Dialling(connection, Box::pin(dial));
                }
                Output::Write { frame } => {
                    if let Work::Open(_, socket) = &mut self.work {
                        socket.write(frame);
                    }
                }
                Output::Close => {
                    if let Work::Open(_, socket) = &mut self.work {
                        socket.close();
                    }
                }
                Output::Drop => self.work = Work::Idle,
                Output::Deliver(delivery) => self.host.deliver(delivery),
            }
        }
    }

    /// Tells the session when reading stops and goes on.
    fn note_pause(&mut self) {
        let paused = self.host.is_full();
        if paused != self.paused {
            self.paused = paused;
            self.session.handle(now(), Input::Reading { paused });
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}
