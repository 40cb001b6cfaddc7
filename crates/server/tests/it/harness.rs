//! A server in a temporary directory, and a browser without a screen.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::Value;
use std::sync::Arc;
use tandem_core::Timestamp;
use tandem_server::app::{App, Clock};
use tandem_server::config::{Config, load};
use tandem_server::runtime;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A password that is good enough.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server without a port.
pub(crate) struct Server {
    pub(crate) app: App,
    router: Router,
    dir: TempDir,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

impl Server {
    /// With these settings (TOML).
    pub(crate) async fn new(settings: &str) -> Self {
        Self::with_clock(settings, Arc::new(Timestamp::now)).await
    }

    /// With these settings (TOML) and a clock of the test's.
    pub(crate) async fn with_clock(settings: &str, clock: Clock) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let config = config(&dir, settings);
        let token = Some("operator-token".into());
        let app = runtime::open_with(config, token, clock)
            .await
            .expect("opens");
        let router = tandem_server::http::router(app.clone(), None);
        Self { app, router, dir }
    }

    /// Sends a request as given.
    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("never fails");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 24).await.expect("a body");
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).expect("text"),
        }
    }

    /// Sends JSON (none if null) with a cookie.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        cookie: &str,
        body: Value,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !cookie.is_empty() {
            request = request.header(header::COOKIE, cookie);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// Sets up the team and gives the administrator's cookie.
    pub(crate) async fn set_up(&self) -> String {
        let body = serde_json::json!({
            "team": "Fjord Analytics", "name": "Ana Lund", "email": "Ana@fjord.example",
            "password": PASSWORD,
        });
        let reply = self.call(Method::POST, "/api/admin/setup", "", body).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
        cookie(&reply)
    }

    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }
}

/// The cookie that a reply sets, as a browser would send it back.
pub(crate) fn cookie(reply: &Reply) -> String {
    let set = reply.headers.get(header::SET_COOKIE).expect("a cookie");
    let text = set.to_str().expect("text");
    text.split(';').next().expect("a pair").to_owned()
}

fn config(dir: &TempDir, settings: &str) -> Config {
    let path = dir.path().join("test.toml");
    std::fs::write(&path, settings).expect("writes");
    let data = dir.path().join("data").display().to_string();
    load(Some(&path), [("TANDEM_SERVER__DATA_DIR".to_owned(), data)]).expect("good settings")
}
