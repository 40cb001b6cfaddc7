//! Lays file and environment over the defaults, and names key, value and way out of what is wrong.

use super::{Config, check};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

/// The settings with their explanation, as compiled in.
pub const DEFAULTS: &str = include_str!("default.toml");
/// File that is read when none is named.
const USUAL_FILE: &str = "tandem.toml";
const PREFIX: &str = "TANDEM_";
/// Largest configuration file, in bytes.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// One setting that can't be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The key, as in `server.listen`.
    pub key: String,
    /// Where it was set: a file, a variable, or the defaults.
    pub source: String,
    /// What is wrong, with the value unless it is secret, and the way out.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.source, self.reason)
    }
}

/// Everything that is wrong with the configuration, at once.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the configuration can't be used:\n  {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
pub struct ConfigError(pub Vec<Problem>);

/// Reads the settings: defaults, then `file` (or `tandem.toml` here, if there is one), then `env`.
///
/// # Errors
/// All problems found, each with its key, its source and the way out.
pub fn load(
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut layers = Layers::new()?;
    if let Some((name, text)) = read_file(file)? {
        layers.file(&name, &text);
    }
    for (name, value) in env {
        if let Some(key) = name.strip_prefix(PREFIX) {
            layers.variable(&name, key, &value);
        }
    }
    layers.finish()
}

/// The defaults with some settings of one's own, by key (`server.listen`); no file, no environment.
///
/// # Errors
/// As [`load`].
pub fn defaults_with(settings: &[(&str, String)]) -> Result<Config, ConfigError> {
    let mut layers = Layers::new()?;
    for (key, value) in settings {
        layers.variable(key, &key.replacen('.', "__", 1), value);
    }
    layers.finish()
}

fn read_file(file: Option<&Path>) -> Result<Option<(String, String)>, ConfigError> {
    let path = file.unwrap_or(Path::new(USUAL_FILE));
    if file.is_none() && !path.exists() {
        return Ok(None);
    }
    let name = path.display().to_string();
    let text = std::fs::metadata(path).and_then(|meta| {
        if meta.len() > FILE_MAX_BYTES {
            return Err(std::io::Error::other("the file is larger than 1 MB"));
        }
        std::fs::read_to_string(path)
    });
    match text {
        Ok(text) => Ok(Some((name, text))),
        Err(error) => Err(ConfigError(vec![Problem {
            key: "--config".into(),
            source: name,
            reason: format!("the file can't be read: {error}"),
        }])),
    }
}

/// The settings while they are put together, and what was wrong so far.
struct Layers {
    settings: Table,
    /// Where each key that is not a default was set.
    sources: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl Layers {
    fn new() -> Result<Self, ConfigError> {
        let settings = DEFAULTS.parse().map_err(|error: toml::de::Error| {
            ConfigError(vec![problem("*", "defaults", error.message())])
        })?;
        Ok(Self {
            settings,
            sources: BTreeMap::new(),
            problems: Vec::new(),
        })
    }

    fn file(&mut self, name: &str, text: &str) {
        let table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                // The error's own Display quotes the line, which may hold a secret.
                let line = error
                    .span()
                    .map_or(1, |span| text[..span.start].lines().count().max(1));
                let reason = format!("line {line} is not TOML: {}", error.message());
                return self.problems.push(problem("*", name, reason));
            }
        };
        for (section, value) in table {
            match value {
                Value::Table(keys) => {
                    for (key, value) in keys {
                        self.set(name, &section, &key, value);
                    }
                }
                _ => self.unknown(name, &section, None),
            }
        }
    }

    fn variable(&mut self, name: &str, key: &str, text: &str) {
        // Other programs and the command line use single underscores (TANDEM_CONFIG).
        let Some((section, key)) = key.split_once("__") else {
            return;
        };
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        let value = match self.default_of(&section, &key) {
            Some(Value::Integer(_)) => text.parse().map_or(text.into(), Value::Integer),
            Some(Value::Boolean(_)) => text.parse().map_or(text.into(), Value::Boolean),
            _ => Value::from(text),
        };
        self.set(name, &section, &key, value);
    }

    fn set(&mut self, source: &str, section: &str, key: &str, value: Value) {
        let Some(old) = self.default_of(section, key) else {
            return self.unknown(source, section, Some(key));
        };
        if old.type_str() != value.type_str() {
            // Not the value: it may be a secret that was put under the wrong key.
            let reason = format!(
                "a value of type {} is expected, as in `{key} = {old}`, not of type {}",
                old.type_str(),
                value.type_str()
            );
            return self
                .problems
                .push(problem(&format!("{section}.{key}"), source, reason));
        }
        self.sources
            .insert(format!("{section}.{key}"), source.into());
        if let Some(Value::Table(keys)) = self.settings.get_mut(section) {
            keys.insert(key.to_owned(), value);
        }
    }

    fn default_of(&self, section: &str, key: &str) -> Option<&Value> {
        self.settings.get(section)?.as_table()?.get(key)
    }

    fn unknown(&mut self, source: &str, section: &str, key: Option<&str>) {
        let keys = |table: &Table| table.keys().cloned().collect::<Vec<_>>().join(", ");
        let (name, known) = match (key, self.settings.get(section).and_then(Value::as_table)) {
            (Some(key), Some(table)) => (format!("{section}.{key}"), keys(table)),
            (Some(key), None) => (format!("{section}.{key}"), keys(&self.settings)),
            (None, _) => (section.to_owned(), keys(&self.settings)),
        };
        let reason = format!("there is no such setting; known here: {known}");
        self.problems.push(problem(&name, source, reason));
    }

    fn finish(mut self) -> Result<Config, ConfigError> {
        if self.problems.is_empty() {
            self.problems = check::check(&self.settings, &self.sources);
        }
        if !self.problems.is_empty() {
            return Err(ConfigError(self.problems));
        }
        Value::Table(self.settings)
            .try_into()
            .map_err(|error: toml::de::Error| {
                ConfigError(vec![problem("*", "configuration", error.message())])
            })
    }
}

/// One problem.
pub(super) fn problem(key: &str, source: &str, reason: impl Into<String>) -> Problem {
    Problem {
        key: key.into(),
        source: source.into(),
        reason: reason.into(),
    }
}
