//! The network: host names, TCP, proxies, TLS, HTTP upgrades, and Node's codes for their errors. Does not know about
//! sessions.

pub(crate) mod connector;
pub(crate) mod dns;
pub(crate) mod error_code;
pub(crate) mod headers;
pub(crate) mod http_upgrade;
pub(crate) mod option_error;
pub(crate) mod proxy;
pub(crate) mod stream;
pub(crate) mod tcp;
pub(crate) mod tls;
