//! Why a field holds what it holds: who put it there, when, by which rule, what lost, and what the next
//! change will do.

use super::records::FieldView;
use super::{Actor, App, AppError, AppResult};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, LogId, RecordId, UserId};
use tandem_core::record::Origin;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{FieldChange, LogType};
use tandem_core::undo::{Side, cannot, side};
use tandem_core::value::same;
use tandem_core::why::{Outlook, outlook};
use tandem_core::workspace::Kind;
use tandem_store::views::LogRow;

/// Most entries that an answer lists; the rest is in the log.
pub const WHY_ENTRIES_MAX: usize = 10;

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Why {
    /// The record.
    pub record: (Kind, RecordId),
    /// What pages call it.
    pub name: String,
    /// Both sides of the field, its mapping and provenance.
    pub field: FieldView,
    /// Who put the workspace's value there, in words; `None` if it was never set.
    pub who: Option<String>,
    /// The entry that left the workspace's value; `None` if no entry did: then it was typed here and has
    /// not gone out, or its entry is older than those listed.
    pub entry: Option<LogId>,
    /// What moved this field, newest first.
    pub past: Vec<Moved>,
    /// What the next change will do.
    pub next: Outlook,
}

/// One change of the field.
#[derive(Clone, PartialEq, Debug)]
pub struct Moved {
    /// The entry that tells it.
    pub entry: LogId,
    /// When.
    pub at: Timestamp,
    /// The side that was changed.
    pub side: Side,
    /// The change with its rule and the value that lost.
    pub change: FieldChange,
    /// The person who caused it, where one did.
    pub by: Option<String>,
}

impl App {
    /// Answers for a record, by its number or its id in the CRM, and a field, by its name on either side.
    ///
    /// # Errors
    /// `NotFound` with the record; `Invalid` with `field` and the names that there are.
    pub async fn why(&self, actor: &Actor, record: &str, field: &str) -> AppResult<Why> {
        let (kind, id) = self.named_record(actor, record.trim()).await?;
        let detail = self.record(actor, kind, id).await?;
        let view = known(&detail.fields, kind, field.trim())?;
        let rows = self
            .store()
            .log_of_field(actor.team, id, &view.name, WHY_ENTRIES_MAX)
            .await?;
        let users = self.users(actor).await?;
        let person = |id: UserId| {
            let user = users.iter().find(|user| user.id == id);
            user.map_or_else(|| format!("user {id}"), |user| user.name.clone())
        };
        let who = view.provenance.as_ref().map(|set| match &set.origin {
            Origin::Crm => "the sync, from the CRM".into(),
            Origin::Api(program) => format!("the program “{program}”"),
            Origin::User(id) => person(*id),
            Origin::Undo(Some(id)) => format!("an undo by {}", person(*id)),
            Origin::Undo(None) => "an undo at the command line".into(),
        });
        let past: Vec<Moved> = rows
            .iter()
            .filter_map(|row| moved(row, &view.name, &person))
            .collect();
        let rules = self.store().rules(actor.team).await?;
        let link = detail.page.link.as_ref();
        let pair = link.and_then(|link| rules.pair(&link.object));
        let rule = pair.and_then(|pair| pair.by_workspace(&view.name));
        let left = |moved: &&Moved| {
            let (after, ours) = (&moved.change.after, &view.workspace);
            same(after, ours, &view.ty) || rule.is_some_and(|rule| rule.agree(after, ours))
        };
        Ok(Why {
            record: (kind, id),
            name: detail.page.name.clone(),
            who,
            entry: past.first().filter(left).map(|moved| moved.entry),
            next: outlook(&view.name, rule, link),
            field: view,
            past,
        })
    }
}

impl App {
    async fn named_record(&self, actor: &Actor, text: &str) -> AppResult<(Kind, RecordId)> {
        let plausible = matches!(text.len(), 15 | 18 | 36)
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let linked = match plausible {
            true => {
                let id = CrmId::new(text);
                self.store().record_of_crm(actor.team, &id).await?
            }
            false => None,
        };
        let Some(id) = linked.or_else(|| text.parse().ok().map(RecordId)) else {
            return Err(missing(text));
        };
        let record = self.store().record(actor.team, id).await?;
        let record = record.ok_or_else(|| missing(text))?;
        Ok((record.kind, id))
    }
}

fn missing(text: &str) -> AppError {
    AppError::NotFound(format!(
        "record “{text}”, neither here nor linked in the CRM"
    ))
}

fn known(fields: &[FieldView], kind: Kind, name: &str) -> AppResult<FieldView> {
    let theirs = |field: &FieldView| {
        field
            .mapping
            .as_ref()
            .is_some_and(|mapping| mapping.crm.eq_ignore_ascii_case(name))
    };
    let ours = fields.iter().find(|field| field.name == name);
    if let Some(field) = ours.or_else(|| fields.iter().find(|field| theirs(field))) {
        return Ok(field.clone());
    }
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    let message = format!(
        "a {kind} has no field “{name}”; it has {}",
        names.join(", ")
    );
    Err(AppError::invalid("field", message))
}

fn moved(row: &LogRow, field: &str, person: &impl Fn(UserId) -> String) -> Option<Moved> {
    let entry = &row.entry;
    let mut changes = entry.changes.iter();
    let change = changes.find(|change| change.workspace == field)?;
    let counts = cannot(entry).is_none() || entry.kind == LogType::Create;
    counts.then(|| Moved {
        entry: row.id,
        at: entry.at,
        side: side(entry, change),
        change: change.clone(),
        by: entry.by.map(person),
    })
}
