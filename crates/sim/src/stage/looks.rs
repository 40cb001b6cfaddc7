//! What a story looks at: what became of a record, what either side holds, what the log says.

use super::{Played, Stage, our_field};
use crate::executor::block_on;
use tandem_core::ids::RecordId;
use tandem_core::link::{LinkState, RecordLink};
use tandem_core::record::{ArchiveCause, WorkspaceRecord};
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{LogDraft, LogType};
use tandem_core::value::{Reference, Value};
use tandem_core::workspace::Kind;
use tandem_sandbox::world::Actor;

impl Stage {
    pub(super) fn link_of(&self, record: RecordId) -> Option<RecordLink> {
        block_on(self.store.link_of(self.team, record)).expect("the team exists")
    }

    pub(super) fn is_linked(&self, name: &str, to: &str) -> Played {
        let link = self.link_of(self.record(name)?);
        let link = link.ok_or("it has no link")?;
        let archived = self.workspace(name)?.archived;
        let crm = link.crm.map(|id| id.0);
        let wanted = self.named(to)?.id;
        let state = (link.state, crm.as_deref(), archived);
        if state == (LinkState::Active, Some(wanted.as_str()), None) {
            return Ok(());
        }
        Err(format!("it is {state:?}; {to} is {wanted}"))
    }

    pub(super) fn is_unlinked(&self, name: &str, cause: Option<ArchiveCause>) -> Played {
        let link = self.link_of(self.record(name)?);
        let active = link.is_some_and(|link| link.state == LinkState::Active);
        let archived = self.workspace(name)?.archived.map(|one| one.cause);
        if !active && archived == cause {
            return Ok(());
        }
        Err(format!("active: {active}, archived: {archived:?}"))
    }

    pub(super) fn workspace(&self, name: &str) -> Result<WorkspaceRecord, String> {
        let record =
            block_on(self.store.record(self.team, self.record(name)?)).expect("the team exists");
        record.ok_or_else(|| format!("{name}'s record is lost"))
    }

    pub(super) fn has(&self, name: &str, values: &[&str]) -> Played {
        let fields = self.workspace(name)?.fields;
        for value in values {
            let (field, text) = value.split_once('=').ok_or("field=value is wanted")?;
            let found = fields.get(our_field(field)).cloned().unwrap_or_default();
            let right = match (field, &found) {
                // By our number or by the CRM's id: both say the same.
                ("account", Value::Reference(Reference::Crm(id))) => id.0 == self.named(text)?.id,
                ("account", Value::Reference(Reference::Workspace(_, id))) => {
                    *id == self.record(text)?
                }
                _ => found == self.value(field, text)?.1,
            };
            if !right {
                return Err(format!("{field} is {found:?}"));
            }
        }
        Ok(())
    }

    pub(super) fn crm_has(&self, name: &str, values: &[&str]) -> Played {
        let of = self.named(name)?;
        let wanted = self.json(&of.object, values)?;
        let names: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let found = self.sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            world.retrieve(&admin, &of.object, &of.id, Some(&names), "")
        });
        let found = found
            .map_err(|_| "there is no such field")?
            .ok_or("it is deleted")?;
        for (field, value) in &wanted {
            if found[field] != *value {
                return Err(format!("{field} is {}", found[field]));
            }
        }
        Ok(())
    }

    pub(super) fn log(&self) -> Vec<LogDraft> {
        let log = self.store.inspect(self.team, |view| {
            view.log().iter().map(|(_, entry)| entry.clone()).collect()
        });
        log.expect("the team exists")
    }

    pub(super) fn logged(&self, kind: &str, count: usize) -> Played {
        let kind = LogType::parse(kind).ok_or("there is no such type of entry")?;
        let log = self.log();
        let found: Vec<&str> = log
            .iter()
            .filter(|entry| entry.kind == kind)
            .map(|entry| entry.summary.as_str())
            .collect();
        if found.len() == count {
            return Ok(());
        }
        Err(format!("{} entries: {found:#?}", found.len()))
    }

    /// Records of a kind that are not archived.
    pub(super) fn count(&self, kind: &str, count: usize) -> Played {
        let kind = Kind::parse(kind).ok_or("there is no such kind")?;
        let found = self.store.inspect(self.team, |view| {
            let records = view.records().filter(|one| one.kind == kind);
            records.filter(|one| one.archived.is_none()).count()
        });
        let found = found.expect("the team exists");
        (found == count)
            .then_some(())
            .ok_or_else(|| format!("there are {found}"))
    }
}
