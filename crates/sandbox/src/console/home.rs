//! The home page: what there is and what happened last.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Shown, Visit, list, page};
use crate::{
    soql::QueryScope,
    world::{ObjectDef, World, parse_datetime},
};

/// Changes shown.
const RECENT: usize = 12;

pub(super) fn show(visit: &Visit<'_>) -> Shown {
    let world = &visit.org.world;
    let body = html! {
        h1 { "Home" }
        section aria-label="Records" class="tiles" {
            @for def in page::tabs(world, &visit.actor) {
                a class="tile" href=(page::list_url(&def.name)) {
                    strong { (page::count(world.count(&def.name))) }
                    span { (def.label_plural) }
                }
            }
        }
        section {
            h2 { "Recent changes" }
            (recent(visit))
        }
    };
    Shown::page("Home", body)
}

/// A change, as a row of the table.
struct Change {
    at: Timestamp,
    row: Markup,
}

fn recent(visit: &Visit<'_>) -> Markup {
    let world = &visit.org.world;
    let tabs = page::tabs(world, &visit.actor);
    let mut changes: Vec<Change> = tabs.flat_map(|def| changes_of(visit, def)).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.at));
    changes.truncate(RECENT);
    if changes.is_empty() {
        return html! { p class="quiet" { "Nothing yet. Make a record from one of the lists above." } };
    }
    html! {
        div class="scroll" { table {
            thead { tr { th { "Record" } th { "Object" } th { "By" } th { "When" } } }
            tbody { @for change in changes { (change.row) } }
        } }
    }
}

fn changes_of(visit: &Visit<'_>, def: &ObjectDef) -> Vec<Change> {
    let world = &visit.org.world;
    let name = page::name_field(def);
    let soql = format!(
        "SELECT Id, {name}, IsDeleted, SystemModstamp, LastModifiedBy.Name FROM {} ORDER BY SystemModstamp DESC LIMIT {RECENT}",
        def.name
    );
    let rows = list::rows(world, &visit.actor, &soql, QueryScope::All);
    rows.iter()
        .filter_map(|row| {
            let at = parse_datetime(row["SystemModstamp"].as_str()?)?;
            let url = page::record_url(&def.name, row["Id"].as_str()?);
            let row = html! {
                tr {
                    td data-label="Record" {
                        a href=(url) { (row[name].as_str().unwrap_or("(no name)")) }
                        @if row["IsDeleted"] == true { " " span class="tag" { "deleted" } }
                    }
                    td data-label="Object" { (def.label) }
                    td data-label="By" { (row["LastModifiedBy"]["Name"].as_str().unwrap_or_default()) }
                    td data-label="When" { (ago(world, at)) }
                }
            };
            Some(Change { at, row })
        })
        .collect()
}

/// How long ago, in the largest unit that fits; the exact time on pointing.
fn ago(world: &World, at: Timestamp) -> Markup {
    let seconds = world.now().duration_since(at).as_secs().max(0);
    let words = match seconds {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    };
    html! { time title=(page::time(at)) datetime=(at) { (words) } }
}
