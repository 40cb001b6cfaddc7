//! Taking a `multipart/form-data` body apart, as far as a job with its data in one request needs it.

use bytes::Bytes;

/// One part of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The `name` of its `Content-Disposition`.
    pub(super) name: String,
    pub(super) body: Bytes,
}

/// The boundary of a content type; none when it is not multipart.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary")
}

/// The parts of a body; none when it is not what its boundary says.
pub(super) fn parts(body: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let mark = format!("--{boundary}").into_bytes();
    let mut at = find(body, &mark, 0)? + mark.len();
    let mut parts = Vec::new();
    while !body[at..].starts_with(b"--") {
        let start = at + line_end(&body[at..])?;
        let end = find(body, &mark, start)?;
        parts.push(part(body, start, end)?);
        at = end + mark.len();
    }
    Some(parts)
}

/// Reads `body[start..end]`: headers, an empty line, content and the line end before the boundary.
fn part(body: &Bytes, start: usize, end: usize) -> Option<Part> {
    let mut at = start;
    let mut name = None;
    loop {
        let rest = body.get(at..end)?;
        let length = line_end(rest)?;
        let line = std::str::from_utf8(&rest[..length]).ok()?.trim_end();
        at += length;
        if line.is_empty() {
            break;
        }
        let (header, value) = line.split_once(':')?;
        if header.eq_ignore_ascii_case("content-disposition") {
            name = parameter(value, "name").map(str::to_owned);
        }
    }
    let content = body.slice(at..end);
    let content = content.strip_suffix(b"\n").unwrap_or(&content);
    let length = content.strip_suffix(b"\r").unwrap_or(content).len();
    Some(Part {
        name: name?,
        body: body.slice(at..at + length),
    })
}

/// A parameter of a header, `; name="value"`.
fn parameter<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    let mut parameters = header
        .split(';')
        .filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"')).filter(|value| !value.is_empty())
}

/// Length of the first line with its end.
fn line_end(bytes: &[u8]) -> Option<usize> {
    Some(bytes.iter().position(|byte| *byte == b'\n')? + 1)
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    Some(from + rest.windows(what.len()).position(|window| window == what)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_found_by_name() {
        let body = "--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n{}\r\n\
                    --B\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\n\na\nb\n--B--\n";
        let parts = parts(&Bytes::from(body), "B").expect("two parts");
        let shown: Vec<_> = parts
            .iter()
            .map(|part| (part.name.as_str(), &part.body[..]))
            .collect();
        assert_eq!(shown, [("job", &b"{}"[..]), ("content", b"a\nb")]);
    }

    #[test]
    fn the_boundary_may_be_quoted() {
        assert_eq!(boundary("multipart/form-data; boundary=\"B\""), Some("B"));
        assert_eq!(
            boundary("Multipart/Form-Data;charset=x; Boundary=b"),
            Some("b")
        );
        assert_eq!(boundary("application/json; boundary=b"), None);
        assert_eq!(boundary("multipart/form-data"), None);
    }

    proptest! {
        #[test]
        fn any_body_is_taken_apart_or_refused(body in "(--B|\r|\n|:|=|name|a|\"){0,20}") {
            if let Some(parts) = parts(&Bytes::from(body.clone()), "B") {
                prop_assert!(parts.iter().all(|part| part.body.len() < body.len()));
            }
        }
    }
}
