//! What is watched beside reading, and which records are linked.

use super::team::Team;
use crate::rules;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::link::LinkState;
use tandem_core::store::Named;
use tandem_core::sync_log::LogDraft;
use tandem_core::watch::{Linked, ObjectWatch};

impl Team {
    pub(super) fn save_watch(&mut self, mut watch: ObjectWatch, log: Vec<LogDraft>) -> bool {
        let known = self.watches.get(&watch.object);
        if !rules::next_watch(known.map(|known| known.version), &mut watch) {
            return false;
        }
        self.watches.insert(watch.object.clone(), watch);
        for entry in log {
            self.append_log(entry);
        }
        true
    }

    pub(super) fn linked(&self, object: &CrmObject, named: &Named) -> Vec<Linked> {
        let is_named = |id: &CrmId| match named {
            Named::Among(ids) => ids.contains(id),
            Named::Between(after, upto) => {
                after.as_ref().is_none_or(|after| id > after)
                    && upto.as_ref().is_none_or(|upto| id <= upto)
            }
            Named::Following(after, _) => after.as_ref().is_none_or(|after| id > after),
        };
        let links = self.links.iter().map(|row| &row.link);
        let mut linked: Vec<Linked> = links
            .filter(|link| link.object == *object && link.state != LinkState::Unlinked)
            .filter_map(|link| link.crm.as_ref())
            .filter(|id| is_named(id))
            .filter_map(|id| {
                let known = self.mirrors.get(object, id);
                let alive = known.is_none_or(|known| !known.deleted);
                alive.then(|| Linked {
                    id: id.clone(),
                    order: known.map(|known| known.revision.order),
                })
            })
            .collect();
        linked.sort_by(|a, b| a.id.cmp(&b.id));
        if let Named::Following(_, most) = named {
            linked.truncate(*most);
        }
        linked
    }
}
