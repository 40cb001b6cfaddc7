//! Text of a value. A short one lies in the value itself, which saves most texts of a record an allocation.
//!
//! Invariant: a text has one form only, short if it can be, so that equal texts are equal values.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest text kept inside a value, in bytes: what a value's other kinds leave room for.
const MAX_INLINE_BYTES: usize = 22;

/// Text that cannot be changed. It derefs to `str`.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    /// The bytes after `length_bytes` are zero.
    Inline {
        length_bytes: u8,
        bytes: [u8; MAX_INLINE_BYTES],
    },
    Heap(Box<str>),
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            // The bytes came out of a text whole, so they are one.
            Form::Inline {
                length_bytes,
                bytes,
            } => std::str::from_utf8(&bytes[..usize::from(*length_bytes)]).unwrap_or_default(),
            Form::Heap(text) => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        if text.len() > MAX_INLINE_BYTES {
            return Text(Form::Heap(text.into()));
        }
        let mut bytes = [0; MAX_INLINE_BYTES];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Text(Form::Inline {
            length_bytes: text.len() as u8,
            bytes,
        })
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        if text.len() > MAX_INLINE_BYTES {
            Text(Form::Heap(text.into_boxed_str()))
        } else {
            text.as_str().into()
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(text.into())
            }

            fn visit_string<E>(self, text: String) -> Result<Text, E> {
                Ok(text.into())
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_takes_no_more_room_than_other_values() {
        assert_eq!(size_of::<Text>(), 24);
        assert_eq!(size_of::<crate::world::Value>(), 24);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "\\PC{0,16}|[a-zé]{18,30}", other in "[a-b]{0,2}") {
            let kept = Text::from(text.as_str());
            prop_assert_eq!(&*kept, text.as_str());
            prop_assert_eq!(Text::from(text.clone()), kept.clone());
            prop_assert_eq!(kept == Text::from(other.as_str()), text == other);
            let written = serde_json::to_string(&kept).unwrap();
            prop_assert_eq!(serde_json::from_str::<Text>(&written).unwrap(), kept);
        }
    }
}
