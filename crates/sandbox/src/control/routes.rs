//! What the control API has to offer, as one table that drives both the router and the document of the API.

use http::Method;

use super::{Asked, Outcome, app, org, records, setup};
use crate::Sandbox;

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    /// Below `/control`; a segment in braces is a place for anything.
    pub(super) path: &'static str,
    /// A sentence for the document.
    pub(super) summary: &'static str,
    /// Query parameters and what they mean; all are optional.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// Schema of the body.
    pub(super) body: Option<&'static str>,
    /// Schema of the answer.
    pub(super) answer: &'static str,
    pub(super) serve: fn(&Sandbox, &Asked<'_>) -> Outcome,
}

type Serve = fn(&Sandbox, &Asked<'_>) -> Outcome;

impl Route {
    pub(super) const fn get(path: &'static str, summary: &'static str, serve: Serve) -> Self {
        Self::new(Method::GET, path, summary, serve)
    }

    pub(super) const fn post(path: &'static str, summary: &'static str, serve: Serve) -> Self {
        Self::new(Method::POST, path, summary, serve)
    }

    pub(super) const fn put(path: &'static str, summary: &'static str, serve: Serve) -> Self {
        Self::new(Method::PUT, path, summary, serve)
    }

    pub(super) const fn patch(path: &'static str, summary: &'static str, serve: Serve) -> Self {
        Self::new(Method::PATCH, path, summary, serve)
    }

    pub(super) const fn delete(path: &'static str, summary: &'static str, serve: Serve) -> Self {
        Self::new(Method::DELETE, path, summary, serve)
    }

    const fn new(method: Method, path: &'static str, summary: &'static str, serve: Serve) -> Self {
        Self {
            method,
            path,
            summary,
            query: &[],
            body: None,
            answer: "Done",
            serve,
        }
    }

    /// The route takes query parameters.
    pub(super) const fn asks(mut self, query: &'static [(&'static str, &'static str)]) -> Self {
        self.query = query;
        self
    }

    /// The route takes a body of this schema.
    pub(super) const fn takes(mut self, schema: &'static str) -> Self {
        self.body = Some(schema);
        self
    }

    /// The route answers this schema.
    pub(super) const fn answers(mut self, schema: &'static str) -> Self {
        self.answer = schema;
        self
    }

    /// The names of the places in the path.
    pub(super) fn places(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(place)
    }

    /// What stands in the places, when the path fits.
    fn fit<'r>(&self, segments: &[&'r str]) -> Option<Vec<(&'static str, &'r str)>> {
        let wanted = self.path.split('/').skip(1);
        if wanted.clone().count() != segments.len() {
            return None;
        }
        let mut places = Vec::new();
        for (wanted, given) in wanted.zip(segments) {
            match place(wanted) {
                Some(name) => places.push((name, *given)),
                None if wanted == *given => {}
                None => return None,
            }
        }
        Some(places)
    }
}

/// The name of a place, when the segment is one.
fn place(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Every route there is.
pub(super) fn all() -> impl Iterator<Item = &'static Route> {
    [org::ROUTES, app::ROUTES, records::ROUTES, setup::ROUTES]
        .into_iter()
        .flatten()
}

/// The route of a request and what stands in its places; the first segment is `control`.
pub(super) fn find<'r>(
    method: &Method,
    segments: &[&'r str],
) -> Option<(&'static Route, Vec<(&'static str, &'r str)>)> {
    let (first, rest) = segments.split_first()?;
    if *first != "control" {
        return None;
    }
    all()
        .filter(|route| route.method == *method)
        .find_map(|route| Some((route, route.fit(rest)?)))
}
