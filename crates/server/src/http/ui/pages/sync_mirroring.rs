//! The two switches on Sync Management: what each does, to how many records, and what stays as it is.

use crate::app::mirroring::{DeletionChoice, Mirroring};
use crate::http::ui::parts::form::post;
use crate::http::ui::parts::layout::card;
use crate::http::ui::parts::text::counted;
use maud::{Markup, html};
use tandem_store::views::{LinkStatus, SyncCounts};

/// Draws it.
pub(super) fn draw(view: &Mirroring, counts: &SyncCounts, csrf: &str) -> Markup {
    let with = |status| -> u64 {
        let kinds = counts.kinds.iter();
        kinds.filter_map(|kind| kind.by_status.get(&status)).sum()
    };
    let (linked, unlinked) = (with(LinkStatus::Linked), with(LinkStatus::Unlinked));
    let fields = html! {
        p {
            "What is chosen here holds from now on, for " (counted(linked, "linked record")) "."
            @if unlinked > 0 {
                " " (counted(unlinked, "record")) " that " @if unlinked == 1 { "is" } @else { "are" }
                " unlinked already stay" @if unlinked == 1 { "s" } " so."
            }
            " Every step is in the log; what is restored in the CRM follows again by itself."
        }
        label class="switch" {
            input type="checkbox" role="switch" name="recognize_merges" value="yes" checked[view.recognize_merges];
            span { strong { "Recognize CRM merges" }
                small { "On: the record here follows the CRM record that stays. If both have a record here, these are "
                    "merged, too: references move over, an opt-out survives, and the other is archived. "
                    "Off: the record is unlinked and kept." } }
        }
        label class="switch" {
            input type="checkbox" role="switch" name="recognize_deletions" value="yes" checked[view.recognize_deletions];
            span { strong { "Recognize CRM deletions" }
                small { "On: as chosen below. Off: the record is unlinked and kept. A record that merely can’t be seen is "
                    "never taken for deleted." } }
        }
        div class="field" {
            label for="on_deletion" { "When a deletion is recognized" }
            select id="on_deletion" name="on_deletion" {
                option value="archive" selected[view.on_deletion == DeletionChoice::Archive] { "Archive the record" }
                option value="unlink" selected[view.on_deletion == DeletionChoice::Unlink] { "Unlink it only" }
            }
        }
        div class="actions" { button type="submit" { "Save" } }
    };
    let body = post("/sync/mirroring", csrf, &fields);
    html! { div id="mirroring" { (card("Merges and deletions", &html! {}, &body)) } }
}
