//! The people of a run: they edit on both sides, and remember what they typed.
//!
//! Every typed text is unique and says on which side it was typed: `w17` in the workspace, `c18` in
//! the CRM. So any place where it turns up later can be judged.

mod leaving;

use crate::clock::{Clock, Dice};
use crate::executor::block_on;
use crate::setup::{PERSON_FIELDS, REFUSED, STAGES};
use std::collections::BTreeSet;
use std::sync::Arc;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, RecordId, TeamId, UserId};
use tandem_core::link::LinkState;
use tandem_core::mapping::{FieldRule, PairRules};
use tandem_core::record::Origin;
use tandem_core::store::{HoldResolution, SyncStore as _, WorkspaceEdit};
use tandem_core::value::{Fields, Reference, Value};
use tandem_core::workspace::Kind;
use tandem_sandbox::Sandbox;
use tandem_sandbox::world::{Actor, DmlOptions};
use tandem_store::memory::MemoryStore;

/// Where a value was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// A field of a workspace record.
    Workspace(RecordId, String),
    /// A field of a CRM record.
    Crm(CrmObject, CrmId, String),
}

/// One value that a person typed.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The text.
    pub token: String,
    /// Where.
    pub cell: Cell,
    /// A person replaced it by something else, knowing it.
    pub replaced: bool,
    /// The CRM record had changed in the same second before: both versions have one stamp, so that no
    /// condition can tell them apart.
    pub same_stamp: bool,
}

/// Everybody who edits.
pub struct People {
    dice: Dice,
    clock: Clock,
    store: Arc<MemoryStore>,
    sandbox: Arc<Sandbox>,
    team: TeamId,
    pairs: Vec<PairRules>,
    /// What they typed.
    pub typed: Vec<Typed>,
    /// Last names of people made in the workspace to be created in the CRM: each is given once.
    pub created: Vec<String>,
    /// Values that whoever followed a record to another one met there, wherever they were typed.
    pub carried: BTreeSet<String>,
    /// Records that were put into the recycle bin.
    binned: Vec<(CrmObject, CrmId)>,
    next: u32,
}

impl People {
    /// People who know both sides.
    pub fn new(
        dice: Dice,
        clock: Clock,
        store: Arc<MemoryStore>,
        sandbox: Arc<Sandbox>,
        team: TeamId,
        pairs: Vec<PairRules>,
    ) -> Self {
        Self {
            dice,
            clock,
            store,
            sandbox,
            team,
            pairs,
            typed: Vec::new(),
            created: Vec::new(),
            carried: BTreeSet::new(),
            binned: Vec::new(),
            next: 0,
        }
    }

    fn token(&mut self, side: char) -> String {
        self.next += 1;
        format!("{side}{}", self.next)
    }

    /// Somebody does something somewhere; says what.
    pub fn act(&mut self) -> String {
        let done = match self.dice.below(110) {
            0..40 => self.edit_workspace(),
            40..80 => self.edit_crm(),
            80..88 => self.create_person(),
            88..94 => self.create_lead(),
            94..97 => self
                .resolve_one_hold()
                .then(|| "a hold is decided".to_owned()),
            97..100 => self.delete_in_crm(),
            100..102 => self.undelete_in_crm(),
            102..106 => self.merge_in_crm(),
            106..108 => self.convert_lead(),
            _ => self.refer(),
        };
        done.unwrap_or_else(|| "nothing to do".to_owned())
    }

    /// A record that is linked, with its pair's rules.
    fn some_link(&self) -> Option<(RecordId, CrmObject, CrmId, PairRules)> {
        let links = self.linked();
        let (record, object, crm) = self.dice.pick(&links)?.clone();
        let pair = self
            .pairs
            .iter()
            .find(|pair| pair.object == object)?
            .clone();
        Some((record, object, crm, pair))
    }

    fn linked(&self) -> Vec<(RecordId, CrmObject, CrmId)> {
        let linked = self.store.inspect(self.team, |view| {
            view.links()
                .map(|due| due.link)
                .filter(|link| link.state == LinkState::Active)
                .filter_map(|link| Some((link.record?, link.object.clone(), link.crm.clone()?)))
                .collect()
        });
        linked.unwrap_or_default()
    }

    fn editable(&self, pair: &PairRules) -> Option<FieldRule> {
        let names = PERSON_FIELDS.map(|(workspace, _)| workspace);
        let fields: Vec<&FieldRule> = pair
            .fields
            .iter()
            .filter(|rule| {
                let name = rule.mapping.workspace.as_str();
                names.contains(&name) || matches!(name, "next_step" | "amount" | "stage")
            })
            .collect();
        self.dice.pick(&fields).map(|rule| (*rule).clone())
    }

    /// A new value for a field: usually a token, sometimes nothing, a number for amounts, a name of
    /// either side for stages.
    fn value(&mut self, rule: &FieldRule, side: char) -> (Value, Option<String>) {
        if rule.mapping.workspace == "amount" {
            let cents = i64::try_from(self.dice.below(10_000_000)).unwrap_or(0);
            return (Value::Number(tandem_core::Decimal::new(cents, 3)), None);
        }
        if rule.mapping.workspace == "stage" {
            let (theirs, ours) = STAGES[self.dice.below(STAGES.len())];
            let name = if self.dice.percent(50) { theirs } else { ours };
            return (Value::text(name), None);
        }
        if self.dice.percent(10) {
            return (Value::Null, None);
        }
        let token = self.token(side);
        let text = match self.dice.below(20) {
            0 | 1 => format!(" {token} "),
            2 if side == 'w' => return self.refused(token),
            _ => token.clone(),
        };
        (Value::Text(text), Some(token))
    }

    /// A value that the CRM takes in no phone field.
    fn refused(&self, token: String) -> (Value, Option<String>) {
        let text = format!("{token} {REFUSED}");
        (Value::text(&text), Some(text))
    }

    fn edit_workspace(&mut self) -> Option<String> {
        let (record, _, crm, pair) = self.some_link()?;
        let rule = self.editable(&pair)?;
        if !rule.mapping.direction.outbound() {
            return None;
        }
        let (value, token) = self.value(&rule, 'w');
        let name = rule.mapping.workspace.clone();
        self.saw_workspace(record, &name);
        let done = format!("workspace: {name} of record {record} ({crm}) becomes “{value}”");
        let patch = Fields::from([(name.clone(), value)]);
        self.edit(Some(record), pair.kind, patch, None);
        self.remember(token, Cell::Workspace(record, name), false);
        Some(done)
    }

    fn remember(&mut self, token: Option<String>, cell: Cell, same_stamp: bool) {
        self.typed.extend(token.map(|token| Typed {
            token,
            cell,
            replaced: false,
            same_stamp,
        }));
    }

    fn edit(
        &self,
        record: Option<RecordId>,
        kind: Kind,
        patch: Fields,
        create_as: Option<CrmObject>,
    ) -> Option<RecordId> {
        let edit = WorkspaceEdit {
            record,
            kind,
            patch,
            origin: Origin::User(UserId(1)),
            now: self.clock.now(),
            create_as,
        };
        block_on(self.store.edit_record(self.team, edit)).ok()
    }

    /// Whoever edits a cell sees what it held: that value is replaced by a person, not by the sync.
    fn saw_workspace(&mut self, record: RecordId, field: &str) {
        let held = self.store.inspect(self.team, |view| {
            view.record(record)
                .and_then(|r| r.fields.get(field).cloned())
                .unwrap_or_default()
        });
        self.mark_replaced(&held.unwrap_or_default().to_string());
    }

    fn mark_replaced(&mut self, text: &str) {
        let text = text.trim();
        for typed in self.typed.iter_mut().filter(|typed| typed.token == text) {
            typed.replaced = true;
        }
    }

    fn crm_value(&self, object: &CrmObject, id: &CrmId, field: &str) -> String {
        let admin = self.sandbox.world(|world| Actor::system(world.admin_id()));
        let record = self.sandbox.world(|world| {
            world
                .retrieve(&admin, object.as_str(), id.as_str(), Some(&[field]), "")
                .ok()
                .flatten()
        });
        match record.as_ref().map(|record| &record[field]) {
            Some(serde_json::Value::String(text)) => text.clone(),
            _ => String::new(),
        }
    }

    fn edit_crm(&mut self) -> Option<String> {
        let (_, object, id, pair) = self.some_link()?;
        let rule = self.editable(&pair)?;
        let (value, token) = self.value(&rule, 'c');
        let field = rule.mapping.crm.clone();
        let held = self.crm_value(&object, &id, &field);
        let stamp = self.crm_value(&object, &id, "LastModifiedDate");
        let same_stamp = stamp.get(..19) == self.clock.right().to_string().get(..19);
        let json = match &value {
            Value::Null => serde_json::Value::Null,
            Value::Number(number) => serde_json::json!(number.to_string()),
            other => serde_json::json!(other.to_string()),
        };
        let late = self.dice.percent(15).then(|| self.dice.below(100));
        let done = format!(
            "CRM: {field} of {id} becomes “{value}”, {late:?} s late ({:?})",
            rule.mapping
        );
        if !self.update_crm(&object, &id, &field, json, late) {
            return None;
        }
        self.mark_replaced(&held);
        self.remember(token, Cell::Crm(object, id, field), same_stamp);
        Some(done)
    }

    fn update_crm(
        &self,
        object: &CrmObject,
        id: &CrmId,
        field: &str,
        value: serde_json::Value,
        late_seconds: Option<usize>,
    ) -> bool {
        let fields = serde_json::Map::from_iter([(field.to_owned(), value)]);
        let visible_at = late_seconds.map(|seconds| {
            let wait = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(0));
            let now = self.clock.right();
            now.checked_add(wait).unwrap_or(now)
        });
        let options = DmlOptions {
            visible_at,
            ..DmlOptions::default()
        };
        self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            world
                .update(&actor, object.as_str(), id.as_str(), &fields, &options)
                .is_ok()
        })
    }

    /// A person is made in the workspace and shall become a lead.
    fn create_person(&mut self) -> Option<String> {
        let token = self.token('w');
        let name = format!("Person {token}");
        let mut patch = Fields::from([
            ("last_name".to_owned(), Value::text(&name)),
            ("company".to_owned(), Value::text("Example Ltd")),
        ]);
        // Without an address nothing but the write itself tells that a lead of the CRM is this person.
        if !self.dice.percent(20) {
            let email = format!("{token}@example.com");
            patch.insert("email".to_owned(), Value::text(email));
        }
        let record = self.edit(None, Kind::Person, patch, Some(CrmObject::new("Lead")))?;
        let done = format!("workspace: record {record} is made, {name}");
        self.created.push(name);
        Some(done)
    }

    /// A lead is made in the CRM.
    fn create_lead(&mut self) -> Option<String> {
        let token = self.token('c');
        let fields = serde_json::json!({
            "LastName": format!("Lead {token}"),
            "Company": "Example Ltd",
            "Email": format!("{token}@example.org"),
            "Title": token,
        });
        let serde_json::Value::Object(fields) = fields else {
            return None;
        };
        let made = self.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            world
                .create(&actor, "Lead", &fields, &DmlOptions::default())
                .ok()
        });
        made.map(|id| format!("CRM: lead {id} is made"))
    }

    /// A workspace record refers to an account of the workspace.
    fn refer(&mut self) -> Option<String> {
        let (record, _, _, pair) = self.some_link()?;
        pair.by_workspace("account")?;
        let accounts = self.store.inspect(self.team, |view| {
            let accounts = view.records().filter(|one| one.kind == Kind::Account);
            let current = accounts.filter(|one| one.archived.is_none());
            current.map(|one| one.id).collect::<Vec<_>>()
        });
        let account = *self.dice.pick(&accounts.unwrap_or_default())?;
        let value = Value::Reference(Reference::Workspace(Kind::Account, account));
        let patch = Fields::from([("account".to_owned(), value)]);
        self.edit(Some(record), pair.kind, patch, None)?;
        Some(format!(
            "workspace: record {record} refers to account {account}"
        ))
    }

    /// Whoever was set aside because a record could not be seen is tried again.
    pub fn retry_unseen(&mut self) {
        let parked = self.store.inspect(self.team, |view| {
            let links = view.links().map(|due| due.link);
            let unseen = links.filter(|link| {
                let parked = link.parked.as_ref();
                parked.is_some_and(|parked| parked.class == ErrorClass::RecordGone)
            });
            unseen.map(|link| link.id).collect::<Vec<_>>()
        });
        let links = parked.unwrap_or_default();
        let retried = self.store.retry_links(self.team, &links, self.clock.now());
        block_on(retried).expect("the team exists");
    }

    /// Somebody settles a held field by choosing a side. Returns whether there was one.
    pub fn resolve_one_hold(&mut self) -> bool {
        let held = self.store.inspect(self.team, |view| {
            view.links()
                .flat_map(|due| {
                    due.link
                        .held_fields
                        .iter()
                        .map(|(f, h)| (due.link.id, f.clone(), h.clone()))
                })
                .collect::<Vec<_>>()
        });
        let held = held.unwrap_or_default();
        let Some((link, field, held)) = self.dice.pick(&held).cloned() else {
            return false;
        };
        let value = if self.dice.percent(50) {
            held.crm.clone()
        } else {
            held.workspace.clone()
        };
        for losing in [&held.crm, &held.workspace] {
            if *losing != value {
                self.mark_replaced(&losing.to_string());
            }
        }
        let resolution = HoldResolution {
            link,
            field,
            value,
            seen_crm: held.crm,
            origin: Origin::User(UserId(1)),
            now: self.clock.now(),
        };
        block_on(self.store.resolve_hold(self.team, resolution)).is_ok()
    }
}
