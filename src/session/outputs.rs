//! The queue of outputs that the driver has not taken yet.

use std::collections::VecDeque;

use super::failure::Failure;
use super::ids::CallId;
use super::io::{Delivery, Event, LogLevel, Outcome, Output};
use super::redact::redact;

/// The outputs in the order in which the driver executes them, with shorthands for the common ones.
#[derive(Debug)]
pub(super) struct Outputs {
    queue: VecDeque<Output>,
    /// Lines below this level are not built.
    log_level: LogLevel,
}

impl Outputs {
    pub(super) fn new(log_level: LogLevel) -> Self {
        Self { queue: VecDeque::new(), log_level }
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        self.push(Output::Deliver(delivery));
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.deliver(Delivery::Event(event));
    }

    pub(super) fn settle(&mut self, call: CallId, outcome: Outcome) {
        self.deliver(Delivery::Settle { call, outcome });
    }

    pub(super) fn fail(&mut self, call: CallId, failure: Failure) {
        self.settle(call, Outcome::Failed(failure));
    }

    /// Adds a log line if its level is logged. The ticket of every socket URL in the text is removed, because the text
    /// may quote a server.
    pub(super) fn log(&mut self, level: LogLevel, text: impl FnOnce() -> String) {
        if level >= self.log_level {
            let text = redact(&text());
            self.deliver(Delivery::Log { level, text });
        }
    }
}
