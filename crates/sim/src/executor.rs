//! The smallest executor: a task is polled when the scheduler says so, and dropping it is a crash.
//!
//! Nothing in a run waits for the outside, so a task that is pending has merely paused ([`pause`]) to
//! let others go first. There are no wakers, no threads, no time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Lets the scheduler choose who goes on: pending once.
pub async fn pause() {
    let mut paused = false;
    std::future::poll_fn(move |_| {
        if std::mem::replace(&mut paused, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// A program under way. Dropping it is a crash at the place where it paused.
pub struct Task<T>(Pin<Box<dyn Future<Output = T> + Send>>);

impl<T> Task<T> {
    /// A task that has not begun.
    pub fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Runs it to its next pause.
    pub fn step(&mut self) -> Poll<T> {
        self.0
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    }
}

/// Runs a future to its end without letting anybody else go.
///
/// # Panics
/// If it does not end within a million pauses: it would never.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    for _ in 0..1_000_000 {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
    panic!("the future does not end");
}
