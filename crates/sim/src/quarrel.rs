//! Two programs that never agree: a flow of the org puts an account's website back, and a program of the workspace
//! puts it back again. Together they would write for ever, if the loop detector did not set the field aside.
//!
//! It happens in one run of sixteen, told by the seed and not by the dice, which so fall as they do elsewhere.

use crate::clock::Clock;
use crate::executor::block_on;
use std::sync::Arc;
use tandem_core::ids::{RecordId, TeamId};
use tandem_core::link::LinkState;
use tandem_core::record::Origin;
use tandem_core::store::{SyncStore as _, WorkspaceEdit};
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;
use tandem_sandbox::Sandbox;
use tandem_sandbox::world::{AutomationRule, Trigger};
use tandem_store::memory::MemoryStore;

/// What the flow of the org wants to stand there.
const THEIRS: &str = "https://flow.example";
/// What the program of the workspace wants.
const OURS: &str = "https://program.example";

/// The program of the workspace.
pub(crate) struct Program {
    store: Arc<MemoryStore>,
    team: TeamId,
    clock: Clock,
}

impl Program {
    /// Wires the flow up; `None` in the runs without a quarrel.
    ///
    /// # Panics
    /// If the org does not understand the flow.
    pub(crate) fn start(
        seed: u64,
        sandbox: &Sandbox,
        store: &Arc<MemoryStore>,
        team: TeamId,
        clock: &Clock,
    ) -> Option<Self> {
        if seed % 16 != 8 {
            return None;
        }
        let flow = AutomationRule {
            name: "Website_of_the_flow".into(),
            object: "Account".into(),
            on: Trigger::Update,
            when: format!("Website = '{OURS}'"),
            changed: vec!["Website".into()],
            set: [("Website".to_owned(), THEIRS.into())].into(),
            set_formula: Default::default(),
        };
        let set = sandbox.world(|world| world.set_automation(flow));
        set.expect("the flow is understood");
        Some(Self {
            store: store.clone(),
            team,
            clock: clock.clone(),
        })
    }

    /// Looks at the oldest account that is linked; says what it did.
    pub(crate) fn act(&self) -> Option<String> {
        let record = self.wrong()?;
        let edit = WorkspaceEdit {
            record: Some(record),
            kind: Kind::Account,
            patch: Fields::from([("website".to_owned(), Value::text(OURS))]),
            origin: Origin::Api("enrichment".into()),
            now: self.clock.now(),
            create_as: None,
        };
        let done = block_on(self.store.edit_record(self.team, edit)).ok()?;
        Some(format!("a program sets the website of record {done}"))
    }

    fn wrong(&self) -> Option<RecordId> {
        let oldest = self.store.inspect(self.team, |view| {
            let links = view.links().map(|due| due.link);
            let active = links.filter(|link| link.state == LinkState::Active && link.crm.is_some());
            let accounts = active.filter(|link| link.kind == Kind::Account);
            let record = accounts
                .filter_map(|link| view.record(link.record?))
                .next()?;
            let stands = record.fields.get("website").and_then(Value::as_text);
            (stands != Some(OURS)).then_some(record.id)
        });
        oldest.ok().flatten()
    }
}
