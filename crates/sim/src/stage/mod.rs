//! Where a story plays: an empty org, an engine, and names for the records of both sides ([`acts`], [`looks`]).
//!
//! Stories are written ([`stories`]) or [`random`]; each is taken back at its end ([`undo`]).

mod acts;
mod looks;
mod random;
mod rules;
pub mod stories;
mod undo;

use crate::clock::{Clock, Dice};
use crate::executor::block_on;
use crate::transport::Wire;
use crate::{check, setup};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tandem_connectors::vault::MemoryVault;
use tandem_core::ids::{CrmId, CrmObject, RecordId, TeamId};
use tandem_core::link::RecordLink;
use tandem_core::record::ArchiveCause;
use tandem_core::settings::{ConnectionState, Guards, TeamRules};
use tandem_core::store::SyncStore as _;
use tandem_core::workspace::Kind;
use tandem_engine::{Engine, Tick, Turn};
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::world::DmlOptions;
use tandem_sandbox::{ClockMode, Options, Sandbox};
use tandem_store::memory::MemoryStore;

/// Nothing, or what is not as a line says.
type Played = Result<(), String>;

/// A record of the org, by the story's name for it.
#[derive(Clone, Debug)]
struct Named {
    object: String,
    id: String,
    /// The workspace record that it had when both sides met first.
    record: Option<RecordId>,
}

/// Everything that a story needs.
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
        block_on(store.set_connection_state(team, ConnectionState::Connected, None))
            .expect("the team exists");
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
            ["log", kind, count] => self.logged(kind, number(count)?),
            ["records", kind, count] => self.count(kind, number(count)?),
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
        checked.expect("the team exists")
    }

    fn named(&self, name: &str) -> Result<Named, String> {
        let named = self.named.get(name).cloned();
        named.ok_or_else(|| format!("nobody is called {name}"))
    }

    fn record(&self, name: &str) -> Result<RecordId, String> {
        let record = self.named(name)?.record;
        record.ok_or_else(|| format!("{name} never had a workspace record"))
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
                let of =
                    |link: &&RecordLink| link.object == object && link.crm.as_ref() == Some(&id);
                links.find(of).and_then(|link| link.record)
            });
            named.record = found.expect("the team exists");
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
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
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
