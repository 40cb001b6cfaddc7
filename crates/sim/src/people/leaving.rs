//! What people do in the CRM that makes records leave, take each other's place, and come back.

use super::{Cell, People};
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::sync_log::LogDraft;
use tandem_core::value::Value;
use tandem_sandbox::world::{Actor, DmlOptions, LeadConversion};

impl People {
    pub(super) fn delete_in_crm(&mut self) -> Option<String> {
        let (_, object, id, _) = self.some_link()?;
        if object.as_str() == "Account" {
            return None;
        }
        let for_good = self.dice.percent(30);
        let deleted = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            let (object, id) = (object.as_str(), id.as_str());
            let done = if for_good {
                world.hard_delete(&actor, object, id)
            } else {
                world.delete(&actor, object, id, &DmlOptions::default())
            };
            done.is_ok()
        });
        let done = deleted.then(|| format!("CRM: {id} is deleted, for good: {for_good}"));
        self.binned
            .extend(done.iter().map(|_| (object.clone(), id.clone())));
        done
    }

    /// Something comes out of the recycle bin, the loser of a merge or not.
    pub(super) fn undelete_in_crm(&mut self) -> Option<String> {
        let (object, id) = self.dice.pick(&self.binned)?.clone();
        let undeleted = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            world.undelete(&actor, object.as_str(), id.as_str()).is_ok()
        });
        undeleted.then(|| format!("CRM: {id} is undeleted"))
    }

    pub(super) fn live(&self, object: &str) -> Vec<String> {
        self.sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            let ids = world.ids(&admin, object);
            ids.iter().map(ToString::to_string).collect()
        })
    }

    /// A lead that became a contact is nothing that people can merge any more: the platform hides it.
    fn mergeable(&self, object: &str) -> Vec<String> {
        let mut ids = self.live(object);
        if object == "Lead" {
            self.sandbox.world(|world| {
                let admin = Actor::system(world.admin_id());
                ids.retain(|id| {
                    let lead = world.retrieve(&admin, object, id, Some(&["IsConverted"]), "");
                    matches!(lead, Ok(Some(lead)) if lead["IsConverted"] == false)
                });
            });
        }
        ids
    }

    /// Two or three records become one; each may have been the winner of another merge before.
    pub(super) fn merge_in_crm(&mut self) -> Option<String> {
        let objects = ["Account", "Contact", "Lead", "Lead"];
        let object = *self.dice.pick(&objects)?;
        let mut left = self.mergeable(object);
        let mut chosen = Vec::new();
        for _ in 0..2 + usize::from(self.dice.percent(25)) {
            if !left.is_empty() {
                chosen.push(left.remove(self.dice.below(left.len())));
            }
        }
        let (master, losers) = chosen.split_first()?;
        let losers: Vec<&str> = losers.iter().map(String::as_str).collect();
        self.carry(&CrmObject::new(object), &CrmId::new(master));
        let merged = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            world
                .merge(&actor, object, master, &losers, &serde_json::Map::new())
                .is_ok()
        });
        let done = merged.then(|| format!("CRM: {object} {losers:?} merged into {master}"));
        if merged {
            let binned = losers
                .iter()
                .map(|id| (CrmObject::new(object), CrmId::new(*id)));
            self.binned.extend(binned);
        }
        done
    }

    /// A lead becomes a contact of a new or an existing account; sometimes one that is there already.
    pub(super) fn convert_lead(&mut self) -> Option<String> {
        let lead = self.dice.pick(&self.live("Lead"))?.clone();
        let account_id = self.dice.percent(60).then(|| self.live("Account"));
        let account_id = account_id.and_then(|ids| self.dice.pick(&ids).cloned());
        let contact_id = self.dice.percent(25).then(|| self.live("Contact"));
        let contact_id = contact_id.and_then(|ids| self.dice.pick(&ids).cloned());
        let conversion = LeadConversion {
            account_id,
            contact_id,
            opportunity_name: self.dice.percent(30).then(|| "A chance".to_owned()),
            ..LeadConversion::default()
        };
        let (object, id) = (CrmObject::new("Lead"), CrmId::new(&lead));
        self.carry(&object, &id);
        if let Some(contact) = &conversion.contact_id {
            self.carry(&CrmObject::new("Contact"), &CrmId::new(contact));
        }
        let converted = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            world.convert_lead(&actor, &lead, &conversion).ok()
        });
        converted.map(|to| format!("CRM: lead {lead} became {}", to.contact_id))
    }

    /// Whether a value was typed in another record than the one that an entry tells of.
    pub(crate) fn typed_elsewhere(&self, entry: &LogDraft, value: &Value) -> bool {
        let text = value.to_string();
        let typed = self.typed.iter().find(|typed| typed.token == text.trim());
        match typed.map(|typed| &typed.cell) {
            Some(Cell::Workspace(record, _)) => {
                entry.record.is_some_and(|(_, told)| told != *record)
            }
            Some(Cell::Crm(object, id, _)) => {
                let told = entry.crm.as_ref();
                let told = told.and_then(|(object, id)| Some((object, id.as_ref()?)));
                told.is_some_and(|told| told != (object, id))
            }
            None => false,
        }
    }

    /// What stands in a record that takes another's place is new to whoever follows it there.
    fn carry(&mut self, object: &CrmObject, id: &CrmId) {
        let record = self.sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            let (object, id) = (object.as_str(), id.as_str());
            world.retrieve(&admin, object, id, None, "").ok().flatten()
        });
        let values = record.iter().filter_map(serde_json::Value::as_object);
        let texts = values.flat_map(|record| record.values().filter_map(serde_json::Value::as_str));
        self.carried
            .extend(texts.map(|text| text.trim().to_owned()));
    }
}
