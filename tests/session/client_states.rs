//! A simulation in each state of a client, for tests that call a method in every state.

use slack_rtm_native::session::Config;

use crate::simulation::{Replies, Simulation, SocketScript, http_error};

/// The states of a client (docs/lifecycle.md). Two of them have two variants, which look alike to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientState {
    Disconnected,
    /// `authenticating`: the connect call is in progress.
    Authenticating,
    /// `authenticating`: the connect call has failed, and its next attempt is due later.
    WaitingToRetry,
    Authenticated,
    Handshaking,
    Resuming,
    Ready,
    Reconnecting,
    Disconnecting,
    /// `disconnecting`, and `start()` was called since.
    Restarting,
}

impl ClientState {
    pub(crate) const ALL: [ClientState; 10] = [
        ClientState::Disconnected,
        ClientState::Authenticating,
        ClientState::WaitingToRetry,
        ClientState::Authenticated,
        ClientState::Handshaking,
        ClientState::Resuming,
        ClientState::Ready,
        ClientState::Reconnecting,
        ClientState::Disconnecting,
        ClientState::Restarting,
    ];

    /// A simulation in this state. Its lines are taken.
    ///
    /// The call `start` has led to it, except to `Disconnected`. The calls `first disconnect` and `second start` are
    /// pending in the states that need them. `lost` is a message that awaits its reply while `Resuming`.
    pub(crate) fn simulation(self) -> Simulation {
        let mut sim = Simulation::new(Config::default());
        match self {
            ClientState::Disconnected => return sim,
            ClientState::Authenticating => sim.server.connect_result = None,
            ClientState::WaitingToRetry => sim.server.connect_result = Some(Err(http_error(503))),
            ClientState::Authenticated => sim.server.socket = SocketScript::NeverOpens,
            ClientState::Handshaking => sim.server.socket = SocketScript::OpensWithoutHello,
            ClientState::Resuming | ClientState::Ready | ClientState::Reconnecting => {}
            ClientState::Disconnecting | ClientState::Restarting => sim.server.answers_close = false,
        }
        sim.start("start");
        match self {
            ClientState::Resuming => {
                sim.server.replies = Replies::None;
                sim.enqueue("lost", true);
                sim.closed(1006, "");
                sim.advance_to_deadline();
            }
            ClientState::Reconnecting => sim.closed(1006, ""),
            ClientState::Disconnecting => sim.disconnect("first disconnect"),
            ClientState::Restarting => {
                sim.disconnect("first disconnect");
                sim.start("second start");
            }
            _ => {}
        }
        let lines = sim.lines.take();
        assert_eq!(lines.last().map(String::as_str), Some(self.last_line()), "{self:?}");
        sim
    }

    /// The last line before the simulation is in this state.
    fn last_line(self) -> &'static str {
        match self {
            ClientState::Disconnected => "",
            ClientState::Authenticating | ClientState::WaitingToRetry => "> connect",
            ClientState::Authenticated | ClientState::Handshaking => "> open",
            ClientState::Resuming => "< hello",
            ClientState::Ready => "ready",
            ClientState::Reconnecting => "reconnecting",
            ClientState::Disconnecting | ClientState::Restarting => "> close",
        }
    }
}
