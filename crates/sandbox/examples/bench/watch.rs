//! Time by the clock, and time on a core: on a machine that does other things, too, only the second says much.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use crate::machine;

/// How long something took.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// Time on a core of all threads of this process, those of server and client together.
    pub(crate) cpu: Duration,
}

impl AddAssign for Took {
    fn add_assign(&mut self, other: Took) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

impl Took {
    pub(crate) fn each(self, times: u32) -> Took {
        Took {
            wall: self.wall / times,
            cpu: self.cpu / times,
        }
    }
}

/// Takes the time of what is done until it is stopped.
pub(crate) struct Watch {
    began: Instant,
    cpu: Duration,
}

impl Watch {
    pub(crate) fn start() -> Watch {
        Watch {
            cpu: machine::cpu_time(),
            began: Instant::now(),
        }
    }

    pub(crate) fn stop(self) -> Took {
        let wall = self.began.elapsed();
        let cpu = machine::cpu_time().saturating_sub(self.cpu);
        Took { wall, cpu }
    }
}
