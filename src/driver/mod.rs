//! The driver: runs clients on tokio, one task per client. The task executes the session's outputs, and passes the network's
//! events, the user's calls and the time to the session. All tasks share a runtime of two threads.

mod agent;
mod api_calls;
mod clock;
mod connection;
#[cfg(fuzzing)]
#[allow(missing_docs)]
pub(crate) mod fuzzing;
mod handle;
mod host;
mod socket;
mod transport;
mod web_api;
mod ws_handshake;

use std::future::pending;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use futures_util::FutureExt;
use tokio::runtime::{Builder, Handle as RuntimeHandle, Runtime};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::sleep_until;

use crate::session::{
    CloseReason, Config, ConnectionId, Delivery, Failure, Input, LogLevel, Outcome, Output, Session,
};

pub use crate::net::error_code::CodedError;
pub use crate::net::option_error::OptionError;
pub use crate::net::proxy::{ProxyConfig, ProxyKind};
pub use crate::net::stream::Duplex;
pub use crate::net::tls::{Pfx, TlsConfig, has_default_roots, set_default_roots};
pub use agent::{Agent, AgentRequest, AgentResponse, HostFuture, WebClient};
use api_calls::{ApiCalls, CallEvent};
use clock::{next_tick, now, wall_clock};
use connection::{Connection, ConnectionEvent};
pub use handle::{ClientEnded, Handle};
use handle::{Command, Health};
pub use host::Host;
use socket::SocketEvent;
pub use transport::{Transport, TransportConfig};
pub use web_api::{ApiRequest, FORM, MAX_RESPONSE_BYTES};

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

/// Starts a client's task on the runtime. `seed` is for the jitter of its pauses.
pub fn spawn(
    runtime: &RuntimeHandle,
    config: Config,
    transport: Arc<Transport>,
    seed: u64,
    host: impl Host,
) -> Handle {
    let (commands, receiver) = unbounded_channel();
    let health = Arc::new(Health::default());
    let handle = Handle { commands, health: Arc::clone(&health) };
    let mut driver = Driver {
        calls: ApiCalls::new(Arc::clone(&transport), config.retry.clone(), seed),
        session: Session::new(config.clone(), seed, now()),
        config,
        seed,
        transport,
        commands: receiver,
        host,
        health,
        connection: Connection::None,
        is_paused: false,
    };
    // The future holds a value twice if it moves or is created before an `await`. So the driver is created outside.
    runtime.spawn(async move { driver.supervise().await });
    handle
}

/// The runtime of the process, which has two threads for all clients. The first call creates it.
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

/// A client's task.
struct Driver<H> {
    config: Config,
    seed: u64,
    session: Session,
    transport: Arc<Transport>,
    commands: UnboundedReceiver<Box<Command>>,
    calls: ApiCalls,
    host: H,
    health: Arc<Health>,
    connection: Connection,
    /// Whether the socket is not read, because the host is full.
    is_paused: bool,
}

impl<H: Host> Driver<H> {
    /// Runs until the last handle is dropped. After a panic, the client goes on with a new session.
    async fn supervise(&mut self) {
        while let Err(panic) = AssertUnwindSafe(self.run()).catch_unwind().await {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown panic");
            self.connection = Connection::None;
            self.calls.clear();
            self.is_paused = false;
            let last_id = self.session.last_message_id();
            self.session = Session::new(self.config.clone(), self.seed, now());
            self.session.continue_after(last_id);
            self.host.crashed(message);
            self.host.flush();
        }
    }

    async fn run(&mut self) {
        loop {
            self.execute_outputs();
            self.host.flush();
            self.update_pause();
            let deadline = self.session.poll_timeout_with(next_tick);
            // Data that has arrived is handled before a deadline that has passed at the same time.
            tokio::select! {
                biased;
                event = self.calls.next_event() => self.on_call_event(event),
                event = self.connection.next_event(!self.is_paused) => {
                    // Commands from before the event take effect before it.
                    if self.take_commands(now()).is_break() {
                        return;
                    }
                    self.on_connection_event(event);
                }
                command = self.commands.recv() => match command {
                    Some(command) => self.on_command(now(), *command),
                    None => return,
                },
                () = self.host.wait_for_room(), if self.is_paused => {}
                () = sleep_to(deadline) => {}
            }
            if self.catch_up().is_break() {
                return;
            }
        }
    }

    /// Handles all waiting commands and a passed deadline, so that a socket that always has data cannot delay them.
    /// Breaks when the last handle is gone.
    fn catch_up(&mut self) -> ControlFlow<()> {
        let now = now();
        self.take_commands(now)?;
        if self.session.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.session.handle(now, Input::Timeout);
        }
        ControlFlow::Continue(())
    }

    fn take_commands(&mut self, now: Instant) -> ControlFlow<()> {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.on_command(now, *command),
                Err(TryRecvError::Empty) => return ControlFlow::Continue(()),
                Err(TryRecvError::Disconnected) => return ControlFlow::Break(()),
            }
        }
    }

    fn on_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Input(input) => self.session.handle(now, input),
            Command::CallApi(id, request) => self.calls.start(id, request),
        }
    }

    fn on_call_event(&mut self, event: CallEvent) {
        let delivery = match event {
            CallEvent::Retrying { error, pause } if self.config.log_level <= LogLevel::Info => {
                let text = format!("{error}; trying again in {} ms", pause.as_millis());
                Delivery::Log { level: LogLevel::Info, text }
            }
            CallEvent::Retrying { .. } => return,
            CallEvent::Finished { call, result } => {
                let outcome = match result {
                    Ok(response) => Outcome::ApiResponse(response),
                    Err(error) => Outcome::Failed(Failure::Api(Arc::new(error))),
                };
                Delivery::Settle { call, outcome }
            }
        };
        self.host.deliver(delivery);
    }

    fn on_connection_event(&mut self, event: ConnectionEvent) {
        let now = now();
        match event {
            ConnectionEvent::ConnectFinished(connection, result) => {
                self.connection = Connection::None;
                self.session.handle(now, Input::ConnectFinished { connection, result: *result });
            }
            ConnectionEvent::OpenFinished(connection, result) => match *result {
                Ok(socket) => {
                    self.connection = Connection::Open(connection, Box::new(socket));
                    self.session.handle(now, Input::Opened { connection });
                }
                Err(error) => {
                    self.connection = Connection::None;
                    let reason = CloseReason::Failed(error);
                    self.session.handle(now, Input::Closed { connection, reason });
                }
            },
            ConnectionEvent::Socket(connection, events) => self.on_socket_events(now, connection, events),
        }
    }

    fn on_socket_events(&mut self, now: Instant, connection: ConnectionId, events: Vec<SocketEvent>) {
        if events.iter().any(|event| matches!(event, SocketEvent::Frame(_) | SocketEvent::Activity)) {
            self.health.set_last_activity(wall_clock());
        }
        for event in events {
            let input = match event {
                SocketEvent::Frame(data) => Input::Frame { connection, frame: self.host.read_frame(data) },
                SocketEvent::Activity => Input::Activity { connection },
                SocketEvent::Flushed => Input::Flushed { connection },
                SocketEvent::Closed(reason) => {
                    self.connection = Connection::None;
                    Input::Closed { connection, reason }
                }
            };
            self.session.handle(now, input);
        }
        if let Some(latency) = self.session.latency() {
            self.health.set_latency(latency);
        }
    }

    /// Executes the session's outputs in their order.
    fn execute_outputs(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect { connection, options } => {
                    self.connection = Connection::connect(connection, &self.transport, options);
                }
                Output::Open { connection, url } => {
                    self.connection = Connection::open(connection, &self.transport, url);
                }
                Output::Write { frame } => {
                    if let Some(socket) = self.connection.socket() {
                        socket.write(frame);
                    }
                }
                Output::Pong => {
                    if let Some(socket) = self.connection.socket() {
                        socket.pong();
                    }
                }
                Output::Close => {
                    if let Some(socket) = self.connection.socket() {
                        socket.close();
                    }
                }
                Output::Drop => self.connection = Connection::None,
                Output::Deliver(delivery) => self.host.deliver(delivery),
            }
        }
    }

    /// Stops reading the socket while the host is full. The session must know, because then it cannot expect signs of
    /// life from the server.
    fn update_pause(&mut self) {
        let paused = self.host.is_full();
        if paused != self.is_paused {
            self.is_paused = paused;
            self.session.handle(now(), Input::ReadPaused { paused });
        }
    }
}

/// Sleeps until the deadline, or forever if there is none.
async fn sleep_to(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}
