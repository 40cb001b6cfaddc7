//! Guards taken away, one at a time: the proof that each is needed, and that the checks can see.
//!
//! A guard that is part of a decision is a switch of core ([`Guards`]), because nothing outside of the decision
//! could take it away. Every other guard is taken away here, where it shows: at the two contracts between the engine
//! and the rest, the store ([`store`]) and the connector ([`connector`]). There a mutant gives a late commit the fence
//! of today, forgets what an answer showed, lets every lease end at once. So production code has no switches for
//! this, the engine under test is the engine that ships, and a guard may move inside without its mutant noticing.
//!
//! [`mutations`] is the list: what is taken away, and where it is told what it is for.

pub(crate) mod connector;
pub(crate) mod store;

use tandem_core::settings::Guards;

/// A guard at one of the contracts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// A decision is carried out only on the version of the link that it was made for.
    LinkVersion,
    /// A settle counts only for the claim that it belongs to.
    IntentEpoch,
    /// A page moves the progress only from where it was asked.
    PullPosition,
    /// Progress and the rows that it stands for are one transaction.
    RowsWithProgress,
    /// A link that somebody decides about is not given to others.
    LinkLease,
    /// An intent that somebody sends is not in doubt yet.
    SendLease,
    /// A doubt that somebody looks into is not given to others.
    DoubtLease,
    /// An intent is marked as being sent before it is.
    SendingMark,
    /// A link with a write under way is not decided again.
    OneWritePerLink,
    /// A record that came from the CRM waits while a create of its object is under way.
    HalfLinksWait,
    /// Two writes that lock one parent are never under way together.
    ParentLock,
    /// What was sent and not found is remembered until it can't turn up any more.
    Doubted,
    /// Of two looks that overlap nobody knows which was later.
    AnsweredAt,
    /// An older version of a record never replaces a newer one.
    OlderEvidence,
    /// A value that was refused is not sent again.
    Parked,
    /// A field that says so is never erased by a blank.
    BlankNeverErases,
    /// A call is reserved before it is made.
    Reservation,
    /// A small update goes only if nobody changed the record since.
    Conditional,
    /// A write shows what it met.
    Capture,
    /// A create carries a key that makes a repeat harmless.
    CreateKey,
    /// A create whose answer was lost is looked for.
    Probe,
    /// A create that is not there yet may still come.
    CreateHorizon,
    /// A field that can't be seen is not a blank.
    UnseenIsNoBlank,
    /// What the deletion feed names is looked for by id before it counts as gone.
    SecondLook,
}

/// What a run does without.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Without {
    /// Guards within decisions.
    pub guards: Guards,
    /// A guard at one of the contracts.
    pub guard: Option<Guard>,
}

impl From<Guards> for Without {
    fn from(guards: Guards) -> Self {
        Self {
            guards,
            guard: None,
        }
    }
}

impl From<Guard> for Without {
    fn from(guard: Guard) -> Self {
        Self {
            guards: Guards::ALL,
            guard: Some(guard),
        }
    }
}

impl Without {
    pub(crate) fn is(self, guard: Guard) -> bool {
        self.guard == Some(guard)
    }
}

/// A row of the mutation table.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// The guard, in a few words.
    pub name: &'static str,
    /// Where it is told why it is there.
    pub told: &'static str,
    /// What the runs do without.
    pub without: Without,
}

const ALL: Guards = Guards::ALL;

/// Guards that are part of a decision.
const WITHIN: [(&str, &str, Guards); 9] = [
    (
        "echo known by value",
        "invariant 5",
        Guards { echo: false, ..ALL },
    ),
    (
        "lost answer is looked into",
        "invariant 6",
        Guards {
            intent: false,
            ..ALL
        },
    ),
    (
        "reads overlap",
        "late rows",
        Guards {
            overlap: false,
            ..ALL
        },
    ),
    (
        "settled write is the base",
        "invariant 4",
        Guards { base: false, ..ALL },
    ),
    (
        "too much is held",
        "ADR 9",
        Guards {
            brake: false,
            ..ALL
        },
    ),
    (
        "a loop is set aside",
        "core, bounce",
        Guards {
            bounce: false,
            ..ALL
        },
    ),
    (
        "gone without a trace",
        "ADR 14",
        Guards {
            watch: false,
            ..ALL
        },
    ),
    (
        "sent while claimed",
        "ADR 3",
        Guards {
            in_time: false,
            ..ALL
        },
    ),
    (
        "all leases",
        "ADR 3",
        Guards {
            lease: false,
            ..ALL
        },
    ),
];

/// Guards at the contracts.
const AT_CONTRACTS: [(&str, &str, Guard); 24] = [
    ("link version", "invariant 11", Guard::LinkVersion),
    ("intent epoch", "invariant 11", Guard::IntentEpoch),
    (
        "pull position and round",
        "invariant 11",
        Guard::PullPosition,
    ),
    (
        "rows with their progress",
        "invariant 2",
        Guard::RowsWithProgress,
    ),
    ("lease of links", "ADR 3", Guard::LinkLease),
    ("lease of sends", "ADR 3", Guard::SendLease),
    ("lease of doubts", "ADR 3", Guard::DoubtLease),
    ("sending is marked first", "invariant 1", Guard::SendingMark),
    ("one write per link", "invariant 8", Guard::OneWritePerLink),
    ("half links wait", "ADR 5", Guard::HalfLinksWait),
    ("parent lock", "invariant 8", Guard::ParentLock),
    ("lost write remembered", "ADR 2", Guard::Doubted),
    ("overlapping looks", "store rules, news", Guard::AnsweredAt),
    ("older evidence", "store rules, news", Guard::OlderEvidence),
    ("refused value stays parked", "core, field", Guard::Parked),
    ("blank never erases", "core, field", Guard::BlankNeverErases),
    ("reserved before spent", "invariant 9", Guard::Reservation),
    ("conditional writes", "ADR 2", Guard::Conditional),
    ("capture and put-back", "ADR 2", Guard::Capture),
    ("key of creates", "invariant 6", Guard::CreateKey),
    ("creates are looked for", "invariant 6", Guard::Probe),
    ("create horizon", "invariant 6", Guard::CreateHorizon),
    ("unseen is no blank", "core, field", Guard::UnseenIsNoBlank),
    ("second look", "ADR 14", Guard::SecondLook),
];

/// Every guard of the design.
pub fn mutations() -> Vec<Mutation> {
    let row = |name, told, without| Mutation {
        name,
        told,
        without,
    };
    let within = WITHIN.map(|(name, told, guards)| row(name, told, guards.into()));
    let at_contracts = AT_CONTRACTS.map(|(name, told, guard)| row(name, told, guard.into()));
    within.into_iter().chain(at_contracts).collect()
}
