//! The least of an HTTP client: one connection, one request after the other, answers with a known length.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::Outcome;
use crate::watch::{Took, Watch};

/// Bytes written at a time when loopback itself is measured.
const CHUNK_BYTES: usize = 256 * 1024;

/// A connection with a session.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    token: String,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(url: &str, token: &str) -> Outcome<Self> {
        let host = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(CHUNK_BYTES, stream),
            host,
            token: token.to_owned(),
        })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Asks and reads the whole answer; one that says no is an error.
    pub(crate) fn ask(&mut self, method: &str, target: &str, body: &[u8]) -> Outcome<Answer> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            self.token,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let answer = self.read()?;
        if answer.status >= 300 {
            let text = String::from_utf8_lossy(&answer.body);
            return Err(format!("{method} {target}: {} {text}", answer.status).into());
        }
        Ok(answer)
    }

    fn read(&mut self) -> Outcome<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err("the connection was closed".into());
            }
        }
        let status = head.get(9..12).unwrap_or_default().parse()?;
        let mut answer = Answer {
            status,
            head,
            body: Vec::new(),
        };
        let length = answer.header("content-length").unwrap_or("0").parse()?;
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }
}

impl Answer {
    /// A header of the answer, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// How long so many bytes take over loopback with nothing done to them.
pub(crate) fn bare_loopback(bytes: usize) -> Outcome<Took> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let sender = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let chunk = vec![b'x'; CHUNK_BYTES];
        let mut left = bytes;
        while left > 0 {
            let now = left.min(CHUNK_BYTES);
            stream.write_all(&chunk[..now])?;
            left -= now;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    let watch = Watch::start();
    let mut body = vec![0; bytes];
    stream.read_exact(&mut body)?;
    let took = watch.stop();
    sender.join().map_err(|_| "the sender panicked")??;
    Ok(took)
}
