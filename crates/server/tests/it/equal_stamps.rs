//! More records than any page holds, all changed within one second, read over HTTP by the connector as it is: every one
//! comes once, though the connection breaks in the middle, and though one of them becomes visible after the read went past it.

use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::sync::Arc;
use tandem_connectors::http::{HttpLimits, ReqwestTransport};
use tandem_connectors::oauth::OAuthApp;
use tandem_connectors::salesforce::{Salesforce, SalesforceConfig};
use tandem_connectors::vault::{Grant, MemoryVault};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, TeamId};
use tandem_core::mapping::PairRules;
use tandem_core::settings::{ConnectionState, Guards, SyncSettings, TeamRules};
use tandem_core::store::{ObjectProgress, SyncStore as _};
use tandem_core::workspace::Kind;
use tandem_engine::{Engine, PullOutcome, Tick};
use tandem_sandbox::faults::{FaultAction, FaultRule};
use tandem_sandbox::shell::{self, Running, ServeOptions};
use tandem_sandbox::world::{Actor, DmlOptions, World};
use tandem_sandbox::{ClockMode, Options};
use tandem_store::memory::MemoryStore;

/// Leads of one second.
const LEADS: usize = 10_400;
/// Most rows of a page.
const PAGE_ROWS: usize = 2_000;
/// Seconds after its stamp at which the late one becomes visible.
const LATE_SECONDS: i64 = 45;

/// An org on a clock that only moves when told, and an engine that reads its leads over HTTP.
struct Reading {
    org: Running,
    store: Arc<MemoryStore>,
    engine: Engine,
    team: TeamId,
}

impl Reading {
    async fn new() -> Self {
        let org = Options {
            clock: ClockMode::Virtual,
            limit_jitter_calls: 0,
            ..Options::default()
        };
        let options = ServeOptions {
            org,
            ..ServeOptions::default()
        };
        let org = shell::serve(options).await.expect("a free port");
        let store = Arc::new(MemoryStore::new(Guards::ALL));
        let team = store.add_team(rules());
        let connected = ConnectionState::Connected;
        let connecting = store.set_connection_state(team, connected, None);
        connecting.await.expect("stored");
        let clock = Arc::new(|| tandem_core::Timestamp::MIN);
        let connector = Arc::new(salesforce(&org));
        let engine = Engine::new(store.clone(), connector, team, "test", clock);
        Self {
            org,
            store,
            engine,
            team,
        }
    }

    fn lead(&self, number: usize, options: &DmlOptions) -> CrmId {
        let made = self.org.sandbox().world(|world: &mut World| {
            let admin = Actor::system(world.admin_id());
            let fields =
                serde_json::json!({ "LastName": format!("Berg {number}"), "Company": "Halden" });
            let fields = fields.as_object().expect("an object");
            world.create(&admin, "Lead", fields, options)
        });
        CrmId::new(made.expect("a sound record").to_string())
    }

    fn advance(&self, seconds: i64) {
        let sandbox = self.org.sandbox();
        sandbox.advance(SignedDuration::from_secs(seconds));
    }

    /// The connection breaks under the next request, after the org did its work.
    fn break_once(&self) {
        let rule = FaultRule::once("POST", "/composite", FaultAction::DoThenLose);
        let sandbox = self.org.sandbox();
        sandbox.add_fault(rule).expect("a sound rule");
    }

    /// Reads one page, a second later.
    async fn page(&self) -> PullOutcome {
        self.advance(1);
        let tick = Tick {
            now: self.org.sandbox().now(),
            jitter: 0.0,
        };
        self.engine
            .pull(tick, &[lead_object()])
            .await
            .expect("stored")
    }

    async fn progress(&self) -> ObjectProgress {
        let all = self.store.progress(self.team).await.expect("stored");
        all.into_iter().next().expect("leads are read")
    }

    /// Reads on to the end of the read and gives the rows of each page.
    async fn to_the_end(&self) -> (Vec<u64>, u64) {
        let (mut pages, mut news) = (Vec::new(), 0);
        loop {
            let outcome = self.page().await;
            assert_eq!(outcome.failures, []);
            pages.push(outcome.rows);
            news += outcome.news;
            if self.progress().await.position.page.is_none() {
                return (pages, news);
            }
        }
    }

    /// The leads that the workspace knows of.
    fn known(&self) -> BTreeSet<CrmId> {
        let look = self.store.inspect(self.team, |view| {
            let links = view.links().filter_map(|one| one.link.crm.clone());
            links.collect()
        });
        look.expect("a team")
    }
}

fn lead_object() -> CrmObject {
    CrmObject::new("Lead")
}

fn rules() -> TeamRules {
    TeamRules {
        settings: SyncSettings {
            enabled: true,
            ..SyncSettings::default()
        },
        pairs: vec![PairRules {
            kind: Kind::Person,
            object: lead_object(),
            version: 1,
            import: true,
            create_in_crm: false,
            external_id: None,
            fields: Vec::new(),
        }],
        key_prefix: "test".into(),
    }
}

fn salesforce(org: &Running) -> Salesforce {
    let known = org.credentials().salesforce;
    let secret = Some(known.client_secret.into());
    let app = OAuthApp::new(&known.url, known.client_id, secret).expect("an address");
    let grant = Grant {
        access_token: known.access_token.into(),
        refresh_token: known.refresh_token.into(),
        instance_url: known.url,
        version: 1,
    };
    let wire = ReqwestTransport::new(HttpLimits::default()).expect("a client");
    let vault = Arc::new(MemoryVault::new(grant));
    Salesforce::new(SalesforceConfig::new(app), Arc::new(wire), vault)
}

#[tokio::test]
async fn ten_thousand_leads_of_one_second_come_once_each_over_a_broken_connection() {
    let reading = Reading::new().await;
    let plain = DmlOptions::default();
    let visible = SignedDuration::from_secs(LATE_SECONDS);
    let late = DmlOptions {
        visible_at: reading.org.sandbox().now().checked_add(visible).ok(),
        ..DmlOptions::default()
    };
    let mut made = BTreeSet::from([reading.lead(0, &plain)]);
    // In the part of the block that is read first.
    let late = reading.lead(1, &late);
    made.extend((2..LEADS).map(|number| reading.lead(number, &plain)));
    reading.advance(30);
    for _ in 0..2 {
        assert_eq!(reading.page().await.rows, PAGE_ROWS as u64);
    }
    let stood = reading.progress().await.position;
    reading.break_once();
    let broken = reading.page().await;
    let classes: Vec<_> = broken
        .failures
        .iter()
        .map(|failure| failure.class)
        .collect();
    assert_eq!((broken.rows, classes), (0, vec![ErrorClass::AnswerLost]));
    assert_eq!(reading.progress().await.position, stood, "it goes on there");
    // Meanwhile the late one becomes visible, behind where the read stands.
    reading.advance(60);
    let (pages, _) = reading.to_the_end().await;
    let rest = LEADS - 1 - 2 * PAGE_ROWS;
    assert_eq!(pages.iter().sum::<u64>(), rest as u64, "no gap, no repeat");
    assert!(pages.len() > 3, "pages end inside the block: {pages:?}");
    assert_eq!(reading.known(), made);
    let (pages, news) = reading.to_the_end().await;
    assert_eq!(
        (pages.iter().sum::<u64>(), news),
        (0, 0),
        "a mass is read once"
    );
    // What turns up behind a mass comes with the read that settles, a quarter of an hour later at most.
    reading.advance(15 * 60);
    let (pages, news) = reading.to_the_end().await;
    assert_eq!((pages.iter().sum::<u64>(), news), (LEADS as u64, 1));
    made.insert(late);
    assert_eq!(reading.known(), made);
}
