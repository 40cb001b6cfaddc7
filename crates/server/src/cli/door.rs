//! The API for the command line, whether a server runs on the data directory or not: the same
//! requests go to the running server, or to the API's router in this process.

use super::Failure;
use super::failure::Kind;
use crate::app::App;
use crate::config::Config;
use crate::http;
use crate::runtime::{self, OpenError, Operator};
use ::http::{Method, Request, Response, header};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tandem_connectors::http::{HttpLimits, ReqwestTransport, Transport as _};
use tandem_core::store::StoreError;
use tower::ServiceExt as _;

/// A way to the API.
pub(super) struct Door {
    token: SecretString,
    way: Way,
}

enum Way {
    Running { url: String, http: ReqwestTransport },
    Own { app: App, router: Router },
}

impl Door {
    /// Opens the database, or finds the server that has it open.
    pub(super) async fn open(config: Config) -> Result<Self, Failure> {
        let data_dir = config.server.data_dir.clone();
        let token = Operator::new_token()?;
        match runtime::open(config, Some(token.clone())).await {
            Ok(app) => {
                let router = http::router(app.clone(), None);
                let way = Way::Own { app, router };
                Ok(Self { token, way })
            }
            Err(OpenError::Store {
                source: StoreError::Busy,
                path,
            }) => {
                let operator = Operator::find(&data_dir).map_err(|error| {
                    let text = format!(
                        "{} is in use, but its server can't be found ({error}); is another program \
                         at work on it?",
                        path.display()
                    );
                    Failure::new(Kind::Database, text)
                })?;
                Self::to(operator)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn to(operator: Operator) -> Result<Self, Failure> {
        let http = ReqwestTransport::new(HttpLimits::default())
            .map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
        Ok(Self {
            token: operator.token,
            way: Way::Running {
                url: operator.url,
                http,
            },
        })
    }

    /// The work in this process, if no server runs.
    pub(super) fn own(&self) -> Option<&App> {
        match &self.way {
            Way::Own { app, .. } => Some(app),
            Way::Running { .. } => None,
        }
    }

    /// Makes a request; an empty answer is null.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let answer = self.send(method, path, body).await?;
        let json = if answer.body().is_empty() {
            Value::Null
        } else {
            let failed =
                |error| Failure::new(Kind::Failed, format!("not an answer of Tandem: {error}"));
            serde_json::from_slice(answer.body()).map_err(failed)?
        };
        if answer.status().is_success() {
            return Ok(json);
        }
        let kind = match answer.status().as_u16() {
            409 | 401 => Kind::NotNow,
            400 | 404 | 422 => Kind::Usage,
            503 => Kind::Crm,
            _ => Kind::Failed,
        };
        let text = json["detail"].as_str().unwrap_or("the request failed");
        Err(Failure::new(kind, text))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Response<Bytes>, Failure> {
        let failed = |text: String| Failure::new(Kind::Failed, text);
        let base = match &self.way {
            Way::Running { url, .. } => url.as_str(),
            Way::Own { .. } => "",
        };
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = Request::builder()
            .method(method)
            .uri(format!("{base}{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.expose_secret()),
            )
            .body(bytes)
            .map_err(|error| failed(error.to_string()))?;
        match &self.way {
            Way::Running { http, .. } => {
                let answer = http.send(request).await;
                answer.map_err(|error| failed(format!("the running server: {error}")))
            }
            Way::Own { router, .. } => {
                let Ok(answer) = router.clone().oneshot(request.map(Body::from)).await;
                let (parts, body) = answer.into_parts();
                let bytes = axum::body::to_bytes(body, usize::MAX).await;
                let bytes = bytes.map_err(|error| failed(error.to_string()))?;
                Ok(Response::from_parts(parts, bytes))
            }
        }
    }
}
