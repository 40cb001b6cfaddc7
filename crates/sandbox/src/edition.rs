//! What the customer bought: how many API calls a day, or no API at all.

use serde::{Deserialize, Serialize};

/// Users the allowance of an edition is reckoned for: those of a new org.
const LICENCES: u64 = 12;

/// The edition of an org. Features are the same in all of them here; what differs is the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// Free, for developers.
    #[default]
    Developer,
    /// Professional without the API add-on: every call is refused.
    Professional,
    /// Enterprise.
    Enterprise,
    /// Unlimited.
    Unlimited,
}

impl Edition {
    /// As `Organization.OrganizationType` says it (recorded for developer orgs).
    #[must_use]
    pub fn organization_type(self) -> &'static str {
        match self {
            Edition::Developer => "Developer Edition",
            Edition::Professional => "Professional Edition",
            Edition::Enterprise => "Enterprise Edition",
            Edition::Unlimited => "Unlimited Edition",
        }
    }

    /// API calls allowed in 24 hours (documented), for the users of a new org.
    #[must_use]
    pub fn call_limit_24h(self) -> u64 {
        match self {
            Edition::Developer => 15_000,
            Edition::Professional | Edition::Enterprise => 100_000 + LICENCES * 1_000,
            Edition::Unlimited => 100_000 + LICENCES * 5_000,
        }
    }

    /// Whether the API answers.
    #[must_use]
    pub fn has_api(self) -> bool {
        self != Edition::Professional
    }
}
