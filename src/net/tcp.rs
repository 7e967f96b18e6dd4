//! TCP connections to a host name or an address.

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::dns;
use super::stream::{Stream, StreamError};

/// Connects to the first address of the host that accepts.
pub(crate) async fn connect(host: &str, port: u16) -> Result<Stream, StreamError> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let uri = Uri::builder()
        .scheme("http")
        .authority(format!("{host}:{port}"))
        .path_and_query("/")
        .build()
        .map_err(|error| StreamError::Tcp(error.into()))?;
    let mut connector = HttpConnector::new_with_resolver(dns::Resolver);
    connector.set_nodelay(true);
    let stream = connector.call(uri).await.map_err(|error| StreamError::Tcp(error.into()))?;
    Ok(Stream::new(stream.into_inner()))
}
