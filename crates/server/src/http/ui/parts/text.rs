//! Numbers, field values and long texts as pages show them.

use super::icon::{Icon, icon};
use maud::{Markup, html};
use tandem_core::value::Value;
use tandem_core::workspace::{Kind, standard_fields};

/// A count with its thousands apart: `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 field`, `2 fields`.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// What people call a workspace field; its name where the kind is not known or has no such field.
pub fn field_label(kind: Option<Kind>, name: &str) -> String {
    let fields = kind.map(standard_fields).unwrap_or_default();
    let known = fields.into_iter().find(|field| field.name == name);
    known.map_or_else(|| name.to_owned(), |field| field.label)
}

/// The text as a sentence: a capital letter first, a full stop last.
pub fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let mut sentence: String = first.chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?', ':']) && !sentence.is_empty() {
        sentence.push('.');
    }
    sentence
}

/// A value ready to be shown: its text and, where it names a record, that record's page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shown {
    /// The text; empty where the field is blank.
    pub text: String,
    /// Address of the record that it names.
    pub href: Option<String>,
}

impl From<&Value> for Shown {
    fn from(value: &Value) -> Self {
        let text = match value {
            Value::Bool(true) => "Yes".to_owned(),
            Value::Bool(false) => "No".to_owned(),
            Value::Choices(set) => set.iter().cloned().collect::<Vec<_>>().join(", "),
            Value::DateTime(at) => super::when::exact(*at),
            other => other.to_string(),
        };
        Self { text, href: None }
    }
}

impl Shown {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: None,
        }
    }
}

/// A value; a blank one is a dash that is read out as “blank”.
pub fn shown(value: &Shown) -> Markup {
    html! {
        @if value.text.is_empty() {
            span class="blank" title="blank" { "–" }
        } @else if let Some(href) = &value.href {
            a class="value" href=(href) { (value.text) }
        } @else {
            span class="value" { (value.text) }
        }
    }
}

/// One line of text that is cut where the column ends, whole on hover.
pub fn clipped(text: &str) -> Markup {
    html! { span class="clip" title=(text) { (text) } }
}

/// An id or name of a program, set in the fixed-width face.
pub fn code(text: &str) -> Markup {
    html! { span class="code" { (text) } }
}

/// A link to a page of the CRM, in a new tab. An address that is not one of the web is not made a link:
/// it comes from outside.
pub fn outside(url: &str, text: &str) -> Markup {
    let of_the_web = url.starts_with("https://") || url.starts_with("http://");
    html! {
        @if of_the_web {
            a class="button secondary" href=(url) target="_blank" rel="noreferrer" { (text) (icon(Icon::External)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_field_has_the_name_that_people_know() {
        let label = |kind, name| field_label(kind, name);
        assert_eq!(label(Some(Kind::Person), "postal_code"), "Postal code");
        assert_eq!(label(Some(Kind::Person), "shoe_size"), "shoe_size");
        assert_eq!(label(None, "postal_code"), "postal_code");
    }

    #[test]
    fn a_sentence_begins_and_ends_like_one() {
        assert_eq!(sentence("give a number"), "Give a number.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn a_value_is_escaped_and_a_blank_one_says_so() {
        let hostile = Value::text("<script>alert(1)</script>");
        let html = shown(&Shown::from(&hostile)).into_string();
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"));
        assert!(
            shown(&Shown::from(&Value::Null))
                .into_string()
                .contains("blank")
        );
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        let link = outside("https://crm.example/1", "Open").into_string();
        assert!(link.contains("href=\"https://crm.example/1\""));
        assert_eq!(outside("javascript:alert(1)", "Open").into_string(), "");
    }
}
