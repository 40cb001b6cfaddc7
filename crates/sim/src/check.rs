//! What must be true: after every step, and once everything has come to rest.

use crate::executor::block_on;
use crate::people::{Cell, People, Typed};
use crate::too_much;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::brake::{Plan, PlanState};
use tandem_core::ids::{CrmId, CrmObject, LinkId, PlanId, TeamId};
use tandem_core::link::{LinkState, RecordLink};
use tandem_core::mapping::{Direction, FieldRule, PairRules};
use tandem_core::record::ArchiveCause;
use tandem_core::settings::TeamRules;
use tandem_core::store::{ObjectProgress, SyncStore as _};
use tandem_core::sync_log::{LogDraft, LogSource, LogStatus, Rule};
use tandem_core::value::{Fields, Reference, Value, same};
use tandem_sandbox::Sandbox;
use tandem_sandbox::world::Actor;
use tandem_store::memory::{MemoryStore, View};

/// A broken invariant, in words.
pub type Broken = String;

/// Progress never goes back. What is read again from the beginning has none until it was read: then it begins anew, and
/// where our clock was set back meanwhile it vouches for less.
pub fn watermarks<'p>(
    seen: &mut BTreeMap<(CrmObject, u32), i64>,
    progress: impl Iterator<Item = &'p ObjectProgress>,
) -> Result<(), Broken> {
    for object in progress {
        let Some(watermark) = &object.position.watermark else {
            continue;
        };
        let last = seen
            .entry((object.object.clone(), object.position.round))
            .or_insert(watermark.order);
        if watermark.order < *last {
            return Err(format!("the watermark of {} went back", object.object));
        }
        *last = watermark.order;
    }
    Ok(())
}

/// Values of the CRM that a write of ours displaced when it turned up late; they may be put back.
pub type Displaced = BTreeSet<(Option<LinkId>, String, String)>;

/// No value wins that was typed in the same record on the other side: an echo taken for a change. What stood in
/// another record that this one follows by now is a change, wherever it was typed first.
pub fn no_echo_wins<'l>(
    displaced: &mut Displaced,
    people: &People,
    log: impl Iterator<Item = &'l LogDraft>,
) -> Result<(), Broken> {
    for entry in log.filter(|entry| entry.status == LogStatus::Success) {
        for change in &entry.changes {
            let foreign = match entry.source {
                LogSource::Crm => 'w',
                LogSource::Workspace => 'c',
                LogSource::Tandem => continue,
            };
            let judged = is_change(change.rule);
            let cell = |value: &Value| (entry.link, change.workspace.clone(), value.to_string());
            if change.rule == Rule::TurnedUp {
                displaced.insert(cell(&change.before));
            }
            let put_back = displaced.contains(&cell(&change.after))
                || people.carried.contains(change.after.to_string().trim());
            let foreign = typed_side(&change.after) == Some(foreign);
            if judged && foreign && !put_back && !people.typed_elsewhere(entry, &change.after) {
                return Err(format!(
                    "“{}” of {} came back as a change of the other side (it was “{}”, {:?})",
                    change.after, change.workspace, change.before, change.rule
                ));
            }
        }
    }
    Ok(())
}

fn typed_side(value: &Value) -> Option<char> {
    let text = value.as_text()?.trim();
    let side = text
        .chars()
        .next()
        .filter(|side| matches!(side, 'w' | 'c'))?;
    let number = &text[1..];
    (!number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())).then_some(side)
}

/// No blank wins where a field says that it never erases.
pub fn no_blank_erases<'l>(
    rules: &TeamRules,
    log: impl Iterator<Item = &'l LogDraft>,
) -> Result<(), Broken> {
    for entry in log.filter(|entry| entry.status == LogStatus::Success) {
        let object = entry.crm.as_ref().map(|(object, _)| object);
        let Some(pair) = object.and_then(|object| rules.pair(object)) else {
            continue;
        };
        let never = |name: &str| {
            let rule = pair.by_workspace(name);
            rule.is_some_and(|rule| rule.mapping.blank_never_erases)
        };
        let mut changes = entry.changes.iter().filter(|change| is_change(change.rule));
        if let Some(change) = changes.find(|change| {
            change.after.is_blank() && !change.before.is_blank() && never(&change.workspace)
        }) {
            let (field, before) = (&change.workspace, &change.before);
            return Err(format!(
                "a blank erased “{before}” of {field}, which says that none does"
            ));
        }
    }
    Ok(())
}

/// Whether a rule stands for a value that one side took over from the other.
pub(crate) fn is_change(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::OnlyCrmChanged
            | Rule::OnlyWorkspaceChanged
            | Rule::CrmWins
            | Rule::WorkspaceWins
            | Rule::MostRecent
    )
}

/// The org's live records, by object and id, as an administrator sees them.
pub type Org = BTreeMap<(CrmObject, String), serde_json::Value>;

/// Reads every record that is not deleted, with its mapped fields.
pub fn org(sandbox: &Sandbox, rules: &TeamRules) -> Org {
    let mut org = Org::new();
    for pair in &rules.pairs {
        let mut fields = vec!["Id".to_owned()];
        fields.extend(pair.crm_fields());
        if pair.object.as_str() == "Lead" {
            fields.push("IsConverted".to_owned());
        }
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            for id in world.ids(&admin, pair.object.as_str()) {
                let id = id.to_string();
                if let Ok(Some(record)) =
                    world.retrieve(&admin, pair.object.as_str(), &id, Some(&fields), "")
                {
                    org.insert((pair.object.clone(), id), record);
                }
            }
        });
    }
    org
}

/// Everything that must hold once all is quiet.
pub fn at_rest(
    store: &MemoryStore,
    team: TeamId,
    rules: &TeamRules,
    org: &Org,
    people: &People,
    conditional: bool,
) -> Result<(), Broken> {
    let plans = block_on(store.plans(team)).map_err(|error| error.to_string())?;
    let checked = store.inspect(team, |view| {
        nothing_left(view)?;
        held_are_listed(view, &plans)?;
        let log = view.log().iter().map(|(_, entry)| entry);
        too_much::nothing_passed(&rules.settings, &plans, log)?;
        one_link_each(view, org)?;
        nothing_dangles(view)?;
        for due in view.links() {
            agreement(view, due.link, rules, org)?;
        }
        created_once(view, people, org)?;
        nothing_lost(view, org, &people.typed, conditional)
    });
    checked.unwrap_or_else(|error| Err(error.to_string()))
}

fn nothing_left(view: View<'_>) -> Result<(), Broken> {
    if let Some(intent) = view.intents().next() {
        return Err(format!("an intent is left over: {intent:?}"));
    }
    if let Some(inquiry) = view.inquiries().next() {
        return Err(format!("a record was never looked at: {inquiry:?}"));
    }
    match restless(view).next() {
        Some(link) => Err(format!("link {} is still due", link.id)),
        None => Ok(()),
    }
}

/// Links that have something to do. A CRM record that waits for a person whose link the brake holds looks
/// again every hour until somebody decides.
pub fn restless<'a>(view: View<'a>) -> impl Iterator<Item = &'a RecordLink> {
    let braked = view.links().any(|due| !due.link.plans.is_empty());
    let due = view.links().filter(|due| due.due_at.is_some());
    due.map(|due| due.link)
        .filter(move |link| !(braked && link.record.is_none()))
}

/// Whatever the brake holds is in a plan that a person can still decide, and each plan counts its own.
fn held_are_listed(view: View<'_>, plans: &[Plan]) -> Result<(), Broken> {
    let mut counted: BTreeMap<PlanId, u64> = BTreeMap::new();
    for id in view.links().flat_map(|due| &due.link.plans) {
        *counted.entry(*id).or_default() += 1;
    }
    let decidable = |plan: &Plan| matches!(plan.state, PlanState::Open | PlanState::Kept { .. });
    let waits = |id: &PlanId| plans.iter().any(|plan| plan.id == *id && decidable(plan));
    let mut links = view.links().map(|due| due.link);
    if let Some(stuck) = links.find(|link| !link.plans.is_empty() && !link.plans.iter().any(waits))
    {
        let text = format!(
            "link {} is held by no plan that a person can decide",
            stuck.id
        );
        return Err(text);
    }
    for plan in plans {
        let held = counted.remove(&plan.id).unwrap_or_default();
        let id = plan.id;
        if held != plan.records {
            let text = format!("plan {id} counts {} records and holds {held}", plan.records);
            return Err(text);
        }
        if held == 0 && plan.state.is_open() {
            return Err(format!("plan {id} holds nothing and is open"));
        }
    }
    match counted.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "links are held by plans that are not listed: {counted:?}"
        )),
    }
}

/// One link for each record of either side, and every record that lives has one.
///
/// # Errors
/// The first that breaks it.
pub fn one_link_each(view: View<'_>, org: &Org) -> Result<(), Broken> {
    let mut by_crm = BTreeMap::new();
    let mut by_record = BTreeSet::new();
    for due in view.links() {
        let link = due.link;
        if let Some(crm) = &link.crm
            && by_crm
                .insert((link.object.clone(), crm.0.clone()), link.state)
                .is_some()
        {
            return Err(format!("{} {crm} has two links", link.object));
        }
        if let Some(record) = link.record
            && !by_record.insert(record)
        {
            return Err(format!("record {record} has two links"));
        }
    }
    for (key, _) in org.iter().filter(|(_, record)| !is_converted(record)) {
        if !by_crm.contains_key(key) {
            return Err(format!("{} {} was never seen", key.0, key.1));
        }
    }
    Ok(())
}

/// Nothing refers to a record that is not there, or that another one took in; nothing syncs from the
/// archive.
///
/// # Errors
/// The first that breaks it.
pub fn nothing_dangles(view: View<'_>) -> Result<(), Broken> {
    for due in view.links() {
        let Some(record) = due.link.record else {
            continue;
        };
        let ours = view.record(record);
        let ours = ours.ok_or_else(|| format!("link {} has a lost record", due.link.id))?;
        if ours.archived.is_some() && due.link.state == LinkState::Active {
            return Err(format!("record {record} is archived and still syncs"));
        }
    }
    for record in view.records().filter(|one| one.archived.is_none()) {
        for value in record.fields.values() {
            let Value::Reference(Reference::Workspace(_, id)) = value else {
                continue;
            };
            let target = view.record(*id).map(|one| &one.archived);
            let target = target.ok_or_else(|| format!("record {} refers to nothing", record.id))?;
            if target
                .as_ref()
                .is_some_and(|one| one.cause != ArchiveCause::Deleted)
            {
                return Err(format!(
                    "record {} refers to {id}, which was merged",
                    record.id
                ));
            }
        }
    }
    Ok(())
}

fn is_converted(record: &serde_json::Value) -> bool {
    record["IsConverted"] == true
}

fn agreement(
    view: View<'_>,
    link: &RecordLink,
    rules: &TeamRules,
    org: &Org,
) -> Result<(), Broken> {
    let (Some(record), Some(crm)) = (link.record, &link.crm) else {
        let ambiguous = link.state == LinkState::Ambiguous;
        let dead = link.state == LinkState::Unlinked;
        let waits = link.record.is_none() && view.links().any(|due| !due.link.plans.is_empty());
        return if ambiguous || dead || waits || link.parked.is_some() {
            Ok(())
        } else {
            Err(format!("link {} has one side only", link.id))
        };
    };
    let live = org.get(&(link.object.clone(), crm.0.clone()));
    match (link.state, live) {
        _ if !link.plans.is_empty() => Ok(()),
        (LinkState::Active, None) => Err(format!("{} {crm} is gone but still linked", link.object)),
        (LinkState::Active, Some(theirs)) if is_converted(theirs) => Err(format!(
            "{} {crm} was converted but still linked",
            link.object
        )),
        (LinkState::Unlinked, Some(theirs)) if !is_converted(theirs) => {
            Err(format!("{} {crm} lives but is not linked", link.object))
        }
        (LinkState::Active, Some(theirs)) => {
            let pair = rules
                .pair(&link.object)
                .ok_or("the link's object is not mapped")?;
            let ours = view.record(record).ok_or("the link's record is gone")?;
            fields_agree(pair, link, theirs, &resolved(view, &ours.fields))
        }
        _ => Ok(()),
    }
}

/// The fields with references to workspace records as the CRM knows those.
pub fn resolved(view: View<'_>, fields: &Fields) -> Fields {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name.clone(), resolved_value(view, value)))
        .collect()
}

/// A reference to a workspace record as the CRM knows it, where it does; any other value as it is.
pub fn resolved_value(view: View<'_>, value: &Value) -> Value {
    let Value::Reference(Reference::Workspace(_, id)) = value else {
        return value.clone();
    };
    let mut links = view.links().map(|due| due.link);
    let link = links.find(|link| link.record == Some(*id));
    let crm = link.and_then(|link| link.crm.clone());
    crm.map_or_else(
        || value.clone(),
        |crm| Value::Reference(Reference::Crm(crm)),
    )
}

fn fields_agree(
    pair: &PairRules,
    link: &RecordLink,
    theirs: &serde_json::Value,
    ours: &Fields,
) -> Result<(), Broken> {
    if link.parked.is_some() {
        return Ok(());
    }
    for rule in &pair.fields {
        let name = &rule.mapping.workspace;
        if link.parked_fields.contains_key(name) {
            continue;
        }
        let crm = crm_value(rule, &theirs[&rule.mapping.crm]);
        let workspace = ours.get(name).cloned().unwrap_or_default();
        if !agrees(rule, link, &crm, &workspace) {
            return Err(format!(
                "{} of link {} ({} {:?}): the CRM has “{crm}”, the workspace “{workspace}”, the base is {:?}",
                name,
                link.id,
                link.object,
                link.crm,
                link.base.get(name)
            ));
        }
    }
    Ok(())
}

/// A one-way field agrees when every change of its source was delivered; a source that was blank all along has none.
fn agrees(rule: &FieldRule, link: &RecordLink, crm: &Value, workspace: &Value) -> bool {
    let ty = &rule.crm_type;
    let base = link.base.get(&rule.mapping.workspace);
    let blank = crm.is_blank() || workspace.is_blank();
    if rule.mapping.blank_never_erases && blank {
        return true;
    }
    match rule.mapping.direction {
        Direction::Both => rule.agree(crm, workspace),
        Direction::CrmToWorkspace => {
            base.map_or(crm.is_blank(), |base| same(crm, &base.crm, ty))
                || rule.agree(crm, workspace)
        }
        Direction::WorkspaceToCrm => {
            rule.agree(crm, workspace)
                || workspace.is_blank()
                || base.is_some_and(|base| same(workspace, &base.workspace, ty))
        }
    }
}

fn crm_value(rule: &FieldRule, json: &serde_json::Value) -> Value {
    let raw = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::String(text) => Value::text(text),
        other => Value::text(other.to_string()),
    };
    tandem_core::value::canonical(&raw, &rule.crm_type).unwrap_or(raw)
}

/// Whoever was made in the workspace is in the CRM once at most, and nobody came back from there as another person.
///
/// Not judged is a record that the brake holds: what would make one of two, or give it another name, waits for a person.
/// It is judged when that person has approved everything.
fn created_once(view: View<'_>, people: &People, org: &Org) -> Result<(), Broken> {
    let links = view.links().map(|due| due.link);
    let active = links.filter(|link| link.state == LinkState::Active && link.plans.is_empty());
    let following: BTreeSet<_> = active.filter_map(|link| link.record).collect();
    for name in &people.created {
        let there = org
            .values()
            .filter(|record| record["LastName"] == name.as_str() && !is_converted(record));
        let here = view.records().filter(|record| {
            let last_name = record.fields.get("last_name").and_then(Value::as_text);
            last_name == Some(name) && following.contains(&record.id)
        });
        for (found, side) in [(there.count(), "CRM"), (here.count(), "workspace")] {
            if found > 1 {
                return Err(format!("{name} is {found} times in the {side}"));
            }
        }
    }
    Ok(())
}

/// Every typed value is still somewhere: on a side, in the log, or knowingly replaced by a person.
///
/// Not judged are edits of the CRM that no condition protects: of records that were written unconditionally and of
/// whose writes an answer was lost, and where two versions share a stamp. Such an edit can be lost together with the
/// answer that would have shown it. What an answer shows is never lost.
fn nothing_lost(
    view: View<'_>,
    org: &Org,
    typed: &[Typed],
    conditional: bool,
) -> Result<(), Broken> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (_, entry) in view.log() {
        for change in &entry.changes {
            for value in [&change.before, &change.after, &change.rejected] {
                known.insert(value.to_string().trim().to_owned());
            }
        }
    }
    let unanswered: BTreeSet<&CrmId> = view
        .log()
        .iter()
        .filter(|(_, entry)| {
            // A process that died with its request tells of no lost answer: that the record was looked for says so.
            let told = ["answer", "can't be found"];
            told.iter().any(|words| entry.summary.contains(words))
        })
        .filter_map(|(_, entry)| entry.crm.as_ref()?.1.as_ref())
        .collect();
    for link in view.links().map(|due| due.link) {
        let doubted = link.doubted.values().flatten();
        known.extend(doubted.map(|one| one.replaces.to_string().trim().to_owned()));
    }
    for record in view.records() {
        known.extend(
            record
                .fields
                .values()
                .map(|value| value.to_string().trim().to_owned()),
        );
    }
    for record in org.values() {
        let Some(fields) = record.as_object() else {
            continue;
        };
        known.extend(
            fields
                .values()
                .filter_map(|v| v.as_str())
                .map(|text| text.trim().to_owned()),
        );
    }
    for typed in typed.iter().filter(|typed| !typed.replaced) {
        let gone = match &typed.cell {
            Cell::Crm(object, id, _) => {
                (!conditional && unanswered.contains(id))
                    || typed.same_stamp
                    || !org.contains_key(&(object.clone(), id.0.clone()))
            }
            Cell::Workspace(..) => false,
        };
        if !gone && !known.contains(&typed.token) {
            return Err(format!(
                "“{}”, typed in {:?}, is nowhere",
                typed.token, typed.cell
            ));
        }
    }
    Ok(())
}
