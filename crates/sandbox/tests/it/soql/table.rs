//! Tables of queries and what they answer, in `tests/tables/soql`.
//!
//! A line is `query => rows`. `template` puts what stands before `=>` into a query, `as` names who asks, `scope all` asks
//! with deleted records. Rows are as in `shown`, joined by `, `; `none` is no row, `count 3` the answer to `COUNT()`. A
//! refusal is `! row:column CODE sentence`, without the place when the message shows none; `…` at its end stands for
//! any rest. `@label` is the id of a record, `@label15` its short form. `#` starts a comment.

use std::fs;
use std::path::Path;

use tandem_sandbox::soql::{QueryScope, SoqlError};

use super::org::Org;
use super::shown;

/// How the queries of the next lines are made and asked.
struct Asking {
    template: String,
    user: String,
    scope: QueryScope,
}

#[test]
fn queries_answer_as_the_tables_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/soql");
    let org = Org::new();
    let (mut asked, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(folder).expect("the tables") {
        let path = entry.expect("a table").path();
        let text = fs::read_to_string(&path).expect("a table");
        let mut asking = Asking {
            template: "{}".to_owned(),
            user: "admin".to_owned(),
            scope: QueryScope::Live,
        };
        for (number, line) in text.lines().enumerate() {
            let Some((query, wanted)) = asking.case(line) else {
                continue;
            };
            asked += 1;
            let query = with_ids(&org, &query);
            let got = answer(&org, &asking, &query);
            if !fits(&got, &with_ids(&org, wanted)) {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                wrong.push(format!(
                    "{file}:{}: {query}\n  wanted {wanted}\n  got    {got}",
                    number + 1
                ));
            }
        }
    }
    assert!(asked >= 500, "only {asked} queries");
    assert!(
        wrong.is_empty(),
        "{} of {asked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

impl Asking {
    /// The query of a line and what it should answer; none when the line is none.
    fn case<'l>(&mut self, line: &'l str) -> Option<(String, &'l str)> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        if let Some((query, wanted)) = line.rsplit_once("=>") {
            return Some((self.template.replace("{}", query.trim()), wanted.trim()));
        }
        match line.split_once(' ') {
            Some(("template", template)) => self.template = template.to_owned(),
            Some(("as", user)) => self.user = user.to_owned(),
            Some(("scope", "all")) => self.scope = QueryScope::All,
            Some(("scope", "live")) => self.scope = QueryScope::Live,
            _ => panic!("what is '{line}'?"),
        }
        None
    }
}

/// Puts ids in the place of labels.
fn with_ids(org: &Org, text: &str) -> String {
    let mut out = String::new();
    let mut pieces = text.split('@');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(piece.len());
        let (label, rest) = piece.split_at(end);
        match (org.ids.get(label), rest.strip_prefix("15")) {
            (Some(id), Some(rest)) => out.push_str(&format!("{}{rest}", &id[..15])),
            (Some(id), None) => out.push_str(&format!("{id}{rest}")),
            // An e-mail address.
            (None, _) => out.push_str(&format!("@{piece}")),
        }
    }
    out
}

fn answer(org: &Org, asking: &Asking, query: &str) -> String {
    let found = org
        .world
        .query(&org.actor(&asking.user), query, asking.scope);
    let found = match found {
        Ok(found) => found,
        Err(error) => return refusal(&error),
    };
    let rows = found.row_count();
    if rows < found.total_size() || query.to_lowercase().starts_with("select count()") {
        return format!("count {}", found.total_size());
    }
    let records = org.world.records(&found, 0..rows, "");
    shown::lines(&serde_json::to_string(&records).expect("JSON"))
}

/// `! row:column CODE sentence`
fn refusal(error: &SoqlError) -> String {
    let sentence = error.message.lines().last().unwrap_or_default();
    let place = error
        .message
        .lines()
        .find_map(|line| line.strip_prefix("ERROR at Row:"));
    let place = place
        .map(|place| place.replace(":Column", "") + " ")
        .unwrap_or_default();
    format!("! {place}{} {sentence}", error.error_code)
}

fn fits(got: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('…') {
        Some(start) => got.starts_with(start.trim_end()),
        None => got == wanted,
    }
}
