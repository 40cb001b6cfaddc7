//! XML in and out, as small as SOAP and Bulk 1.0 need it.
//!
//! Reading gives a tree of [`Element`]s by local name; prefixes and namespaces are not looked at, since every client
//! chooses its own. Bounded: depth and number of elements are limited, a document type and any entity but the five of
//! XML itself are refused, so nothing can grow beyond the request. Writing escapes everything and leaves out the
//! characters XML cannot carry.

use quick_xml::{
    Reader,
    escape::{escape, resolve_xml_entity},
    events::{BytesRef, BytesStart, Event},
};

/// Deepest nesting of elements taken.
const MAX_DEPTH_ELEMENTS: usize = 64;
/// Most elements of one request.
const MAX_ELEMENTS: usize = 200_000;

/// One element. Text between child elements is joined; a leaf's text is what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Without a prefix.
    pub(super) name: String,
    /// `xsi:type` without a prefix.
    pub(super) type_name: Option<String>,
    /// `xsi:nil` is true.
    pub(super) nil: bool,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// Why a document cannot be read, as a sentence for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) String);

impl Element {
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of a child; none when it is absent, empty or nil.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let child = self.child(name).filter(|child| !child.nil)?;
        Some(child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The texts of all children of this name.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        self.all(name)
            .map(|child| child.text.trim().to_owned())
            .collect()
    }

    /// A child that says `true` or `1`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name)
            .is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
    }

    fn open(start: &BytesStart<'_>) -> Result<Self, Unreadable> {
        let mut element = Self {
            name: local(start.name().as_ref()).to_owned(),
            ..Self::default()
        };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| Unreadable(error.to_string()))?;
            match local(attribute.key.as_ref()) {
                "type" => element.type_name = Some(local(&attribute.value).to_owned()),
                "nil" => element.nil = matches!(&*attribute.value, "true" | "1"),
                _ => {}
            }
        }
        Ok(element)
    }
}

/// The part of a qualified name behind its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or_default()
}

/// Reads a document and gives its root.
pub(super) fn read(body: &[u8]) -> Result<Element, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|_| unreadable("the body is not UTF-8"))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    // The elements that are open; the first is the document itself.
    let mut open = vec![Element::default()];
    let mut elements = 0;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| Unreadable(error.to_string()))?;
        let Some(here) = open.last_mut() else {
            return Err(unreadable("more elements end than begin"));
        };
        match event {
            Event::Start(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS || open.len() > MAX_DEPTH_ELEMENTS {
                    return Err(unreadable("the document is too large or too deep"));
                }
                open.push(Element::open(&start)?);
            }
            Event::End(_) => close(&mut open),
            Event::Text(text) => here.text.push_str(&text.xml10_content()),
            Event::CData(text) => here.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => here.text.push_str(&resolve(&entity)?),
            Event::DocType(_) => return Err(unreadable("a document type is not allowed")),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(document), true) => document
            .children
            .into_iter()
            .next()
            .ok_or_else(|| unreadable("there is no element")),
        _ => Err(unreadable("an element does not end")),
    }
}

/// The innermost open element becomes a child of the one around it.
fn close(open: &mut Vec<Element>) {
    if let Some(done) = open.pop()
        && let Some(around) = open.last_mut()
    {
        around.children.push(done);
    }
}

fn resolve(entity: &BytesRef<'_>) -> Result<String, Unreadable> {
    let character = entity.resolve_char_ref();
    if let Some(character) = character.map_err(|error| Unreadable(error.to_string()))? {
        return Ok(character.to_string());
    }
    let known = resolve_xml_entity(entity);
    known
        .map(str::to_owned)
        .ok_or_else(|| unreadable("an entity is not one of XML's own"))
}

fn unreadable(sentence: &str) -> Unreadable {
    Unreadable(sentence.to_owned())
}

/// A document on its way out.
#[derive(Debug, Default)]
pub(super) struct Writer(String);

impl Writer {
    /// An element around what `content` writes; `attributes` begins with a blank or is empty.
    pub(super) fn element(&mut self, tag: &str, attributes: &str, content: impl FnOnce(&mut Self)) {
        self.0.extend(["<", tag, attributes, ">"]);
        content(self);
        self.0.extend(["</", tag, ">"]);
    }

    /// An element that holds text.
    pub(super) fn leaf(&mut self, tag: &str, text: impl AsRef<str>) {
        self.element(tag, "", |xml| xml.text(text.as_ref()));
    }

    /// An element that holds a boolean.
    pub(super) fn flag(&mut self, tag: &str, flag: bool) {
        self.leaf(tag, if flag { "true" } else { "false" });
    }

    /// An element that is there and has no value.
    pub(super) fn nil(&mut self, tag: &str) {
        self.0.extend(["<", tag, " xsi:nil=\"true\"/>"]);
    }

    /// A leaf, or nil when there is no text.
    pub(super) fn optional(&mut self, tag: &str, text: Option<impl AsRef<str>>) {
        match text {
            Some(text) => self.leaf(tag, text),
            None => self.nil(tag),
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        let carried = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        if text.chars().all(carried) {
            self.0.push_str(&escape(text));
        } else {
            let kept: String = text.chars().filter(|c| carried(*c)).collect();
            self.0.push_str(&escape(kept));
        }
    }

    /// What was written apart.
    pub(super) fn append(&mut self, content: &Writer) {
        self.0.push_str(&content.0);
    }

    /// What was written, as a part of something larger.
    pub(super) fn fragment(self) -> String {
        self.0
    }

    /// The document with its declaration.
    pub(super) fn finish(self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_tree_of_local_names() {
        let read = read(
            b"<?xml version='1.0'?><s:a xmlns:s='urn:x'><b xsi:type='urn:Lead'>1 &lt; <![CDATA[<2>]]>&#33;</b><c i:nil='1'/></s:a>",
        )
        .expect("a document");
        assert_eq!(read.name, "a");
        assert_eq!(read.value("b"), Some("1 < <2>!"));
        assert_eq!(read.children[0].type_name.as_deref(), Some("Lead"));
        assert!(read.children[1].nil && read.value("c").is_none());
    }

    #[test]
    fn what_could_grow_or_is_broken_is_refused() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        let wide = "<a>".to_owned() + &"<b/>".repeat(MAX_ELEMENTS + 1) + "</a>";
        for bad in [
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<a>&x;</a>",
            "<a>&#xD800;</a>",
            "<a><b></a></b>",
            "<a>",
            "</a>",
            "",
            "text",
            &deep,
            &wide,
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{}", bad.len());
        }
        assert!(read(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn what_is_written_is_escaped_and_can_be_read() {
        let mut xml = Writer::default();
        xml.leaf("a", "<&\u{0}\u{b}]]>\"'é");
        let text = xml.finish();
        assert_eq!(read(text.as_bytes()).expect("a document").text, "<&]]>\"'é");
    }
}
