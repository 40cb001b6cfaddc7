//! What a person does with the pages, as a browser without a script would send it.

use crate::harness::{PASSWORD, Reply, Server, cookie};
use crate::html::tags;
use crate::samples::HOSTILE;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use secrecy::SecretString;
use std::collections::BTreeMap;
use tandem_core::ids::RecordId;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{FieldChange, LogDraft, LogSource, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_server::app::Actor;

/// Somebody at a browser.
struct Visitor {
    server: Server,
    cookie: String,
}

impl Visitor {
    async fn stranger() -> Self {
        Self {
            server: Server::new("").await,
            cookie: String::new(),
        }
    }

    async fn administrator() -> Self {
        let server = Server::new("").await;
        let cookie = server.set_up().await;
        Self { server, cookie }
    }

    async fn actor(&self) -> Actor {
        let (_, token) = self.cookie.split_once('=').expect("a pair");
        let found = self.server.app.actor(&SecretString::from(token)).await;
        found.expect("answers").expect("is signed in")
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, String::new()).await
    }

    /// Sends a form without the session's token.
    async fn post_bare(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.send(Method::POST, path, body.finish()).await
    }

    /// Sends a form of one of our pages.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.actor().await.form_token;
        let fields = [fields, &[("form_token", token.as_str())]].concat();
        self.post_bare(path, &fields).await
    }

    async fn send(&self, method: Method, path: &str, body: String) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .expect("a request");
        self.server.send(request).await
    }

    /// A person of the workspace with this last name, and the address of their page.
    async fn person(&self, last_name: &str) -> String {
        let texts = BTreeMap::from([("last_name".to_owned(), last_name.to_owned())]);
        let actor = self.actor().await;
        let made = self
            .server
            .app
            .create_record(&actor, Kind::Person, &texts, None)
            .await;
        format!("/people/{}", made.expect("is made"))
    }
}

fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    reply.headers[header::LOCATION].to_str().expect("text")
}

/// A whole page of ours, with this status.
fn is_page(reply: &Reply, status: StatusCode) {
    assert_eq!(reply.status, status, "{}", reply.body);
    let kind = reply.headers[header::CONTENT_TYPE].to_str().expect("text");
    assert!(kind.starts_with("text/html"), "{kind}");
    assert!(!tags(&reply.body).is_empty());
}

#[tokio::test]
async fn the_first_visitor_sets_the_team_up_and_is_led_to_the_connection() {
    let visitor = Visitor::stranger().await;
    assert_eq!(location(&visitor.get("/").await), "/sync");
    assert_eq!(
        location(&visitor.get("/sync").await),
        "/sign-in?next=%2Fsync"
    );
    assert_eq!(
        location(&visitor.get("/sign-in?next=%2Fsync").await),
        "/setup"
    );
    is_page(&visitor.get("/setup").await, StatusCode::OK);

    let fields = |email| {
        [
            ("team", "Fjord"),
            ("name", "Ana"),
            ("email", email),
            ("password", PASSWORD),
        ]
    };
    let refused = visitor.post_bare("/setup", &fields("ana")).await;
    is_page(&refused, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"Fjord\"") && refused.body.contains("class=\"error\""));

    let taken = visitor
        .post_bare("/setup", &fields("ana@fjord.example"))
        .await;
    assert_eq!(location(&taken), "/connect");
    let visitor = Visitor {
        cookie: cookie(&taken),
        ..visitor
    };
    let page = visitor.get("/sync").await;
    is_page(&page, StatusCode::OK);
    assert!(page.body.contains("No user connected"));
    assert_eq!(location(&visitor.get("/setup").await), "/sign-in");
}

#[tokio::test]
async fn signing_in_leads_back_and_signing_out_ends_the_session() {
    let visitor = Visitor::administrator().await;
    let fields = |password| {
        [
            ("email", "ana@fjord.example"),
            ("password", password),
            ("next", "/logs?status=failed"),
        ]
    };
    let wrong = visitor
        .post_bare("/sign-in", &fields("not the password"))
        .await;
    is_page(&wrong, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.body.contains("not the password"));

    let right = visitor.post_bare("/sign-in", &fields(PASSWORD)).await;
    assert_eq!(location(&right), "/logs?status=failed");
    let visitor = Visitor {
        cookie: cookie(&right),
        ..visitor
    };
    assert_eq!(
        location(&visitor.post("/sign-out", &[]).await),
        "/sign-in?out=yes"
    );
    assert_eq!(
        location(&visitor.get("/sync").await),
        "/sign-in?next=%2Fsync"
    );
}

#[tokio::test]
async fn signing_in_never_leads_to_another_site() {
    let visitor = Visitor::administrator().await;
    let fields = [
        ("email", "ana@fjord.example"),
        ("password", PASSWORD),
        ("next", "//evil.example"),
    ];
    assert_eq!(location(&visitor.post_bare("/sign-in", &fields).await), "/");
}

#[tokio::test]
async fn every_page_answers_before_anything_is_connected() {
    let visitor = Visitor::administrator().await;
    for path in [
        "/sync",
        "/sync?edit=connector",
        "/sync?edit=frequency",
        "/sync?edit=threshold",
        "/connect",
        "/logs",
        "/people",
        "/accounts",
        "/opportunities",
        "/mapping",
    ] {
        let page = visitor.get(path).await;
        is_page(&page, StatusCode::OK);
        assert!(
            page.headers.contains_key(header::CONTENT_SECURITY_POLICY),
            "{path}"
        );
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test]
async fn errors_are_pages_in_the_frame_of_whoever_is_signed_in() {
    let visitor = Visitor::administrator().await;
    for path in [
        "/nowhere",
        "/people/4711",
        "/people/x",
        "/logs/99",
        "/logs/x",
    ] {
        let page = visitor.get(path).await;
        is_page(&page, StatusCode::NOT_FOUND);
        assert!(page.body.contains("id=\"navigation\""), "{path}");
    }
    for path in ["/people?link=odd", "/people?cursor=rubbish"] {
        is_page(&visitor.get(path).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    is_page(
        &visitor.send(Method::DELETE, "/sync", String::new()).await,
        StatusCode::METHOD_NOT_ALLOWED,
    );
    let stranger = Visitor {
        cookie: String::new(),
        ..visitor
    };
    let page = stranger.get("/nowhere").await;
    is_page(&page, StatusCode::NOT_FOUND);
    assert!(!page.body.contains("id=\"navigation\""));
}

#[tokio::test]
async fn a_form_without_the_token_changes_nothing() {
    let visitor = Visitor::administrator().await;
    let path = visitor.person("Okafor").await;
    let refused = visitor.post_bare(&path, &[("last_name", "Changed")]).await;
    is_page(&refused, StatusCode::FORBIDDEN);
    assert!(visitor.get(&path).await.body.contains("Okafor"));
}

#[tokio::test]
async fn a_record_is_edited_and_what_does_not_fit_comes_back_with_its_reason() {
    let visitor = Visitor::administrator().await;
    let path = visitor.person("Okafor").await;
    let form = visitor.get(&format!("{path}?edit=yes")).await;
    assert!(form.body.contains("name=\"email\""));

    let long = "a".repeat(300);
    let refused = visitor
        .post(&path, &[("last_name", "Nnamdi"), ("title", &long)])
        .await;
    is_page(&refused, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"Nnamdi\"") && refused.body.contains(&long));

    let saved = visitor
        .post(
            &path,
            &[("last_name", "Nnamdi"), ("title", "Head of Sales")],
        )
        .await;
    assert_eq!(location(&saved), format!("{path}?done=edited"));
    let page = visitor.get(&format!("{path}?done=edited")).await;
    assert!(page.body.contains("Head of Sales") && page.body.contains("Saved."));
}

#[tokio::test]
async fn a_hostile_name_is_only_text_wherever_it_is_shown() {
    let visitor = Visitor::administrator().await;
    let path = visitor.person(HOSTILE).await;
    for path in [path.as_str(), &format!("{path}?edit=yes"), "/people"] {
        let page = visitor.get(path).await;
        is_page(&page, StatusCode::OK);
        assert!(
            page.body.contains("&lt;script&gt;") && !page.body.contains("<script>alert"),
            "{path}"
        );
    }
    let query: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    for path in [
        "/people?q=",
        "/logs?q=",
        "/logs?status=",
        "/sign-in?next=",
        "/mapping?done=",
    ] {
        let page = visitor.get(&format!("{path}{query}")).await;
        assert!(!page.body.contains("<script>alert"), "{path}");
    }
}

#[tokio::test]
async fn the_threshold_is_kept_and_a_wrong_one_is_refused_in_its_dialog() {
    let visitor = Visitor::administrator().await;
    for wrong in ["", "0", "101", "eighty", "1e1"] {
        let refused = visitor
            .post("/sync/threshold", &[("threshold_percent", wrong)])
            .await;
        is_page(&refused, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.body.contains("<dialog open") && refused.body.contains("class=\"error\""),
            "{wrong}"
        );
    }
    let saved = visitor
        .post("/sync/threshold", &[("threshold_percent", "65")])
        .await;
    assert_eq!(location(&saved), "/sync?done=saved");
    assert!(
        visitor
            .get("/sync?edit=threshold")
            .await
            .body
            .contains("value=\"65\"")
    );
}

#[tokio::test]
async fn the_limits_of_the_brake_are_set_and_wrong_ones_come_back_with_their_reason() {
    let visitor = Visitor::administrator().await;
    let page = visitor.get("/plans?edit=limits").await;
    is_page(&page, StatusCode::OK);
    assert!(page.body.contains("<dialog"));
    let limits = |owner: &'static str, blank: &'static str| {
        [
            ("enabled", "on"),
            ("times_normal", "4"),
            ("delete_records", "10"),
            ("delete_percent", "1"),
            ("unlink_records", "10"),
            ("unlink_percent", "1"),
            ("blank_records", blank),
            ("blank_percent", "3"),
            ("owner_records", owner),
            ("owner_percent", "3"),
            ("change_records", "900"),
            ("change_percent", "9"),
        ]
    };
    let none = visitor.post("/plans/limits", &limits("0", "20")).await;
    is_page(&none, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.body.contains("Change owners: let at least 1 record"));
    assert!(none.body.contains("value=\"900\""), "what was typed stays");
    let words = visitor.post("/plans/limits", &limits("20", "many")).await;
    is_page(&words, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(words.body.contains("“many” is no number"), "{}", words.body);
    let saved = visitor.post("/plans/limits", &limits("20", "21")).await;
    assert_eq!(location(&saved), "/plans?done=saved");
    let brake = visitor.server.app.brake(&visitor.actor().await).await;
    let brake = brake.expect("answers");
    assert_eq!((brake.times_normal, brake.change.records), (4, 900));
    assert_eq!((brake.blank.records, brake.owner.percent), (21, 3));
    let off = visitor
        .post("/plans/limits", &limits("20", "21")[1..])
        .await;
    assert_eq!(location(&off), "/plans?done=saved");
    assert!(
        visitor
            .get("/plans")
            .await
            .body
            .contains("Nothing is held: whatever")
    );
}

#[tokio::test]
async fn the_sync_is_not_enabled_without_a_connection() {
    let visitor = Visitor::administrator().await;
    let refused = visitor
        .post(
            "/sync/connector",
            &[("enabled", "on"), ("connector", "current")],
        )
        .await;
    is_page(&refused, StatusCode::CONFLICT);
    assert!(refused.body.contains("<dialog open"));
}

#[tokio::test]
async fn nothing_chosen_to_retry_is_told() {
    let visitor = Visitor::administrator().await;
    let refused = visitor.post("/logs/retry", &[("back", "/logs")]).await;
    is_page(&refused, StatusCode::UNPROCESSABLE_ENTITY);
    is_page(
        &visitor.post("/logs/retry", &[("id", "x")]).await,
        StatusCode::UNPROCESSABLE_ENTITY,
    );
}

#[tokio::test]
async fn the_colours_stay_chosen() {
    let visitor = Visitor::administrator().await;
    let reply = visitor.post("/theme", &[("theme", "dark")]).await;
    assert_eq!(location(&reply), "/");
    let cookie = format!("{}; {}", visitor.cookie, cookie(&reply));
    let visitor = Visitor { cookie, ..visitor };
    assert!(
        visitor
            .get("/sync")
            .await
            .body
            .contains("data-theme=\"dark\"")
    );
}

/// An entry as the sync writes it, about the person at this path: the title came in as “Rewritten”.
async fn rewritten(visitor: &Visitor, path: &str) -> i64 {
    let record = path.rsplit('/').next().and_then(|id| id.parse().ok());
    let record = RecordId(record.expect("a number"));
    let now = tandem_core::Timestamp::now();
    let (source, kind) = (LogSource::Crm, LogType::Update);
    let mut entry = LogDraft::new(now, source, kind, "Took over title");
    entry.record = Some((Kind::Person, record));
    entry.changes.push(FieldChange {
        workspace: "title".into(),
        crm: "Title".into(),
        before: Value::text("Buyer"),
        after: Value::text("Rewritten"),
        rule: Rule::OnlyCrmChanged,
        rejected: Value::Null,
    });
    let team = visitor.actor().await.team;
    let id = visitor.server.app.store().append_log(team, entry).await;
    id.expect("an entry").0
}

#[tokio::test]
async fn an_entry_is_undone_on_its_page() {
    let visitor = Visitor::administrator().await;
    let path = visitor.person("Okafor").await;
    visitor.post(&path, &[("title", "Rewritten")]).await;
    let entry = rewritten(&visitor, &path).await;
    let preview = visitor.get(&format!("/logs/{entry}/undo")).await;
    assert!(preview.body.contains("Workspace only") && preview.body.contains("Buyer"));
    let refused = visitor.post_bare(&format!("/logs/{entry}/undo"), &[]).await;
    is_page(&refused, StatusCode::FORBIDDEN);
    let undone = visitor.post(&format!("/logs/{entry}/undo"), &[]).await;
    assert_eq!(location(&undone), format!("/logs/{entry}?done=undone&n=1"));
    let page = visitor.get(location(&undone)).await;
    assert!(page.body.contains("Put back: 1 change."));
    assert!(visitor.get(&path).await.body.contains("Buyer"));
    let again = visitor.post(&format!("/logs/{entry}/undo"), &[]).await;
    is_page(&again, StatusCode::CONFLICT);
    assert!(again.body.contains("it stands as it was before"));
}

#[tokio::test]
async fn a_window_is_previewed_and_undone_by_its_form() {
    let visitor = Visitor::administrator().await;
    let path = visitor.person("Okafor").await;
    visitor.post(&path, &[("title", "Rewritten")]).await;
    rewritten(&visitor, &path).await;
    let preview = visitor.get("/logs/undo?since=2026-01-01T00:00:00").await;
    let until = preview.body.split("name=\"until\" value=\"").nth(2);
    let until = until
        .and_then(|rest| rest.split('"').next())
        .expect("an end");
    let window = [("since", "2026-01-01T00:00:00"), ("until", until)];
    let undone = visitor.post("/logs/undo", &window).await;
    assert_eq!(location(&undone), "/logs?source=tandem&done=undone&n=1");
    assert!(visitor.get(&path).await.body.contains("Buyer"));
    let nothing = visitor
        .get("/logs/undo?since=2099-01-01T00:00&until=2099-01-02T00:00")
        .await;
    assert!(nothing.body.contains("Nothing to undo"));
    let wrong = visitor
        .get("/logs/undo?since=2026-01-02T00:00&until=2026-01-01T00:00")
        .await;
    assert!(wrong.body.contains("The window ends before it begins"));
}
