//! Search: SOSL and its simple form with parameters.
//!
//! A search is a query per object whose rows are then compared with the term word by word ([`term`]). It looks at texts,
//! e-mail addresses, phone numbers and web addresses; long text areas, which no query can filter by, are not looked at.
//! Every change can be found at once, where a real org's index lags behind. Results have no rank: they come in the order
//! asked for, or by id.

mod sosl;
mod term;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use self::sosl::{Returning, Scope, Search};
use super::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
};
use crate::{
    soql::QueryScope,
    world::{FieldDef, FieldType, ObjectDef},
};

/// Most records of one search (documented).
const MAX_RESULTS: usize = 2_000;
/// First version whose answer is a map, not a bare list (general knowledge).
const MAP_SINCE: u32 = 37;

/// `GET /search?q=`.
pub(super) fn sosl(site: &Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let search = sosl::parse(call.parameters.get("q").unwrap_or_default())?;
    answer(site, call, &search)
}

/// Body of a search by POST; the parameters of one by GET have the same names.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    q: String,
    r#in: Option<String>,
    fields: Vec<String>,
    sobjects: Vec<WantedObject>,
    overall_limit: Option<usize>,
    default_limit: Option<usize>,
}

/// One object of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WantedObject {
    name: String,
    fields: Vec<String>,
    r#where: Option<String>,
    limit: Option<usize>,
}

/// `GET` and `POST /parameterizedSearch`.
pub(super) fn parameterized(site: &Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let wanted = if call.method == Method::POST {
        call.json()?
    } else {
        from_parameters(call)?
    };
    let scope = wanted.r#in.as_deref().unwrap_or("ALL");
    let scope = Scope::named(scope).ok_or_else(|| {
        ApiError::bad_request("INVALID_SEARCH_SCOPE", format!("unknown scope: {scope}"))
    })?;
    let fields = |own: &[String]| {
        if own.is_empty() {
            wanted.fields.join(",")
        } else {
            own.join(",")
        }
    };
    let returning = wanted.sobjects.iter().map(|object| Returning {
        object: object.name.clone(),
        fields: fields(&object.fields),
        condition: object.r#where.clone().unwrap_or_default(),
        limit: object.limit.or(wanted.default_limit),
        ..Returning::default()
    });
    let search = Search {
        term: sosl::term(&wanted.q)?,
        scope,
        returning: returning.collect(),
        limit: wanted.overall_limit,
    };
    answer(site, call, &search)
}

fn from_parameters(call: &Call) -> Result<Wanted, ApiError> {
    let list = |text: &str| -> Vec<String> {
        text.split(',').map(|part| part.trim().to_owned()).collect()
    };
    let number = |name: &str| {
        let text = call.parameters.get(name);
        text.map(|text| {
            text.parse()
                .map_err(|_| sosl::malformed(format!("{name} is not a number")))
        })
        .transpose()
    };
    let mut wanted = Wanted {
        q: call.required("q")?.to_owned(),
        r#in: call.parameters.get("in").map(str::to_owned),
        fields: call.parameters.get("fields").map(list).unwrap_or_default(),
        sobjects: Vec::new(),
        overall_limit: number("overallLimit")?,
        default_limit: number("defaultLimit")?,
    };
    let named = call
        .parameters
        .pairs()
        .iter()
        .filter(|(name, _)| name == "sobject");
    for (_, name) in named {
        let own = |what: &str| call.parameters.get(&format!("{name}.{what}"));
        wanted.sobjects.push(WantedObject {
            name: name.clone(),
            fields: own("fields").map(list).unwrap_or_default(),
            r#where: own("where").map(str::to_owned),
            limit: number(&format!("{name}.limit"))?,
        });
    }
    Ok(wanted)
}

fn answer(site: &Site<'_>, call: &Call, search: &Search) -> Result<Answer, ApiError> {
    let mut left = search.limit.unwrap_or(MAX_RESULTS).min(MAX_RESULTS);
    let everywhere = search.returning.is_empty();
    let returning = if everywhere {
        everything(site, call)
    } else {
        search.returning.clone()
    };
    let mut found: Vec<Value> = Vec::new();
    for object in returning {
        let records = find(site, call, search, &object, left)?;
        left -= records.len().min(left);
        found.extend(records);
    }
    Ok(if call.version < MAP_SINCE {
        answer::ok(&found)
    } else {
        answer::ok(&json!({ "searchRecords": found }))
    })
}

/// Every object that can be searched.
fn everything(site: &Site<'_>, call: &Call) -> Vec<Returning> {
    let objects = site.world.schema().objects();
    let seen =
        |def: &&ObjectDef| def.searchable && site.world.object_rights(&call.actor, &def.name).read;
    let named = |def: &ObjectDef| Returning {
        object: def.name.clone(),
        ..Returning::default()
    };
    objects.filter(|def| seen(&&**def)).map(named).collect()
}

/// The records of one object that fit, at most `most`.
fn find(
    site: &Site<'_>,
    call: &Call,
    search: &Search,
    wanted: &Returning,
    most: usize,
) -> Result<Vec<Value>, ApiError> {
    let fields = searched(site, call, search.scope, &wanted.object)?;
    let ids = fitting(site, call, search, wanted, &fields, most)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let select = if wanted.fields.is_empty() {
        "Id"
    } else {
        &wanted.fields
    };
    let ids = format!("'{}'", ids.join("','"));
    let soql = format!(
        "SELECT {select} FROM {} WHERE Id IN ({ids}){}",
        wanted.object,
        order(wanted)
    );
    rows(site, call, &soql, &call.base())
}

fn order(wanted: &Returning) -> String {
    match wanted.order.as_str() {
        "" => " ORDER BY Id".to_owned(),
        order => format!(" ORDER BY {order}"),
    }
}

/// Ids of the records whose fields fit the term, in order.
fn fitting(
    site: &Site<'_>,
    call: &Call,
    search: &Search,
    wanted: &Returning,
    fields: &[&str],
    most: usize,
) -> Result<Vec<String>, ApiError> {
    if fields.is_empty() {
        return Ok(Vec::new());
    }
    let own = Some(&wanted.condition).filter(|text| !text.is_empty());
    let own = own.map(|text| format!("({text})"));
    let conditions: Vec<String> = own
        .into_iter()
        .chain(search.term.condition(fields))
        .collect();
    let filter = match conditions.as_slice() {
        [] => String::new(),
        all => format!(" WHERE {}", all.join(" AND ")),
    };
    let select = fields.join(",");
    let object = &wanted.object;
    let soql = format!("SELECT Id,{select} FROM {object}{filter}{}", order(wanted));
    let fits = |row: &Value| {
        let texts = fields.iter().filter_map(|field| row[*field].as_str());
        search
            .term
            .fits(&texts.map(term::words).collect::<Vec<_>>())
    };
    let rows = rows(site, call, &soql, "")?.into_iter().filter(fits);
    let ids = rows.filter_map(|row| row["Id"].as_str().map(str::to_owned));
    let most = wanted.limit.map_or(most, |limit| limit.min(most));
    Ok(ids.skip(wanted.offset).take(most).collect())
}

fn rows(site: &Site<'_>, call: &Call, soql: &str, base: &str) -> Result<Vec<Value>, ApiError> {
    let found = site.world.query(&call.actor, soql, QueryScope::Live)?;
    let rows = 0..found.row_count();
    Ok(site.world.render_rows(&found, rows, base))
}

/// The fields of an object a search looks at.
fn searched<'s>(
    site: &'s Site<'_>,
    call: &Call,
    scope: Scope,
    object: &str,
) -> Result<Vec<&'s str>, ApiError> {
    let def = site.world.schema().object(object);
    let seen = site.world.object_rights(&call.actor, object).read;
    let def = def.filter(|def| seen && def.searchable).ok_or_else(|| {
        let message = format!("sObject type '{object}' is not supported.");
        ApiError::bad_request("INVALID_TYPE", message)
    })?;
    let wanted = |field: &&FieldDef| {
        let typed = match scope {
            Scope::All => matches!(
                field.field_type,
                FieldType::Text
                    | FieldType::TextArea
                    | FieldType::Email
                    | FieldType::Phone
                    | FieldType::Url
            ),
            Scope::Name => field.name_field || field.compound_field_name.as_deref() == Some("Name"),
            Scope::Email => field.field_type == FieldType::Email,
            Scope::Phone => field.field_type == FieldType::Phone,
        };
        let readable = || {
            site.world
                .field_rights(&call.actor, object, &field.name)
                .read
        };
        typed && field.filterable() && readable()
    };
    let fields = def.fields.iter().filter(wanted);
    Ok(fields.map(|field| field.name.as_str()).collect())
}
