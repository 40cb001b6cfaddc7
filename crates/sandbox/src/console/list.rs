//! The list of one object's records: the latest change first, search by text, pages, and the recycle bin.

use maud::{Markup, html};
use serde_json::Value;
use url::form_urlencoded;

use super::{Shown, Visit, page};
use crate::{
    soql::QueryScope,
    world::{Actor, FieldDef, FieldType, ObjectDef, SfId, World},
};

const PAGE_ROWS: usize = 50;
/// Pages one can turn to; who looks for more should search.
const MAX_PAGE: usize = 2_000;
const MAX_SEARCH_CHARS: usize = 200;
/// Columns worth showing, where an object has them; a path leads to the parent's name.
const COLUMNS: [&str; 12] = [
    "Account.Name",
    "Company",
    "Title",
    "StageName",
    "Amount",
    "CloseDate",
    "Status",
    "Industry",
    "Phone",
    "Email",
    "BillingCity",
    "Owner.Name",
];
const MAX_COLUMNS: usize = 6;
/// Fields a search looks into besides the name.
const SEARCHED: [&str; 4] = ["Email", "Phone", "Company", "ExtId__c"];

/// What the address asks for.
struct Asked {
    text: String,
    page: usize,
    bin: bool,
}

impl Asked {
    fn of(visit: &Visit<'_>) -> Self {
        let text = visit.query.get("q").unwrap_or_default().trim();
        let page = visit.query.get("page").and_then(|page| page.parse().ok());
        Self {
            text: text.chars().take(MAX_SEARCH_CHARS).collect(),
            page: page.unwrap_or(1).clamp(1, MAX_PAGE),
            bin: visit.query.get("bin") == Some("1"),
        }
    }

    fn url(&self, object: &str, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.text.is_empty() {
            query.append_pair("q", &self.text);
        }
        if self.bin {
            query.append_pair("bin", "1");
        }
        query.append_pair("page", &page.to_string());
        format!("{}?{}", page::list_url(object), query.finish())
    }
}

/// A column: its path in the select list, and its field.
struct Column<'w> {
    path: &'static str,
    field: &'w FieldDef,
    label: &'w str,
}

pub(super) fn show(visit: &Visit<'_>, object: &str) -> Shown {
    let world = &visit.org.world;
    let Some(def) = world.schema().object(object) else {
        return Shown::missing();
    };
    if !world.object_rights(&visit.actor, &def.name).read {
        return Shown::missing();
    }
    let asked = Asked::of(visit);
    let columns = columns(world, &visit.actor, def);
    let first = (asked.page - 1) * PAGE_ROWS;
    let soql = soql(world, &visit.actor, def, &asked, &columns);
    let scope = if asked.bin {
        QueryScope::All
    } else {
        QueryScope::Live
    };
    // One row more than the page tells whether there is another page.
    let mut rows = rows_from(world, &visit.actor, &soql, scope, first);
    let more = rows.len() > PAGE_ROWS;
    rows.truncate(PAGE_ROWS);
    let title = if asked.bin {
        format!("{} in the recycle bin", def.label_plural)
    } else {
        def.label_plural.clone()
    };
    let body = html! {
        div class="title" {
            h1 { (title) " " @if !asked.bin && asked.text.is_empty() { small { (page::count(world.count(&def.name))) } } }
            @if def.createable && world.object_rights(&visit.actor, &def.name).create {
                a class="button" href={ "/lightning/o/" (def.name) "/new" } { "New" }
            }
        }
        (search(def, &asked))
        @if rows.is_empty() {
            p class="quiet" { @if asked.text.is_empty() { "There are no records here." } @else { "Nothing matches the search." } }
        } @else {
            (table(def, &columns, &rows))
        }
        nav class="pages" aria-label="Pages of the list" {
            @if asked.page > 1 { a href=(asked.url(&def.name, asked.page - 1)) { "Newer" } }
            @if rows.len() > 1 { span class="quiet" { (first + 1) "–" (first + rows.len()) } }
            @if more && asked.page < MAX_PAGE { a href=(asked.url(&def.name, asked.page + 1)) { "Older" } }
        }
    };
    Shown::page(title, body)
}

fn search(def: &ObjectDef, asked: &Asked) -> Markup {
    html! {
        form class="search" method="get" action=(page::list_url(&def.name)) role="search" {
            input type="search" name="q" value=(asked.text) placeholder={ "Search " (def.label_plural.to_lowercase()) } aria-label="Search";
            @if asked.bin { input type="hidden" name="bin" value="1"; }
            button { "Search" }
            @if asked.bin {
                a href=(page::list_url(&def.name)) { "Back to the list" }
            } @else if def.undeletable {
                a href={ (page::list_url(&def.name)) "?bin=1" } { "Recycle bin" }
            }
        }
    }
}

fn table(def: &ObjectDef, columns: &[Column<'_>], rows: &[Value]) -> Markup {
    let name = page::name_field(def);
    html! {
        div class="scroll" { table {
            thead { tr { th { "Name" } @for column in columns { th class=[class(column)] { (column.label) } } } }
            tbody { @for row in rows { tr {
                td data-label="Name" {
                    a href=(page::record_url(&def.name, row["Id"].as_str().unwrap_or_default())) {
                        (row[name].as_str().unwrap_or("(no name)"))
                    }
                }
                @for column in columns {
                    td data-label=(column.label) class=[class(column)] { (cell(column, row)) }
                }
            } } }
        } }
    }
}

fn class(column: &Column<'_>) -> Option<&'static str> {
    match column.field.field_type {
        FieldType::Phone | FieldType::Date => Some("whole"),
        number if number.is_number() => Some("number"),
        _ => None,
    }
}

fn cell(column: &Column<'_>, row: &Value) -> String {
    let value = match column.path.split_once('.') {
        Some((parent, field)) => &row[parent][field],
        None => &row[column.path],
    };
    page::text(column.field, value)
}

/// The columns the object has and the person may see.
fn columns<'w>(world: &'w World, actor: &Actor, def: &'w ObjectDef) -> Vec<Column<'w>> {
    let column = |path: &'static str| {
        let head = path.split('.').next().unwrap_or(path);
        let field = def.field(path).or_else(|| def.relationship(head))?;
        let label = if path.contains('.') {
            head
        } else {
            page::label(field)
        };
        let seen = world.field_rights(actor, &def.name, &field.name).read;
        seen.then_some(Column { path, field, label })
    };
    COLUMNS
        .iter()
        .filter_map(|path| column(path))
        .take(MAX_COLUMNS)
        .collect()
}

fn soql(
    world: &World,
    actor: &Actor,
    def: &ObjectDef,
    asked: &Asked,
    columns: &[Column<'_>],
) -> String {
    let name = page::name_field(def);
    let mut select = vec!["Id"];
    select.extend(Some(name).filter(|name| *name != "Id"));
    select.extend(columns.iter().map(|column| column.path));
    let mut conditions = Vec::new();
    if asked.bin {
        conditions.push("IsDeleted = true".to_owned());
    }
    if !asked.text.is_empty() {
        conditions.push(matching(world, actor, def, &asked.text));
    }
    let filter = if conditions.is_empty() {
        String::new()
    } else {
        format!("WHERE {}", conditions.join(" AND "))
    };
    format!(
        "SELECT {} FROM {} {filter} ORDER BY SystemModstamp DESC LIMIT {}",
        select.join(", "),
        def.name,
        asked.page * PAGE_ROWS + 1
    )
}

/// `(Name LIKE '%text%' OR …)`; an id finds its record.
fn matching(world: &World, actor: &Actor, def: &ObjectDef, text: &str) -> String {
    let literal = quoted(text).replace('%', "\\%").replace('_', "\\_");
    let searchable = |name: &&str| {
        let field = def.field(name);
        let usable = |field: &FieldDef| field.filterable() && field.field_type != FieldType::Id;
        field.is_some_and(usable) && world.field_rights(actor, &def.name, name).read
    };
    let names = std::iter::once(page::name_field(def)).chain(SEARCHED);
    let mut tests: Vec<String> = names
        .filter(searchable)
        .map(|name| format!("{name} LIKE '%{literal}%'"))
        .collect();
    if let Ok(id) = text.parse::<SfId>() {
        tests.push(format!("Id = '{id}'"));
    }
    if tests.is_empty() {
        // Nothing to search by finds nothing.
        return "Id = null".to_owned();
    }
    format!("({})", tests.join(" OR "))
}

/// Text inside a SOQL string.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    text.replace('\n', "\\n").replace('\r', "\\r")
}

/// The rows of a query of our own making; should the world refuse it, there are none and the log says why.
pub(super) fn rows(world: &World, actor: &Actor, soql: &str, scope: QueryScope) -> Vec<Value> {
    rows_from(world, actor, soql, scope, 0)
}

fn rows_from(
    world: &World,
    actor: &Actor,
    soql: &str,
    scope: QueryScope,
    first: usize,
) -> Vec<Value> {
    match world.query(actor, soql, scope) {
        Ok(found) => world.render_rows(&found, first..found.row_count(), ""),
        Err(error) => {
            tracing::warn!(%error, soql, "a query of the console was refused");
            Vec::new()
        }
    }
}
