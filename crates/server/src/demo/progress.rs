//! Shows what the demo is at: a spinner on a terminal, else one line a step. It goes to standard
//! error, so that standard output holds the outcome only.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// The sign of life.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Begins, with nothing to show yet.
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let bar = ProgressBar::new_spinner();
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// A new step.
    pub(super) fn step(&self, name: &str) {
        self.0.reset_elapsed();
        self.0.set_message(name.to_owned());
        if self.0.is_hidden() {
            use std::io::Write as _;
            // Nobody has to listen.
            let _gone = writeln!(std::io::stderr(), "{name} ...");
        }
    }

    /// How far the present step is; only a terminal shows it.
    pub(super) fn detail(&self, text: String) {
        self.0.set_message(text);
    }

    /// Takes the spinner away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
