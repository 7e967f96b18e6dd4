//! The connect call and the upgrade request on the wire.

use slack_rtm_native::session::Outcome;
use tokio::net::TcpListener;

use crate::client::{Setup, TOKEN};
use crate::own_process::has_own_process;
use crate::server::{Server, ok_response};

const FORM: &str = "batch_presence_aware=true&presence_sub=false&x=%7B%22a%22%3A1%7D";

fn with_headers(mut setup: Setup, headers: &[(&str, &str)]) -> Setup {
    setup.transport.headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    setup
}

#[tokio::test]
async fn the_connect_call_is_a_post_with_exactly_these_headers() {
    let server = Server::bind().await;
    let mut client = with_headers(Setup::new(&server), &[("X-Extra", "one"), ("x-extra", "two")]).client();
    client.start(FORM);
    let request = server.accept().await.request().await;
    let head = format!(
        "POST /api/rtm.connect HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\nuser-agent: tests/1.0\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nx-extra: one\r\nx-extra: two\r\n\
         connection: close\r\naccept: */*\r\nhost: {}\r\n\r\n",
        FORM.len(),
        server.address
    );
    assert_eq!(request.head, head);
    assert_eq!(request.body, FORM);
}

/// Some servers respond with 411 to a POST without one.
#[tokio::test]
async fn an_empty_form_has_a_content_length() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let request = server.accept().await.request().await;
    assert_eq!((request.header("content-length"), &*request.body), (Some("0"), ""));
}

#[tokio::test]
async fn a_token_in_the_options_of_start_replaces_the_clients() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("a=b&token=xoxp-%2Fother&c=d");
    let request = server.accept().await.request().await;
    assert_eq!(request.header("authorization"), Some("Bearer xoxp-/other"));
}

#[tokio::test]
async fn the_method_is_appended_to_the_path_of_the_api_url() {
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.transport.api_url = format!("http://{}/proxy/of/slack/", server.address);
    setup.transport.method = "rtm.start".to_owned();
    let mut client = setup.client();
    client.start("");
    let request = server.accept().await.request().await;
    assert!(request.head.starts_with("POST /proxy/of/slack/rtm.start HTTP/1.1\r\n"), "{}", request.head);
}

/// Some bots log in with a cookie.
#[tokio::test]
async fn the_upgrade_request_has_the_users_headers_but_not_the_token() {
    let (api, sockets) = (Server::bind().await, Server::bind().await);
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("Cookie", "d=x"), ("Authorization", &authorization)];
    let mut client = with_headers(Setup::new(&api), &headers).client();
    client.start("");
    let mut call = api.accept().await;
    let request = call.request().await;
    assert_eq!(request.header("cookie"), Some("d=x"));
    assert_eq!(request.header("authorization"), Some(&*authorization));
    call.send(ok_response(&sockets.socket_url())).await;

    let upgrade = sockets.accept().await.request().await;
    assert!(upgrade.head.starts_with("GET /socket?ticket=t1cket HTTP/1.1\r\n"), "{}", upgrade.head);
    assert_eq!(upgrade.header("host"), Some(&*sockets.address.to_string()));
    assert_eq!(upgrade.header("user-agent"), Some("tests/1.0"));
    assert_eq!(upgrade.header("cookie"), Some("d=x"));
    assert_eq!(upgrade.header("sec-websocket-version"), Some("13"));
    assert!(!upgrade.head.contains(TOKEN), "{}", upgrade.head);
}

/// Neither for the connect call nor for the socket.
#[tokio::test]
async fn proxies_of_the_environment_are_not_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
    let url = format!("http://{}", proxy.local_addr().expect("it listens"));
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let environment = names.map(|name| (name, &*url));
    if !has_own_process("request::proxies_of_the_environment_are_not_used", &environment) {
        return;
    }
    let server = Server::bind().await;
    let (mut client, mut socket) = crate::client::Client::ready(Setup::new(&server), &server).await;
    socket.text(r#"{"type":"direct"}"#).await;
    assert_eq!(client.frame().await, r#"{"type":"direct"}"#);
}

#[tokio::test]
async fn an_invalid_option_is_named_without_showing_the_token() {
    use slack_rtm_native::driver::{Transport, TransportConfig};
    use slack_rtm_native::session::Secret;

    let server = Server::bind().await;
    let refused = |change: fn(&mut TransportConfig)| {
        let mut config = Setup::new(&server).transport;
        change(&mut config);
        let error = Transport::new(config).expect_err("the option is invalid");
        assert!(!error.to_string().contains(TOKEN), "{error}");
        error.option
    };
    assert_eq!(refused(|config| config.api_url = "not a URL".into()), "slackApiUrl");
    assert_eq!(refused(|config| config.token = Secret(format!("{TOKEN}\n"))), "token");
    assert_eq!(refused(|config| config.headers = vec![("a b".into(), "c".into())]), "headers");
    assert_eq!(refused(|config| config.headers = vec![("a".into(), "b\nc".into())]), "headers");
    assert_eq!(refused(|config| config.tls.ca = Some(vec![b"no certificate".to_vec()])), "tls.ca");

    let transport = Transport::new(Setup::new(&server).transport).expect("the options are valid");
    assert!(!format!("{transport:?}").contains(TOKEN));
}

/// Nothing would use it for hours.
#[tokio::test]
async fn a_connect_call_leaves_no_connection_open() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(ok_response(&server.socket_url())).await;
    assert_eq!(call.ended().await, b"");
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}
