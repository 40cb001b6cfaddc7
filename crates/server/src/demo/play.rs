//! The endless demo: people at work on both sides, at their own pace.

use super::acts::{self, Listed, edit_here, edit_there};
use super::stage::Stage;
use crate::cli::Failure;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use std::time::Duration;

/// Edits in a row that may fail. One may: a record can change between a look and an edit.
const FAILURES_MAX: u32 = 10;

/// Plays until nothing works any more.
pub(super) async fn forever(stage: &Stage) -> Failure {
    let mut failures = 0;
    loop {
        let pause = rand::random_range(2_000..7_000);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        match one_edit(stage).await {
            Ok(()) => failures = 0,
            Err(failure) if failures >= FAILURES_MAX => return failure,
            Err(failure) => {
                failures += 1;
                tracing::warn!(%failure, "an edit of the demo did not work");
            }
        }
    }
}

async fn one_edit(stage: &Stage) -> Result<(), Failure> {
    let leads = acts::list(stage.browser(), "person", "Lead", "linked").await?;
    let Some(lead) = leads.choose(&mut rand::rng()) else {
        return Ok(());
    };
    let n: u32 = rand::random_range(0..100);
    match n {
        0..35 => edit_there(stage, lead, json!({"Title": title()})),
        35..70 => edit_here(stage.browser(), lead, json!({"phone": phone()})).await,
        70..85 => conflict(stage, lead).await,
        85..92 => {
            let too_long = title().to_owned() + &" of everything".repeat(12);
            edit_here(stage.browser(), lead, json!({"title": too_long})).await
        }
        92..96 => stage
            .org()
            .steer("POST", "/control/tokens/expire", &Value::Null)
            .map(drop)
            .map_err(Failure::from),
        _ => acts::tidy_up(stage.browser()).await.map(drop),
    }
}

async fn conflict(stage: &Stage, lead: &Listed) -> Result<(), Failure> {
    edit_there(
        stage,
        lead,
        json!({"Title": title(), "Description": "Met at the fair"}),
    )?;
    let here = json!({"title": title(), "description": "Called, wants an offer"});
    edit_here(stage.browser(), lead, here).await
}

fn title() -> &'static str {
    let titles = [
        "Head of Logistics",
        "Procurement Manager",
        "Chief Operating Officer",
        "Plant Manager",
        "Sales Director",
        "IT Lead",
    ];
    titles
        .choose(&mut rand::rng())
        .copied()
        .unwrap_or("Manager")
}

fn phone() -> String {
    format!("+49 30 {:07}", rand::random_range(0..10_000_000))
}
