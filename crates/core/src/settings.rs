//! What an administrator sets for a team's sync, and the switches of the simulation.

use crate::brake::BrakeSettings;
use crate::ids::CrmObject;
use crate::mapping::PairRules;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often an object is read, in seconds. The choices that the page offers.
pub const FREQUENCY_CHOICES_SECONDS: [u32; 3] = [60, 300, 600];

/// Settings of Sync Management.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SyncSettings {
    /// The toggle.
    pub enabled: bool,
    /// Seconds between reads, by object; an object that is not named has the default of 600.
    pub frequency_seconds: BTreeMap<CrmObject, u32>,
    /// Percent of the org's daily allowance at which scheduled sync pauses.
    pub api_threshold_percent: u8,
    /// Percent of our part that only edits of people may use.
    pub live_reserve_percent: u8,
    /// Before a write the object must have been read within this many seconds: an edit in the CRM
    /// that we could have seen is never overwritten. A read that is due anyway costs nothing.
    pub write_freshness_seconds: u32,
    /// When too much at once waits for a person.
    #[serde(default)]
    pub brake: BrakeSettings,
    /// Whether merges in the CRM are followed in the workspace. Off: the one that lost is unlinked.
    #[serde(default)]
    pub recognize_merges: bool,
    /// Whether deletions in the CRM are followed in the workspace. Off: the record is unlinked.
    #[serde(default)]
    pub recognize_deletions: bool,
    /// How a recognized deletion is followed.
    #[serde(default)]
    pub on_deletion: OnDeletion,
}

/// What happens to a workspace record whose CRM record was deleted, where deletions are recognized.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDeletion {
    /// It is unlinked and put into the archive.
    #[default]
    Archive,
    /// It is unlinked and stays where it is.
    Unlink,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            frequency_seconds: BTreeMap::new(),
            api_threshold_percent: 80,
            live_reserve_percent: 10,
            write_freshness_seconds: 30,
            brake: BrakeSettings::default(),
            recognize_merges: false,
            recognize_deletions: false,
            on_deletion: OnDeletion::Archive,
        }
    }
}

impl SyncSettings {
    /// Seconds between two reads of an object.
    pub fn frequency(&self, object: &CrmObject) -> u32 {
        self.frequency_seconds.get(object).copied().unwrap_or(600)
    }
}

/// Everything that the engine's steps look at, loaded at the start of a step.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TeamRules {
    /// The settings.
    pub settings: SyncSettings,
    /// The published mappings, compiled, parents before children.
    pub pairs: Vec<PairRules>,
    /// Prefix of our external-id keys: random, made once per team, so that two installations that
    /// share an org never meet.
    pub key_prefix: String,
}

impl TeamRules {
    /// The rules of a CRM object.
    pub fn pair(&self, object: &CrmObject) -> Option<&PairRules> {
        self.pairs.iter().find(|pair| pair.object == *object)
    }
}

/// Whether the main connector can be used.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ConnectionState {
    /// Nobody connected yet.
    #[default]
    None,
    /// Working.
    Connected,
    /// Cut off: revoked, refused or moved to another org. Everything waits in the queue.
    Lost {
        /// The class of the failure, by its code.
        code: String,
        /// The CRM's words.
        message: String,
        /// Since when.
        since: Timestamp,
    },
}

/// The guards of the engine, each of which the simulation turns off to show that it is needed.
/// Production code always runs with [`Guards::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guards {
    /// Our own write coming back is recognised by its value.
    pub echo: bool,
    /// A lost answer is resolved by reading before anything is sent again.
    pub intent: bool,
    /// Each read goes back over the time in which late rows may still appear.
    pub overlap: bool,
    /// A settled write becomes the new base.
    pub base: bool,
    /// Work that somebody else has claimed is left alone.
    pub lease: bool,
    /// A batch is sent only while it is sure that its claim holds.
    pub in_time: bool,
    /// What touches far more than normal waits for a person.
    pub brake: bool,
    /// A field that goes to and fro is set aside.
    pub bounce: bool,
    /// Records that are gone without a trace are looked for.
    pub watch: bool,
}

impl Guards {
    /// Every guard on.
    pub const ALL: Self = Self {
        echo: true,
        intent: true,
        overlap: true,
        base: true,
        lease: true,
        in_time: true,
        brake: true,
        bounce: true,
        watch: true,
    };
}
