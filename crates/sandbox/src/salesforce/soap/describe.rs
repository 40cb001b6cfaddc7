//! Describes: those of REST, with the links of the user interface in place of the addresses of REST.

use http::Method;
use serde_json::Value;

use super::{Caller, Element, Tree, Writer, calls::encoded, envelope::Fault, sobject};

/// Most objects of one `describeSObjects` (documented).
const MAX_OBJECTS: usize = 100;

pub(super) fn global(caller: &mut Caller<'_>) -> Result<Writer, Fault> {
    let described = caller.rest(Method::GET, "/sobjects", &Value::Null)?;
    let mut results = Writer::default();
    results.element("result", "", |xml| {
        for name in ["encoding", "maxBatchSize"] {
            xml.leaf(name, described.text_at(name).unwrap_or_default());
        }
        let entries = described.get("sobjects").map_or(&[][..], Tree::items);
        for entry in entries {
            let entry = without(entry, &["urls"]);
            sobject::plain(xml, "sobjects", &entry);
        }
    });
    Ok(results)
}

pub(super) fn object(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let mut results = Writer::default();
    let name = operation.value("sObjectType").unwrap_or_default();
    describe(caller, name, &mut results)?;
    Ok(results)
}

pub(super) fn objects(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let mut results = Writer::default();
    let names = operation.values("sObjectType");
    if names.len() > MAX_OBJECTS {
        let message = format!("more than {MAX_OBJECTS} objects in one describe");
        return Err(Fault::new("EXCEEDED_ID_LIMIT", message));
    }
    for name in names {
        describe(caller, &name, &mut results)?;
    }
    Ok(results)
}

fn describe(caller: &mut Caller<'_>, name: &str, results: &mut Writer) -> Result<(), Fault> {
    let path = format!("/sobjects/{}/describe", encoded(name));
    let described = caller.rest(Method::GET, &path, &Value::Null);
    let described = described.map_err(|fault| fault.about_object(name))?;
    let mut entries = match without(&described, &["urls", "sobjectDescribeOption"]) {
        Tree::Object(entries) => entries,
        _ => Vec::new(),
    };
    if let Some(prefix) = described.text_at("keyPrefix") {
        let origin = caller.site.origin;
        let mut link = |name: &str, rest: &str| {
            let url = format!("{origin}/{rest}");
            entries.push((name.to_owned(), Tree::Text(url)));
        };
        link("urlDetail", "{ID}");
        link("urlEdit", "{ID}/e");
        link("urlNew", &format!("{prefix}/e"));
    }
    sobject::plain(results, "result", &Tree::Object(entries));
    Ok(())
}

/// An object without some of its entries.
fn without(tree: &Tree, names: &[&str]) -> Tree {
    let entries = tree.entries().iter();
    let kept = entries.filter(|(name, _)| !names.contains(&name.as_str()));
    Tree::Object(kept.cloned().collect())
}
