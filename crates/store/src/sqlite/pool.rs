//! Threads that own database connections and run jobs, one transaction per job.
//!
//! A pool of one thread is the writer: jobs run in the order they came. A pool of several serves
//! reads. A job that was handed over runs to its end although the caller stops waiting; so dropping a
//! future leaves a step done or not done, never half done.

use super::error::DbResult;
use super::tx::{Failpoint, Tx};
use rusqlite::{Connection, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tandem_core::store::{StoreError, StoreResult};
use tokio::sync::{mpsc, oneshot};

/// Jobs that wait in a pool; further callers wait for room.
const QUEUED_JOBS_MAX: usize = 256;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

pub(super) struct Pool {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    failpoint: Failpoint,
    behavior: TransactionBehavior,
}

impl Pool {
    /// One thread for each connection.
    pub(super) fn start(
        connections: Vec<Connection>,
        behavior: TransactionBehavior,
        failpoint: Failpoint,
    ) -> StoreResult<Self> {
        let (jobs, queue) = mpsc::channel(QUEUED_JOBS_MAX);
        let queue = Arc::new(Mutex::new(queue));
        let threads = connections
            .into_iter()
            .map(|connection| {
                let queue = Arc::clone(&queue);
                std::thread::Builder::new()
                    .name("tandem-store".into())
                    .spawn(move || serve(connection, &queue))
            })
            .collect::<Result<_, _>>()
            .map_err(|e| StoreError::Other(format!("no thread for the database: {e}")))?;
        Ok(Self {
            jobs: Some(jobs),
            threads,
            failpoint,
            behavior,
        })
    }

    /// Runs a job in a transaction of its own.
    pub(super) async fn transact<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> DbResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (failpoint, behavior) = (self.failpoint.clone(), self.behavior);
        self.with_connection(move |conn| Tx::run(conn, &failpoint, behavior, job))
            .await
    }

    /// Runs a job on the bare connection, for what can't be done in a transaction.
    pub(super) async fn with_connection<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> DbResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (answer, wait) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            // The caller may have gone; the job counts all the same.
            let _ = answer.send(job(conn).map_err(StoreError::from));
        });
        let gone = || StoreError::Other("the database thread stopped".into());
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).await.map_err(|_| gone())?;
        wait.await
            .map_err(|_| StoreError::Other("a database job panicked; nothing was changed".into()))?
    }
}

/// Waits for the job under way, so that the file is closed when the store is gone.
impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to do.
            let _ = thread.join();
        }
    }
}

fn serve(mut connection: Connection, queue: &Mutex<mpsc::Receiver<Job>>) {
    let next = || {
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv()
    };
    while let Some(job) = next() {
        // A panic drops the open transaction, which rolls it back; the connection stays good.
        if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
            tracing::error!("a database job panicked and was rolled back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrate::migrate;
    use std::future::{Future, poll_fn};
    use std::task::Poll;

    fn pool() -> Pool {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let behavior = TransactionBehavior::Immediate;
        Pool::start(vec![connection], behavior, Failpoint::default()).unwrap()
    }

    fn insert(tx: &Tx<'_>) -> DbResult<usize> {
        let sql = "INSERT INTO meta (name, value) VALUES ('large', hex(zeroblob(9000)))";
        tx.execute(sql, [])
    }

    async fn rows(pool: &Pool) -> i64 {
        let count = |tx: &Tx<'_>| tx.value("SELECT count(*) FROM meta", []);
        pool.transact(count).await.unwrap()
    }

    #[tokio::test]
    async fn a_panicking_job_leaves_no_trace_and_the_thread_goes_on() {
        let pool = pool();
        let job = |tx: &Tx<'_>| {
            insert(tx)?;
            panic!("a fault in a job")
        };
        let error = pool.transact::<()>(job).await.unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
        assert_eq!(rows(&pool).await, 0);
    }

    #[tokio::test]
    async fn a_job_counts_though_its_caller_is_gone() {
        let pool = pool();
        let mut call = Box::pin(pool.transact(insert));
        let handed_over = poll_fn(|context| Poll::Ready(call.as_mut().poll(context)));
        drop(handed_over.await);
        drop(call);
        assert_eq!(rows(&pool).await, 1);
    }

    #[tokio::test]
    async fn a_full_disk_changes_nothing_and_passes() {
        let pool = pool();
        let limit = |pages: u32| {
            pool.with_connection(move |conn| {
                Ok(conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
            })
        };
        limit(1).await.unwrap();
        let error = pool.transact(insert).await.unwrap_err();
        assert!(matches!(error, StoreError::DiskFull), "{error}");
        assert_eq!(rows(&pool).await, 0);
        limit(1 << 20).await.unwrap();
        pool.transact(insert).await.unwrap();
        assert_eq!(rows(&pool).await, 1);
    }
}
