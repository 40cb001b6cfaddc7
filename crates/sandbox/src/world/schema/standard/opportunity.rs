//! Opportunity and OpportunityHistory. What a stage implies is in `derived`.

use super::{LEAD_SOURCES, activity, audit, fill, identity, owner};
use crate::world::schema::field::{
    boolean, date, datetime, decimal, int, long_text, picklist, reference, text, zero,
};
use crate::world::schema::{FieldDef, FieldType, ObjectDef};

pub(super) const STAGES: [&str; 10] = [
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];
const TYPES: [&str; 4] = [
    "Existing Customer - Upgrade",
    "Existing Customer - Replacement",
    "Existing Customer - Downgrade",
    "New Customer",
];
const FORECAST_CATEGORIES: [&str; 6] = [
    "Omitted",
    "Pipeline",
    "BestCase",
    "MostLikely",
    "Forecast",
    "Closed",
];
const FORECAST_CATEGORY_NAMES: [&str; 5] = ["Omitted", "Pipeline", "Best Case", "Commit", "Closed"];

pub(super) fn object() -> ObjectDef {
    fill(
        ObjectDef::new("Opportunity", "Opportunity", "Opportunities", *b"006"),
        [
            identity("Opportunity").into(),
            vec![
                reference("AccountId", "Account ID", &["Account"], "Account")
                    .children("Opportunities")
                    .cascading(),
                boolean("IsPrivate", "Private"),
                text("Name", "Name", 120)
                    .required()
                    .record_name()
                    .id_lookup(),
                long_text("Description", "Description"),
            ],
            deal(),
            forecast(),
            vec![
                reference("CampaignId", "Campaign ID", &["Campaign"], "Campaign"),
                boolean("HasOpportunityLineItem", "Has Line Item").read_only(),
                reference(
                    "Pricebook2Id",
                    "Price Book ID",
                    &["Pricebook2"],
                    "Pricebook2",
                )
                .defaulted_nillable()
                .not_permissionable(),
                owner(&["User"]),
            ],
            audit().into(),
            computed(),
        ],
    )
}

fn deal() -> Vec<FieldDef> {
    vec![
        picklist("StageName", "Stage", 255, &STAGES).required(),
        decimal("Amount", "Amount", FieldType::Currency, 18, 2),
        decimal("Probability", "Probability (%)", FieldType::Percent, 3, 0).defaulted_nillable(),
        decimal(
            "ExpectedRevenue",
            "Expected Amount",
            FieldType::Currency,
            18,
            2,
        )
        .read_only(),
        decimal(
            "TotalOpportunityQuantity",
            "Quantity",
            FieldType::Double,
            18,
            2,
        ),
        date("CloseDate", "Close Date").required(),
        picklist("Type", "Opportunity Type", 255, &TYPES),
        text("NextStep", "Next Step", 255),
        picklist("LeadSource", "Lead Source", 255, &LEAD_SOURCES),
    ]
}

fn forecast() -> Vec<FieldDef> {
    let category = picklist(
        "ForecastCategory",
        "Forecast Category",
        40,
        &FORECAST_CATEGORIES,
    )
    .restricted();
    let name = picklist(
        "ForecastCategoryName",
        "Forecast Category",
        255,
        &FORECAST_CATEGORY_NAMES,
    )
    .restricted();
    vec![
        boolean("IsClosed", "Closed").read_only(),
        boolean("IsWon", "Won").read_only(),
        category.required().read_only(),
        name.defaulted_nillable().not_permissionable(),
    ]
}

fn computed() -> Vec<FieldDef> {
    let history =
        |name, label, path| reference(name, label, &["OpportunityHistory"], path).read_only();
    let [activity, viewed, referenced] = activity();
    vec![
        activity,
        datetime("LastStageChangeDate", "Last Stage Change Date").read_only(),
        int("FiscalQuarter", "Fiscal Quarter")
            .read_only()
            .part_of("Fiscal"),
        int("FiscalYear", "Fiscal Year")
            .read_only()
            .part_of("Fiscal"),
        text("Fiscal", "Fiscal Period", 6).read_only(),
        reference("ContactId", "Contact ID", &["Contact"], "")
            .children("Opportunities")
            .create_only()
            .not_permissionable(),
        viewed,
        referenced,
        boolean("HasOpenActivity", "Has Open Activity").read_only(),
        boolean("HasOverdueTask", "Has Overdue Task").read_only(),
        history(
            "LastAmountChangedHistoryId",
            "Opportunity History ID",
            "LastAmountChangedHistory",
        ),
        history(
            "LastCloseDateChangedHistoryId",
            "Opportunity History ID",
            "LastCloseDateChangedHistory",
        ),
    ]
}

/// One row per change of amount, probability, stage or close date; read only.
pub(super) fn history() -> ObjectDef {
    let mut object = ObjectDef::new(
        "OpportunityHistory",
        "Opportunity History",
        "Opportunity History",
        *b"008",
    );
    (
        object.createable,
        object.updateable,
        object.deletable,
        object.undeletable,
    ) = (false, false, false, false);
    let opportunity = reference(
        "OpportunityId",
        "Opportunity ID",
        &["Opportunity"],
        "Opportunity",
    );
    let money = |name, label| decimal(name, label, FieldType::Currency, 18, 2).read_only();
    fill(
        object,
        [
            identity("Opportunity History").into(),
            vec![
                opportunity
                    .children("OpportunityHistories")
                    .cascading()
                    .required()
                    .read_only(),
                picklist("StageName", "Stage", 255, &STAGES)
                    .required()
                    .read_only(),
                money("Amount", "Amount"),
                money("ExpectedRevenue", "Expected Amount"),
                date("CloseDate", "Close Date").read_only(),
                decimal("Probability", "Probability (%)", FieldType::Percent, 3, 0)
                    .defaulted(zero())
                    .read_only(),
                picklist(
                    "ForecastCategory",
                    "Forecast Category",
                    40,
                    &FORECAST_CATEGORIES,
                )
                .restricted()
                .read_only(),
            ],
            audit().into(),
        ],
    )
}
