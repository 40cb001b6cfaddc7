//! The books against an org that counts exactly: whatever is lost, late or dead, they never show less.

use crate::fixture::{at, cases};
use proptest::prelude::*;
use tandem_core::budget::{LOST_SECONDS, Ledger, RESERVATION_SECONDS, Spent};
use tandem_core::connector::OrgUsage;
use tandem_core::ids::ReservationId;

const DAY_SECONDS: i64 = 86_400;

/// Something that happens; numbers choose one of the requests under way.
#[derive(Clone, Debug)]
enum Event {
    /// A request is reserved, for so many calls at most.
    Reserve(u32),
    /// It sends a call that arrives at once.
    Send(usize),
    /// It sends a call that arrives late or never; its sender waits in vain.
    Lose(usize),
    /// Its answer is here: as many calls as were sent, with the org's count as of the last.
    Answer(usize),
    /// Its process dies; what it sent last may still be on its way.
    Die(usize),
    /// A call on its way arrives.
    Arrive(usize),
    /// Another program uses the org.
    Other,
    /// Seconds pass.
    Pass(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..4u32).prop_map(Event::Reserve),
        6 => any::<usize>().prop_map(Event::Send),
        2 => any::<usize>().prop_map(Event::Lose),
        4 => any::<usize>().prop_map(Event::Answer),
        1 => any::<usize>().prop_map(Event::Die),
        2 => any::<usize>().prop_map(Event::Arrive),
        1 => Just(Event::Other),
        4 => (0..400i64).prop_map(Event::Pass),
        1 => (0..20_000i64).prop_map(Event::Pass),
    ]
}

struct Request {
    id: ReservationId,
    reserved: u32,
    made: i64,
    sent: u32,
    lost: u32,
    count: Option<u64>,
}

/// A call on its way, and when the platform gives up on it.
struct Late {
    gone_at: i64,
}

#[derive(Default)]
struct World {
    now: i64,
    books: Ledger,
    requests: Vec<Request>,
    late: Vec<Late>,
    /// When the org counted a call of ours.
    ours: Vec<i64>,
    others: Vec<i64>,
}

impl World {
    fn count(&self, calls: &[i64]) -> u64 {
        let young = calls.iter().filter(|at| **at > self.now - DAY_SECONDS);
        young.count() as u64
    }

    fn org(&self) -> u64 {
        self.count(&self.ours) + self.count(&self.others)
    }

    fn pick(&self, number: usize) -> Option<usize> {
        (!self.requests.is_empty()).then(|| number % self.requests.len())
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Reserve(calls) => {
                let id = self.books.reserve(*calls, at(self.now));
                self.requests.push(Request {
                    id,
                    reserved: *calls,
                    made: self.now,
                    sent: 0,
                    lost: 0,
                    count: None,
                });
            }
            Event::Send(number) => self.send(*number, false),
            Event::Lose(number) => self.send(*number, true),
            Event::Answer(number) => self.answer(*number),
            Event::Die(number) => {
                if let Some(index) = self.pick(*number) {
                    self.requests.remove(index);
                }
            }
            Event::Arrive(number) => {
                if !self.late.is_empty() {
                    self.late.remove(number % self.late.len());
                    self.ours.push(self.now);
                }
            }
            Event::Other => self.others.push(self.now),
            Event::Pass(seconds) => {
                self.now += seconds;
                self.late.retain(|late| late.gone_at > self.now);
                // A request takes less than a reservation stands, the platform's time not counted.
                let oldest = self.now - (RESERVATION_SECONDS - LOST_SECONDS);
                self.requests.retain(|request| request.made > oldest);
            }
        }
    }

    fn send(&mut self, number: usize, lost: bool) {
        let Some(index) = self.pick(number) else {
            return;
        };
        let request = &mut self.requests[index];
        if request.sent == request.reserved {
            return;
        }
        request.sent += 1;
        if lost {
            request.lost += 1;
            let gone_at = self.now + LOST_SECONDS;
            self.late.push(Late { gone_at });
            return;
        }
        self.ours.push(self.now);
        let count = self.org();
        self.requests[index].count = Some(count);
    }

    fn answer(&mut self, number: usize) {
        let Some(index) = self.pick(number) else {
            return;
        };
        let request = self.requests.remove(index);
        let spent = Spent {
            calls: request.sent,
            lost: request.lost,
            usage: request.count.map(|used| OrgUsage { used, max: 100 }),
        };
        self.books.settle(request.id, spent, at(self.now));
    }

    /// What the org may come to count of ours without another reservation.
    fn to_come(&self) -> u64 {
        let open = self.requests.iter().map(|one| one.reserved - one.sent);
        self.late.len() as u64 + u64::from(open.sum::<u32>())
    }
}

proptest! {
    #![proptest_config(cases(500))]

    /// The heart of the budget: whoever looks into the books before a call sees it coming. Of what
    /// other programs spent since the last count nobody can know.
    #[test]
    fn the_books_never_show_less_than_the_org(events in prop::collection::vec(event(), 0..80)) {
        let mut world = World::default();
        for event in &events {
            world.happens(event);
            let shown = world.books.state(at(world.now)).used();
            let ours = world.count(&world.ours) + world.to_come();
            prop_assert!(shown >= ours, "{shown} shown, {ours} ours after {event:?}");
        }
    }

    /// Nothing stays in the books for ever: when everything is over, a new count is all that is left.
    #[test]
    fn a_late_count_clears_the_books(events in prop::collection::vec(event(), 0..80)) {
        let mut world = World::default();
        for event in &events {
            world.happens(event);
        }
        world.happens(&Event::Pass(RESERVATION_SECONDS));
        world.requests.clear();
        world.happens(&Event::Reserve(1));
        world.happens(&Event::Send(0));
        world.happens(&Event::Answer(0));
        let state = world.books.state(at(world.now));
        prop_assert_eq!((state.spent_since, state.reserved), (0, 0));
        prop_assert_eq!(state.used(), world.org());
    }
}
