//! What is compared with what, and which differences are right: the files of the folder `fidelity`.
//!
//! `plan.toml` has the requests, `allowed.toml` the differences with a reason each. Both name files and keys by patterns
//! in which `*` is any text.

use std::{cell::Cell, collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tandem_sandbox::world::{NewField, NewObject};

use crate::{play::Compared, shape::Difference};

/// The plan and the allowed differences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// API version for addresses recorded without one, e.g. `62.0`.
    pub(crate) version: String,
    /// Keys whose values are compared, too.
    pub(crate) values: Vec<String>,
    recording: Vec<Recording>,
    left_out: Vec<LeftOut>,
    #[serde(skip)]
    allowed: Vec<Allowed>,
}

/// A recording and the request that asks for it; a cassette has its own requests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recording {
    pub(crate) file: String,
    /// Requests before the one that counts.
    #[serde(default)]
    pub(crate) first: Vec<Request>,
    #[serde(default)]
    pub(crate) request: Option<Request>,
    /// The recorded status, where it is known.
    pub(crate) status: Option<u16>,
    /// Keys whose values are compared besides those of the plan.
    #[serde(default)]
    pub(crate) values: Vec<String>,
    /// Custom objects the org had.
    #[serde(default)]
    pub(crate) objects: Vec<NewObject>,
    /// Custom fields the org had.
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
}

/// A custom field and the object it is on.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Field {
    pub(crate) object: String,
    pub(crate) field: NewField,
}

/// A request. `{name}` in its texts is what an earlier request of this name gave, or a credential.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Method and target: `GET /services/data/v60.0/limits`.
    pub(crate) ask: String,
    #[serde(default)]
    pub(crate) body: String,
    /// Media type of the body.
    #[serde(default = "json")]
    pub(crate) form: String,
    /// `false`: without a session.
    pub(crate) session: Option<bool>,
    /// Minutes the org's clock goes on before.
    #[serde(default)]
    pub(crate) wait_minutes: i64,
    /// Further headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// What later requests call the text this one gives.
    pub(crate) name: Option<String>,
    /// JSON pointer to that text.
    #[serde(default = "id")]
    pub(crate) at: String,
}

fn json() -> String {
    "application/json".to_owned()
}

fn id() -> String {
    "/id".to_owned()
}

/// Files that are not compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    files: String,
    #[expect(dead_code, reason = "for people")]
    reason: String,
}

/// A difference that is right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    files: String,
    /// Patterns of paths.
    paths: Vec<String>,
    /// `missing`, `extra`, `type`, `value`, `status`.
    what: String,
    #[expect(dead_code, reason = "for people")]
    reason: String,
    #[serde(skip)]
    seen: Cell<bool>,
}

/// The file of allowed differences.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedFile {
    #[serde(default)]
    allowed: Vec<Allowed>,
}

impl Plan {
    /// Reads `plan.toml` and `allowed.toml` of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Plan> {
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        Plan::parse(&text("plan.toml")?, &text("allowed.toml")?)
    }

    fn parse(plan: &str, allowed: &str) -> Result<Plan> {
        let mut plan: Plan = toml::from_str(plan).context("plan.toml")?;
        let allowed: AllowedFile = toml::from_str(allowed).context("allowed.toml")?;
        plan.allowed = allowed.allowed;
        Ok(plan)
    }

    /// Files that are neither compared nor left out, and the other way round.
    pub(crate) fn unknown_files(&self, files: &[String]) -> Vec<String> {
        let planned = |file: &&String| {
            self.recording
                .iter()
                .any(|recording| recording.file == **file)
                || self.leaves_out(file)
        };
        let unplanned = files.iter().filter(|file| !planned(file)).cloned();
        let gone = self
            .recording
            .iter()
            .map(|recording| recording.file.clone());
        unplanned
            .chain(gone.filter(|file| !files.contains(file)))
            .collect()
    }

    /// Whether the file is left out with a reason.
    pub(crate) fn leaves_out(&self, file: &str) -> bool {
        self.left_out.iter().any(|left| matches(&left.files, file))
    }

    /// What is to be played, of the files that are there.
    pub(crate) fn recordings(&self, files: &[String]) -> impl Iterator<Item = &Recording> {
        self.recording
            .iter()
            .filter(|recording| files.contains(&recording.file))
    }

    /// Takes the allowed differences out of an answer and counts them.
    pub(crate) fn excuse(&self, answer: &mut Compared) {
        let before = answer.differences.len();
        let file = answer.file.clone();
        answer
            .differences
            .retain(|difference| !self.allows(&file, difference));
        answer.allowed = before - answer.differences.len();
    }

    fn allows(&self, file: &str, difference: &Difference) -> bool {
        let fits = |allowed: &&Allowed| {
            allowed.what == difference.what.word()
                && matches(&allowed.files, file)
                && allowed
                    .paths
                    .iter()
                    .any(|path| matches(path, &difference.path))
        };
        let found = self.allowed.iter().find(fits);
        found.inspect(|allowed| allowed.seen.set(true)).is_some()
    }

    /// What is allowed but did not occur: it was fixed, and the entry should go.
    pub(crate) fn unused(&self) -> Vec<String> {
        let unused = self.allowed.iter().filter(|allowed| !allowed.seen.get());
        let line = |allowed: &Allowed| {
            format!(
                "{} {} {}",
                allowed.what,
                allowed.files,
                allowed.paths.join(" ")
            )
        };
        unused.map(line).collect()
    }
}

/// Whether the text fits a pattern in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            let cuts = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            cuts.into_iter().any(|at| matches(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::What;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_difference_is_excused_by_its_entry_alone() {
        let plan = "version = '62.0'\nvalues = []\nrecording = []\nleft_out = []\n";
        let entry = |file: &str| {
            format!(
                "[[allowed]]\nfiles = '{file}'\npaths = ['$.x*']\nwhat = 'extra'\nreason = 'r'\n"
            )
        };
        let plan = Plan::parse(plan, &[entry("a*"), entry("b")].concat()).expect("a plan");
        let difference = |path: &str, what| Difference {
            path: path.to_owned(),
            what,
        };
        let mut answer = Compared {
            file: "a.json".to_owned(),
            differences: vec![
                difference("$.xy", What::Extra),
                difference("$.xy", What::Missing),
                difference("$.y", What::Extra),
            ],
            ..Compared::default()
        };
        plan.excuse(&mut answer);
        assert_eq!((answer.allowed, answer.differences.len()), (1, 2));
        assert_eq!(plan.unused(), ["extra b $.x*"]);
    }

    #[test]
    fn every_file_is_planned() {
        let plan = "version = '62.0'\nvalues = []\n[[recording]]\nfile = 'a'\n[[recording]]\nfile = 'b'\n\
                    [[left_out]]\nfiles = 'old/*'\nreason = 'r'\n";
        let plan = Plan::parse(plan, "").expect("a plan");
        let files = ["a", "old/x", "new"].map(str::to_owned);
        assert_eq!(plan.unknown_files(&files), ["new", "b"]);
    }
}
