//! The interface to the embedder of the driver: the Node.js addon, or a bot in Rust.

use std::future::Future;

use bytes::Bytes;

use crate::session::{Delivery, Frame};

/// Receives the deliveries of one client.
pub trait Host: Send + 'static {
    /// Reads a frame that has arrived. A token in the frame comes back with its delivery, before the next
    /// [`Self::flush`].
    fn read_frame(&mut self, data: Bytes) -> Frame {
        Frame::read(data)
    }

    /// Takes the next delivery. The order of the deliveries is the order of the events.
    fn deliver(&mut self, delivery: Delivery);

    /// The client's task panicked (a bug). The host must reject all pending calls. The client is `disconnected` now and
    /// can be started again.
    fn crashed(&mut self, message: &str);

    /// Marks the end of a batch of deliveries.
    fn flush(&mut self);

    /// Whether the host holds so many deliveries that the driver should stop reading the socket (backpressure).
    fn is_full(&self) -> bool;

    /// Waits until the host is not full. Must be cancel-safe.
    fn wait_for_room(&mut self) -> impl Future<Output = ()> + Send;
}
