//! The lists of people, accounts and opportunities: search, how the link stands, page by page.

use super::logs::address;
use super::sync_cards::kind_label;
use crate::http::ui::parts::badge;
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, empty, page as framed};
use crate::http::ui::parts::log_table::{plural, record_href};
use crate::http::ui::parts::text::{Shown, counted, shown};
use crate::http::ui::parts::when::ago;
use jiff::Timestamp;
use maud::{Markup, html};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_store::views::{LinkStatus, Page as Rows, RecordRow};

/// The name of the archive among the link states to filter by.
pub const ARCHIVED: &str = "archived";

/// The filters as they stand in the address; empty is “all”.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct RecordQuery {
    /// Text of the name, e-mail address, company or website.
    pub q: String,
    /// How the link stands.
    pub link: String,
    /// Where the page begins.
    pub cursor: String,
}

impl RecordQuery {
    /// The filters as an address, without `?`, from another row on.
    pub fn address(&self, cursor: &str) -> String {
        address(&[("q", &self.q), ("link", &self.link), ("cursor", cursor)])
    }
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RecordsPage {
    /// People, accounts or opportunities.
    pub kind: Kind,
    /// The filters.
    pub query: RecordQuery,
    /// Records of this kind, all together.
    pub total: Option<u64>,
    /// The records.
    pub rows: Rows<RecordRow>,
}

/// Draws it.
pub fn page(shell: &Shell, view: &RecordsPage) -> Markup {
    let title = kind_label(view.kind);
    let path = format!("/{}", plural(view.kind).unwrap_or_default());
    let lead = html! {
        @if let Some(total) = view.total { p class="lead" { (counted(total, "record")) " in the workspace" } }
    };
    let body = html! {
        (filters(view, &path))
        @if view.rows.rows.is_empty() { (nothing(view, &path)) } @else { (table(shell, view, &path)) }
    };
    framed(
        shell,
        &Page {
            place: place(view.kind),
            title,
            lead,
            actions: html! {},
            body,
        },
    )
}

/// A kind's entry in the navigation.
pub(super) fn place(kind: Kind) -> Place {
    match kind {
        Kind::Person => Place::People,
        Kind::Account => Place::Accounts,
        Kind::Opportunity => Place::Opportunities,
        Kind::User => Place::Nowhere,
    }
}

fn filters(view: &RecordsPage, path: &str) -> Markup {
    html! {
        form class="filters" method="get" action=(path) {
            label class="grow" { span { "Search" }
                input type="search" name="q" value=(view.query.q) placeholder="Name, e-mail, company or website" maxlength="200"; }
            label { span { "Link" }
                select name="link" {
                    option value="" { "All" }
                    @for status in LinkStatus::ALL {
                        option value=(status.as_str()) selected[status.as_str() == view.query.link] { (status.label()) }
                    }
                    option value=(ARCHIVED) selected[view.query.link == ARCHIVED] { "Archived" }
                }
            }
            div class="actions" {
                button type="submit" { (icon(Icon::Search)) "Search" }
                @if is_filtered(&view.query) { a class="button plain" href=(path) { "Clear" } }
            }
        }
    }
}

fn is_filtered(query: &RecordQuery) -> bool {
    !query.q.is_empty() || !query.link.is_empty()
}

fn nothing(view: &RecordsPage, path: &str) -> Markup {
    html! {
        section class="card" {
            @if is_filtered(&view.query) {
                (empty("Nothing matches", &html! { "Try fewer letters, or " a href=(path) { "show all" } "." }))
            } @else {
                (empty("Nothing here yet", &html! {
                    "Records come in from the CRM with the first sync. " a href="/sync" { "Go to Sync Management" } "."
                }))
            }
        }
    }
}

/// A column: its heading and the workspace field that it shows.
type Column = (&'static str, &'static str);

fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Person => &[
            ("Title", "title"),
            ("Company", "company"),
            ("E-mail", "email"),
        ],
        Kind::Account => &[
            ("Website", "website"),
            ("Industry", "industry"),
            ("City", "city"),
        ],
        Kind::Opportunity => &[
            ("Stage", "stage"),
            ("Amount", "amount"),
            ("Close date", "close_date"),
        ],
        Kind::User => &[],
    }
}

fn table(shell: &Shell, view: &RecordsPage, path: &str) -> Markup {
    let columns = columns(view.kind);
    html! {
        section class="card flush" {
            div class="table-wrap" {
                table class="stack records" {
                    thead { tr {
                        th { "Name" }
                        @for (heading, field) in columns { th class=[(*field == "amount").then_some("end")] { (heading) } }
                        th { "Link" } th { "CRM record" } th { "Changed" }
                    } }
                    tbody { @for row in &view.rows.rows { (line(row, columns, shell.now)) } }
                }
            }
        }
        nav class="pager" aria-label="Pages" {
            @if !view.query.cursor.is_empty() { a class="button secondary" href=(path) { "First page" } }
            @if let Some(next) = &view.rows.next { a class="button secondary" href={ (path) "?" (view.query.address(next)) } rel="next" { "Next page" } }
        }
    }
}

fn line(row: &RecordRow, columns: &[Column], now: Timestamp) -> Markup {
    html! {
        tr {
            td data-label="Name" class="medium" {
                @match record_href(row.kind, row.id) {
                    Some(href) => a class="clip strong" href=(href) title=(row.name) { (row.name) },
                    None => (row.name),
                }
            }
            @for (heading, field) in columns { (cell(heading, field, row)) }
            td data-label="Link" { (badge::link(row.link.as_ref().map_or(LinkStatus::NotLinked, |link| link.status))) }
            td data-label="CRM record" class="object" { (crm(row)) }
            td data-label="Changed" class="nowrap" { (ago(row.updated_at, now)) }
        }
    }
}

fn cell(heading: &str, field: &str, row: &RecordRow) -> Markup {
    let value = row.fields.get(field).unwrap_or(&Value::Null);
    let class = match value {
        Value::Number(_) => "end num",
        Value::Date(_) => "nowrap num",
        _ => "medium",
    };
    let text = Shown::from(value);
    html! { td data-label=(heading) class=(class) { span class="clip" title=(text.text) { (shown(&text)) } } }
}

fn crm(row: &RecordRow) -> Markup {
    html! {
        @match row.link.as_ref() {
            Some(link) => { (link.object) @if let Some(id) = &link.crm { span class="code" title=(id) { (id) } } }
            None => span class="blank" { "–" },
        }
    }
}
