//! The transport against sockets on this machine.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Serves one connection: reads the request, writes `answer`, closes.
fn serve_once(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).expect("a request");
        stream.write_all(answer).expect("an open connection");
    });
    format!("http://{address}/x")
}

async fn send(url: &str, response_bytes_max: usize) -> Result<Response<Bytes>, TransportError> {
    let limits = HttpLimits {
        response_bytes_max,
        ..HttpLimits::default()
    };
    let transport = ReqwestTransport::new(limits).expect("a transport");
    let request = Request::get(url).body(Bytes::new()).expect("a request");
    transport.send(request).await
}

#[test]
fn only_https_and_loopback_are_addresses_for_tokens() {
    for good in [
        "https://acme.my.salesforce.com",
        "http://127.0.0.1:8080",
        "http://localhost/x",
        "http://[::1]:9",
    ] {
        assert!(check_address(good).is_ok(), "{good}");
    }
    for bad in [
        "http://acme.example",
        "ftp://localhost",
        "acme",
        "",
        "http://localhost.acme.example",
        "file:///etc/passwd",
    ] {
        assert!(check_address(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn reads_an_answer_of_any_status() {
    let url = serve_once(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nRetry-After: 7\r\n\r\nbusy");
    let answer = send(&url, 100).await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.body(), "busy");
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = send(&format!("http://{address}/secret"), 100).await;
    let Err(TransportError::NotSent(text)) = error else {
        panic!("{error:?}");
    };
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_cut_answer_and_an_oversized_one_are_lost() {
    let cut = send(
        &serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"),
        100,
    )
    .await;
    assert!(matches!(cut, Err(TransportError::Lost(_))), "{cut:?}");
    let silent = send(&serve_once(b""), 100).await;
    assert!(matches!(silent, Err(TransportError::Lost(_))), "{silent:?}");
    let large = send(
        &serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbusy"),
        3,
    )
    .await;
    assert!(matches!(large, Err(TransportError::Lost(_))), "{large:?}");
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let refused = send("http://acme.example/x", 100).await;
    assert!(
        matches!(refused, Err(TransportError::NotSent(_))),
        "{refused:?}"
    );
}
