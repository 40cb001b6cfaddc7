//! What a connection to Salesforce is set up with.

use crate::oauth::OAuthApp;

/// Settings of one connection; the tokens are the vault's.
#[derive(Clone, Debug)]
pub struct SalesforceConfig {
    /// The app that signs in.
    pub app: OAuthApp,
    /// Version of the REST API, such as `62.0`.
    pub api_version: String,
    /// Most updates that go as conditional ones, at most 21; 0 where an org does not honour conditions.
    pub conditional_records_max: usize,
    /// Rows asked for in one page of a pull, at most 2,000.
    pub page_rows_max: usize,
    /// How long after it was sent a create may still appear, in seconds by our clock: the platform works on a
    /// request for up to ten minutes, and our clock may be set on meanwhile.
    pub create_horizon_seconds: u32,
    /// An object that is read is described whole so often, in seconds, even if the server says that nothing
    /// changed.
    pub whole_schema_every_seconds: u32,
    /// How much earlier than we sent it a create may be stamped, in seconds: two clocks.
    pub probe_margin_seconds: u32,
}

/// How wrong our clock may be against the CRM's, or be set meanwhile, in seconds, before a create without a key
/// could be taken for lost that is not.
const CLOCK_ERROR_SECONDS: u32 = 120;

impl SalesforceConfig {
    /// The usual settings for an app.
    pub fn new(app: OAuthApp) -> Self {
        Self {
            app,
            api_version: "62.0".to_owned(),
            conditional_records_max: super::write::CONDITIONAL_RECORDS_MAX,
            page_rows_max: super::soql::PAGE_ROWS_MAX,
            create_horizon_seconds: 600 + CLOCK_ERROR_SECONDS,
            whole_schema_every_seconds: 3_600,
            probe_margin_seconds: CLOCK_ERROR_SECONDS,
        }
    }
}
