//! The same rows in the org and in SQLite, the same question to both.
//!
//! A question is made at random, as SOQL and as SQL. SQL's third truth value is taken away term by term, since SOQL's
//! logic has two; text compares without regard to case on both sides.

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Value as Json, json};
use tandem_sandbox::soql::QueryScope;
use tandem_sandbox::world::{Actor, DmlOptions, World, WorldOptions};

const ACCOUNTS: usize = 9;
const CONTACTS: usize = 70;
const WORDS: [&str; 7] = ["Cook", "cook", "BAKER", "baker's", "50% off", "a_b", "Zoo"];
const DAYS: [&str; 4] = ["1980-02-29", "1999-12-31", "2000-01-01", "2026-05-13"];

/// The rows twice.
struct Twins {
    world: World,
    actor: Actor,
    sql: Connection,
}

impl Twins {
    fn new() -> Twins {
        let mut world = World::new(&WorldOptions {
            now: "2026-05-13T10:30:00Z".parse().expect("a time"),
            org_name: "Twin".to_owned(),
            admin_username: "admin@twin.example".to_owned(),
            external_ids: false,
        });
        let actor = Actor::user(world.admin_id());
        let sql = Connection::open_in_memory().expect("SQLite");
        sql.execute_batch(
            "CREATE TABLE a (id TEXT, name TEXT COLLATE NOCASE, city TEXT COLLATE NOCASE, staff INTEGER);
             CREATE TABLE c (id TEXT, account TEXT, last TEXT COLLATE NOCASE, title TEXT COLLATE NOCASE, calls INTEGER, \
             born TEXT);",
        )
        .expect("tables");
        let mut add = |object: &str, fields: Json| {
            let fields = fields.as_object().expect("fields");
            let id = world.create(&actor, object, fields, &DmlOptions::default());
            id.expect("a good record").to_string()
        };
        let pick = |number: usize, list: &[&str]| {
            list.get(number % (list.len() + 2))
                .map(|word| (*word).to_owned())
        };
        let mut accounts = Vec::new();
        for n in 0..ACCOUNTS {
            let name = WORDS[n * 5 % WORDS.len()];
            let (city, staff) = (pick(n * 3, &WORDS), (n % 3 > 0).then_some(n * 7 % 5));
            let id = add(
                "Account",
                json!({"Name": name, "BillingCity": city, "NumberOfEmployees": staff}),
            );
            sql.execute(
                "INSERT INTO a VALUES (?, ?, ?, ?)",
                (&id, name, city, staff.map(|n| n as i64)),
            )
            .expect("a row");
            accounts.push(id);
        }
        for n in 0..CONTACTS {
            let (last, title) = (WORDS[n * 11 % WORDS.len()], pick(n * 13 / 3, &WORDS));
            let (born, calls) = (pick(n * 7 / 2, &DAYS), n % 3 == 0);
            let account = accounts.get(n * 17 % (ACCOUNTS + 2)).cloned();
            let id = add(
                "Contact",
                json!({"LastName": last, "Title": title, "Birthdate": born, "DoNotCall": calls, "AccountId": account}),
            );
            sql.execute(
                "INSERT INTO c VALUES (?, ?, ?, ?, ?, ?)",
                (&id, account, last, title, calls, born),
            )
            .expect("a row");
        }
        Twins { world, actor, sql }
    }

    /// The rows of a SOQL query, each by its columns, lower case.
    fn soql(&self, query: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let found = self.world.query(&self.actor, query, QueryScope::Live);
        let found = found.unwrap_or_else(|error| panic!("{query}: {error}"));
        let rows = self.world.render_rows(&found, 0..found.row_count(), "");
        let cell = |row: &Json, column: &&str| match &row[*column] {
            Json::String(text) => text.to_lowercase(),
            Json::Number(number) => number.as_f64().unwrap_or_default().to_string(),
            other => other.to_string(),
        };
        rows.iter()
            .map(|row| columns.iter().map(|column| cell(row, column)).collect())
            .collect()
    }

    fn sql(&self, query: &str) -> Vec<Vec<String>> {
        let mut statement = self
            .sql
            .prepare(query)
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        let columns = statement.column_count();
        let cell = |value: Sql| match value {
            Sql::Null => "null".to_owned(),
            Sql::Integer(number) => (number as f64).to_string(),
            Sql::Real(number) => number.to_string(),
            Sql::Text(text) => text.to_lowercase(),
            Sql::Blob(_) => "blob".to_owned(),
        };
        let rows = statement.query_map((), |row| {
            (0..columns)
                .map(|column| row.get::<_, Sql>(column).map(cell))
                .collect::<Result<Vec<_>, _>>()
        });
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    }
}

/// A piece of a query in both languages.
#[derive(Debug, Clone)]
struct Both {
    soql: String,
    sql: String,
}

fn both(soql: impl Into<String>, sql: impl Into<String>) -> Both {
    Both {
        soql: soql.into(),
        sql: sql.into(),
    }
}

/// A field, and literals to hold it against.
#[derive(Debug, Clone, Copy)]
struct Field {
    soql: &'static str,
    sql: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Day,
    Number,
    Flag,
}

const FIELDS: [Field; 7] = [
    Field {
        soql: "LastName",
        sql: "c.last",
        kind: Kind::Text,
    },
    Field {
        soql: "Title",
        sql: "c.title",
        kind: Kind::Text,
    },
    Field {
        soql: "Account.Name",
        sql: "a.name",
        kind: Kind::Text,
    },
    Field {
        soql: "Account.BillingCity",
        sql: "a.city",
        kind: Kind::Text,
    },
    Field {
        soql: "Birthdate",
        sql: "c.born",
        kind: Kind::Day,
    },
    Field {
        soql: "Account.NumberOfEmployees",
        sql: "a.staff",
        kind: Kind::Number,
    },
    Field {
        soql: "DoNotCall",
        sql: "c.calls",
        kind: Kind::Flag,
    },
];

fn quoted(text: &str) -> Both {
    both(
        format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        format!("'{}'", text.replace('\'', "''")),
    )
}

fn literal(kind: Kind) -> BoxedStrategy<Both> {
    match kind {
        Kind::Text => prop::sample::select(WORDS.to_vec())
            .prop_map(quoted)
            .boxed(),
        Kind::Day => prop::sample::select(DAYS.to_vec())
            .prop_map(|day| both(day, format!("'{day}'")))
            .boxed(),
        Kind::Number => (0..6_i32)
            .prop_map(|n| both(n.to_string(), n.to_string()))
            .boxed(),
        Kind::Flag => any::<bool>()
            .prop_map(|flag| both(flag.to_string(), flag.to_string()))
            .boxed(),
    }
}

fn field() -> impl Strategy<Value = Field> {
    prop::sample::select(FIELDS.to_vec())
}

/// One comparison. In SQL it is never unknown.
fn comparison() -> impl Strategy<Value = Both> {
    let ordered = field().prop_flat_map(|field| {
        let operators: &[&str] = if field.kind == Kind::Flag {
            &["=", "!="]
        } else {
            &["=", "!=", "<", "<=", ">", ">="]
        };
        (
            Just(field),
            prop::sample::select(operators.to_vec()),
            literal(field.kind),
        )
    });
    let ordered = ordered.prop_map(|(field, operator, value)| {
        let (soql, sql) = (field.soql, field.sql);
        let unknown = if operator == "!=" { 1 } else { 0 };
        both(
            format!("{soql} {operator} {}", value.soql),
            format!("coalesce({sql} {operator} {}, {unknown})", value.sql),
        )
    });
    let null = (
        field().prop_filter("flags have no null", |field| field.kind != Kind::Flag),
        any::<bool>(),
    );
    let null = null.prop_map(|(field, is)| {
        let (soql, sql) = if is {
            ("= null", "IS NULL")
        } else {
            ("!= null", "IS NOT NULL")
        };
        both(
            format!("{} {soql}", field.soql),
            format!("({} {sql})", field.sql),
        )
    });
    let member = field().prop_flat_map(|field| {
        (
            Just(field),
            prop::collection::vec(literal(field.kind), 1..4),
            any::<bool>(),
            any::<bool>(),
        )
    });
    let member =
        member.prop_map(|(field, values, negated, null)| member_of(field, &values, negated, null));
    let like = (
        0..4_usize,
        prop::sample::select(vec!["c%", "%o%", "____", "%\\%%", "a\\_b", "%", "B_K%"]),
        any::<bool>(),
    );
    let like = like.prop_map(|(field, pattern, negated)| {
        let (field, not) = (FIELDS[field], if negated { "NOT " } else { "" });
        both(
            format!("({not}{} LIKE '{pattern}')", field.soql),
            format!(
                "({not}coalesce({} LIKE '{pattern}' ESCAPE '\\', 0))",
                field.sql
            ),
        )
    });
    prop_oneof![3 => ordered, 1 => null, 2 => member, 1 => like]
}

fn member_of(field: Field, values: &[Both], negated: bool, null: bool) -> Both {
    // A checkbox takes null for false.
    let null = null && field.kind != Kind::Flag;
    let join = |side: fn(&Both) -> &str| values.iter().map(side).collect::<Vec<_>>().join(", ");
    let (soql, sql) = (join(|value| &value.soql), join(|value| &value.sql));
    let not = if negated { "NOT " } else { "" };
    let soql_null = if null { ", null" } else { "" };
    let found = format!("coalesce({} IN ({sql}), {})", field.sql, u8::from(null));
    both(
        format!("{} {not}IN ({soql}{soql_null})", field.soql),
        format!("({not}{found})"),
    )
}

fn condition() -> impl Strategy<Value = Both> {
    comparison().prop_recursive(3, 12, 3, |inner| {
        let join = |word: &'static str| {
            move |parts: Vec<Both>| {
                let side =
                    |side: fn(&Both) -> &str| parts.iter().map(side).collect::<Vec<_>>().join(word);
                both(
                    format!("({})", side(|part| &part.soql)),
                    format!("({})", side(|part| &part.sql)),
                )
            }
        };
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(join(" AND ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(join(" OR ")),
            inner.prop_map(|inner| both(
                format!("(NOT {})", inner.soql),
                format!("(NOT {})", inner.sql)
            )),
        ]
    })
}

fn order() -> impl Strategy<Value = Both> {
    let entry = (field(), any::<bool>(), any::<Option<bool>>()).prop_map(
        |(field, descending, nulls_first)| {
            let direction = if descending { " DESC" } else { "" };
            let nulls = match nulls_first {
                None => "",
                Some(true) => " NULLS FIRST",
                Some(false) => " NULLS LAST",
            };
            // SOQL puts nulls first in both directions, SQLite last when descending.
            let sql_nulls = if nulls.is_empty() {
                " NULLS FIRST"
            } else {
                nulls
            };
            both(
                format!("{}{direction}{nulls}", field.soql),
                format!("{}{direction}{sql_nulls}", field.sql),
            )
        },
    );
    prop::collection::vec(entry, 0..3).prop_map(|entries| {
        let side = |side: fn(&Both) -> &str| {
            entries
                .iter()
                .map(|e| side(e).to_owned())
                .collect::<Vec<_>>()
        };
        let (mut soql, mut sql) = (side(|e| &e.soql), side(|e| &e.sql));
        sql.push("c.id".to_owned());
        if soql.is_empty() {
            soql.push("Id".to_owned());
        }
        both(soql.join(", "), sql.join(", "))
    })
}

const JOIN: &str = "FROM c LEFT JOIN a ON a.id = c.account";

#[test]
fn rows_are_those_sqlite_finds() {
    let twins = Twins::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1_500));
    let question = (condition(), order(), 0..80_usize, 0..20_usize);
    let outcome = runner.run(&question, |(condition, order, limit, offset)| {
        let soql = format!(
            "SELECT Id FROM Contact WHERE {} ORDER BY {} LIMIT {limit} OFFSET {offset}",
            condition.soql, order.soql
        );
        let sql = format!(
            "SELECT c.id {JOIN} WHERE {} ORDER BY {} LIMIT {limit} OFFSET {offset}",
            condition.sql, order.sql
        );
        prop_assert_eq!(
            twins.soql(&soql, &["Id"]),
            twins.sql(&sql),
            "{}\n{}",
            soql,
            sql
        );
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn groups_are_those_sqlite_makes() {
    let twins = Twins::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    let question = (condition(), field(), 0..4_usize, any::<bool>());
    let outcome = runner.run(&question, |(condition, by, least, descending)| {
        let direction = if descending { "DESC" } else { "ASC" };
        let soql = format!(
            "SELECT {} k, COUNT(Id) n, COUNT(Title) t, COUNT_DISTINCT(LastName) d, SUM(Account.NumberOfEmployees) s, \
             MIN(Birthdate) f, MAX(Birthdate) l FROM Contact WHERE {} GROUP BY {} HAVING COUNT(Id) > {least} ORDER BY {} \
             {direction}",
            by.soql, condition.soql, by.soql, by.soql
        );
        let sql = format!(
            "SELECT {by}, COUNT(*), COUNT(c.title), COUNT(DISTINCT c.last), SUM(a.staff), MIN(c.born), MAX(c.born) {JOIN} \
             WHERE {} GROUP BY {by} HAVING COUNT(*) > {least} ORDER BY {by} {direction} NULLS FIRST",
            condition.sql,
            by = by.sql
        );
        let columns = ["k", "n", "t", "d", "s", "f", "l"];
        let mut wanted = twins.sql(&sql);
        if by.kind == Kind::Flag {
            for row in &mut wanted {
                row[0] = (row[0] == "1").to_string();
            }
        }
        prop_assert_eq!(twins.soql(&soql, &columns), wanted, "{}\n{}", soql, sql);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// Semi-joins and child queries see the rows a join sees.
#[test]
fn joins_are_those_sqlite_makes() {
    let twins = Twins::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300));
    let outcome = runner.run(&(condition(), any::<bool>()), |(condition, negated)| {
        let not = if negated { "NOT " } else { "" };
        let soql = format!(
            "SELECT Id FROM Account WHERE Id {not}IN (SELECT AccountId FROM Contact WHERE {}) ORDER BY Id",
            condition.soql
        );
        let sql = format!(
            "SELECT id FROM a AS outer_a WHERE id {not}IN (SELECT c.account {JOIN} WHERE c.account IS NOT NULL AND {}) \
             ORDER BY id",
            condition.sql
        );
        prop_assert_eq!(twins.soql(&soql, &["Id"]), twins.sql(&sql), "{}\n{}", soql, sql);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
