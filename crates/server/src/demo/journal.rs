//! What the org was asked, in order, one JSON line each, in a file that only grows.

use axum::http::{HeaderName, HeaderValue, Request};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use tandem_core::Timestamp;

/// Which face of the sandbox was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Face {
    /// The org's own log-in and API.
    Org,
    /// The control API.
    Control,
}

/// One request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// When.
    pub(super) at: Timestamp,
    /// Whom.
    pub(super) face: Face,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    /// Base64: a body need not be text.
    body: String,
}

impl Line {
    /// A request about to be handled.
    pub(super) fn of(face: Face, at: Timestamp, request: &Request<Bytes>) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers().iter();
        Self {
            at,
            face,
            method: request.method().to_string(),
            uri: request.uri().to_string(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: BASE64_STANDARD.encode(request.body()),
        }
    }

    /// The request again.
    ///
    /// # Errors
    /// The line was tampered with.
    pub(super) fn request(self) -> io::Result<Request<Bytes>> {
        let body = BASE64_STANDARD
            .decode(self.body)
            .map_err(io::Error::other)?;
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(self.uri);
        for (name, value) in self.headers {
            let name: HeaderName = name.parse().map_err(io::Error::other)?;
            request = request.header(name, value);
        }
        request.body(Bytes::from(body)).map_err(io::Error::other)
    }
}

/// The file.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    /// Opens or makes the file and reads what it holds. A last line that a crash cut off was never
    /// handled; it is removed.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<io::Result<Line>>)> {
        let mut options = File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut lines = Vec::new();
        let mut whole = 0;
        let mut reader = BufReader::new(&file);
        let mut text = Vec::new();
        while reader.read_until(b'\n', &mut text)? > 0 && text.ends_with(b"\n") {
            lines.push(serde_json::from_slice(&text).map_err(io::Error::other));
            whole += text.len() as u64;
            text.clear();
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        Ok((Self(file), lines))
    }

    /// Adds a line in one write, so that a crash of this process leaves all of it or a part without an
    /// end.
    ///
    /// # Errors
    /// The file can't be written: the request must not be handled then.
    pub(super) fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.0.write_all(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> Line {
        let request = Request::post(path)
            .header("x-a", "b")
            .body(Bytes::from_static(b"\xff\x00"))
            .expect("a request");
        Line::of(Face::Org, Timestamp::UNIX_EPOCH, &request)
    }

    #[test]
    fn what_was_written_is_read_again_and_a_cut_line_is_dropped() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("org.journal");
        let (mut journal, lines) = Journal::open(&path).expect("opens");
        assert!(lines.is_empty());
        journal.append(&line("/one")).expect("writes");
        journal.append(&line("/two")).expect("writes");
        let whole = std::fs::read(&path).expect("reads");
        std::fs::write(&path, &whole[..whole.len() - 5]).expect("cuts");
        let (mut journal, lines) = Journal::open(&path).expect("opens");
        assert_eq!(lines.len(), 1);
        journal.append(&line("/three")).expect("writes");
        let (_, lines) = Journal::open(&path).expect("opens");
        let requests: Vec<_> = lines
            .into_iter()
            .map(|line| line.and_then(Line::request).expect("a request"))
            .collect();
        assert_eq!(requests[1].uri(), "/three");
        assert_eq!(requests[1].body().as_ref(), b"\xff\x00");
        assert_eq!(requests[1].headers()["x-a"], "b");
    }
}
