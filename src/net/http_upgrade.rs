//! HTTP requests after which the connection speaks another protocol: a WebSocket's upgrade request, and `CONNECT` to a
//! proxy. The caller checks the response.

use std::future::pending;

use bytes::Bytes;
use http::response::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::stream::Stream;

/// The most headers that a response may have.
const MAX_HEADERS: usize = 256;

/// Sends the request and reads the head of the response. Returns the stream too if the server switched protocols.
pub(crate) async fn http_upgrade(
    stream: Stream,
    request: Request<Empty<Bytes>>,
) -> Result<(Parts, Option<Stream>), hyper::Error> {
    let received = stream.received();
    let is_tunnel = request.method() == Method::CONNECT;
    // Some WebSocket servers compare `Sec-WebSocket-Key` case-sensitively.
    let (mut sender, connection) = http1::Builder::new()
        .title_case_headers(!is_tunnel)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    let exchange = async {
        let mut response = sender.send_request(request).await?;
        let status = response.status();
        let is_switched =
            if is_tunnel { status.is_success() } else { status == StatusCode::SWITCHING_PROTOCOLS };
        let stream = if is_switched {
            let upgraded = hyper::upgrade::on(&mut response).await?;
            Some(Stream::layered(received, TokioIo::new(upgraded)))
        } else {
            None
        };
        Ok((response.into_parts().0, stream))
    };
    // `exchange` returns the connection's errors as well, so that they can be ignored here.
    let drive = async {
        let _ = connection.with_upgrades().await;
        pending::<()>().await;
    };
    tokio::select! {
        result = exchange => result,
        () = drive => unreachable!("it never ends"),
    }
}
