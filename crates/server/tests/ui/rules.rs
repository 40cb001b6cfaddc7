//! What every page keeps, whatever its data: escaped text, no script or style in place, tokens in forms,
//! labels that lead somewhere.

use crate::html::{Tag, tags};
use crate::samples::{HOSTILE, Samples};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Drawn once for all rules.
static PAGES: LazyLock<Vec<(String, String)>> =
    LazyLock::new(|| [Samples::friendly().pages(), Samples::hostile().pages()].concat());

fn each_page(check: impl Fn(&str, &[Tag])) {
    for (name, html) in PAGES.iter() {
        println!("{name}");
        check(html, &tags(html));
    }
}

#[test]
fn hostile_text_is_escaped_on_every_page() {
    let pages = Samples::hostile().pages();
    let escaped = HOSTILE
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut shown = 0;
    for (name, html) in pages {
        println!("{name}");
        assert!(!html.contains(HOSTILE) && !html.contains("<script>alert"));
        shown += usize::from(html.contains(&escaped));
    }
    assert!(
        shown > 10,
        "the hostile text is really shown, on {shown} pages"
    );
}

#[test]
fn nothing_needs_more_than_self_of_the_content_policy() {
    each_page(|_, tags| {
        for tag in tags {
            assert_ne!(tag.name, "style");
            for (key, value) in &tag.attributes {
                assert!(
                    key != "style" && !key.starts_with("on") && !key.starts_with("hx-on"),
                    "{key}"
                );
                assert!(
                    !value.to_lowercase().contains("javascript:")
                        || key == "value"
                        || key == "title",
                    "{key}={value}"
                );
            }
            if tag.name == "script" {
                assert!(
                    tag.get("src")
                        .is_some_and(|src| src.starts_with("/assets/"))
                );
            }
        }
    });
}

#[test]
fn assets_exist_and_carry_their_version() {
    each_page(|_, tags| {
        let addresses = tags
            .iter()
            .flat_map(|tag| [tag.get("src"), tag.get("href")])
            .flatten();
        for address in addresses.filter(|address| address.starts_with("/assets/")) {
            assert!(address.contains("?v="), "{address} is not embedded");
        }
    });
}

#[test]
fn links_lead_to_this_server_or_the_web() {
    each_page(|_, tags| {
        for href in tags
            .iter()
            .filter(|tag| tag.name == "a")
            .filter_map(|tag| tag.get("href"))
        {
            let fine = (href.starts_with('/') && !href.starts_with("//"))
                || href.starts_with('#')
                || href.starts_with("https://crm.example/");
            assert!(fine, "{href}");
        }
    });
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    each_page(|html, _| {
        // Whoever has no session yet has no token either; other sites are refused by their origin.
        if !html.contains("id=\"navigation\"") {
            return;
        }
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().expect("an end");
            let token = form.contains("name=\"form_token\" value=\"token-of-the-session\"");
            assert_eq!(form.contains("method=\"post\""), token, "{form}");
        }
    });
}

#[test]
fn ids_are_unique_and_labels_find_their_inputs() {
    each_page(|_, tags| {
        let mut ids = HashSet::new();
        for id in tags.iter().filter_map(|tag| tag.get("id")) {
            assert!(ids.insert(id), "{id} twice");
        }
        let names = [
            "for",
            "aria-describedby",
            "aria-labelledby",
            "popovertarget",
        ];
        for target in tags
            .iter()
            .flat_map(|tag| names.map(|name| tag.get(name)))
            .flatten()
        {
            assert!(ids.contains(target), "{target} is named but not there");
        }
    });
}

#[test]
fn a_lost_connection_is_told_on_every_page_of_a_signed_in_person() {
    for (name, html) in Samples::lost().pages() {
        let framed = html.contains("id=\"navigation\"");
        assert_eq!(html.contains("class=\"banner bad\""), framed, "{name}");
    }
}
