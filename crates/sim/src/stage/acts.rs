//! What happens in a story: what people do on either side, and what the administrator switches.

use super::{Named, Played, Stage, crm_field, kind_of, object_named, our_field};
use crate::executor::block_on;
use crate::setup;
use tandem_core::ids::UserId;
use tandem_core::record::Origin;
use tandem_core::settings::OnDeletion;
use tandem_core::store::{SyncStore as _, WorkspaceEdit};
use tandem_core::value::{Fields, Reference, Value};
use tandem_core::workspace::Kind;
use tandem_sandbox::world::{Actor, DmlError, DmlOptions, LeadConversion, World};

impl Stage {
    pub(super) fn switch(&mut self, on: &[&str]) -> Played {
        let settings = &mut self.rules.settings;
        settings.recognize_merges = on.contains(&"merges");
        settings.recognize_deletions = on.contains(&"deletions");
        settings.on_deletion = match on.contains(&"unlink") {
            true => OnDeletion::Unlink,
            false => OnDeletion::Archive,
        };
        self.publish()
    }

    pub(super) fn import(&mut self, object: &str, on: bool) -> Played {
        let object = object_named(object)?;
        for pair in &mut self.rules.pairs {
            if pair.object.as_str() == object {
                pair.import = on;
                pair.version += 1;
            }
        }
        self.publish()
    }

    pub(super) fn publish(&self) -> Played {
        let put = self
            .store
            .put_rules(self.team, self.rules.clone(), self.clock.now());
        block_on(put).map_err(|error| error.to_string())
    }

    pub(super) fn act(
        &self,
        name: &str,
        act: impl FnOnce(&mut World, &Actor, &Named) -> Result<(), Vec<DmlError>>,
    ) -> Played {
        let of = self.named(name)?;
        self.later();
        let done = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            act(world, &actor, &of)
        });
        done.map_err(|errors| format!("{errors:?}"))
    }

    /// A second passes before everything that happens in the org, so that stamps tell what came later.
    pub(super) fn later(&self) {
        self.clock.advance_ms(1_000);
        setup::tell_time(&self.sandbox, &self.clock);
    }

    pub(super) fn json(
        &self,
        object: &str,
        values: &[&str],
    ) -> Result<serde_json::Map<String, serde_json::Value>, String> {
        let mut fields = serde_json::Map::new();
        for value in values {
            let (field, text) = value.split_once('=').ok_or("field=value is wanted")?;
            let json = match (field, text) {
                ("account", name) => serde_json::json!(self.named(name)?.id),
                ("opted-out", flag) => serde_json::json!(flag == "yes"),
                (_, "-") => serde_json::Value::Null,
                (_, text) => serde_json::json!(text),
            };
            fields.insert(crm_field(object, field).to_owned(), json);
        }
        Ok(fields)
    }

    pub(super) fn make(&mut self, object: &str, name: &str, values: &[&str]) -> Played {
        let object = object_named(object)?;
        let mut fields = self.json(object, values)?;
        let mut put = |field: &str, value: &str| {
            fields
                .entry(field)
                .or_insert_with(|| serde_json::json!(value));
        };
        match object {
            "Account" => put("Name", name),
            "Contact" => put("LastName", name),
            "Lead" => {
                put("LastName", name);
                put("Company", "Example Ltd");
            }
            _ => {
                put("Name", name);
                put("StageName", "Prospecting");
                put("CloseDate", "2030-01-01");
            }
        }
        self.later();
        let made = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            world.create(&actor, object, &fields, &DmlOptions::default())
        });
        let id = made.map_err(|errors| format!("{errors:?}"))?;
        let named = Named {
            object: object.to_owned(),
            id: id.to_string(),
            record: None,
        };
        self.named.insert(name.to_owned(), named);
        Ok(())
    }

    pub(super) fn set(&self, name: &str, values: &[&str]) -> Played {
        let fields = self.json(&self.named(name)?.object, values)?;
        self.act(name, |world, actor, of| {
            world.update(actor, &of.object, &of.id, &fields, &DmlOptions::default())
        })
    }

    pub(super) fn value(&self, field: &str, text: &str) -> Result<(String, Value), String> {
        let value = match (field, text) {
            ("account", name) => {
                let account = Reference::Workspace(Kind::Account, self.record(name)?);
                Value::Reference(account)
            }
            ("opted-out", flag) => Value::Bool(flag == "yes"),
            (_, "-") => Value::Null,
            (_, text) => Value::text(text),
        };
        Ok((our_field(field).to_owned(), value))
    }

    pub(super) fn edit(&mut self, name: &str, values: &[&str]) -> Played {
        let record = self.record(name)?;
        let kind = kind_of(&self.named(name)?.object);
        let mut patch = Fields::new();
        for value in values {
            let (field, text) = value.split_once('=').ok_or("field=value is wanted")?;
            patch.extend([self.value(field, text)?]);
        }
        self.later();
        let names = patch.keys().cloned();
        self.typed.extend(names.map(|name| (record, name)));
        let edit = WorkspaceEdit {
            record: Some(record),
            kind,
            patch,
            origin: Origin::User(UserId(1)),
            now: self.clock.now(),
            create_as: None,
        };
        let edited = block_on(self.store.edit_record(self.team, edit));
        edited.map(drop).map_err(|error| error.to_string())
    }

    pub(super) fn merge(&self, master: &str, losers: &[&str]) -> Played {
        let losers: Result<Vec<Named>, String> =
            losers.iter().map(|name| self.named(name)).collect();
        let losers = losers?;
        self.act(master, |world, actor, of| {
            let ids: Vec<&str> = losers.iter().map(|one| one.id.as_str()).collect();
            let nothing = serde_json::Map::new();
            world.merge(actor, &of.object, &of.id, &ids, &nothing)
        })
    }

    /// `convert L -> C [account=X] [into=existing]`; the contact is called C from then on.
    pub(super) fn convert(&mut self, lead: &str, contact: &str, rest: &[&str]) -> Played {
        let option = |key: &str| rest.iter().find_map(|word| word.strip_prefix(key));
        let id = |name: Option<&str>| name.map(|name| self.named(name)).transpose();
        let account_id = id(option("account="))?.map(|one| one.id);
        let contact_id = id(option("into="))?.map(|one| one.id);
        let lead = self.named(lead)?;
        let conversion = LeadConversion {
            account_id,
            contact_id,
            ..LeadConversion::default()
        };
        self.later();
        let converted = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            world.convert_lead(&actor, &lead.id, &conversion)
        });
        let converted = converted.map_err(|errors| format!("{errors:?}"))?;
        let mut call = |name: &str, object: &str, id: String| {
            self.named.entry(name.to_owned()).or_insert(Named {
                object: object.to_owned(),
                id,
                record: None,
            });
        };
        call(contact, "Contact", converted.contact_id.to_string());
        call(
            &format!("{contact}'s"),
            "Account",
            converted.account_id.to_string(),
        );
        Ok(())
    }
}
