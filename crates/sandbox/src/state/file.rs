//! The file itself: opening, reading, appending, and beginning a new one when it has grown too long.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write},
    path::{Path, PathBuf},
};

use super::{Fact, Header, StateError};
use crate::salesforce::Org;

/// The line that makes the lines before it count.
const END: &[u8] = b".\n";
/// A file shorter than this is never replaced, in bytes.
const MIN_COMPACTED_BYTES: u64 = 1 << 20;

/// A state file this process has locked.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    header: Header,
    file: File,
    /// Size of the file, in bytes.
    bytes: u64,
    /// Size at which the whole org is written anew, in bytes.
    compact_at_bytes: u64,
    /// A write failed: memory is ahead of the file, so nothing may be answered any more.
    failed: bool,
}

impl Drop for StateFile {
    /// Gives the file up by name and not just by closing: a child that this process starts holds the open
    /// file, too, until it becomes another program.
    fn drop(&mut self) {
        // What can't be unlocked is let go by the system with the process.
        let _ = self.file.unlock();
    }
}

impl StateFile {
    /// Opens a file and makes its facts true in `org`; none when there is no such file.
    pub(crate) fn open(
        path: &Path,
        header: Header,
        org: &mut Org,
    ) -> Result<Option<Self>, StateError> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| failed(path, error))?,
        };
        lock(path, &file)?;
        let mut opened = Self::around(path, header, file);
        org.world.begin_load();
        let whole_bytes = opened.read_into(org)?;
        org.world.end_load();
        opened.compact_at_bytes = compact_at_bytes(whole_bytes);
        Ok(Some(opened))
    }

    /// Begins a file with the whole org.
    pub(crate) fn create(path: &Path, header: Header, org: &Org) -> Result<Self, StateError> {
        let (file, bytes) = write_whole(path, &header, org).map_err(|error| failed(path, error))?;
        let mut state = Self::around(path, header, file);
        state.bytes = bytes;
        state.compact_at_bytes = compact_at_bytes(bytes);
        Ok(state)
    }

    fn around(path: &Path, header: Header, file: File) -> Self {
        Self {
            path: path.to_owned(),
            header,
            file,
            bytes: 0,
            compact_at_bytes: 0,
            failed: false,
        }
    }

    /// Reads the entries that count, cuts off the rest, and says how long the first entry is.
    fn read_into(&mut self, org: &mut Org) -> Result<u64, StateError> {
        let path = self.path.clone();
        let io = |source| failed(&path, source);
        self.bytes = committed_bytes(&mut self.file).map_err(io)?;
        self.file.rewind().map_err(io)?;
        let mut lines = BufReader::new(&self.file).take(self.bytes);
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line).map_err(io)?;
        self.check_header(&line)?;
        let (mut whole_bytes, mut read_bytes, mut number) = (None, 0, 1);
        loop {
            line.clear();
            read_bytes += lines.read_until(b'\n', &mut line).map_err(io)? as u64;
            number += 1;
            if line.is_empty() {
                break;
            }
            if line == END {
                whole_bytes.get_or_insert(read_bytes);
                continue;
            }
            apply(org, &line).map_err(|reason| StateError::Damaged {
                path: path.clone(),
                line: number,
                reason,
            })?;
        }
        self.cut().map_err(io)?;
        Ok(whole_bytes.unwrap_or(read_bytes))
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.bytes)?;
        self.file.seek(io::SeekFrom::End(0)).map(|_| ())
    }

    fn check_header(&self, line: &[u8]) -> Result<(), StateError> {
        let path = || self.path.clone();
        let found: Header =
            serde_json::from_slice(line).map_err(|_| StateError::NotAState { path: path() })?;
        if found.tandem_sandbox_state != self.header.tandem_sandbox_state {
            return Err(StateError::NotAState { path: path() });
        }
        if found == self.header {
            return Ok(());
        }
        Err(StateError::OtherOptions {
            path: path(),
            made_with: serde_json::to_string(&found.made_with).unwrap_or_default(),
        })
    }

    /// Writes down what changed in the org since the last call. An error is final: nothing the org says from then on
    /// may be believed by anybody.
    pub(crate) fn save(&mut self, org: &mut Org) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier change could not be written"));
        }
        let mut entry = Lines::new(Vec::new());
        org.take_changes(&mut |fact| entry.add(&fact));
        let entry = entry.end()?;
        if entry.is_empty() {
            return Ok(());
        }
        self.file
            .write_all(&entry)
            .inspect_err(|_| self.failed = true)?;
        self.bytes += entry.len() as u64;
        if self.bytes >= self.compact_at_bytes {
            self.compact(org);
        }
        Ok(())
    }

    /// Whether memory is ahead of the file.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Puts a file with the whole org in the place of this one. When that fails, this one is as good as before.
    fn compact(&mut self, org: &Org) {
        match write_whole(&self.path, &self.header, org) {
            Ok((file, bytes)) => {
                (self.file, self.bytes) = (file, bytes);
                self.compact_at_bytes = compact_at_bytes(bytes);
            }
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "the sandbox's state file could not be shortened");
                self.compact_at_bytes = self.bytes.saturating_mul(2);
            }
        }
    }
}

#[cfg(test)]
impl StateFile {
    /// Makes every write fail.
    pub(crate) fn spoil(&mut self) {
        self.file = File::open(&self.path).expect("it is there");
    }
}

/// Length of the file up to the end of its last whole entry, in bytes; 0 when there is none.
fn committed_bytes(file: &mut File) -> io::Result<u64> {
    const CHUNK_BYTES: u64 = 1 << 16;
    let mark = [b"\n", END].concat();
    let mut end = file.metadata()?.len();
    while end >= mark.len() as u64 {
        let start = end.saturating_sub(CHUNK_BYTES);
        let mut chunk = vec![0; usize::try_from(end - start).unwrap_or_default()];
        file.seek(io::SeekFrom::Start(start))?;
        file.read_exact(&mut chunk)?;
        let found = chunk.windows(mark.len()).rposition(|window| window == mark);
        if let Some(at) = found {
            return Ok(start + (at + mark.len()) as u64);
        }
        if start == 0 {
            break;
        }
        // A mark may lie across the border of two chunks.
        end = start + mark.len() as u64 - 1;
    }
    Ok(0)
}

/// Writes a new file beside `path` and moves it there, so that at any moment one of the two is whole.
fn write_whole(path: &Path, header: &Header, org: &Org) -> io::Result<(File, u64)> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let file = File::create(&beside)?;
    file.try_lock().map_err(io::Error::from)?;
    let mut out = BufWriter::new(&file);
    serde_json::to_writer(&mut out, header)?;
    out.write_all(b"\n")?;
    let mut lines = Lines::new(out);
    org.everything(&mut |fact| lines.add(&fact));
    lines.end()?.flush()?;
    fs::rename(&beside, path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

/// Facts on their way out, one a line. The first error is kept until the end.
struct Lines<W> {
    out: W,
    any: bool,
    error: Option<io::Error>,
}

impl<W: Write> Lines<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            any: false,
            error: None,
        }
    }

    fn add(&mut self, fact: &Fact<'_>) {
        self.any = true;
        if self.error.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.out, fact).map_err(io::Error::from);
        self.error = written.and_then(|()| self.out.write_all(b"\n")).err();
    }

    /// Ends the entry, if there was anything in it.
    fn end(mut self) -> io::Result<W> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.any {
            self.out.write_all(END)?;
        }
        Ok(self.out)
    }
}

fn apply(org: &mut Org, line: &[u8]) -> Result<(), String> {
    let fact = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    org.apply(fact)
}

fn lock(path: &Path, file: &File) -> Result<(), StateError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StateError::InUse {
            path: path.to_owned(),
        },
        TryLockError::Error(source) => failed(path, source),
    })
}

fn failed(path: &Path, source: io::Error) -> StateError {
    StateError::Io {
        path: path.to_owned(),
        source,
    }
}

fn compact_at_bytes(whole_bytes: u64) -> u64 {
    whole_bytes.max(MIN_COMPACTED_BYTES).saturating_mul(3)
}
