//! `FIND {term} [IN scope FIELDS] [RETURNING Object(fields WHERE … ORDER BY … LIMIT n OFFSET n), …] [LIMIT n]`.
//!
//! The clauses inside `RETURNING` are SOQL and are handed on as they are. `WITH` clauses and `UPDATE` are not served.

use super::term::Term;
use crate::salesforce::error::ApiError;

/// Which fields are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Name,
    Email,
    Phone,
}

impl Scope {
    /// The scope of this word, any case; the side bar looks at names, like the name fields.
    pub(super) fn named(word: &str) -> Option<Scope> {
        match word.to_ascii_uppercase().as_str() {
            "ALL" => Some(Scope::All),
            "NAME" | "SIDEBAR" => Some(Scope::Name),
            "EMAIL" => Some(Scope::Email),
            "PHONE" => Some(Scope::Phone),
            _ => None,
        }
    }
}

/// What to return of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Returning {
    pub(super) object: String,
    /// A SOQL select list; empty: the id.
    pub(super) fields: String,
    /// A SOQL condition; empty: all.
    pub(super) condition: String,
    /// A SOQL order; empty: by id.
    pub(super) order: String,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) term: Term,
    pub(super) scope: Scope,
    /// Empty: the ids of every object that can be searched.
    pub(super) returning: Vec<Returning>,
    pub(super) limit: Option<usize>,
}

pub(super) fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("MALFORMED_SEARCH", message)
}

/// Reads SOSL.
pub(super) fn parse(text: &str) -> Result<Search, ApiError> {
    let unbraced =
        || malformed("No search term found. The search term must be enclosed in braces.");
    let rest = after_word(text.trim(), "FIND").ok_or_else(unbraced)?;
    let inner = rest.trim_start().strip_prefix('{').ok_or_else(unbraced)?;
    let end = end_of_term(inner).ok_or_else(unbraced)?;
    let term = term(&inner[..end])?;
    let mut rest = inner[end + 1..].trim();
    let mut search = Search {
        term,
        scope: Scope::All,
        returning: Vec::new(),
        limit: None,
    };
    if let Some(tail) = after_word(rest, "IN") {
        let (word, tail) = tail
            .trim_start()
            .split_once(char::is_whitespace)
            .unwrap_or((tail, ""));
        search.scope = Scope::named(word).ok_or_else(|| unexpected(word))?;
        rest = after_word(tail.trim_start(), "FIELDS")
            .ok_or_else(|| unexpected(tail))?
            .trim();
    }
    if let Some(tail) = after_word(rest, "RETURNING") {
        (search.returning, rest) = returning(tail)?;
    }
    if let Some(tail) = after_word(rest, "LIMIT") {
        search.limit = Some(number(tail)?);
        rest = "";
    }
    if rest.is_empty() {
        Ok(search)
    } else {
        Err(unexpected(rest))
    }
}

/// Reads a term; it must have more than one character (general knowledge).
pub(super) fn term(text: &str) -> Result<Term, ApiError> {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    if letters < 2 {
        let message = format!(
            "search term must be longer than one character: {}",
            text.trim()
        );
        return Err(malformed(message));
    }
    Term::parse(text).map_err(|error| malformed(error.to_string()))
}

/// Where the brace that ends the term stands; one behind a backslash does not end it.
fn end_of_term(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let end = c == '}' && !escaped;
        escaped = c == '\\' && !escaped;
        end.then_some(at)
    })
}

/// The list after RETURNING, and what follows it.
fn returning(text: &str) -> Result<(Vec<Returning>, &str), ApiError> {
    let mut list = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (object, tail) = rest.split_at(end.unwrap_or(rest.len()));
        if object.is_empty() {
            return Err(unexpected(rest));
        }
        let tail = tail.trim_start();
        let (clauses, tail) = match tail.strip_prefix('(') {
            Some(inner) => {
                let end = top_level(inner).find(|(_, c)| *c == ')');
                let (end, _) = end.ok_or_else(|| malformed("expecting a right parenthesis"))?;
                (&inner[..end], inner[end + 1..].trim_start())
            }
            None => ("", tail),
        };
        list.push(Returning {
            object: object.to_owned(),
            ..clauses_of(clauses)?
        });
        match tail.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return Ok((list, tail.trim())),
        }
    }
}

/// The characters outside of quotes and inner parentheses; a closing parenthesis of the outside is one of them.
fn top_level(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_usize);
    text.char_indices().filter(move |(_, c)| {
        if quoted {
            quoted = *c != '\'' || escaped;
            escaped = *c == '\\' && !escaped;
            return false;
        }
        let outside = depth == 0;
        match c {
            '\'' => quoted = true,
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ => return outside,
        }
        false
    })
}

/// Splits `fields WHERE … ORDER BY … LIMIT n OFFSET n`.
fn clauses_of(text: &str) -> Result<Returning, ApiError> {
    let mut clauses = Returning::default();
    let (limit_at, order_at) = (clause(text, "LIMIT"), clause(text, "ORDER BY"));
    let starts = [
        clause(text, "WHERE"),
        order_at,
        limit_at,
        clause(text, "OFFSET"),
    ];
    let end_from = |from: usize| {
        let later = starts.iter().flatten().filter(|(at, _)| *at >= from);
        later.map(|(at, _)| *at).min().unwrap_or(text.len())
    };
    let body = |start: Option<(usize, usize)>| {
        start.map(|(_, from)| text[from..end_from(from)].trim().to_owned())
    };
    clauses.fields = text[..end_from(0)].trim().to_owned();
    let [filter, order, limit, offset] = starts.map(body);
    clauses.condition = filter.unwrap_or_default();
    clauses.order = order.unwrap_or_default();
    clauses.limit = limit.map(|text| number(&text)).transpose()?;
    clauses.offset = offset.map_or(Ok(0), |text| number(&text))?;
    Ok(clauses)
}

/// Where a clause begins and where its body does, by its words outside of quotes and parentheses.
fn clause(text: &str, words: &str) -> Option<(usize, usize)> {
    let begins = |(at, _): &(usize, char)| {
        let before = text[..*at].chars().next_back();
        let fits = text
            .get(*at..*at + words.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(words));
        let after = text.get(*at + words.len()..).and_then(|t| t.chars().next());
        fits && before.is_some_and(char::is_whitespace) && after.is_none_or(char::is_whitespace)
    };
    let (at, _) = top_level(text).find(begins)?;
    Some((at, at + words.len()))
}

fn number(text: &str) -> Result<usize, ApiError> {
    text.trim().parse().map_err(|_| unexpected(text))
}

/// The text after a word it begins with, any case.
fn after_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (first, rest) = text.split_at_checked(word.len())?;
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric());
    (first.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

fn unexpected(text: &str) -> ApiError {
    let word: String = text
        .split_whitespace()
        .next()
        .unwrap_or("<EOF>")
        .chars()
        .take(80)
        .collect();
    malformed(format!("unexpected token: '{word}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clauses_are_read() {
        let text = "find {a b\\}c} in name fields returning Contact(Id, Account.Name where Title = 'x) limit' \
                    and (Email != null) order by Name desc limit 5 offset 2), Lead limit 7";
        let search = parse(text).expect("a search");
        assert_eq!((search.scope, search.limit), (Scope::Name, Some(7)));
        let contact = Returning {
            object: "Contact".to_owned(),
            fields: "Id, Account.Name".to_owned(),
            condition: "Title = 'x) limit' and (Email != null)".to_owned(),
            order: "Name desc".to_owned(),
            limit: Some(5),
            offset: 2,
        };
        let lead = Returning {
            object: "Lead".to_owned(),
            ..Returning::default()
        };
        assert_eq!(search.returning, [contact, lead]);
    }

    #[test]
    fn what_is_no_search_is_refused() {
        for text in [
            "",
            "FIND",
            "FIND acme",
            "FIND {acme",
            "FIND {a}",
            "FIND {acme} IN SOME FIELDS",
            "FIND {acme} IN ALL",
            "FIND {acme} RETURNING",
            "FIND {acme} RETURNING Contact(",
            "FIND {acme} RETURNING Contact,",
            "FIND {acme} LIMIT x",
            "FIND {acme} RETURNING Contact(Id LIMIT x)",
            "FIND {acme} nonsense",
            "FINDé",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
