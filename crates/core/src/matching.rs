//! Which workspace record a CRM record belongs to, when nobody has linked it yet.
//!
//! Keys are compared exactly once normalised. More than one record under the strongest key that
//! matches is never settled by a first hit: it waits for a person.

use crate::ids::RecordId;
use crate::value::Fields;
use crate::workspace::Kind;

/// The match keys of a workspace record, strongest first: a person's e-mail address; an account's
/// domain, then its name. Opportunities are matched by CRM id only. What people type where they have
/// no address or no website ("n/a", "none") is no key.
pub fn keys(kind: Kind, fields: &Fields) -> Vec<String> {
    let text = |name: &str| fields.get(name).map(|v| v.to_string()).unwrap_or_default();
    let keys = match kind {
        Kind::Person => vec![("email", email(&text("email")))],
        Kind::Account => vec![
            ("domain", domain(&text("website"))),
            ("name", text("name").trim().to_lowercase()),
        ],
        Kind::Opportunity | Kind::User => Vec::new(),
    };
    keys.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}:{value}"))
        .collect()
}

/// A text without `@` is no address.
fn email(typed: &str) -> String {
    let address = typed.trim().to_lowercase();
    if address.contains('@') {
        address
    } else {
        String::new()
    }
}

/// The host of a web address as typed: `https://www.Acme.example/shop` → `acme.example`. A text without
/// an inner dot is no host.
fn domain(url: &str) -> String {
    let url = url.trim().to_lowercase();
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    if host.trim_matches('.').contains('.') {
        host.to_owned()
    } else {
        String::new()
    }
}

/// What the candidates under a record's keys say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Match {
    /// Nobody: it is new.
    None,
    /// This one.
    One(RecordId),
    /// Several under the same key.
    Several(Vec<RecordId>),
}

/// Chooses among `candidates`: for each of the record's keys, strongest first, the records without a
/// link that carry it.
pub fn choose(candidates: &[Vec<RecordId>]) -> Match {
    match candidates
        .iter()
        .find(|found| !found.is_empty())
        .map(Vec::as_slice)
    {
        None => Match::None,
        Some([one]) => Match::One(*one),
        Some(several) => Match::Several(several.to_vec()),
    }
}
