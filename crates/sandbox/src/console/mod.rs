//! The org as its people see it: pages to look at records, change them, break the org and mend it.
//!
//! They are on the org's own address, so a link `/lightning/r/{Object}/{id}/view` to a real org works here, too. What
//! a person does goes through the world's own rules, as the user they chose to be: rights, validation and automation
//! apply, and the faults that lock rows or delay commits. Faults of requests do not apply: here is where they are ended.
//!
//! Anybody may be any user; there is no password. A change must come from a page of this origin (`Origin` or
//! `Sec-Fetch-Site`), on a loopback host or the org's own, so that no other site can press a button. The pages need no
//! script and load nothing from elsewhere.

mod edit;
mod faults;
mod form;
mod home;
mod list;
mod meter;
mod page;
mod record;
mod rules;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use maud::{Markup, html};
use url::Url;

use crate::{
    salesforce::{
        Org, Parameters,
        answer::{self, Answer},
        path_segments,
        users::{self, Person},
    },
    world::{Actor, SfId},
};

/// Name of the cookie that says who is at the desk: the user's id.
const WHO: &str = "sandbox_user";
const STYLE: &str = include_str!("console.css");
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// What a page handler says.
enum Shown {
    Page {
        status: StatusCode,
        title: String,
        body: Markup,
    },
    /// Go and look there.
    Go(String),
}

impl Shown {
    fn page(title: impl Into<String>, body: Markup) -> Self {
        Self::Page {
            status: StatusCode::OK,
            title: title.into(),
            body,
        }
    }

    fn refusal(status: StatusCode, title: &str, sentence: &str) -> Self {
        let body =
            html! { h1 { (title) } p { (sentence) } p { a href="/" { "To the home page" } } };
        Self::Page {
            status,
            title: title.to_owned(),
            body,
        }
    }

    fn missing() -> Self {
        Self::refusal(
            StatusCode::NOT_FOUND,
            "Page not found",
            "There is no such page or record, or you may not see it.",
        )
    }
}

/// One request of a person.
struct Visit<'o> {
    org: &'o mut Org,
    me: Person,
    actor: Actor,
    query: Parameters,
    form: Parameters,
}

/// Answers a request for one of the console's pages; none when the address is not one of them.
pub(crate) fn handle(org: &mut Org, request: &Request<Bytes>) -> Option<Answer> {
    let segments = path_segments(request.uri().path());
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let own = match segments.as_slice() {
        [] | ["lightning" | "faults" | "meter" | "rules", ..] | ["console.css" | "sign-in"] => true,
        [id] => id.parse::<SfId>().is_ok(),
        _ => false,
    };
    if !own {
        return None;
    }
    let mut answer = respond(org, request, &segments);
    if request.method() == Method::HEAD {
        *answer.body_mut() = Bytes::new();
    }
    answer = answer::with_header(answer, header::CONTENT_SECURITY_POLICY, POLICY);
    answer = answer::with_header(answer, header::REFERRER_POLICY, "same-origin");
    Some(answer::with_common_headers(answer, org.world.now()))
}

fn respond(org: &mut Org, request: &Request<Bytes>, segments: &[&str]) -> Answer {
    if segments == ["console.css"] {
        return answer::with_header(answer::css(STYLE), header::CACHE_CONTROL, "max-age=600");
    }
    let me = signed_in(org, request.headers());
    let post = request.method() == Method::POST;
    let form = if post { &request.body()[..] } else { b"" };
    let query = request.uri().query().unwrap_or_default();
    let allowed = !post || from_own_page(org, request);
    let mut visit = Visit {
        actor: Actor::user(me.id),
        me,
        org,
        query: Parameters::parse(query.as_bytes()),
        form: Parameters::parse(form),
    };
    let shown = match *request.method() {
        Method::POST if !allowed => Shown::refusal(
            StatusCode::FORBIDDEN,
            "Refused",
            "This change does not come from a page of this sandbox. Open the page here and press the button again.",
        ),
        Method::POST if segments == ["sign-in"] => return sign_in(&visit),
        Method::POST => visit.change(segments),
        Method::GET | Method::HEAD => visit.look(segments),
        _ => Shown::refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "Not possible",
            "These pages know GET and POST only.",
        ),
    };
    match shown {
        Shown::Go(location) => {
            let mut answer = answer::redirect(&location);
            *answer.status_mut() = StatusCode::SEE_OTHER;
            answer
        }
        Shown::Page {
            status,
            title,
            body,
        } => answer::html(
            status,
            page::frame(&visit, &title, segments, &body).into_string(),
        ),
    }
}

impl Visit<'_> {
    fn look(&mut self, segments: &[&str]) -> Shown {
        match *segments {
            [] => home::show(self),
            ["lightning", "o", object, "list"] => list::show(self, object),
            ["lightning", "o", object, "new"] => edit::new(self, object),
            ["lightning", "r", object, id, "view"] => record::show(self, object, id),
            ["lightning", "r", object, id, "edit"] => edit::open(self, object, id),
            ["faults"] => faults::show(self, None),
            ["rules"] => rules::show(self, None),
            ["meter"] => meter::show(self),
            ["lightning", "r", id, "view"] | [id] => self.find(id),
            _ => Shown::missing(),
        }
    }

    fn change(&mut self, segments: &[&str]) -> Shown {
        match *segments {
            ["lightning", "o", object, "new"] => edit::create(self, object),
            ["lightning", "r", object, id, "edit"] => edit::save(self, object, id),
            ["lightning", "r", object, id, "delete"] => record::delete(self, object, id),
            ["lightning", "r", object, id, "undelete"] => record::undelete(self, object, id),
            ["faults", what] => faults::change(self, what),
            ["rules", what] => rules::change(self, what),
            ["meter", what] => meter::change(self, what),
            _ => Shown::missing(),
        }
    }

    /// The record with this id, whatever its object.
    fn find(&self, id: &str) -> Shown {
        let id = id.parse::<SfId>().ok();
        let schema = self.org.world.schema();
        let found = id.and_then(|id| Some((schema.object_by_prefix(id.key_prefix())?, id)));
        found.map_or_else(Shown::missing, |(def, id)| {
            Shown::Go(page::record_url(&def.name, &id.to_string()))
        })
    }
}

/// The user of the cookie, or the administrator.
fn signed_in(org: &Org, headers: &HeaderMap) -> Person {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let pairs = cookies.filter_map(|line| line.to_str().ok());
    let value = pairs.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == WHO).then(|| value.parse::<SfId>().ok()).flatten()
    });
    let person = |id| users::by_id(&org.world, id);
    let chosen = value.and_then(person).filter(|person| person.active);
    let admin = org.world.admin_id();
    chosen
        .or_else(|| person(admin))
        .unwrap_or_else(|| Person::nameless(admin))
}

fn sign_in(visit: &Visit<'_>) -> Answer {
    let id = visit.form.get("user").unwrap_or_default().parse::<SfId>();
    let back = visit.form.get("back").unwrap_or_default();
    // Only a path of ours: `//host` would lead away.
    let back = if back.starts_with('/') && !back.starts_with("//") && !back.contains('\\') {
        back
    } else {
        "/"
    };
    let mut answer = answer::redirect(back);
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let Ok(id) = id else {
        return answer;
    };
    let cookie = format!("{WHO}={id}; Path=/; HttpOnly; SameSite=Lax");
    answer::with_header(answer, header::SET_COOKIE, &cookie)
}

/// Whether a browser says that the form is one of ours.
fn from_own_page(org: &Org, request: &Request<Bytes>) -> bool {
    let own = org.origin_of(request);
    let text = |name| {
        let value = request.headers().get(name);
        value.map(|value: &http::HeaderValue| value.to_str().unwrap_or_default())
    };
    let origin = text("origin").map(|origin| origin == own);
    let site = text("sec-fetch-site").map(|site| site == "same-origin");
    let said = [origin, site];
    said.contains(&Some(true)) && !said.contains(&Some(false)) && is_ours(org, &own)
}

/// A name that somebody else made point to this machine is not ours.
fn is_ours(org: &Org, origin: &str) -> bool {
    let loopback = |url: Url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    origin == org.origin || Url::parse(origin).is_ok_and(loopback)
}
