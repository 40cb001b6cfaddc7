//! The org as its clients see it: OAuth, REST and their errors, over the world.
//!
//! [`Org`] is the way in ([`org`]): it asks the faults what becomes of a request, then serves it ([`serve`]): OAuth
//! endpoints through [`auth`], data calls through [`route`]. Each module there answers one family of resources and gets
//! what it works on as a [`Site`]. Answers are finished text, so a composite request embeds its parts as they are.

pub(crate) mod answer;
mod auth;
mod batch;
mod bulk;
mod collections;
mod composite;
mod composite_refs;
mod conditional;
mod describe;
mod describe_field;
mod describe_object;
mod dml;
mod duplicates;
mod error;
mod graph;
mod image;
mod interface;
mod layouts;
mod limits;
mod listviews;
mod org;
mod passwords;
mod query;
mod recent;
mod records;
mod replication;
mod request;
mod route;
mod search;
mod serve;
mod soap;
mod tooling;
mod traverse;
mod tree;
pub(crate) mod users;
mod versions;
mod xml;

pub(crate) use auth::{AppPolicy, AuthFact, RsaKeyError};
pub use bulk::BulkSettings;
pub(crate) use image::OrgFact;
pub(crate) use org::Org;
pub(crate) use request::{Parameters, path_segments};

use self::{bulk::Jobs, describe::Describes, query::Cursors, recent::Recent};
use crate::{
    faults::Faults,
    meter::Meter,
    world::{SfId, World},
};

/// Everything data calls share besides the records.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) faults: Faults,
    pub(crate) meter: Meter,
    pub(crate) lead_assignee: Option<SfId>,
    pub(crate) jobs: Jobs,
    cursors: Cursors,
    describes: Describes,
    recent: Recent,
}

/// What a data call works on. Apart from [`Org`] so that a composite request can run inside a transaction of the
/// world.
#[derive(Debug)]
struct Site<'a> {
    world: &'a mut World,
    desk: &'a mut Desk,
    /// Address the client used, without a slash at the end.
    origin: &'a str,
}

impl Site<'_> {
    /// Runs `work` on the same site as one transaction of the world: an error takes everything back.
    fn transaction<T, E>(
        &mut self,
        work: impl FnOnce(&mut Site<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Site {
            world,
            desk,
            origin,
        } = self;
        world.transaction(|world| {
            work(&mut Site {
                world,
                desk,
                origin,
            })
        })
    }
}
