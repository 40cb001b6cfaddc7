//! Numbers that look random and come again with the same seed (SplitMix64 by Steele, Lea and Flood).

/// A seeded source of numbers.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..limit`; `limit` is at least one.
    pub(super) fn below(&mut self, limit: i64) -> i64 {
        let number = i64::try_from(self.next() >> 1).unwrap_or(0);
        number % limit.max(1)
    }

    /// An index into something of that length, if it has any.
    pub(super) fn pick_index(&mut self, len: usize) -> Option<usize> {
        let limit = i64::try_from(len).ok().filter(|len| *len > 0)?;
        usize::try_from(self.below(limit)).ok()
    }

    /// Like [`Dice::pick_index`], half the time the last one.
    pub(super) fn pick_late(&mut self, len: usize) -> Option<usize> {
        match self.below(2) {
            0 => len.checked_sub(1),
            _ => self.pick_index(len),
        }
    }

    /// One of these; there is at least one.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let index = self.pick_index(choices.len()).unwrap_or(0);
        choices[index]
    }
}
