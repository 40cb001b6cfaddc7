//! Which workspace record a CRM record belongs to, when nobody has linked it yet; and, before a workspace
//! record is created in the CRM, which record there it is already.
//!
//! Keys are compared exactly once normalised. More than one record under the strongest key that
//! matches is never settled by a first hit: it waits for a person.

use crate::connector::Lookup;
use crate::ids::RecordId;
use crate::mapping::PairRules;
use crate::record::CrmRecord;
use crate::value::Fields;
use crate::workspace::Kind;
use std::collections::{BTreeMap, BTreeSet};

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

/// The match keys of a CRM record, strongest first, as far as its mapped fields tell them.
pub fn keys_of_crm(pair: &PairRules, values: &Fields) -> Vec<String> {
    let fields = pair
        .fields
        .iter()
        .filter_map(|rule| {
            let value = values.get(&rule.mapping.crm)?;
            Some((rule.mapping.workspace.clone(), value.clone()))
        })
        .collect();
    keys(pair.kind, &fields)
}

/// What to look for in the CRM so that no record that carries a match key of these values (by CRM name) is
/// missed; nothing where they have no key. A web address is looked for as people write it.
pub fn lookups<'a>(pair: &PairRules, values: impl IntoIterator<Item = &'a Fields>) -> Vec<Lookup> {
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for key in values.into_iter().flat_map(|one| keys_of_crm(pair, one)) {
        let Some((name, text)) = key.split_once(':') else {
            continue;
        };
        let field = if name == "domain" { "website" } else { name };
        let Some(rule) = pair.by_workspace(field) else {
            continue;
        };
        let of_field = texts.entry(rule.mapping.crm.clone()).or_default();
        match name {
            "domain" => of_field.extend(addresses(text)),
            _ => {
                of_field.insert(text.to_owned());
            }
        }
    }
    let lookup = |(field, texts)| Lookup { field, texts };
    texts.into_iter().map(lookup).collect()
}

/// The usual spellings of a host's web address.
fn addresses(host: &str) -> impl Iterator<Item = String> {
    let starts = [
        "",
        "www.",
        "http://",
        "https://",
        "http://www.",
        "https://www.",
    ];
    let spelt = starts.map(|start| format!("{start}{host}"));
    spelt.into_iter().flat_map(|one| [format!("{one}/"), one])
}

/// The records that carry the strongest of the values' keys that any record carries.
pub fn found<'r>(
    pair: &PairRules,
    values: &Fields,
    records: &'r [CrmRecord],
) -> Vec<&'r CrmRecord> {
    let keyed: Vec<(Vec<String>, &CrmRecord)> = records
        .iter()
        .filter(|record| record.lives())
        .map(|record| (keys_of_crm(pair, &record.fields), record))
        .collect();
    let with = |key: &String| -> Vec<&'r CrmRecord> {
        let carry = keyed.iter().filter(|(keys, _)| keys.contains(key));
        carry.map(|(_, record)| *record).collect()
    };
    let mut by_key = keys_of_crm(pair, values).into_iter().map(|key| with(&key));
    by_key.find(|found| !found.is_empty()).unwrap_or_default()
}
