//! Record ids: 15 case-sensitive base-62 characters, shown with three check characters more.
//!
//! A `SfId` holds the 15 significant characters, so the 15 and the 18 character spelling of one id are the
//! same value, and its order is the order of creation inside one object (key prefix, pod, counter).
//! It knows nothing of which ids exist.

use std::fmt;
use std::str::FromStr;

/// Significant characters of an id.
pub const ID_LENGTH_CHARS: usize = 15;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// A record id. `Display` gives the 18 character form, which is what the API always answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SfId([u8; ID_LENGTH_CHARS]);

/// The text is not an id: wrong length, a foreign character, or check characters that do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed id")]
pub struct MalformedId;

impl SfId {
    /// The smallest id there can be; a lower bound for range scans.
    pub const MIN: SfId = SfId([b'0'; ID_LENGTH_CHARS]);
    /// The largest id there can be; an upper bound for range scans.
    pub const MAX: SfId = SfId([b'z'; ID_LENGTH_CHARS]);

    /// Builds the id of the `counter`-th record of an object: prefix, pod, then the counter in base 62.
    pub(crate) fn from_counter(prefix: [u8; 3], pod: [u8; 3], counter: u64) -> SfId {
        let mut chars = [b'0'; ID_LENGTH_CHARS];
        chars[..3].copy_from_slice(&prefix);
        chars[3..6].copy_from_slice(&pod);
        let mut rest = counter;
        for slot in chars[6..].iter_mut().rev() {
            *slot = ALPHABET[(rest % 62) as usize];
            rest /= 62;
        }
        SfId(chars)
    }

    /// The same id of another object.
    pub(crate) fn with_prefix(mut self, prefix: [u8; 3]) -> SfId {
        self.0[..3].copy_from_slice(&prefix);
        self
    }

    /// The counter an id of this org was built from.
    pub(crate) fn counter(&self) -> u64 {
        let digit = |byte: &u8| ALPHABET.iter().position(|own| own == byte).unwrap_or(0) as u64;
        let digits = self.0[6..].iter().map(digit);
        digits.fold(0, |sum, digit| sum * 62 + digit)
    }

    /// The three characters that name the object, e.g. `003` for Contact.
    pub fn key_prefix(&self) -> [u8; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }

    /// The 15 character form, as used in access tokens (`<org id 15>!<secret>`).
    pub fn short(&self) -> String {
        self.0.iter().map(|&byte| byte as char).collect()
    }

    fn check_characters(&self) -> [u8; 3] {
        let mut check = [0; 3];
        for (slot, group) in check.iter_mut().zip(self.0.chunks(5)) {
            let bits = group
                .iter()
                .enumerate()
                .map(|(bit, c)| usize::from(c.is_ascii_uppercase()) << bit);
            *slot = CHECK_ALPHABET[bits.sum::<usize>()];
        }
        check
    }
}

impl FromStr for SfId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<SfId, MalformedId> {
        let bytes = text.as_bytes();
        if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(MalformedId);
        }
        let mut chars = [0; ID_LENGTH_CHARS];
        chars.copy_from_slice(&bytes[..ID_LENGTH_CHARS]);
        let id = SfId(chars);
        let check = &bytes[ID_LENGTH_CHARS..];
        if check.is_empty() || check == id.check_characters() {
            Ok(id)
        } else {
            Err(MalformedId)
        }
    }
}

impl fmt::Display for SfId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 18];
        text[..ID_LENGTH_CHARS].copy_from_slice(&self.0);
        text[ID_LENGTH_CHARS..].copy_from_slice(&self.check_characters());
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for SfId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for SfId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for SfId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<SfId, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn suffix_follows_the_upper_case_letters() {
        // No upper-case letter in a group gives A, all five give 5.
        assert_eq!(
            SfId::from_str("00000aaaaaABCDE").map(|id| id.to_string()),
            Ok("00000aaaaaABCDEAA5".into())
        );
        assert_eq!(
            SfId::from_str("A0000bA000ccA00").map(|id| id.to_string()),
            Ok("A0000bA000ccA00BCE".into())
        );
    }

    #[test]
    fn counters_keep_their_order() {
        let nth = |n| SfId::from_counter(*b"003", *b"Td0", n);
        assert!(nth(9) < nth(10) && nth(61) < nth(62) && nth(3_843) < nth(3_844));
        assert_eq!(nth(62).short(), "003Td0000000010");
        assert_eq!(nth(987_654_321).counter(), 987_654_321);
    }

    proptest! {
        #[test]
        fn both_spellings_are_one_id(short in "[0-9A-Za-z]{15}") {
            let id: SfId = short.parse().unwrap();
            prop_assert_eq!(id.to_string().parse::<SfId>(), Ok(id));
            prop_assert_eq!(id.short(), short);
        }

        #[test]
        fn nothing_panics_and_a_wrong_suffix_is_refused(text in "\\PC{0,20}") {
            if let Ok(id) = text.parse::<SfId>() {
                prop_assert!(id.to_string().starts_with(&text[..15]));
            }
        }
    }
}
