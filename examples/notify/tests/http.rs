//! Real requests over the loopback: what arrives, where it goes, and how an answer that is too long, too slow or
//! elsewhere ends.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a real deadline is measured by a real clock")]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use chrono::DateTime;
use http::Request;
use notify::Client;
use serde_json::Value;
use tripline::action::{
    Action, ActionContext, ActionError, AnswerLimits, CheckedAddresses, OverHttp, SecretUrl, Transport,
    TransportError, Truncated,
};
use tripline::builtin::Notice;
use tripline::builtin::teams::TeamsWebhook;
use tripline::builtin::webhook::{Payload, Webhook};
use tripline::webhook::Guard;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CANARY: &str = "CANARY-7f3a";

struct Received {
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An HTTP server that answers everything alike; what it received comes out of the channel.
fn server(
    answer: impl Fn() -> tiny_http::ResponseBox + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<Received>) {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = server.server_addr().to_ip().unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let mut body = Vec::new();
            request.as_reader().read_to_end(&mut body).unwrap();
            let headers = request.headers().iter();
            let headers = headers.map(|each| (each.field.to_string().to_lowercase(), each.value.to_string()));
            let _ = sender.send(Received { url: request.url().to_owned(), headers: headers.collect(), body });
            let _ = request.respond(answer());
        }
    });
    (address, receiver)
}

/// A server that reads a request and then does with the connection what it is told to.
fn raw_server(serve: impl Fn(std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4_096]);
            serve(connection);
        }
    });
    address
}

fn status(status: u16) -> tiny_http::ResponseBox {
    tiny_http::Response::from_string("").with_status_code(status).boxed()
}

fn get(url: String) -> Request<Vec<u8>> {
    Request::get(url).body(Vec::new()).unwrap()
}

fn limited(url: String, most: usize, time: Duration) -> Request<Vec<u8>> {
    let mut request = get(url);
    request.extensions_mut().insert(AnswerLimits::new().with_max_bytes(most).with_time(time));
    request
}

fn checked(mut request: Request<Vec<u8>>, addresses: &[IpAddr]) -> Request<Vec<u8>> {
    request.extensions_mut().insert(CheckedAddresses::new(addresses.iter().copied()));
    request
}

fn for_tests() -> Guard {
    Guard::new().with_loopback(true).with_http(true).with_any_port(true)
}

fn ctx() -> ActionContext {
    ActionContext::new(DateTime::UNIX_EPOCH, "d-17")
}

#[tokio::test]
async fn a_message_to_teams_arrives() {
    let (address, received) = server(|| status(202));
    let url = SecretUrl::new(format!("http://{address}/workflows/9f/invoke?sig={CANARY}")).unwrap();
    let action = OverHttp::new(TeamsWebhook::new(url).with_guard(for_tests()), Client::new().unwrap());
    let output = action.run(&ctx(), Notice::new("Größer als 1.000")).await.unwrap();
    assert_eq!(output["status"], 202);
    let received = received.recv().unwrap();
    assert_eq!(received.url, format!("/workflows/9f/invoke?sig={CANARY}"));
    let message: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(message["attachments"][0]["content"]["body"][0]["text"], "Größer als 1.000");
}

#[tokio::test]
async fn a_guarded_request_goes_to_its_checked_addresses_and_keeps_its_host() {
    let (address, received) = server(|| status(204));
    // No resolver knows this name.
    let name = "hooks.contoso.invalid";
    let url = SecretUrl::new(format!("http://{name}:{}/in", address.port())).unwrap();
    let guard = for_tests().with_allowed_host(name);
    let action = OverHttp::new(Webhook::new(url).with_guard(guard), Client::new().unwrap());
    let ctx = ctx().with_checked_addresses(CheckedAddresses::new([LOOPBACK]));
    let payload = || Payload::of(serde_json::json!({"vips": 1004}));
    assert_eq!(action.run(&ctx, payload()).await.unwrap()["status"], 204);
    let received = received.recv().unwrap();
    let header =
        |name: &str| received.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str());
    assert_eq!(header("host"), Some(&*format!("{name}:{}", address.port())));
    assert_eq!(header("webhook-id"), Some("d-17"));
    let event: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(event["data"]["vips"], 1004);
}

#[tokio::test]
async fn it_goes_nowhere_else() {
    let (address, received) = server(|| status(200));
    let client = Client::new().unwrap();
    let elsewhere = IpAddr::from([192, 0, 2, 1]);
    for (host, addresses) in [("127.0.0.1", &[][..]), ("127.0.0.1", &[elsewhere]), ("localhost", &[])] {
        let request = checked(get(format!("http://{host}:{}/", address.port())), addresses);
        assert!(client.send(request).await.unwrap_err().is_refused(), "{host} {addresses:?}");
    }
    // The name leads to the loopback, the checked address does not: nothing arrives.
    let mut request =
        limited(format!("http://localhost:{}/", address.port()), 64, Duration::from_millis(300));
    request = checked(request, &[elsewhere]);
    assert!(client.send(request).await.is_err());
    assert!(received.try_recv().is_err());
    // With the right one it does.
    assert!(
        client.send(checked(get(format!("http://localhost:{}/", address.port())), &[LOOPBACK])).await.is_ok()
    );
    assert!(received.recv().is_ok());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (secret, reached) = server(|| status(200));
    let (address, _received) = server(move || {
        let to = format!("Location: http://{secret}/{CANARY}").parse::<tiny_http::Header>().unwrap();
        tiny_http::Response::from_string("").with_status_code(302).with_header(to).boxed()
    });
    let client = Client::new().unwrap();
    for request in
        [get(format!("http://{address}/")), checked(get(format!("http://{address}/")), &[LOOPBACK])]
    {
        assert_eq!(client.send(request).await.unwrap().status(), 302);
    }
    let url = SecretUrl::new(format!("http://{address}/")).unwrap();
    let action = OverHttp::new(TeamsWebhook::new(url).with_guard(for_tests()), client);
    let error = action.run(&ctx(), Notice::new("t")).await.unwrap_err();
    assert!(error.is_permanent() && !format!("{error:?}").contains(CANARY), "{error:?}");
    assert!(reached.try_recv().is_err());
}

#[tokio::test]
async fn a_long_answer_is_cut_and_marked_and_one_that_fits_is_whole() {
    let (address, _received) = server(|| tiny_http::Response::from_data(vec![b'x'; 1 << 20]).boxed());
    let response = Client::new().unwrap().send(get(format!("http://{address}/"))).await.unwrap();
    assert!(response.body().len() == 16 << 10 && Truncated::is_marked(&response));
    let (address, _received) = server(|| tiny_http::Response::from_data(vec![b'x'; 16 << 10]).boxed());
    let response = Client::new().unwrap().send(get(format!("http://{address}/"))).await.unwrap();
    assert!(response.body().len() == 16 << 10 && !Truncated::is_marked(&response));
}

#[tokio::test]
async fn an_answer_that_drips_does_not_outlive_the_deadline() {
    let address = raw_server(|mut connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n");
        while connection.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let began = Instant::now();
    let request = limited(format!("http://{address}/{CANARY}"), 16 << 10, Duration::from_millis(400));
    let error = Client::new().unwrap().send(request).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(400) && took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn whether_it_left_is_told_and_the_url_is_not() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let broken = raw_server(drop);
    let cut = raw_server(|mut connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    });
    for (address, is_unknown) in [(closed, false), (broken, true), (cut, true)] {
        for addresses in [None, Some([LOOPBACK])] {
            let mut request = get(format!("http://{address}/{CANARY}?sig={CANARY}"));
            if let Some(addresses) = addresses {
                request = checked(request, &addresses);
            }
            let error: TransportError = Client::new().unwrap().send(request).await.unwrap_err();
            assert_eq!(error.is_outcome_unknown(), is_unknown, "{error:?}");
            let (printed, error) = (format!("{error:?} {error}"), ActionError::from(error));
            assert!(error.is_transient(), "{error:?}");
            let printed = format!("{printed} {error:?} {}", serde_json::to_string(&error).unwrap());
            assert!(!printed.contains(CANARY), "{printed}");
        }
    }
}
