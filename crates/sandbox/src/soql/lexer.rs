//! Cuts a query (or a formula) into tokens with their byte positions.
//!
//! Words keep their spelling; what is a keyword is the parser's business. Texts are handed on as written, since an
//! escape means one thing to `=` and another to `LIKE`; that they are well formed is checked here.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::error::{SoqlError, place};
use crate::world::parse_datetime;

/// Longest query in characters (documented).
pub(crate) const MAX_QUERY_CHARS: usize = 100_000;
/// Longest text literal in characters (documented).
pub(crate) const MAX_LITERAL_CHARS: usize = 4_000;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) at: usize,
    /// The token as written; empty at the end.
    pub(crate) text: &'a str,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    Word,
    /// What stands between the quotes.
    Text(&'a str),
    Number(Decimal),
    Date(Date),
    DateTime(Timestamp),
    Symbol,
    End,
}

/// All tokens; the last is `End`.
pub(crate) fn tokens(query: &str) -> Result<Vec<Token<'_>>, SoqlError> {
    if query.chars().count() > MAX_QUERY_CHARS {
        return Err(SoqlError::malformed(format!(
            "SOQL statements cannot exceed {MAX_QUERY_CHARS} characters"
        )));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = query[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let token = token(query, at, first)?;
        at += token.text.len();
        tokens.push(token);
    }
    tokens.push(Token {
        kind: Kind::End,
        at: query.len(),
        text: "",
    });
    Ok(tokens)
}

fn token(query: &str, at: usize, first: char) -> Result<Token<'_>, SoqlError> {
    let rest = &query[at..];
    let cut = |length: usize, kind| {
        Ok(Token {
            kind,
            at,
            text: &rest[..length],
        })
    };
    match first {
        '\'' | '"' => text(query, at, first),
        '0'..='9' => number(query, at),
        c if c.is_alphabetic() || c == '_' => {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            cut(end, Kind::Word)
        }
        _ if ["!=", "<>", "<=", ">="]
            .iter()
            .any(|symbol| rest.starts_with(symbol)) =>
        {
            cut(2, Kind::Symbol)
        }
        '(' | ')' | ',' | '.' | ':' | '=' | '<' | '>' | '+' | '-' | '*' | '/' | '&' => {
            cut(1, Kind::Symbol)
        }
        other => {
            let (row, column) = place(query, at);
            Err(SoqlError::malformed(format!(
                "line {row}:{column} no viable alternative at character '{other}'"
            )))
        }
    }
}

/// `'…'` with backslash escapes. Formulas may use double quotes as well.
fn text(query: &str, at: usize, quote: char) -> Result<Token<'_>, SoqlError> {
    let rest = &query[at + 1..];
    let mut escaped = false;
    let end = rest.find(|c: char| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    let end = end.ok_or_else(|| {
        let (row, column) = place(query, query.len());
        SoqlError::malformed(format!(
            "line {row}:{column} mismatched character '<EOF>' expecting '{quote}'"
        ))
    })?;
    let raw = &rest[..end];
    if raw.chars().count() > MAX_LITERAL_CHARS {
        return Err(SoqlError::malformed(format!(
            "text literals cannot exceed {MAX_LITERAL_CHARS} characters"
        )));
    }
    pieces(raw).ok_or_else(|| {
        SoqlError::malformed(format!(
            "Invalid string literal '{raw}'. Illegal character sequence"
        ))
    })?;
    Ok(Token {
        kind: Kind::Text(raw),
        at,
        text: &query[at..at + end + 2],
    })
}

/// A number, a date or an instant: they all start with a digit.
fn number(query: &str, at: usize) -> Result<Token<'_>, SoqlError> {
    let rest = &query[at..];
    let is_date = rest.len() > 5
        && rest.as_bytes()[..4].iter().all(u8::is_ascii_digit)
        && rest.as_bytes()[4] == b'-';
    let part = |c: char| {
        if is_date {
            c.is_ascii_alphanumeric() || "-:+.".contains(c)
        } else {
            c.is_ascii_alphanumeric() || c == '.'
        }
    };
    let end = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
    let written = &rest[..end];
    let kind = if !is_date {
        let decimal = written
            .parse::<Decimal>()
            .or_else(|_| Decimal::from_scientific(written));
        decimal.ok().map(Kind::Number)
    } else if written.len() == 10 {
        written.parse().ok().map(Kind::Date)
    } else {
        parse_datetime(written).map(Kind::DateTime)
    };
    let kind = kind.ok_or_else(|| SoqlError::unexpected(query, at, written))?;
    Ok(Token {
        kind,
        at,
        text: written,
    })
}

/// One character of a text literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    Plain(char),
    /// A character behind a backslash that loses its special meaning in LIKE: `\%`, `\_`.
    Escaped(char),
}

/// The characters a literal stands for; none when it holds an unknown escape.
pub(crate) fn pieces(raw: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            pieces.push(Piece::Plain(c));
            continue;
        }
        pieces.push(match chars.next()? {
            'n' | 'N' => Piece::Plain('\n'),
            'r' | 'R' => Piece::Plain('\r'),
            't' | 'T' => Piece::Plain('\t'),
            'b' | 'B' => Piece::Plain('\u{8}'),
            'f' | 'F' => Piece::Plain('\u{c}'),
            quoted @ ('\'' | '"' | '\\') => Piece::Plain(quoted),
            wildcard @ ('%' | '_') => Piece::Escaped(wildcard),
            'u' => {
                let hex: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&hex, 16)
                    .ok()
                    .filter(|_| hex.len() == 4)?;
                Piece::Plain(char::from_u32(code)?)
            }
            _ => return None,
        });
    }
    Some(pieces)
}

/// The text a literal stands for outside LIKE.
pub(crate) fn unescape(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let char_of = |piece| match piece {
        Piece::Plain(c) | Piece::Escaped(c) => c,
    };
    pieces(raw)
        .unwrap_or_default()
        .into_iter()
        .map(char_of)
        .collect()
}
