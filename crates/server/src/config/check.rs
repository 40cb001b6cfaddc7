//! What each setting may be: ranges and forms, each with the way out.

use super::load::{Problem, problem};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use toml::{Table, Value};
use url::Url;

/// Least and greatest of every whole number.
const RANGES: &[(&str, i64, i64)] = &[
    ("server.request_timeout_seconds", 1, 600),
    ("server.request_body_max_kilobytes", 16, 65_536),
    ("server.shutdown_grace_seconds", 1, 300),
    ("security.session_hours", 1, 8_760),
    ("security.sign_in_failures_max", 3, 1_000),
    ("salesforce.request_timeout_seconds", 5, 600),
    ("sync.api_threshold_percent", 1, 100),
    ("sync.live_reserve_percent", 0, 90),
    ("mail.port", 1, 65_535),
    ("mail.timeout_seconds", 1, 300),
    ("webhook.timeout_seconds", 1, 300),
];

/// Everything that is wrong with settings whose keys and types are right. After this they fit
/// [`Config`](super::Config).
pub(super) fn check(settings: &Table, sources: &BTreeMap<String, String>) -> Vec<Problem> {
    let mut problems: Vec<_> = RANGES
        .iter()
        .filter_map(|(key, least, greatest)| {
            let value = get(settings, key).and_then(Value::as_integer)?;
            let fits = (*least..=*greatest).contains(&value);
            (!fits).then(|| {
                (
                    *key,
                    format!("{value} is not between {least} and {greatest}"),
                )
            })
        })
        .collect();
    problems.extend(FORMS.iter().filter_map(|(key, form)| {
        let text = get(settings, key).and_then(Value::as_str)?;
        form(text).err().map(|reason| (*key, reason))
    }));
    problems.extend(check_mail(settings));
    problems
        .into_iter()
        .map(|(key, reason)| {
            let source = sources.get(key).map_or("default", String::as_str);
            problem(key, source, reason)
        })
        .collect()
}

fn get<'a>(settings: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, key) = key.split_once('.')?;
    settings.get(section)?.get(key)
}

/// Says why a text can't be used.
type Form = fn(&str) -> Result<(), String>;

const FORMS: &[(&str, Form)] = &[
    ("server.data_dir", not_empty),
    ("server.listen", address),
    ("server.public_url", public_url),
    ("salesforce.login_url", login_url),
    ("salesforce.api_version", api_version),
    ("mail.from", sender),
    ("mail.tls", mail_tls),
    ("webhook.url", webhook_url),
    ("log.level", level),
    ("log.format", format),
];

fn not_empty(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("it is empty; name a directory".into());
    }
    Ok(())
}

fn address(text: &str) -> Result<(), String> {
    text.parse::<SocketAddr>()
        .map(drop)
        .map_err(|_| format!("“{text}” is not an address with a port, like 127.0.0.1:8080"))
}

fn public_url(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let url = web_address(text)?;
    if url.path() != "/" || url.query().is_some() {
        return Err(format!(
            "“{text}” has a path; Tandem must be at the root of its host"
        ));
    }
    Ok(())
}

/// Tokens travel to this address, so it is https or this machine itself.
fn login_url(text: &str) -> Result<(), String> {
    let url = web_address(text)?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "http" && !local {
        return Err(format!("“{text}” is not encrypted; use https://"));
    }
    Ok(())
}

fn web_address(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| format!("“{text}” is not a web address, like https://tandem.acme.example"))
}

fn api_version(text: &str) -> Result<(), String> {
    let major = text.strip_suffix(".0").and_then(|v| v.parse::<u32>().ok());
    match major {
        Some(version) if version >= 48 => Ok(()),
        Some(_) => Err(format!("{text} is too old; 48.0 is the oldest that works")),
        None => Err(format!("“{text}” is not an API version, like 62.0")),
    }
}

fn sender(text: &str) -> Result<(), String> {
    let good = text.is_empty() || text.parse::<lettre::message::Mailbox>().is_ok();
    good.then_some(())
        .ok_or_else(|| format!("“{text}” is not a sender, like Tandem <tandem@acme.example>"))
}

fn mail_tls(text: &str) -> Result<(), String> {
    match text {
        "starttls" | "tls" | "none" => Ok(()),
        _ => Err(format!("“{text}” is none of starttls, tls and none")),
    }
}

/// Not the address itself: it is a secret.
fn webhook_url(text: &str) -> Result<(), String> {
    let good = text.is_empty() || tandem_connectors::http::check_address(text).is_ok();
    good.then_some(()).ok_or_else(|| {
        "it is not an https:// address (http:// is for this machine only)".to_owned()
    })
}

/// What only fits together: a mail server needs a sender, and a password an encrypted way.
fn check_mail(settings: &Table) -> Option<(&'static str, String)> {
    let text = |key| {
        get(settings, key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let host = text("mail.host");
    if host.is_empty() {
        return None;
    }
    if text("mail.from").is_empty() {
        let reason = "mail.host is set, so name a sender, like Tandem <tandem@acme.example>";
        return Some(("mail.from", reason.into()));
    }
    let local = matches!(host, "127.0.0.1" | "localhost" | "::1");
    if text("mail.tls") == "none" && !text("mail.user").is_empty() && !local {
        let reason = format!(
            "the password would go to {host} unencrypted; use starttls or tls, or empty mail.user"
        );
        return Some(("mail.tls", reason));
    }
    None
}

fn level(text: &str) -> Result<(), String> {
    text.parse::<tracing_subscriber::filter::Targets>()
        .map(drop)
        .map_err(|error| format!("“{text}” is not a log level or filter ({error}); try info"))
}

fn format(text: &str) -> Result<(), String> {
    match text {
        "text" | "json" => Ok(()),
        _ => Err(format!("“{text}” is neither text nor json")),
    }
}
