//! The toggle, the frequencies, the threshold; and “sync now”.

use super::{Actor, App, AppResult};
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::ids::CrmObject;
use utoipa::ToSchema;

/// What a choice of frequencies costs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct FrequencyQuote {
    /// Calls a day for looking whether anything changed, all objects together: objects that are due
    /// together share a call. Changes themselves come on top.
    pub calls_per_day: u64,
    /// The org's allowance, if it is known.
    pub org_max: Option<u64>,
    /// Per cent of the allowance, if it is known, in tenths.
    pub permille: Option<u64>,
}

impl App {
    /// Turns sync on or off. On needs a working connection whose required rights are there.
    ///
    /// # Errors
    /// `Forbidden`; `Conflict` with what is missing.
    pub async fn set_enabled(&self, _actor: &Actor, _enabled: bool) -> AppResult<()> {
        Err(self.not_ready())
    }

    /// The seconds between reads now in force, by object.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn frequencies(&self, _actor: &Actor) -> AppResult<BTreeMap<CrmObject, u32>> {
        Err(self.not_ready())
    }

    /// What a choice would cost; objects that are not named keep theirs.
    ///
    /// # Errors
    /// `Invalid` with the object's name.
    pub async fn quote_frequencies(
        &self,
        _actor: &Actor,
        _choice: &BTreeMap<CrmObject, u32>,
    ) -> AppResult<FrequencyQuote> {
        Err(self.not_ready())
    }

    /// Sets how often objects are read, in seconds: 60, 300 or 600.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with the object's name.
    pub async fn set_frequencies(
        &self,
        _actor: &Actor,
        _choice: &BTreeMap<CrmObject, u32>,
    ) -> AppResult<()> {
        Err(self.not_ready())
    }

    /// Sets the percentage (1 to 100) of the org's allowance at which scheduled sync pauses.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with `threshold_percent`.
    pub async fn set_threshold(&self, _actor: &Actor, _percent: u8) -> AppResult<()> {
        Err(self.not_ready())
    }

    /// Reads every object now instead of when it is due.
    ///
    /// # Errors
    /// `Conflict` if sync is off or the connection is lost.
    pub async fn sync_now(&self, _actor: &Actor) -> AppResult<()> {
        Err(self.not_ready())
    }
}
