//! Bulk API 1.0 (`/services/async/XX.0/job`), which many client libraries still use first.
//!
//! The same jobs as in Bulk 2.0, in an older spelling: the client cuts its records into batches itself, each is worked
//! on as soon as it is there, and everything is said in XML or JSON ([`wire`]). A batch is CSV, JSON or XML, or the text
//! of a query ([`content`]). The session comes in `X-SFDC-Session`; an error is one exception code with status 400.
//!
//! Not there: ZIP batches with attachments, transformation specs, and chunking by primary key (its header is ignored:
//! all rows come in one result, which is an answer clients have to be ready for).

mod content;
mod wire;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;

use self::wire::{Info, Wire};
use super::{
    Form, POLL_RECORDS, abort,
    job::{Batch, Job, Kind, Phase, Progress, Work},
    load::Load,
    step,
    task::{Operation, Order, Refusal, Task, echo},
};
use crate::{
    meter::MeteredCall,
    salesforce::{
        Org, Site,
        answer::{self, Answer},
        request::{Call, Parameters, access_token, client_name, header_text},
        serve::Denied,
        versions,
    },
    world::{Actor, SfId},
};

/// What an older API answers to a request.
type Served = Result<Answer, Refusal>;

/// One request, taken apart.
struct Asked<'r> {
    site: Site<'r>,
    call: Call,
    wire: Option<Wire>,
}

impl Org {
    /// Answers `/services/async/…`.
    pub(in crate::salesforce) fn bulk_classic(
        &mut self,
        request: &Request<Bytes>,
        path: &str,
        origin: &str,
    ) -> Answer {
        let wire = Wire::of(request.headers());
        self.serve_classic(request, path, origin, wire)
            .unwrap_or_else(|refusal| wire.unwrap_or_default().refuse(&refusal))
    }

    fn serve_classic(
        &mut self,
        request: &Request<Bytes>,
        path: &str,
        origin: &str,
        wire: Option<Wire>,
    ) -> Served {
        let headers = request.headers();
        let token = header_text(headers, "x-sfdc-session").or_else(|| access_token(headers));
        let actor = self.admitted(token).map_err(Refusal::from)?;
        self.desk.meter.count(MeteredCall {
            at: self.world.now(),
            kind: "bulk",
            method: request.method().to_string(),
            path: path.to_owned(),
            client: client_name(headers).to_owned(),
        });
        let rest = path.strip_prefix("/services/async/").unwrap_or_default();
        let mut segments = rest.split('/').map(str::to_owned);
        let version = segments
            .next()
            .and_then(|version| versions::named(&version));
        let version =
            version.ok_or_else(|| Refusal::new("InvalidVersion", "Unsupported API version"))?;
        let asked = Asked {
            site: Site {
                world: &mut self.world,
                desk: &mut self.desk,
                origin,
            },
            call: call(request, actor, version, segments.collect()),
            wire,
        };
        asked.route()
    }
}

fn call(request: &Request<Bytes>, actor: Actor, version: u32, segments: Vec<String>) -> Call {
    let head = request.method() == Method::HEAD;
    Call {
        version,
        method: if head {
            Method::GET
        } else {
            request.method().clone()
        },
        segments,
        parameters: Parameters::default(),
        headers: HeaderMap::new(),
        body: request.body().clone(),
        actor,
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Session | Denied::Scope => Self::new("InvalidSessionId", "Invalid session id"),
            Denied::NoApi | Denied::NotForUser => {
                Self::new("FeatureNotEnabled", "API is not enabled")
            }
            Denied::Limit { .. } => Self::new("ExceededQuota", "TotalRequests Limit exceeded."),
        }
    }
}

impl Asked<'_> {
    fn route(mut self) -> Served {
        let segments = self.call.segments.clone();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let method = self.call.method.clone();
        match (segments.as_slice(), method) {
            (["job"], Method::POST) => self.create(),
            (["job", job], Method::GET) => {
                let job = self.polled(job)?;
                let job = self.job(job)?;
                Ok(self
                    .wire_of(job)
                    .answer(StatusCode::OK, &wire::job_info(job)))
            }
            (["job", job], Method::POST) => self.change(job),
            (["job", job, "batch"], Method::POST) => self.add(job),
            (["job", job, "batch"], Method::GET) => {
                let job = self.polled(job)?;
                let job = self.job(job)?;
                let infos: Vec<Info> = job
                    .batches
                    .iter()
                    .map(|batch| wire::batch_info(job, batch))
                    .collect();
                Ok(self.wire_of(job).answer_list(&infos))
            }
            (["job", job, "batch", batch], Method::GET) => {
                let job = self.polled(job)?;
                let (job, batch) = self.batch(job, batch)?;
                Ok(self
                    .wire_of(job)
                    .answer(StatusCode::OK, &wire::batch_info(job, batch)))
            }
            (["job", job, "batch", batch, "request"], Method::GET) => {
                let job = self.find(job)?;
                let (job, batch) = self.batch(job, batch)?;
                let kind = job.form.content_type();
                Ok(answer::typed(StatusCode::OK, kind, batch.request.clone()))
            }
            (["job", job, "batch", batch, "result", rest @ ..], Method::GET) => {
                let job = self.polled(job)?;
                self.result(job, batch, rest)
            }
            _ => Err(Refusal::new(
                "InvalidUrl",
                "Destination URL not reset. The URL or its method is not known",
            )),
        }
    }

    /// The answer's language: what the client asked for, or else the job's.
    fn wire_of(&self, job: &Job) -> Wire {
        self.wire.unwrap_or(match job.form {
            Form::Json => Wire::Json,
            Form::Csv(_) | Form::Xml => Wire::Xml,
        })
    }

    fn now(&self) -> Timestamp {
        self.site.world.now()
    }

    fn create(&mut self) -> Served {
        let order = content::order(&self.call.body, self.wire)?;
        let operation = order.operation.as_deref().unwrap_or_default();
        let named = Operation::named(operation);
        let named = named
            .ok_or_else(|| Refusal::job(format!("Unsupported operation: {}", echo(operation))))?;
        let form = content::form(order.content_type.as_deref())?;
        let checked = Order {
            operation: named,
            object: order.object.as_deref().unwrap_or_default(),
            key: order.external_id_field_name.as_deref(),
            assignment_rule: order.assignment_rule_id.as_deref(),
        };
        let task = Task::new(&self.site, &self.call, &checked)?;
        let now = self.now();
        let jobs = &mut self.site.desk.jobs;
        jobs.quotas.check_batches(now)?;
        let job = jobs.open(Kind::Classic, task, form, now)?;
        job.serial = order.is_serial();
        let info = wire::job_info(job);
        Ok(self
            .wire
            .unwrap_or_default()
            .answer(StatusCode::CREATED, &info))
    }

    fn change(&mut self, id: &str) -> Served {
        let order = content::order(&self.call.body, self.wire)?;
        let (id, now) = (self.find(id)?, self.now());
        let jobs = &mut self.site.desk.jobs;
        let due = jobs.due(now);
        let job = jobs.jobs.get_mut(&id).ok_or_else(|| unknown_job(""))?;
        match order.state.as_deref() {
            Some("Closed") if job.phase == Phase::Open => job.close(now, due),
            Some("Closed") => {
                return Err(Refusal::state("Closing already Completed Job not allowed"));
            }
            Some("Aborted") => abort(job, now)?,
            other => {
                let state = echo(other.unwrap_or_default());
                return Err(Refusal::state(format!(
                    "Changing the state to '{state}' not allowed"
                )));
            }
        }
        jobs.queue(id);
        let job = self.job(id)?;
        Ok(self
            .wire_of(job)
            .answer(StatusCode::OK, &wire::job_info(job)))
    }

    /// Takes a batch. What is wrong with its records is found when it is worked on; that it is no batch at all, now.
    fn add(&mut self, id: &str) -> Served {
        let (id, now) = (self.find(id)?, self.now());
        let body = self.call.body.clone();
        let job = self.job(id)?;
        if job.phase != Phase::Open {
            let message = format!(
                "Job not in valid state for adding batches: {}",
                wire::job_state(job)
            );
            return Err(Refusal::state(message));
        }
        let (task, form) = (job.task.clone(), job.form);
        let (work, broken) = match task.operation.scope() {
            Some(scope) => match content::query(self.site.world, &task, scope, form, &body) {
                Ok(extract) => (Work::Extract(extract), None),
                Err(reason) => (Work::Load(Load::nothing()), Some(reason)),
            },
            None => (Work::Load(content::load(form, &body)?), None),
        };
        let jobs = &mut self.site.desk.jobs;
        let due = jobs.due(now);
        let mut batch = jobs.batch(work, body, now);
        batch.due = Some(due);
        let number = batch.id;
        if let Some(reason) = broken {
            batch.progress =
                Progress::Failed(format!("InvalidBatch : Failed to process query: {reason}"));
        }
        if let Some(job) = jobs.jobs.get_mut(&id) {
            job.batches.push(batch);
        }
        jobs.queue(id);
        let (job, batch) = self.batch(id, &number.to_string())?;
        Ok(self
            .wire_of(job)
            .answer(StatusCode::CREATED, &wire::batch_info(job, batch)))
    }

    /// The outcomes of a batch; of a query the list of its results, of which there is one, or that result.
    fn result(&self, job: SfId, batch: &str, rest: &[&str]) -> Served {
        let (job, batch) = self.batch(job, batch)?;
        if batch.progress != Progress::Completed {
            return Err(Refusal::new("InvalidBatch", "Batch not completed"));
        }
        match (&batch.work, rest) {
            (Work::Load(load), []) => Ok(content::outcomes(job.form, &load.outcomes)),
            (Work::Extract(_), []) => Ok(self.wire_of(job).answer_results(&[result_id(batch)])),
            (Work::Extract(extract), [result]) if *result == result_id(batch).to_string() => {
                let file = extract.page(0..extract.rows);
                Ok(answer::typed(
                    StatusCode::OK,
                    job.form.content_type(),
                    file.into(),
                ))
            }
            _ => Err(Refusal::new("InvalidUrl", "There is no such result")),
        }
    }

    fn find(&mut self, id: &str) -> Result<SfId, Refusal> {
        let now = self.now();
        let job = self.site.desk.jobs.find(id, &[Kind::Classic], now);
        job.map(|job| job.id).ok_or_else(|| unknown_job(id))
    }

    /// Finds a job after a step of its work, since somebody asks about it.
    fn polled(&mut self, id: &str) -> Result<SfId, Refusal> {
        let id = self.find(id)?;
        step(&mut self.site, id, POLL_RECORDS);
        Ok(id)
    }

    fn job(&self, id: SfId) -> Result<&Job, Refusal> {
        self.site
            .desk
            .jobs
            .jobs
            .get(&id)
            .ok_or_else(|| unknown_job(&id.to_string()))
    }

    fn batch(&self, job: SfId, id: &str) -> Result<(&Job, &Batch), Refusal> {
        let job = self.job(job)?;
        let wanted = id.parse::<SfId>().ok();
        let batch = job.batches.iter().find(|batch| Some(batch.id) == wanted);
        let batch = batch.ok_or_else(|| {
            Refusal::new(
                "InvalidBatch",
                format!("Unable to find batch for id: {}", echo(id)),
            )
        })?;
        Ok((job, batch))
    }
}

fn unknown_job(id: &str) -> Refusal {
    Refusal::job(format!("Unable to find job for id: {}", echo(id)))
}

/// A query has one result; its id follows from that of its batch.
fn result_id(batch: &Batch) -> SfId {
    batch.id.with_prefix(*b"752")
}
