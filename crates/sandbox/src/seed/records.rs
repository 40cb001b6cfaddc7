//! One invented record of each object, as the body of a create.

use std::collections::HashSet;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{dice::Dice, words};
use crate::world::{Fields, SfId};

/// A company invented for an account, which its contacts and deals refer to.
#[derive(Clone, Debug)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) domain: String,
}

/// The company with this number; different numbers give different names.
pub(super) fn company(number: usize, dice: &mut Dice) -> Company {
    let (starts, trades) = (&words::COMPANY_STARTS, &words::COMPANY_TRADES);
    let names = starts.len() * trades.len();
    // A stride without a common divisor visits every pair once before any comes again.
    let pair = (number % names) * 1_013 % names;
    let (start, trade) = (starts[pair % starts.len()], trades[pair / starts.len()]);
    let round = number / names;
    let form = dice.pick(&words::COMPANY_FORMS);
    let (start_low, trade_low) = (start.to_lowercase(), trade.to_lowercase());
    if round == 0 {
        return Company {
            name: format!("{start} {trade} {form}"),
            domain: format!("{start_low}-{trade_low}.example"),
        };
    }
    let branch = round + 1;
    Company {
        name: format!("{start} {trade} {branch} {form}"),
        domain: format!("{start_low}-{trade_low}{branch}.example"),
    }
}

/// A person with an address of their own at a company.
pub(super) struct Individual {
    first: &'static str,
    last: &'static str,
    email: String,
}

pub(super) fn individual(dice: &mut Dice, domain: &str, taken: &mut HashSet<String>) -> Individual {
    let (first, last) = (
        *dice.pick(&words::FIRST_NAMES),
        *dice.pick(&words::LAST_NAMES),
    );
    let local = format!("{}.{}", plain(first), plain(last));
    let mut email = format!("{local}@{domain}");
    let mut again = 1;
    while !taken.insert(email.clone()) {
        again += 1;
        email = format!("{local}{again}@{domain}");
    }
    Individual { first, last, email }
}

/// Letters of an e-mail address: lower case ASCII only.
fn plain(name: &str) -> String {
    name.chars().filter_map(ascii).collect()
}

fn ascii(c: char) -> Option<char> {
    let base = match c.to_lowercase().next()? {
        'á' | 'ä' | 'å' | 'ã' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' => 'i',
        'ñ' | 'ń' => 'n',
        'ó' | 'ö' | 'ō' => 'o',
        'ü' => 'u',
        'ł' => 'l',
        other => other,
    };
    base.is_ascii_alphabetic().then_some(base)
}

pub(super) fn account(dice: &mut Dice, company: &Company, owner: SfId) -> Fields {
    let place = dice.pick(&words::PLACES);
    fields(json!({
        "Name": company.name,
        "Website": format!("https://www.{}", company.domain),
        "Phone": phone(dice, place),
        "Industry": dice.pick(&words::INDUSTRIES),
        "Type": dice.pick(&words::ACCOUNT_TYPES),
        "NumberOfEmployees": dice.number(3, 4_000),
        "AnnualRevenue": dice.number(2, 900) * 100_000,
        "BillingStreet": street(dice),
        "BillingCity": place.city,
        "BillingState": place.state,
        "BillingPostalCode": place.postal_code,
        "BillingCountry": place.country,
        "OwnerId": owner,
    }))
}

pub(super) fn contact(
    dice: &mut Dice,
    who: &Individual,
    account: Option<SfId>,
    owner: SfId,
) -> Fields {
    let place = dice.pick(&words::PLACES);
    fields(json!({
        "FirstName": who.first,
        "LastName": who.last,
        "Email": who.email,
        "AccountId": account,
        "Title": dice.pick(&words::TITLES),
        "Department": dice.pick(&words::DEPARTMENTS),
        "Phone": phone(dice, place),
        "MobilePhone": dice.chance(40).then(|| phone(dice, place)),
        "LeadSource": dice.pick(&words::LEAD_SOURCES),
        "MailingStreet": street(dice),
        "MailingCity": place.city,
        "MailingState": place.state,
        "MailingPostalCode": place.postal_code,
        "MailingCountry": place.country,
        "OwnerId": owner,
    }))
}

pub(super) fn lead(dice: &mut Dice, who: &Individual, company: &Company, owner: SfId) -> Fields {
    let place = dice.pick(&words::PLACES);
    fields(json!({
        "FirstName": who.first,
        "LastName": who.last,
        "Email": who.email,
        "Company": company.name,
        "Title": dice.pick(&words::TITLES),
        "Phone": phone(dice, place),
        "Website": format!("https://www.{}", company.domain),
        "Industry": dice.pick(&words::INDUSTRIES),
        "LeadSource": dice.pick(&words::LEAD_SOURCES),
        "Status": dice.pick(&words::LEAD_STATUSES),
        "Rating": dice.chance(70).then(|| *dice.pick(&words::RATINGS)),
        "NumberOfEmployees": dice.number(3, 4_000),
        "Street": street(dice),
        "City": place.city,
        "State": place.state,
        "PostalCode": place.postal_code,
        "Country": place.country,
        "OwnerId": owner,
    }))
}

/// A deal: three in ten are closed, in the past; the others are expected within half a year.
pub(super) fn opportunity(
    dice: &mut Dice,
    account: Option<(SfId, &str)>,
    owner: SfId,
    now: Timestamp,
) -> Fields {
    let product = dice.pick(&words::PRODUCTS);
    let closed = dice.chance(30);
    let stage = if closed {
        *dice.pick(&words::CLOSED_STAGES)
    } else {
        *dice.pick(&words::OPEN_STAGES)
    };
    let days = i32::try_from(dice.number(1, 180)).unwrap_or(1);
    let close_date = day(now, if closed { -days } else { days });
    fields(json!({
        "Name": account.map_or_else(|| format!("New {product}"), |(_, name)| format!("{name} - {product}")),
        "AccountId": account.map(|(id, _)| id),
        "StageName": stage,
        "CloseDate": close_date.to_string(),
        "Amount": dice.chance(90).then(|| dice.number(5, 2_400) * 100),
        "Type": dice.pick(&words::OPPORTUNITY_TYPES),
        "NextStep": (!closed).then(|| *dice.pick(&words::NEXT_STEPS)),
        "LeadSource": dice.pick(&words::LEAD_SOURCES),
        "OwnerId": owner,
    }))
}

fn day(now: Timestamp, offset: i32) -> Date {
    let today = TimeZone::UTC.to_datetime(now).date();
    today.checked_add(offset.days()).unwrap_or(today)
}

fn street(dice: &mut Dice) -> String {
    format!("{} {}", dice.number(1, 240), dice.pick(&words::STREETS))
}

fn phone(dice: &mut Dice, place: &words::Place) -> String {
    format!("{} 555 0{:03}", place.dialling_code, dice.number(0, 999))
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(map) => map,
        _ => Fields::new(),
    }
}
