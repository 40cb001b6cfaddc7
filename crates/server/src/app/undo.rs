//! Undo: of an entry, of a record's changes, of a version of a mapping, of a run, of a window of time. What is put back is decided in
//! [`tandem_core::undo`]; here it is asked for record by record, shown, and carried out.
//!
//! A preview and the undo itself are one walk over the same records, so that they can't differ in their
//! rules. Between the two a record may change: the undo looks again, and the store leaves alone what
//! changed even after that look.

use super::{Actor, App, AppError, AppResult};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{CrmObject, RecordId, RunId};
use tandem_core::link::Lane;
use tandem_core::record::Origin;
use tandem_core::settings::TeamRules;
use tandem_core::store::{Restore, SyncStore as _};
use tandem_core::undo::{
    By, Cannot, FieldUndo, Kept, RuleWindow, Subject, Verdict, cannot, irreversible, restore, undo,
};
use tandem_core::workspace::Kind;
use tandem_store::views::{UNDO_ENTRIES_MAX, UndoScope, UndoSubject};

/// Most records that one call looks at; [`UndoReport::next`] says where to go on.
pub const UNDO_RECORDS_MAX: usize = 5_000;
/// Most lines of values that are put back; the sums count them all.
pub const UNDO_LINES_MAX: usize = 200;
/// So many fields that are left alone end a call early: each of them is named.
const UNDO_LEFT_ALONE_MAX: u64 = 1_000;
/// Records of one transaction.
const BATCH_RECORDS: usize = 250;

/// What to undo.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UndoRequest {
    /// Which entries.
    pub scope: UndoScope,
    /// Only what this version of the mapping of [`UndoScope::object`] moved.
    pub mapping: Option<u32>,
    /// [`UndoReport::next`] of the call before.
    pub after: Option<RecordId>,
    /// [`UndoReport::run`] of the call before, so that all entries of one undo are one run.
    pub continues: Option<RunId>,
}

/// One field of one record.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct UndoLine {
    /// The record.
    pub record: (Kind, RecordId),
    /// What pages call it.
    pub name: String,
    /// The field and what happens to it.
    pub field: FieldUndo,
}

/// What an undo does, or did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UndoReport {
    /// What was asked for, with the end of the window that was taken.
    pub scope: UndoScope,
    /// The run that its entries are; `None` of a preview.
    pub run: Option<RunId>,
    /// Records looked at.
    pub records: u64,
    /// Records of which something is put back.
    pub records_restored: u64,
    /// Fields put back in the workspace.
    pub restored: u64,
    /// Those of them that go to the CRM, too.
    pub to_crm: u64,
    /// Records that go back to where they belonged.
    pub returned: u64,
    /// Fields left alone.
    pub kept: BTreeMap<Kept, u64>,
    /// Fields and entries that can't be undone.
    pub cannot: BTreeMap<Cannot, u64>,
    /// Records that changed while they were put back; they are as they were.
    pub overtaken: u64,
    /// API calls that the writes take at least, in full batches of each object; `None` while nobody is
    /// connected.
    pub calls: Option<u64>,
    /// Field by field: every one that is left alone, and at most [`UNDO_LINES_MAX`] that are put back.
    pub lines: Vec<UndoLine>,
    /// Fields that are put back and not listed.
    pub left_out: u64,
    /// More records follow after this one.
    pub next: Option<RecordId>,
    /// Records to be written, by object.
    pub writes: BTreeMap<CrmObject, u64>,
}

impl App {
    /// What an undo would do. Changes nothing.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` with `since`, `until`, `object`, `mapping` or `record`; `Forbidden` for members, if the window is
    /// over all records.
    pub async fn preview_undo(
        &self,
        actor: &Actor,
        request: &UndoRequest,
    ) -> AppResult<UndoReport> {
        self.walk(actor, request, false).await
    }

    /// Puts back what still stands as the entries left it, each record with an entry of its own. Where
    /// the mapping lets it, it goes on to the CRM like any edit.
    ///
    /// # Errors
    /// As [`App::preview_undo`]; `Conflict` if nothing is to be put back.
    pub async fn undo(&self, actor: &Actor, request: &UndoRequest) -> AppResult<UndoReport> {
        let report = self.walk(actor, request, true).await?;
        if report.records_restored == 0 && report.next.is_none() && request.after.is_none() {
            return Err(AppError::Conflict(nothing(&report)));
        }
        if report.records_restored > 0 {
            self.signals().wake(actor.team);
            let summary = format!("Put back {} by an undo", report.put_back());
            let subject = subject(request, &report.scope);
            self.act(actor, "sync.undone", &subject, summary).await?;
        }
        Ok(report)
    }
}

/// Why nothing was done: the first reason that was met.
fn nothing(report: &UndoReport) -> String {
    let kept = report.kept.keys().next().map(ToString::to_string);
    let cannot = report.cannot.keys().next().map(ToString::to_string);
    let changed = (report.overtaken > 0).then(|| "it changed at this moment; look again".into());
    match kept.or(cannot).or(changed) {
        Some(reason) => format!("nothing was put back: {reason}"),
        None => "nothing was put back: there is no entry to undo here".into(),
    }
}

fn subject(request: &UndoRequest, scope: &UndoScope) -> String {
    if let (Some(version), Some(object)) = (request.mapping, &scope.object) {
        return format!("version {version} of the mapping of {object}");
    }
    match (scope.entry, scope.record, scope.run) {
        (Some(entry), ..) => format!("log entry {entry}"),
        (None, Some(record), _) => format!("record {record}"),
        (None, None, Some(run)) => format!("run {run}"),
        (None, None, None) => "a window of time".into(),
    }
}

/// How records are walked.
struct Walk {
    rules: TeamRules,
    /// Only what a version of a mapping moved.
    window: Option<RuleWindow>,
    /// Values are put back in this run; else they are only shown.
    run: Option<RunId>,
}

/// A scope that ends and begins no further than a version's time at work.
fn within(mut scope: UndoScope, window: Option<&RuleWindow>) -> UndoScope {
    if let Some(window) = window {
        let until = window.until();
        scope.since = Some(scope.since.map_or(window.since, |at| at.max(window.since)));
        scope.until = Some(scope.until.map_or(until, |at| at.min(until)));
    }
    scope
}

impl App {
    /// The time at work of the version that is asked for.
    async fn window(&self, actor: &Actor, request: &UndoRequest) -> AppResult<Option<RuleWindow>> {
        let Some(version) = request.mapping else {
            return Ok(None);
        };
        let Some(object) = &request.scope.object else {
            let text = "say of which object the mapping is";
            return Err(AppError::invalid("object", text));
        };
        let history = self.store().mapping_history(actor.team, object).await?;
        let history: Vec<_> = history
            .iter()
            .map(|published| (&published.mapping, published.published_at))
            .collect();
        let window = RuleWindow::of(&history, version);
        window
            .map(Some)
            .map_err(|reason| AppError::invalid("mapping", reason.to_string()))
    }

    async fn walk(&self, actor: &Actor, request: &UndoRequest, act: bool) -> AppResult<UndoReport> {
        let window = self.window(actor, request).await?;
        let scope = within(request.scope.clone(), window.as_ref());
        let run = act.then(|| self.run_of(request));
        let mut report = UndoReport {
            run,
            scope: self.checked(actor, scope).await?,
            next: request.after,
            ..UndoReport::default()
        };
        if let Some(id) = report.scope.entry {
            let row = self.log_entry(actor, id).await?.row;
            if let Some(reason) = cannot(&row.entry) {
                report.cannot.insert(reason, 1);
                return Ok(report);
            }
        }
        if request.after.is_none() {
            let others = self.store().undo_others(actor.team, &report.scope).await?;
            let reasons = others
                .into_iter()
                .filter_map(|(kind, count)| Some((irreversible(kind)?, count)));
            report.cannot.extend(reasons);
        }
        let rules = self.store().rules(actor.team).await?;
        // Known before anything is put back: what fails after that would hide what was done.
        let connector = self.connector(actor.team).await?;
        let limit = UNDO_RECORDS_MAX as u64;
        let walk = Walk { rules, window, run };
        while self.batch(actor, &walk, &mut report).await?
            && report.records < limit
            && report.left_alone() < UNDO_LEFT_ALONE_MAX
        {}
        report.calls = connector.map(|connector| {
            let most = connector.capabilities().write_records_max.max(1) as u64;
            let writes = report.writes.values();
            writes.map(|records| records.div_ceil(most)).sum()
        });
        Ok(report)
    }

    /// The run that an undo is.
    fn run_of(&self, request: &UndoRequest) -> RunId {
        let begins = || RunId::begin(self.now(), rand::random_range(0.0..1.0));
        request.continues.unwrap_or_else(begins)
    }

    /// A scope that can be walked.
    async fn checked(&self, actor: &Actor, mut scope: UndoScope) -> AppResult<UndoScope> {
        if let Some(id) = scope.entry {
            let entry = self.log_entry(actor, id).await?.row.entry;
            let record = entry.record.map(|(_, record)| record);
            let step = entry.step.map(|link| (entry.at, link));
            return Ok(UndoScope {
                entry: Some(id),
                record: record.or(Some(RecordId(0))).filter(|_| step.is_none()),
                step,
                ..UndoScope::default()
            });
        }
        match scope.record {
            None => actor.must_be_admin()?,
            Some(id) => {
                let known = self.store().record(actor.team, id).await?;
                known.ok_or_else(|| AppError::NotFound(format!("record {id}")))?;
            }
        }
        if scope.since.is_none() && scope.record.is_none() && scope.run.is_none() {
            let text = "say from when on; an undo of everything that ever happened is not made";
            return Err(AppError::invalid("since", text));
        }
        let until = *scope.until.get_or_insert_with(|| self.now());
        if scope.since.is_some_and(|since| since >= until) {
            let text = "the window ends before it begins; give a later end";
            return Err(AppError::invalid("until", text));
        }
        Ok(scope)
    }

    /// Looks at the next records and, if that is wanted, puts back what is to be put back. `false` where
    /// the walk ends.
    async fn batch(&self, actor: &Actor, walk: &Walk, report: &mut UndoReport) -> AppResult<bool> {
        let mut page = self
            .store()
            .undo_page(actor.team, &report.scope, report.next, BATCH_RECORDS)
            .await?;
        if let Some(record) = page.crowded {
            // What was done before it is told first; the next call begins here.
            if report.records > 0 {
                return Ok(false);
            }
            let text = format!(
                "record {record} alone has more than {UNDO_ENTRIES_MAX} entries in this window; \
                 choose a shorter one"
            );
            return Err(AppError::invalid("since", text));
        }
        report.next = page.next;
        if let Some(window) = &walk.window {
            page.subjects.retain_mut(|subject| {
                window.narrow(&mut subject.entries);
                !subject.entries.is_empty()
            });
        }
        let decided: Vec<_> = page
            .subjects
            .iter()
            .map(|subject| (subject, decide(walk, subject)))
            .collect();
        // A person waits for one record, not for thousands.
        let one = report.scope.entry.is_some() || report.scope.record.is_some();
        let by = By {
            user: actor.user,
            origin: Origin::Undo(actor.user),
            run: walk.run,
            lane: if one { Lane::Live } else { Lane::Bulk },
            now: self.now(),
        };
        let restores = decided.iter().filter_map(|(subject, fields)| {
            restore(&subject.record, subject.link.as_ref(), fields, &by)
        });
        let wanted: Vec<Restore> = restores.collect();
        let mut overtaken: BTreeSet<RecordId> = BTreeSet::new();
        if walk.run.is_some() {
            overtaken.extend(wanted.iter().map(|restore| restore.record));
            for restored in self.store().restore(actor.team, wanted).await? {
                overtaken.remove(&restored);
            }
        }
        for (subject, fields) in &decided {
            match overtaken.contains(&subject.record.id) {
                true => report.overtaken += 1,
                false => report.add(subject, fields),
            }
        }
        Ok(report.next.is_some())
    }
}

fn decide(walk: &Walk, subject: &UndoSubject) -> Vec<FieldUndo> {
    let asked = Subject {
        record: subject.record.id,
        kind: subject.record.kind,
        archived: subject.record.archived.as_ref(),
        pairs: &walk.rules.pairs,
        homes: &subject.homes,
        link: subject.link.as_ref(),
        crm: subject.crm.as_ref(),
        workspace: &subject.resolved,
        provenance: &subject.record.provenance,
        typed_since: walk.window.as_ref().map(|window| window.since),
    };
    undo(&asked, &subject.entries)
}

impl UndoReport {
    /// What is put back, in words: “2 fields” or “1 record to its place and 2 fields”.
    pub fn put_back(&self) -> String {
        let count = |count: u64, one: &str, several: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {several}"),
        };
        let fields = count(self.restored, "field", "fields");
        let places = count(
            self.returned,
            "record to its place",
            "records to their places",
        );
        match (self.returned, self.restored) {
            (0, _) => fields,
            (_, 0) => places,
            _ => format!("{places} and {fields}"),
        }
    }

    fn add(&mut self, subject: &UndoSubject, fields: &[FieldUndo]) {
        self.records += 1;
        for reason in subject
            .entries
            .iter()
            .filter_map(|(_, entry)| cannot(entry))
        {
            *self.cannot.entry(reason).or_default() += 1;
        }
        let before = (self.restored + self.returned, self.to_crm);
        for field in fields {
            self.count(&field.verdict);
            self.list(subject, field);
        }
        self.records_restored += u64::from(self.restored + self.returned > before.0);
        if let (true, Some(link)) = (self.to_crm > before.1, &subject.link) {
            *self.writes.entry(link.object.clone()).or_default() += 1;
        }
    }

    fn left_alone(&self) -> u64 {
        self.lines.len() as u64 + self.left_out - self.restored
    }

    fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Restore { to_crm, .. } => {
                self.restored += 1;
                self.to_crm += u64::from(*to_crm);
            }
            Verdict::Return { .. } => self.returned += 1,
            Verdict::Kept(kept) => *self.kept.entry(*kept).or_default() += 1,
            Verdict::Cannot(cannot) => *self.cannot.entry(cannot.clone()).or_default() += 1,
        }
    }

    fn list(&mut self, subject: &UndoSubject, field: &FieldUndo) {
        let restored = matches!(field.verdict, Verdict::Restore { .. });
        if restored && self.restored - self.left_out > UNDO_LINES_MAX as u64 {
            self.left_out += 1;
            return;
        }
        self.lines.push(UndoLine {
            record: (subject.record.kind, subject.record.id),
            name: subject.record.display_name(),
            field: field.clone(),
        });
    }
}
