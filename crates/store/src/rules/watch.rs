//! The fence of a watch.

use tandem_core::watch::ObjectWatch;

/// Gives a watch that is to be saved its next version. `false` if it was not made from the stored one.
pub fn next_watch(stored: Option<u64>, watch: &mut ObjectWatch) -> bool {
    let stands = watch.version == stored.unwrap_or(0);
    watch.version += u64::from(stands);
    stands
}
