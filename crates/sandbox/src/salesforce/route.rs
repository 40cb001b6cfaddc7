//! From a path to the resource that answers it. Names of objects and fields are matched without regard to case by the
//! world; the fixed words of a path are matched exactly.

use http::Method;

use super::{
    Site, answer::Answer, batch, bulk, collections, composite, describe, error::ApiError, graph,
    interface, layouts, limits, listviews, query, recent, records, replication, request::Call,
    search, tooling, traverse, tree, versions,
};
use crate::soql::QueryScope;

/// Serves one data call, on its own or as a part of a composite one.
pub(super) fn dispatch(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] => read(call, || {
            Ok(versions::resources(&call.base(), &identity(site, call)))
        }),
        ["sobjects", rest @ ..] => sobjects(site, call, rest),
        ["query"] => query::start(site, call, QueryScope::Live),
        ["queryAll"] => query::start(site, call, QueryScope::All),
        ["query" | "queryAll", locator] => query::more(site, call, locator),
        ["composite", rest @ ..] => composites(site, call, rest),
        ["search"] => read(call, || search::sosl(site, call)),
        ["parameterizedSearch"] if call.method == Method::POST => search::parameterized(site, call),
        ["parameterizedSearch"] => read(call, || search::parameterized(site, call)),
        ["recent"] => read(call, || recent::list(site, call)),
        ["tabs"] => read(call, || Ok(interface::tabs(site, call))),
        ["theme"] => read(call, || Ok(interface::theme(site, call))),
        ["quickActions"] => read(call, || Ok(interface::quick_actions())),
        ["tooling", rest @ ..] => tooling::serve(site, call, rest),
        ["jobs", rest @ ..] => bulk::route(site, call, rest),
        ["limits"] => read(call, || Ok(limits::limits(site))),
        ["limits", "recordCount"] => read(call, || limits::record_count(site, call)),
        _ => Err(ApiError::not_found()),
    }
}

pub(super) fn sobjects(
    site: &mut Site<'_>,
    call: &Call,
    rest: &[&str],
) -> Result<Answer, ApiError> {
    match *rest {
        [] => read(call, || describe::global(site, call)),
        [object] | [object, "Id"] if call.method == Method::POST => {
            records::create(site, call, object, rest.len() > 1)
        }
        [object] if call.method == Method::GET => describe::basic(site, call, object),
        [_] => Err(ApiError::method_not_allowed(
            call.method.as_str(),
            "GET,HEAD,POST",
        )),
        [object, "describe"] => read(call, || describe::object(site, call, object)),
        [object, "updated"] => read(call, || replication::updated(site, call, object)),
        [object, "deleted"] => read(call, || replication::deleted(site, call, object)),
        [object, "listviews", ref rest @ ..] => {
            read(call, || listviews::serve(site, call, object, rest))
        }
        [object, "describe", ref rest @ ..] => {
            read(call, || layouts::serve(site, call, object, rest))
        }
        [object, "quickActions"] => read(call, || {
            records::check_object(site, call, object).map(|()| interface::quick_actions())
        }),
        [object, id] => records::by_id(site, call, object, id),
        [object, id, ref path @ ..] if traverse::starts_at(site, object, id) => {
            traverse::follow(site, call, (object, id), path)
        }
        [object, field, value] => records::by_key(site, call, object, (field, value)),
        _ => Err(ApiError::not_found()),
    }
}

fn composites(site: &mut Site<'_>, call: &Call, rest: &[&str]) -> Result<Answer, ApiError> {
    match (rest, &call.method) {
        ([], &Method::POST) => composite::run(site, call),
        (["batch"], &Method::POST) => batch::run(site, call),
        (["graph"], &Method::POST) if call.version >= graph::SINCE => graph::run(site, call),
        (["tree", object], &Method::POST) => tree::create(site, call, object),
        ([] | ["batch" | "graph"] | ["tree", _], method) => {
            Err(ApiError::method_not_allowed(method.as_str(), "POST"))
        }
        (["sobjects"], &Method::POST) => collections::create(site, call),
        (["sobjects"], &Method::PATCH) => collections::update(site, call),
        (["sobjects"], &Method::DELETE) => collections::delete(site, call),
        (["sobjects"], method) => Err(ApiError::method_not_allowed(
            method.as_str(),
            "DELETE,PATCH,POST",
        )),
        (["sobjects", object], &(Method::GET | Method::POST)) => {
            collections::retrieve(site, call, object)
        }
        (["sobjects", _], method) => Err(ApiError::method_not_allowed(
            method.as_str(),
            "GET,HEAD,POST",
        )),
        (["sobjects", object, field], &Method::PATCH) => {
            collections::upsert(site, call, object, field)
        }
        (["sobjects", _, _], method) => Err(ApiError::method_not_allowed(method.as_str(), "PATCH")),
        _ => Err(ApiError::not_found()),
    }
}

/// What sort of call this is, for the meter.
pub(super) fn kind(call: &Call) -> &'static str {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["sobjects"] | ["sobjects", _, "describe"] => "describe",
        ["sobjects", _] if call.method == Method::GET => "describe",
        ["sobjects", _, "updated" | "deleted"] => "replication",
        ["sobjects", ..] => "record",
        ["query" | "queryAll"] => "query",
        ["query" | "queryAll", _] => "query_more",
        ["composite", "sobjects", ..] => "collections",
        ["composite", "batch"] => "batch",
        ["composite", ..] => "composite",
        ["jobs", ..] => "bulk",
        ["search" | "parameterizedSearch"] => "search",
        ["limits", ..] => "limits",
        _ => "other",
    }
}

pub(super) fn read(
    call: &Call,
    serve: impl FnOnce() -> Result<Answer, ApiError>,
) -> Result<Answer, ApiError> {
    if call.method == Method::GET {
        return serve();
    }
    Err(ApiError::method_not_allowed(
        call.method.as_str(),
        "GET,HEAD",
    ))
}

fn identity(site: &Site<'_>, call: &Call) -> String {
    format!(
        "{}/id/{}/{}",
        site.origin,
        site.world.org_id(),
        call.actor.user
    )
}
