//! The HTTP clients against the published suite, over real sockets: a server on the loopback does what each of the
//! suite's peers does, byte by byte.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a real deadline is measured by a real clock")]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use http::Request;
use notify::{Client, HyperClient};
use tower::ServiceBuilder;
use tripline::action::{CheckedAddresses, TowerTransport, Transport, Truncated};
use tripline::testing::{Exchanged, Peer, transport_conformance};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server on the loopback that does what a peer does, and counts the requests that it has read whole.
struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    /// What it read first.
    heard: Arc<Mutex<Vec<u8>>>,
    /// Told when a client that waited in vain has gone.
    left: mpsc::Receiver<()>,
}

impl Server {
    fn of(peer: Peer) -> Self {
        let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let (address, requests) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let (leaving, left) = mpsc::channel();
        let (seen, heard) = (requests.clone(), Arc::<Mutex<Vec<u8>>>::default());
        let hears = heard.clone();
        if peer != Peer::IsAbsent {
            thread::spawn(move || {
                for connection in listener.incoming() {
                    let (connection, hears) = (connection.unwrap(), hears.clone());
                    let (seen, leaving) = (seen.clone(), leaving.clone());
                    thread::spawn(move || serve(peer, connection, &seen, &hears, &leaving));
                }
            });
        }
        Self { address, requests, heard, left }
    }
}

fn serve(
    peer: Peer,
    mut connection: TcpStream,
    requests: &AtomicUsize,
    heard: &Mutex<Vec<u8>>,
    leaving: &mpsc::Sender<()>,
) {
    if peer == Peer::HangsUpOnTls {
        *heard.lock().unwrap() = read_hello(&mut connection).unwrap_or_default();
        return;
    }
    let answer = |status: &str, headers: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    while let Some(head) = read_request(&mut connection) {
        let number = requests.fetch_add(1, Ordering::SeqCst);
        if number == 0 {
            *heard.lock().unwrap() = head;
        }
        let written = match peer {
            Peer::AnswersUnavailable => answer("503 Service Unavailable", "", "ok"),
            Peer::Redirects if number == 0 => answer("302 Found", "Location: /elsewhere\r\n", ""),
            Peer::AnswersAtLength => answer("200 OK", "", &"x".repeat(64 << 10)),
            Peer::HangsUp => return,
            Peer::BreaksOff => {
                let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
                return;
            }
            Peer::Silent => String::new(),
            Peer::Drips => {
                let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
                while connection.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(100));
                }
                return;
            }
            _ => answer("200 OK", "", "ok"),
        };
        if connection.write_all(written.as_bytes()).is_err() {
            break;
        }
    }
    let _ = leaving.send(());
}

/// Reads one record of TLS.
fn read_hello(connection: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut record = vec![0; 5];
    connection.read_exact(&mut record)?;
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + length, 0);
    connection.read_exact(&mut record[5..])?;
    Ok(record)
}

/// Reads one request with its body and gives its head; nothing where the connection has ended.
fn read_request(connection: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !read.ends_with(b"\r\n\r\n") {
        match connection.read(&mut byte) {
            Ok(1) => read.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(read.clone()).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    connection.read_exact(&mut body).ok().map(|()| read)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn clients() -> [(&'static str, Box<dyn Transport>); 3] {
    let within_a_layer = ServiceBuilder::new().concurrency_limit(4).service(HyperClient::new());
    [
        ("reqwest", Box::new(Client::new().unwrap())),
        ("hyper", Box::new(TowerTransport::new(HyperClient::new()))),
        ("hyper within a layer of tower", Box::new(TowerTransport::new(within_a_layer))),
    ]
}

fn get(url: String, addresses: Option<&[IpAddr]>) -> Request<Vec<u8>> {
    let mut request = Request::get(url).body(Vec::new()).unwrap();
    if let Some(addresses) = addresses {
        request.extensions_mut().insert(CheckedAddresses::new(addresses.iter().copied()));
    }
    request
}

#[test]
fn all_clients_keep_to_the_contract_with_every_peer() {
    let runtime = runtime();
    for (name, client) in clients() {
        let report = transport_conformance(name, |case| {
            let server = Server::of(case.peer());
            let began = Instant::now();
            let result =
                runtime.block_on(client.send(case.request(server.address.ip(), server.address.port())));
            let heard = server.heard.lock().unwrap().clone();
            Exchanged::new(result, server.requests.load(Ordering::SeqCst), began.elapsed()).with_heard(heard)
        });
        report.assert();
    }
}

#[test]
fn an_exchange_ends_with_its_future() {
    let runtime = runtime();
    for (name, client) in clients() {
        for addresses in [None, Some(&[LOOPBACK][..])] {
            let server = Server::of(Peer::Silent);
            runtime.block_on(async {
                let sent = client.send(get(format!("http://{}/", server.address), addresses));
                assert!(tokio::time::timeout(Duration::from_millis(300), sent).await.is_err());
                // The runtime goes on: what was begun must not go on with it.
                tokio::time::sleep(Duration::from_millis(50)).await;
            });
            let left = server.left.recv_timeout(Duration::from_secs(5));
            assert!(left.is_ok(), "{name} keeps the connection open");
            assert_eq!(server.requests.load(Ordering::SeqCst), 1);
        }
    }
}

#[test]
fn sixteen_kibibytes_are_read_where_nobody_says_otherwise() {
    let runtime = runtime();
    for (name, client) in clients() {
        let server = Server::of(Peer::AnswersAtLength);
        let answer = runtime.block_on(client.send(get(format!("http://{}/", server.address), None))).unwrap();
        assert!(answer.body().len() == 16 << 10 && Truncated::is_marked(&answer), "{name}");
    }
}

#[test]
fn a_guarded_request_goes_to_no_other_address_however_the_url_is_written() {
    let runtime = runtime();
    let elsewhere = IpAddr::from([192, 0, 2, 1]);
    for (name, client) in clients() {
        let server = Server::of(Peer::Answers);
        let port = server.address.port();
        for (host, addresses) in
            [("127.0.0.1", &[][..]), ("127.0.0.1", &[elsewhere]), ("localhost", &[]), ("[::1]", &[LOOPBACK])]
        {
            let error = runtime.block_on(client.send(get(format!("http://{host}:{port}/"), Some(addresses))));
            assert!(error.unwrap_err().is_refused(), "{name} {host} {addresses:?}");
        }
        let url = format!("http://hooks.contoso.invalid:{port}/");
        assert_eq!(runtime.block_on(client.send(get(url, Some(&[LOOPBACK])))).unwrap().status(), 200);
        assert_eq!(server.requests.load(Ordering::SeqCst), 1, "{name}");
    }
}

/// A proxy of the environment's is read once by a process, so this test runs itself again as one that has some.
#[test]
fn a_guarded_request_uses_no_proxy() {
    const CHILD: &str = "NOTIFY_TEST_BEHIND_A_PROXY";
    if std::env::var_os(CHILD).is_some() {
        let runtime = runtime();
        for (name, client) in clients() {
            let server = Server::of(Peer::Answers);
            let url = format!("http://hooks.contoso.invalid:{}/", server.address.port());
            let answer = runtime.block_on(client.send(get(url, Some(&[LOOPBACK])))).unwrap();
            assert_eq!((answer.status().as_u16(), name), (200, name));
        }
        return;
    }
    let proxy = Server::of(Peer::Answers);
    let url = format!("http://{}", proxy.address);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_guarded_request_uses_no_proxy"])
        .envs([(CHILD, "1"), ("HTTP_PROXY", &*url), ("http_proxy", &*url), ("ALL_PROXY", &*url)])
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert_eq!(proxy.requests.load(Ordering::SeqCst), 0);
}
