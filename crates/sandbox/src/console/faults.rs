//! The page to break the org: one button per thing that goes wrong in real life, in plain words, and one to end it all.

use maud::{Markup, html};

use super::{Shown, Visit, page};
use crate::{
    faults::{ArmedRule, FaultAction, FaultMatcher, FaultRule},
    salesforce::Parameters,
};

const OUTAGE_SECONDS: u64 = 15 * 60;
const LIMIT_SECONDS: u64 = 15 * 60;
const MAX_CHANGES: u32 = 1_000;
const MAX_DELAY_SECONDS: u32 = 3_600;
const MAX_SLOW_SECONDS: u32 = 120;
/// Part of the address of every data call.
const DATA: &str = "/services/data";

/// One thing that can go wrong.
struct Button {
    code: &'static str,
    title: &'static str,
    what: &'static str,
    verb: &'static str,
    /// Name, words, value and largest value of its numbers.
    numbers: &'static [(&'static str, &'static str, u32, u32)],
}

const COUNT: (&str, &str, u32, u32) = ("changes", "changes", 3, MAX_CHANGES);

const BUTTONS: [Button; 8] = [
    Button {
        code: "outage",
        title: "Outage",
        what: "Every request gets a maintenance page for 15 minutes.",
        verb: "Take the org down",
        numbers: &[],
    },
    Button {
        code: "limit",
        title: "Daily limit",
        what: "Data calls are refused for 15 minutes, as when the day's API calls are used up.",
        verb: "Refuse everything",
        numbers: &[],
    },
    Button {
        code: "slow",
        title: "Slow answers",
        what: "Every data call is done at once, but its answer takes its time.",
        verb: "Slow down",
        numbers: &[("seconds", "seconds", 5, MAX_SLOW_SECONDS)],
    },
    Button {
        code: "lost",
        title: "Lost answers",
        what: "The next writes are done, but the connection breaks before the answer: the client cannot know.",
        verb: "Lose answers",
        numbers: &[("changes", "writes", 3, MAX_CHANGES)],
    },
    Button {
        code: "late",
        title: "Late commits",
        what: "The next record changes carry the time of now and become visible later, as from a long transaction.",
        verb: "Commit late",
        numbers: &[COUNT, ("seconds", "seconds", 90, MAX_DELAY_SECONDS)],
    },
    Button {
        code: "lock",
        title: "Locked rows",
        what: "The next record changes fail because somebody else holds the row.",
        verb: "Lock rows",
        numbers: &[COUNT],
    },
    Button {
        code: "expire",
        title: "Sessions end",
        what: "All access tokens end now. Clients get new ones with their refresh tokens.",
        verb: "Expire access tokens",
        numbers: &[],
    },
    Button {
        code: "revoke",
        title: "Access withdrawn",
        what: "All refresh tokens end now, as when an administrator withdraws access. Clients must connect again.",
        verb: "Revoke refresh tokens",
        numbers: &[],
    },
];

pub(super) fn show(visit: &Visit<'_>, problem: Option<&str>) -> Shown {
    let body = html! {
        div class="title" {
            h1 { "Faults" }
            form method="post" action="/faults/end" { button class="plain" { "End all faults" } }
        }
        @if let Some(problem) = problem { p class="notice bad" role="alert" { (problem) } }
        (active(visit))
        section class="cards" aria-label="Start a fault" {
            @for button in &BUTTONS { (card(button)) }
        }
        p class="quiet" {
            "Faults meet API clients; locks and late commits meet people, too. They end with the process, and these pages stay up meanwhile. "
            "To make records be refused, see " a href="/rules" { "Rules" } "."
        }
    };
    Shown::page("Faults", body)
}

fn card(button: &Button) -> Markup {
    html! {
        form class="card" method="post" action={ "/faults/" (button.code) } {
            h2 { (button.title) }
            p { (button.what) }
            div class="buttons" {
                @for (name, words, value, most) in button.numbers {
                    label class="number" {
                        input type="number" name=(name) value=(value) min="1" max=(most);
                        span { (words) }
                    }
                }
                button class="plain" { (button.verb) }
            }
        }
    }
}

/// What goes wrong now.
fn active(visit: &Visit<'_>) -> Markup {
    let faults = &visit.org.desk.faults;
    let now = visit.org.world.now();
    let state = faults.active(now);
    let mut lines = Vec::new();
    let until = |at: jiff::Timestamp, words: &str| format!("{words} until {}.", page::time(at));
    lines.extend(state.outage_until.map(|at| until(at, "The org is down")));
    lines.extend(
        state
            .throttled_until
            .map(|at| until(at, "Data calls are refused")),
    );
    if state.locked_changes > 0 {
        lines.push(format!(
            "The next {} record changes meet a lock.",
            state.locked_changes
        ));
    }
    if state.late_changes > 0 {
        lines.push(format!(
            "The next {} record changes commit late.",
            state.late_changes
        ));
    }
    let armed = |rule: &&ArmedRule| rule.rule.times.is_none_or(|times| rule.fired < times);
    lines.extend(faults.rules().iter().filter(armed).map(rule_words));
    html! {
        @if lines.is_empty() {
            p class="notice good" { "Nothing goes wrong at the moment." }
        } @else {
            div class="notice warn" { strong { "Now" } ul { @for line in lines { li { (line) } } } }
        }
    }
}

fn rule_words(armed: &ArmedRule) -> String {
    let what = match &armed.rule.action {
        FaultAction::Slow { millis } => {
            return format!("Data calls are answered {} seconds late.", millis / 1_000);
        }
        FaultAction::DoThenLose => "is done, but its answer is lost",
        FaultAction::LoseBefore => "is lost",
        FaultAction::Hold { .. } => "is kept back",
        FaultAction::Garbage => "is answered with garbage",
        FaultAction::LoseRows { .. } => "is answered without some of its rows",
        FaultAction::DoThenFail => "is done, but answered with an error",
        _ => "goes wrong",
    };
    let method = armed.rule.matcher.method.as_deref().unwrap_or("any");
    let path = armed.rule.matcher.path.as_deref().unwrap_or_default();
    let times = match armed.rule.times {
        Some(times) => format!("{} more times", times.saturating_sub(armed.fired)),
        None => "until it is ended".to_owned(),
    };
    format!("A call ({method} {path}) {what}, {times}.")
}

pub(super) fn change(visit: &mut Visit<'_>, what: &str) -> Shown {
    let outcome = match what {
        "end" => {
            visit.org.desk.faults.clear();
            Ok(())
        }
        code => match action(code, &visit.form) {
            Some(Start::Strike(action)) => visit.org.strike(&action),
            Some(Start::Rule(rule)) => visit
                .org
                .desk
                .faults
                .add(visit.org.world.now(), rule)
                .map(|_| ()),
            None => return Shown::missing(),
        },
    };
    match outcome {
        Ok(()) => Shown::Go("/faults?done=fault".to_owned()),
        Err(error) => show(visit, Some(&error.to_string())),
    }
}

/// How a fault starts: as a state of the org, or with the requests to come.
enum Start {
    Strike(FaultAction),
    Rule(FaultRule),
}

fn action(code: &str, form: &Parameters) -> Option<Start> {
    let number = |name: &str, default: u32, most: u32| {
        let given = form.get(name).and_then(|text| text.trim().parse().ok());
        given.unwrap_or(default).clamp(1, most)
    };
    let changes = number("changes", 1, MAX_CHANGES);
    let strike = |action| Some(Start::Strike(action));
    match code {
        "outage" => strike(FaultAction::Outage {
            seconds: OUTAGE_SECONDS,
        }),
        "limit" => strike(FaultAction::Throttle {
            seconds: LIMIT_SECONDS,
            concurrent: false,
        }),
        "late" => strike(FaultAction::CommitLate {
            changes,
            seconds: number("seconds", 90, MAX_DELAY_SECONDS).into(),
        }),
        "lock" => strike(FaultAction::LockRows {
            record_id: None,
            times: changes,
        }),
        "expire" => strike(FaultAction::ExpireAccessTokens),
        "revoke" => strike(FaultAction::RevokeRefreshTokens),
        "slow" => {
            let seconds = number("seconds", 5, MAX_SLOW_SECONDS);
            let millis = u64::from(seconds) * 1_000;
            Some(Start::Rule(rule(None, None, FaultAction::Slow { millis })))
        }
        "lost" => Some(Start::Rule(rule(
            Some("POST,PATCH,DELETE"),
            Some(changes),
            FaultAction::DoThenLose,
        ))),
        _ => None,
    }
}

fn rule(method: Option<&str>, times: Option<u32>, action: FaultAction) -> FaultRule {
    FaultRule {
        matcher: FaultMatcher {
            method: method.map(str::to_owned),
            path: Some(DATA.to_owned()),
            ..FaultMatcher::default()
        },
        times,
        action,
    }
}
