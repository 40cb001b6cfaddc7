//! What workers do between two steps of the scheduler, put in words for whoever listens to a run.

use std::sync::{Arc, Mutex, PoisonError};

/// Lines that nobody has read yet; without a listener nothing is put in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chronicle(Option<Arc<Mutex<Vec<String>>>>);

impl Chronicle {
    pub(crate) fn new(listened: bool) -> Self {
        Self(listened.then(Arc::default))
    }

    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.0 {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(line());
        }
    }

    /// What was noted since it was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        let lines = self.0.as_ref().map(|lines| {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *lines)
        });
        lines.unwrap_or_default()
    }
}
