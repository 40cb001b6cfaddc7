//! Where a story plays: an empty org, an engine, and names for the records of both sides.

mod random;
mod rules;
mod undo;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tandem_connectors::vault::MemoryVault;
use tandem_core::ids::{CrmId, CrmObject, RecordId, TeamId, UserId};
use tandem_core::link::LinkState;
use tandem_core::record::{ArchiveCause, Origin};
use tandem_core::settings::{ConnectionState, Guards, OnDeletion, TeamRules};
use tandem_core::store::{SyncStore as _, WorkspaceEdit};
use tandem_core::sync_log::{LogDraft, LogType};
use tandem_core::value::{Fields, Reference, Value};
use tandem_core::workspace::Kind;
use tandem_engine::{Engine, Tick, Turn};
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::world::{Actor, DmlError, DmlOptions, LeadConversion, World};
use tandem_sandbox::{ClockMode, Options, Sandbox};
use tandem_sim::clock::{Clock, Dice};
use tandem_sim::executor::block_on;
use tandem_sim::transport::Wire;
use tandem_sim::{check, setup};
use tandem_store::memory::MemoryStore;

type Played = Result<(), String>;

/// A record of the org, by the story's name for it.
#[derive(Clone, Debug)]
struct Named {
    object: String,
    id: String,
    /// The workspace record that it had when both sides met first.
    record: Option<RecordId>,
}

pub(crate) struct Stage {
    dice: Dice,
    clock: Clock,
    sandbox: Arc<Sandbox>,
    store: Arc<MemoryStore>,
    engine: Engine,
    team: TeamId,
    rules: TeamRules,
    named: BTreeMap<String, Named>,
    /// How the workspace stood after the first sync.
    beginning: Option<undo::Beginning>,
    /// What people typed in the workspace.
    typed: BTreeSet<(RecordId, String)>,
}

impl Stage {
    pub(crate) fn new(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let clock = Clock::new(setup::START);
        let none = SeedSize {
            accounts: 0,
            contacts: 0,
            leads: 0,
            opportunities: 0,
        };
        let sandbox = Arc::new(Sandbox::new(Options {
            seed,
            now: setup::START,
            clock: ClockMode::Virtual,
            records: none,
            limit_jitter_calls: 0,
            call_limit_24h: 1_000_000,
            ..Options::default()
        }));
        let wire = Wire::new(sandbox.clone(), dice.clone());
        let vault: Arc<MemoryVault> = setup::vault(&sandbox);
        let connector = setup::connector(&sandbox, &wire, &vault, 21, &[]);
        let rules = rules::both_ways(connector.as_ref());
        let store = Arc::new(MemoryStore::new(Guards::ALL));
        let team = store.add_team(rules.clone());
        block_on(store.set_connection_state(team, ConnectionState::Connected, None)).unwrap();
        let told = clock.clone();
        let engine = Engine::new(
            store.clone(),
            connector,
            team,
            "story",
            Arc::new(move || told.now()),
        );
        Self {
            dice,
            clock,
            sandbox,
            store,
            engine,
            team,
            rules,
            named: BTreeMap::new(),
            beginning: None,
            typed: BTreeSet::new(),
        }
    }

    /// Plays one line of a story, or says what is not as it says.
    pub(crate) fn play(&mut self, line: &str) -> Played {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["switch", on @ ..] => self.switch(on),
            ["import", object, state] => self.import(object, *state == "on"),
            ["crm", object, name, values @ ..] => self.make(object, name, values),
            ["sync"] => {
                self.sync()?;
                if self.beginning.is_none() {
                    self.beginning = Some(self.stand());
                }
                Ok(())
            }
            ["set", name, values @ ..] => self.set(name, values),
            ["edit", name, values @ ..] => self.edit(name, values),
            ["merge", master, "<-", losers @ ..] => self.merge(master, losers),
            ["delete", name] => self.act(name, |world, actor, of| {
                world.delete(actor, &of.object, &of.id, &DmlOptions::default())
            }),
            ["undelete", name] => self.act(name, |world, actor, of| {
                world.undelete(actor, &of.object, &of.id)
            }),
            ["convert", lead, "->", contact, rest @ ..] => self.convert(lead, contact, rest),
            ["is", name, "linked", to] => self.is_linked(name, to),
            ["is", name, "unlinked"] => self.is_unlinked(name, None),
            ["is", name, "archived"] => self.is_unlinked(name, Some(ArchiveCause::Deleted)),
            ["is", name, "merged-into", other] => {
                let into = self.record(other)?;
                self.is_unlinked(name, Some(ArchiveCause::MergedInto(into)))
            }
            ["has", name, values @ ..] => self.has(name, values),
            ["crm-has", name, values @ ..] => self.crm_has(name, values),
            ["log", kind, count] => self.logged(kind, count.parse().unwrap()),
            ["records", kind, count] => self.count(kind, count.parse().unwrap()),
            ["refused", name, values @ ..] => match self.edit(name, values) {
                Ok(()) => Err("it was let through".into()),
                Err(_) => Ok(()),
            },
            _ => Err("nobody knows how to play that".into()),
        }
    }

    /// What holds at the end of every story.
    pub(crate) fn check(&mut self) -> Played {
        self.sync()?;
        let org = check::org(&self.sandbox, &self.rules);
        let checked = self.store.inspect(self.team, |view| {
            check::one_link_each(view, &org)?;
            check::nothing_dangles(view)
        });
        checked.unwrap()
    }

    fn switch(&mut self, on: &[&str]) -> Played {
        let settings = &mut self.rules.settings;
        settings.recognize_merges = on.contains(&"merges");
        settings.recognize_deletions = on.contains(&"deletions");
        settings.on_deletion = match on.contains(&"unlink") {
            true => OnDeletion::Unlink,
            false => OnDeletion::Archive,
        };
        self.publish()
    }

    fn import(&mut self, object: &str, on: bool) -> Played {
        let object = object_named(object)?;
        for pair in &mut self.rules.pairs {
            if pair.object.as_str() == object {
                pair.import = on;
                pair.version += 1;
            }
        }
        self.publish()
    }

    fn publish(&self) -> Played {
        let put = self
            .store
            .put_rules(self.team, self.rules.clone(), self.clock.now());
        block_on(put).map_err(|error| error.to_string())
    }

    fn named(&self, name: &str) -> Result<Named, String> {
        let named = self.named.get(name).cloned();
        named.ok_or_else(|| format!("nobody is called {name}"))
    }

    fn record(&self, name: &str) -> Result<RecordId, String> {
        let record = self.named(name)?.record;
        record.ok_or_else(|| format!("{name} never had a workspace record"))
    }

    fn act(
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
    fn later(&self) {
        self.clock.advance_ms(1_000);
        setup::tell_time(&self.sandbox, &self.clock);
    }

    fn json(
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

    fn make(&mut self, object: &str, name: &str, values: &[&str]) -> Played {
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

    /// Minutes pass until there is nothing left to do.
    fn sync(&mut self) -> Played {
        for _ in 0..4 {
            self.clock.advance_ms(61_000);
            setup::tell_time(&self.sandbox, &self.clock);
            self.work()?;
        }
        for named in self.named.values_mut().filter(|one| one.record.is_none()) {
            let (object, id) = (CrmObject::new(&named.object), CrmId::new(&named.id));
            let found = self.store.inspect(self.team, |view| {
                let mut links = view.links().map(|due| due.link);
                let of = |link: &&tandem_core::link::RecordLink| {
                    link.object == object && link.crm.as_ref() == Some(&id)
                };
                links.find(of).and_then(|link| link.record)
            });
            named.record = found.unwrap();
        }
        Ok(())
    }

    fn work(&self) -> Played {
        for _ in 0..10_000 {
            let tick = Tick {
                now: self.clock.now(),
                jitter: 0.5,
            };
            let turn = block_on(self.engine.turn(tick, &[])).map_err(|error| error.to_string())?;
            if matches!(turn, Turn::Idle { .. }) {
                return Ok(());
            }
        }
        Err("the engine is never idle".into())
    }

    fn set(&self, name: &str, values: &[&str]) -> Played {
        let fields = self.json(&self.named(name)?.object, values)?;
        self.act(name, |world, actor, of| {
            world.update(actor, &of.object, &of.id, &fields, &DmlOptions::default())
        })
    }

    fn value(&self, field: &str, text: &str) -> Result<(String, Value), String> {
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

    fn edit(&mut self, name: &str, values: &[&str]) -> Played {
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

    fn merge(&self, master: &str, losers: &[&str]) -> Played {
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
    fn convert(&mut self, lead: &str, contact: &str, rest: &[&str]) -> Played {
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

    fn link_of(&self, record: RecordId) -> Option<tandem_core::link::RecordLink> {
        block_on(self.store.link_of(self.team, record)).unwrap()
    }

    fn is_linked(&self, name: &str, to: &str) -> Played {
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

    fn is_unlinked(&self, name: &str, cause: Option<ArchiveCause>) -> Played {
        let link = self.link_of(self.record(name)?);
        let active = link.is_some_and(|link| link.state == LinkState::Active);
        let archived = self.workspace(name)?.archived.map(|one| one.cause);
        if !active && archived == cause {
            return Ok(());
        }
        Err(format!("active: {active}, archived: {archived:?}"))
    }

    fn workspace(&self, name: &str) -> Result<tandem_core::record::WorkspaceRecord, String> {
        let record = block_on(self.store.record(self.team, self.record(name)?)).unwrap();
        record.ok_or_else(|| format!("{name}'s record is lost"))
    }

    fn has(&self, name: &str, values: &[&str]) -> Played {
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

    fn crm_has(&self, name: &str, values: &[&str]) -> Played {
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

    fn log(&self) -> Vec<LogDraft> {
        let log = self.store.inspect(self.team, |view| {
            view.log().iter().map(|(_, entry)| entry.clone()).collect()
        });
        log.unwrap()
    }

    fn logged(&self, kind: &str, count: usize) -> Played {
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
    fn count(&self, kind: &str, count: usize) -> Played {
        let kind = Kind::parse(kind).ok_or("there is no such kind")?;
        let found = self.store.inspect(self.team, |view| {
            let records = view.records().filter(|one| one.kind == kind);
            records.filter(|one| one.archived.is_none()).count()
        });
        let found = found.unwrap();
        (found == count)
            .then_some(())
            .ok_or_else(|| format!("there are {found}"))
    }
}

fn object_named(name: &str) -> Result<&'static str, String> {
    match name {
        "account" => Ok("Account"),
        "contact" => Ok("Contact"),
        "lead" => Ok("Lead"),
        "opportunity" => Ok("Opportunity"),
        other => Err(format!("{other} is no object of the stories")),
    }
}

fn kind_of(object: &str) -> Kind {
    match object {
        "Account" => Kind::Account,
        "Opportunity" => Kind::Opportunity,
        _ => Kind::Person,
    }
}

fn our_field(name: &str) -> &str {
    match name {
        "opted-out" => "do_not_email",
        other => other,
    }
}

fn crm_field(object: &str, name: &str) -> &'static str {
    match (object, name) {
        (_, "title") => "Title",
        (_, "phone") => "Phone",
        (_, "email") => "Email",
        (_, "account") => "AccountId",
        (_, "opted-out") => "HasOptedOutOfEmail",
        ("Opportunity", "step") => "NextStep",
        _ => "Description",
    }
}
