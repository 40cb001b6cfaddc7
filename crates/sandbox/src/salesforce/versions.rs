//! The API versions the org serves and the resources of each.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::answer::{self, Answer};

/// Oldest and newest version served: v31.0 is the oldest Salesforce still serves, v67.0 is Summer '26.
pub(super) const SERVED: RangeInclusive<u32> = 31..=67;
/// What is served below a version; a real org names some more.
const RESOURCES: [&str; 13] = [
    "composite",
    "jobs",
    "limits",
    "parameterizedSearch",
    "query",
    "queryAll",
    "quickActions",
    "recent",
    "search",
    "sobjects",
    "tabs",
    "theme",
    "tooling",
];

/// `GET /services/data`, open to everybody and not metered.
pub(super) fn list() -> Answer {
    let entry = |major: u32| {
        json!({
            "label": label(major),
            "url": format!("/services/data/v{major}.0"),
            "version": format!("{major}.0"),
        })
    };
    answer::ok(&SERVED.map(entry).collect::<Vec<_>>())
}

/// `GET /services/data/vXX.0`.
pub(super) fn resources(base: &str, identity: &str) -> Answer {
    let entry = |name: &str| (name.to_owned(), Value::from(format!("{base}/{name}")));
    let mut map: Map<String, Value> = RESOURCES.iter().map(|name| entry(name)).collect();
    map.insert("identity".to_owned(), identity.into());
    answer::ok(&map)
}

/// The major version of `62.0`, when it is served.
pub(super) fn named(name: &str) -> Option<u32> {
    let major = name.strip_suffix(".0")?.parse().ok()?;
    SERVED.contains(&major).then_some(major)
}

/// Three releases a year; v30.0 was Spring '14, and Winter releases carry the next year's number. One label has a
/// typographic apostrophe (recorded).
fn label(major: u32) -> String {
    if major == 42 {
        return "Spring \u{2019}18".to_owned();
    }
    let since = major - 30;
    let year = 14 + since / 3;
    match since % 3 {
        0 => format!("Spring '{year}"),
        1 => format!("Summer '{year}"),
        _ => format!("Winter '{}", year + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_follow_the_release_calendar() {
        assert_eq!(label(31), "Summer '14");
        assert_eq!(label(32), "Winter '15");
        assert_eq!(label(42), "Spring ’18");
        assert_eq!(label(66), "Spring '26");
        assert_eq!(label(67), "Summer '26");
    }
}
