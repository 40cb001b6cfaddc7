//! Alerts are told at once, every 48 hours, and once when they are over; by mail and webhook.

use crate::catchers::{Catcher, Mail, Mood, Posted, mail_server, webhook};
use crate::harness::Server;
use axum::http::{Method, StatusCode};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tandem_core::Timestamp;
use tandem_core::budget::Spent;
use tandem_core::connector::OrgUsage;
use tandem_core::ids::{CrmObject, ReservationId, TeamId};
use tandem_core::link::Lanes;
use tandem_core::mapping::PairRules;
use tandem_core::reconcile::Decision;
use tandem_core::record::Origin;
use tandem_core::settings::ConnectionState;
use tandem_core::store::{Claim, DecisionCommit, SyncStore as _, WorkspaceEdit};
use tandem_core::value::Value as TypedValue;
use tandem_core::workspace::Kind;

const HOUR: i64 = 3_600;
const SECRET: &str = "a-long-secret-of-the-webhook";

/// A server whose time stands still until it is moved, and those whom it tells.
struct House {
    server: Server,
    cookie: String,
    team: TeamId,
    second: Arc<AtomicI64>,
    mails: Catcher<Mail>,
    hook: Catcher<Posted>,
}

impl House {
    async fn new() -> Self {
        let (mails, hook) = (mail_server().await, webhook().await);
        let settings = format!(
            "[security]\nsession_hours = 8760\n[mail]\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\nfrom = 'Tandem <tandem@fjord.example>'\n\
             [webhook]\nurl = 'http://127.0.0.1:{}/hook'\nsecret = '{SECRET}'\n",
            mails.port, hook.port
        );
        let second = Arc::new(AtomicI64::new(1_800_000_000));
        let hand = Arc::clone(&second);
        let clock = move || Timestamp::from_second(hand.load(Ordering::SeqCst)).expect("a time");
        let server = Server::with_clock(&settings, Arc::new(clock)).await;
        let cookie = server.set_up().await;
        let team = server.app.store().teams().await.expect("a team")[0].id;
        let house = Self {
            server,
            cookie,
            team,
            second,
            mails,
            hook,
        };
        house.turn(true).await;
        house.contact(json!("ana@fjord.example")).await;
        house
    }

    async fn turn(&self, enabled: bool) {
        let store = self.server.app.store();
        let mut rules = store.rules(self.team).await.expect("rules");
        rules.settings.enabled = enabled;
        let put = store.put_rules(self.team, rules, self.server.app.now());
        put.await.expect("is kept");
    }

    async fn connection(&self, state: ConnectionState) {
        let store = self.server.app.store();
        let set = store.set_connection_state(self.team, state, None);
        set.await.expect("is kept");
    }

    async fn lose(&self) {
        let lost = ConnectionState::Lost {
            code: "connection-revoked".into(),
            message: "expired access/refresh token".into(),
            since: self.server.app.now(),
        };
        self.connection(lost).await;
    }

    /// The org tells how many of a thousand calls are used.
    async fn org_uses(&self, used: u64) {
        let (store, now) = (self.server.app.store(), self.server.app.now());
        let spent = Spent {
            usage: Some(OrgUsage { used, max: 1_000 }),
            ..Spent::default()
        };
        // Nothing was reserved under this number; the org's count is noted all the same.
        let spent = store.spend_calls(self.team, ReservationId(0), spent, now);
        spent.await.expect("is kept");
    }

    /// Time passes, and the runtime looks.
    async fn after(&self, seconds: i64) {
        self.second.fetch_add(seconds, Ordering::SeqCst);
        self.server.app.watch(self.team).await.expect("looks");
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self
            .server
            .call(Method::GET, path, &self.cookie, Value::Null);
        let reply = reply.await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()
    }

    async fn page(&self, path: &str) -> String {
        let reply = self
            .server
            .call(Method::GET, path, &self.cookie, Value::Null);
        reply.await.body
    }

    async fn contact(&self, address: Value) -> StatusCode {
        let (path, body) = ("/api/admin/alerts/contact", json!({"address": address}));
        let reply = self
            .server
            .call(Method::PUT, path, &self.cookie, body)
            .await;
        reply.status
    }

    /// People who are to be created in the CRM, and nobody who does it.
    async fn add_leads(&self, count: usize) {
        for number in 0..count {
            let edit = WorkspaceEdit {
                record: None,
                kind: Kind::Person,
                patch: [(
                    "last_name".to_owned(),
                    TypedValue::text(format!("Oak {number}")),
                )]
                .into(),
                origin: Origin::Api("a form".into()),
                now: self.server.app.now(),
                create_as: Some(CrmObject::new("Lead")),
            };
            let added = self.server.app.store().edit_record(self.team, edit);
            added.await.expect("is kept");
        }
    }

    /// Leads are mapped, and somebody decides all that waits.
    async fn decide_all(&self) {
        let store = self.server.app.store();
        let mut rules = store.rules(self.team).await.expect("rules");
        rules.pairs.push(PairRules {
            kind: Kind::Person,
            object: CrmObject::new("Lead"),
            version: 1,
            import: false,
            create_in_crm: false,
            external_id: None,
            fields: Vec::new(),
        });
        let put = store.put_rules(self.team, rules, self.server.app.now());
        put.await.expect("is kept");
        let claim = Claim {
            worker: "test".into(),
            now: self.server.app.now(),
            lease_seconds: 60,
            limit: 1_000,
            lanes: Lanes::All,
        };
        let work = store.claim_links(self.team, &claim).await.expect("work");
        let decided = work.iter().map(|work| DecisionCommit {
            link: work.link.id,
            version: work.link.version,
            decision: Decision::nothing(&work.link),
            lane: work.lane,
            impacts: Default::default(),
        });
        let done = store.commit_decisions(self.team, decided.collect(), claim.now);
        assert_eq!(done.await.expect("is kept").committed, 61);
    }

    /// Subjects of the mails that arrived since the last look.
    fn subjects(&mut self) -> Vec<String> {
        let mails = self.mails.arrived().into_iter();
        mails
            .map(|mail| mail.header("Subject: ")["Subject: ".len()..].to_owned())
            .collect()
    }
}

const OPENED: &str = "[Tandem] Connection lost for Main CRM Connector (Fjord Analytics)";

#[tokio::test]
async fn it_is_told_at_once_every_48_hours_and_when_it_is_over() {
    let mut house = House::new().await;
    house.after(0).await;
    assert_eq!(house.subjects(), Vec::<String>::new(), "nothing is wrong");
    house.lose().await;
    house.after(15).await;
    let mail = house.mails.next().await;
    assert_eq!(mail.to, "ana@fjord.example");
    assert_eq!(mail.header("Subject: "), format!("Subject: {OPENED}"));
    assert_eq!(mail.header("From: "), "From: Tandem <tandem@fjord.example>");
    assert!(
        mail.text.contains("expired access/refresh token"),
        "{}",
        mail.text
    );
    assert!(mail.text.contains("/alerts"), "the way to the page");
    house.after(48 * HOUR - 1).await;
    assert_eq!(house.subjects(), Vec::<String>::new());
    let still = OPENED.replacen("Conn", "Still: Conn", 1);
    for _ in 0..2 {
        house.after(1).await;
        assert_eq!(house.subjects(), [still.as_str()]);
        house.after(48 * HOUR - 1).await;
        assert_eq!(house.subjects(), Vec::<String>::new());
    }
    house.connection(ConnectionState::Connected).await;
    house.after(0).await;
    let over = still.replace("Still", "Over");
    assert_eq!(house.subjects(), [over.as_str()]);
    house.after(100 * HOUR).await;
    assert_eq!(house.subjects(), Vec::<String>::new(), "once");
    assert_eq!(
        house.hook.arrived().len(),
        4,
        "the webhook is told the same"
    );
    assert_eq!(house.get("/api/admin/alerts").await, json!([]));
    let past = house.get("/api/admin/alerts/past").await;
    assert_eq!(past["rows"][0]["ending"], "resolved");
    assert_eq!(past["rows"][0]["deliveries"]["mail"]["count"], 4);
}

#[tokio::test]
async fn a_queue_that_nobody_gets_through_is_told_until_it_moves_again() {
    let mut house = House::new().await;
    house.add_leads(1).await;
    house.after(15).await;
    house.add_leads(60).await;
    house.after(1_799).await;
    assert_eq!(
        house.subjects(),
        Vec::<String>::new(),
        "not half an hour yet"
    );
    house.after(1).await;
    let grows = "[Tandem] The queue grows and nothing gets through (Fjord Analytics)";
    assert_eq!(house.subjects(), [grows]);
    let open = house.get("/api/admin/alerts").await;
    let detail = open[0]["details"][0].as_str().expect("a line");
    assert!(
        detail.starts_with("Lead: 61 records wait to be decided, 1 did 30 minutes ago"),
        "{detail}"
    );
    assert!(house.page("/alerts").await.contains("nothing gets through"));
    house.after(48 * HOUR - 1).await;
    assert_eq!(house.subjects(), Vec::<String>::new());
    house.after(1).await;
    assert_eq!(house.subjects().len(), 1, "it lasts");
    house.decide_all().await;
    house.after(15).await;
    assert_eq!(
        house.subjects(),
        Vec::<String>::new(),
        "perhaps it grows again"
    );
    house.after(1_800).await;
    assert!(house.subjects()[0].contains("Over: The queue grows"));
}

/// A moment below the threshold is no recovery: a mail at the beginning, one at the end.
#[tokio::test]
async fn the_api_threshold_is_one_alert_however_often_sync_goes_on_for_a_moment() {
    let mut house = House::new().await;
    house.org_uses(850).await;
    house.after(0).await;
    let mail = house.mails.next().await;
    assert!(
        mail.text.contains("850 of 1000 daily API calls"),
        "{}",
        mail.text
    );
    for used in [600, 850, 600] {
        house.org_uses(used).await;
        house.after(HOUR - 1).await;
    }
    assert_eq!(house.subjects(), Vec::<String>::new());
    house.after(HOUR).await;
    let over = "[Tandem] Over: API threshold reached: sync is paused (Fjord Analytics)";
    assert_eq!(house.subjects(), [over]);
}

#[tokio::test]
async fn the_webhook_gets_signed_fields_and_a_text() {
    let mut house = House::new().await;
    house.lose().await;
    house.after(0).await;
    let (headers, body) = house.hook.next().await;
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(&body);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(headers["x-tandem-signature"], format!("sha256={hex}"));
    let posted: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        headers["x-tandem-delivery"].to_str().ok(),
        posted["id"].as_str()
    );
    assert!(posted["text"].as_str().expect("a text").starts_with(OPENED));
    assert_eq!(posted["event"], "opened");
    assert_eq!(posted["alert"]["kind"], "connector_lost");
    assert_eq!(posted["team"], "Fjord Analytics");
}

#[tokio::test]
async fn what_can_t_be_sent_is_shown_and_tried_again() {
    let mut house = House::new().await;
    house.mails.becomes(Mood::Refuses);
    house.hook.becomes(Mood::Refuses);
    house.lose().await;
    house.after(0).await;
    let alert = house.get("/api/admin/alerts").await[0].take();
    let mail = &alert["deliveries"]["mail"];
    assert_eq!((&mail["count"], &mail["failures"]), (&json!(0), &json!(1)));
    assert!(
        mail["error"]
            .as_str()
            .expect("why")
            .contains("come back later"),
        "{mail}"
    );
    let hook = &alert["deliveries"]["webhook"]["error"];
    assert_eq!(hook, "127.0.0.1 answered 503 Service Unavailable");
    let page = house.page("/alerts").await;
    assert!(page.contains("come back later"), "{page}");
    house.mails.becomes(Mood::Takes);
    house.hook.becomes(Mood::Takes);
    house.after(59).await;
    assert_eq!(house.subjects().len(), 0, "it waits a minute");
    house.after(1).await;
    assert_eq!(house.subjects(), [OPENED]);
    assert_eq!(house.hook.arrived().len(), 1);
}

/// The process ends after the mail server has the mail and before that is noted.
#[tokio::test]
async fn a_crash_between_sending_and_noting_repeats_the_mail_under_the_same_id() {
    let mut house = House::new().await;
    house.mails.becomes(Mood::Silent);
    house.lose().await;
    let app = house.server.app.clone();
    let first = tokio::select! {
        looked = app.watch(house.team) => panic!("{looked:?} without an answer"),
        mail = house.mails.next() => mail,
    };
    house.mails.becomes(Mood::Takes);
    house.after(0).await;
    let second = house.mails.next().await;
    assert_eq!(first.header("Message-ID: "), second.header("Message-ID: "));
    house.after(HOUR).await;
    assert_eq!(house.subjects().len(), 0);
}

#[tokio::test]
async fn turning_sync_off_ends_what_is_open_and_nothing_is_watched() {
    let mut house = House::new().await;
    house.lose().await;
    house.after(0).await;
    assert_eq!(house.subjects(), [OPENED]);
    house.turn(false).await;
    house.after(15).await;
    let mail = house.mails.next().await;
    assert!(mail.text.contains("Sync was turned off"), "{}", mail.text);
    let past = house.get("/api/admin/alerts/past").await;
    assert_eq!(past["rows"][0]["ending"], "sync_off");
}

#[tokio::test]
async fn a_test_goes_out_on_every_way_and_tells_what_failed() {
    let mut house = House::new().await;
    let test = async |house: &House| {
        let path = "/api/admin/alerts/test";
        house
            .server
            .call(Method::POST, path, &house.cookie, Value::Null)
            .await
    };
    let sent = test(&house).await;
    let taken = ["E-mail to ana@fjord.example", "Webhook to 127.0.0.1"];
    assert_eq!(sent.json()["sent"], json!(taken));
    assert_eq!(
        house.subjects(),
        ["[Tandem] Test of the alerts (Fjord Analytics)"]
    );
    house.mails.becomes(Mood::Refuses);
    let failed = test(&house).await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(failed.body.contains("come back later"), "{}", failed.body);
    let silent = Server::new("").await;
    let cookie = silent.set_up().await;
    let path = "/api/admin/alerts/test";
    let none = silent.call(Method::POST, path, &cookie, Value::Null).await;
    assert_eq!(none.status, StatusCode::CONFLICT);
    assert!(none.body.contains("mail.host"), "{}", none.body);
}

#[tokio::test]
async fn the_contact_is_checked_and_no_secret_is_shown() {
    let house = House::new().await;
    for wrong in ["nobody", "a b@c.example", "a@b.example, c@d.example"] {
        let status = house.contact(json!(wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(
        house.contact(json!("ops@fjord.example")).await,
        StatusCode::NO_CONTENT
    );
    let routing = house.get("/api/admin/alerts/routing").await;
    assert_eq!(routing["contact"], "ops@fjord.example");
    assert_eq!(house.contact(Value::Null).await, StatusCode::NO_CONTENT);
    let routing = house.get("/api/admin/alerts/routing").await;
    assert_eq!(routing["contact"], Value::Null, "nobody is connected");
    for path in ["/alerts", "/api/admin/alerts/routing", "/sync"] {
        let body = house.page(path).await;
        assert!(!body.contains(SECRET) && !body.contains("/hook"), "{path}");
    }
}
