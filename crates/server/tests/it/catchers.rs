//! A mail server and a webhook on this machine that keep what they are given.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a catcher does with what it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mood {
    /// Takes it.
    Takes,
    /// Keeps nothing and says so.
    Refuses,
    /// Keeps it and never answers.
    Silent,
}

/// A catcher: its port and what arrived.
pub(crate) struct Catcher<T> {
    pub(crate) port: u16,
    mood: Arc<AtomicU8>,
    caught: UnboundedReceiver<T>,
}

impl<T> Catcher<T> {
    pub(crate) fn becomes(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }

    /// The next that arrived; waits for it.
    pub(crate) async fn next(&mut self) -> T {
        self.caught.recv().await.expect("the catcher runs")
    }

    /// What arrived already.
    pub(crate) fn arrived(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.caught.try_recv().ok()).collect()
    }
}

/// One mail: its receiver and its text with headers, as sent.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) text: String,
}

impl Mail {
    /// A header with its name, in one line.
    pub(crate) fn header(&self, name: &str) -> String {
        let unfolded = self.text.replace("\n ", " ");
        let line = unfolded.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.text))
            .to_owned()
    }
}

/// A mail server.
pub(crate) async fn mail_server() -> Catcher<Mail> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (keep, caught) = unbounded_channel();
    let mood = Arc::new(AtomicU8::new(Mood::Takes as u8));
    let seen = Arc::clone(&mood);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, Arc::clone(&seen), keep.clone()));
        }
    });
    Catcher { port, mood, caught }
}

/// As much of SMTP as one mail takes.
async fn talk(stream: TcpStream, mood: Arc<AtomicU8>, keep: UnboundedSender<Mail>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut to = String::new();
    write.write_all(b"220 catcher\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line.split(' ').next()?.to_uppercase();
        let answer = match verb.as_str() {
            "MAIL" if mood.load(Ordering::SeqCst) == Mood::Refuses as u8 => {
                "451 come back later\r\n"
            }
            "RCPT" => {
                to = line.split(['<', '>']).nth(1)?.to_owned();
                "250 ok\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push('\n');
                }
                let to = std::mem::take(&mut to);
                keep.send(Mail { to, text }).ok()?;
                if mood.load(Ordering::SeqCst) == Mood::Silent as u8 {
                    lines.next_line().await.ok()?;
                }
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        write.write_all(answer.as_bytes()).await.ok()?;
    }
    Some(())
}

/// One request: its headers and its body.
pub(crate) type Posted = (HeaderMap, Bytes);

type Hook = (Arc<AtomicU8>, UnboundedSender<Posted>);

/// A webhook's receiver; it takes requests at `/hook`.
pub(crate) async fn webhook() -> Catcher<Posted> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (keep, caught) = unbounded_channel();
    let mood = Arc::new(AtomicU8::new(Mood::Takes as u8));
    let router = Router::new()
        .route("/hook", post(take))
        .with_state((Arc::clone(&mood), keep));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Catcher { port, mood, caught }
}

async fn take(State((mood, keep)): State<Hook>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if mood.load(Ordering::SeqCst) == Mood::Refuses as u8 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    keep.send((headers, body)).expect("the test runs");
    StatusCode::OK
}
