//! Independent readers of JSON, WebSocket frames and chunks. The fuzz targets compare their results with those of the product.
//! They were written, or chosen, without looking at the product's own readers.

pub mod chunk;
pub mod json;
pub mod websocket;
