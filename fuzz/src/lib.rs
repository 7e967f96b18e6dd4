//! Reference readers for the fuzz targets. They share no code with the crate, so that the two do not have the same faults.

pub mod chunk;
pub mod json;
pub mod websocket;
