//! Status badges: a colour, an icon and a word, so that none of them carries the meaning alone.

use super::icon::{Icon, icon};
use maud::{Markup, html};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::sync_log::{LogSource, LogStatus};
use tandem_store::views::LinkStatus;

/// What a colour says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// All is well.
    Good,
    /// A person should look.
    Warn,
    /// Something failed.
    Bad,
    /// Something is under way, or plainly a fact.
    Info,
    /// Nothing to see.
    Quiet,
}

impl Tone {
    /// The class that carries the colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Quiet => "quiet",
        }
    }

    /// The icon that says the same.
    pub fn icon(self) -> Icon {
        match self {
            Self::Good => Icon::Check,
            Self::Warn => Icon::Alert,
            Self::Bad => Icon::Cross,
            Self::Info => Icon::Clock,
            Self::Quiet => Icon::Pause,
        }
    }
}

/// A badge with the tone's own icon.
pub fn badge(tone: Tone, text: &str) -> Markup {
    badge_with(tone, tone.icon(), text)
}

/// A badge with a chosen icon.
pub fn badge_with(tone: Tone, mark: Icon, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (icon(mark)) (text) } }
}

/// How a log entry ended.
pub fn status(status: LogStatus) -> Markup {
    let (tone, mark) = match status {
        LogStatus::Success => (Tone::Good, Icon::Check),
        LogStatus::Failed => (Tone::Bad, Icon::Cross),
        LogStatus::Waiting => (Tone::Warn, Icon::Pause),
    };
    badge_with(tone, mark, status.label())
}

/// Where a change came from, with an arrow the way it went.
pub fn source(source: LogSource) -> Markup {
    let mark = match source {
        LogSource::Crm => Icon::Inbound,
        LogSource::Workspace => Icon::Outbound,
        LogSource::Tandem => Icon::Sync,
    };
    html! { span class="with-icon" { (icon(mark)) (source.label()) } }
}

/// How the link of a record stands.
pub fn link(status: LinkStatus) -> Markup {
    let (tone, mark) = match status {
        LinkStatus::Linked => (Tone::Good, Icon::Link),
        LinkStatus::Pending => (Tone::Info, Icon::Clock),
        LinkStatus::Held => (Tone::Warn, Icon::Pause),
        LinkStatus::Refused => (Tone::Bad, Icon::Cross),
        LinkStatus::Unlinked | LinkStatus::NotLinked => (Tone::Quiet, Icon::Unlink),
    };
    badge_with(tone, mark, status.label())
}

/// A direction as administrators say it.
pub fn direction_text(direction: Direction) -> &'static str {
    match direction {
        Direction::CrmToWorkspace => "CRM → workspace",
        Direction::WorkspaceToCrm => "Workspace → CRM",
        Direction::Both => "Both ways",
    }
}

/// A winner as administrators say it.
pub fn winner_text(winner: Winner) -> &'static str {
    match winner {
        Winner::Crm => "CRM wins",
        Winner::Workspace => "Workspace wins",
        Winner::MostRecent => "Most recent wins",
        Winner::Hold => "Hold for a person",
    }
}
