//! Carries out what the session asks: the connect call, the socket, the clock. One task a client, all tasks on one
//! small runtime. It owns every socket and timer, and decides nothing.

mod agent;
mod api_calls;
mod clock;
#[cfg(fuzzing)]
#[allow(missing_docs)]
pub(crate) mod fuzzing;
mod socket;
mod transport;
mod web_api;
mod ws_handshake;

use std::future::{Future, pending};
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::runtime::{Builder, Handle as RuntimeHandle, Runtime};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep_until;

use crate::session::{
    ApiError, CallId, CloseReason, Config, ConnectResponse, ConnectionId, Delivery, Failure, Frame, Input,
    LogLevel, Outcome, Output, Session, SocketError,
};

pub use crate::net::error_code::CodedError;
pub use crate::net::option_error::OptionError;
pub use crate::net::proxy::{ProxyConfig, ProxyKind};
pub use crate::net::stream::Duplex;
pub use crate::net::tls::{Pfx, TlsConfig, has_default_roots, set_default_roots};
pub use agent::{Agent, AgentRequest, AgentResponse, HostFuture, WebClient};
use api_calls::ApiCalls;
use clock::{next_tick, now, wall_clock};
use socket::{Socket, SocketEvent};
pub use transport::{Transport, TransportConfig};
pub use web_api::{ApiRequest, FORM, MAX_ANSWER_BYTES};

/// The part of [`session`](crate::session) that users of the driver need: its vocabulary and its options.
pub mod io {
    pub use crate::session::{
        ApiError, ApiResponse, CallId, Config, ConnectResponse, Delivery, Diagnostic, ErrorReport, Event,
        Failure, Frame, FrameField, FrameHead, FrameToken, Input, LogLevel, Message, MessageId, Outcome,
        RetryConfig, Secret, SocketError,
    };
    /// For the tests that run a session without a driver.
    #[cfg(test)]
    pub use crate::session::{ConnectionId, Output, Session};
}

/// Stands in [`Health`] for what has not happened yet.
const NEVER: u64 = 0;

/// Where a client's deliveries go: the user's side of the driver.
pub trait Host: Send + 'static {
    /// Reads a frame that has arrived. What it notes of it comes back with the delivery, before the next flush.
    fn read(&mut self, data: Bytes) -> Frame {
        Frame::read(data)
    }

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
    requests: UnboundedSender<Box<UserRequest>>,
    health: Arc<Health>,
}

impl Handle {
    /// Hands the session an input of the user's: `Start`, `Disconnect`, `Send`, `Enqueue` or `Ping`.
    ///
    /// # Errors
    /// The client's task has ended.
    pub fn input(&self, input: Input) -> Result<(), Ended> {
        self.ask(UserRequest::Input(input))
    }

    /// Calls a Web API method, whatever the session's state, with repetitions by `retryConfig`. `call` settles by
    /// [`Outcome::ApiResponse`], or fails.
    ///
    /// # Errors
    /// The client's task has ended.
    pub fn call_api(&self, call: CallId, request: ApiRequest) -> Result<(), Ended> {
        self.ask(UserRequest::Call(call, request))
    }

    fn ask(&self, request: UserRequest) -> Result<(), Ended> {
        self.requests.send(Box::new(request)).map_err(|_| Ended)
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

/// A client's task has ended: its runtime is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client's task has ended")]
pub struct Ended;

/// What the user asks for. Boxed on its way: the channel keeps room for 32 of them for as long as the client lives.
enum UserRequest {
    Input(Input),
    Call(CallId, ApiRequest),
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
    let (requests, receiver) = unbounded_channel();
    let health = Arc::new(Health::default());
    let handle = Handle { requests, health: Arc::clone(&health) };
    let mut driver = Driver {
        calls: ApiCalls::new(Arc::clone(&transport), config.retry.clone(), seed),
        session: Session::new(config.clone(), seed, now()),
        config,
        seed,
        transport,
        requests: receiver,
        host,
        health,
        work: Work::Idle,
        paused: false,
    };
    // The task holds the driver once: what is handed on by value, or is made before an `await`, it would hold twice.
    runtime.spawn(async move { driver.supervise().await });
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

/// One client's task.
struct Driver<H> {
    config: Config,
    seed: u64,
    session: Session,
    transport: Arc<Transport>,
    requests: UnboundedReceiver<Box<UserRequest>>,
    calls: ApiCalls,
    host: H,
    health: Arc<Health>,
    work: Work,
    paused: bool,
}

type Calling = Pin<Box<dyn Future<Output = Result<ConnectResponse, ApiError>> + Send>>;
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
    Answered(ConnectionId, Box<Result<ConnectResponse, ApiError>>),
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
    async fn supervise(&mut self) {
        while let Err(panic) = AssertUnwindSafe(self.run()).catch_unwind().await {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown panic");
            self.work = Work::Idle;
            self.calls.clear();
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
            let wake = self.session.poll_timeout_with(next_tick);
            // What has arrived counts before a deadline that passed meanwhile.
            tokio::select! {
                biased;
                progress = self.calls.progress() => self.on_call(progress),
                progress = self.work.progress(!self.paused) => {
                    // What the user asked for before has its effect before.
                    if self.take_requests(now()).is_break() {
                        return;
                    }
                    self.on_progress(progress);
                }
                request = self.requests.recv() => match request {
                    Some(request) => self.on_request(now(), *request),
                    None => return,
                },
                () = self.host.room(), if self.paused => {}
                () = at(wake) => {}
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
        self.take_requests(now)?;
        if self.session.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.session.handle(now, Input::Timeout);
        }
        ControlFlow::Continue(())
    }

    fn take_requests(&mut self, now: Instant) -> ControlFlow<()> {
        loop {
            match self.requests.try_recv() {
                Ok(request) => self.on_request(now, *request),
                Err(TryRecvError::Empty) => return ControlFlow::Continue(()),
                Err(TryRecvError::Disconnected) => return ControlFlow::Break(()),
            }
        }
    }

    fn on_request(&mut self, now: Instant, request: UserRequest) {
        match request {
            UserRequest::Input(input) => self.session.handle(now, input),
            UserRequest::Call(id, request) => self.calls.begin(id, request),
        }
    }

    /// An attempt of an `apiCall` has ended.
    fn on_call(&mut self, progress: api_calls::Progress) {
        let delivery = match progress {
            api_calls::Progress::Repeats { error, pause } if self.config.log_level <= LogLevel::Info => {
                let text = format!("{error}; trying again in {} ms", pause.as_millis());
                Delivery::Log { level: LogLevel::Info, text }
            }
            api_calls::Progress::Repeats { .. } => return,
            api_calls::Progress::Ended { id: call, result } => {
                let outcome = match result {
                    Ok(answer) => Outcome::ApiResponse(answer),
                    Err(error) => Outcome::Failed(Failure::Api(Arc::new(error))),
                };
                Delivery::Settle { call, outcome }
            }
        };
        self.host.deliver(delivery);
    }

    fn on_progress(&mut self, progress: Progress) {
        let now = now();
        match progress {
            Progress::Answered(connection, result) => {
                self.work = Work::Idle;
                self.session.handle(now, Input::ConnectFinished { connection, result: *result });
            }
            Progress::Dialled(connection, result) => match *result {
                Ok(socket) => {
                    self.work = Work::Open(connection, Box::new(socket));
                    self.session.handle(now, Input::Opened { connection });
                }
                Err(error) => {
                    self.work = Work::Idle;
                    self.session
                        .handle(now, Input::Closed { connection, reason: CloseReason::Failed(error) });
                }
            },
            Progress::Socket(connection, events) => self.on_socket_events(now, connection, events),
        }
    }

    fn on_socket_events(&mut self, now: Instant, connection: ConnectionId, events: Vec<SocketEvent>) {
        if events.iter().any(|event| matches!(event, SocketEvent::Frame(_) | SocketEvent::Alive)) {
            let millis = wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let millis = u64::try_from(millis).unwrap_or(u64::MAX);
            self.health.last_activity_ms.store(millis, Ordering::Relaxed);
        }
        for event in events {
            let input = match event {
                SocketEvent::Frame(data) => Input::Frame { connection, frame: self.host.read(data) },
                SocketEvent::Alive => Input::Activity { connection },
                SocketEvent::Flushed => Input::Flushed { connection },
                SocketEvent::Closed(reason) => {
                    self.work = Work::Idle;
                    Input::Closed { connection, reason }
                }
            };
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
                    let dial = async move { ws_handshake::dial(&transport, &url).await };
                    self.work = Work::Dialling(connection, Box::pin(dial));
                }
                Output::Write { frame } => {
                    if let Work::Open(_, socket) = &mut self.work {
                        socket.write(frame);
                    }
                }
                Output::Pong => {
                    if let Work::Open(_, socket) = &mut self.work {
                        socket.pong();
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
            self.session.handle(now(), Input::ReadPaused { paused });
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}
