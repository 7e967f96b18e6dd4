//! What the targets measure the product by: readers written or chosen without a look at its own.

pub mod chunk;
pub mod json;
pub mod websocket;
