//! Answers as XML, written straight into one text.
//!
//! Elements are closed by construction, texts are escaped where they are written, and there is no tree in between: a
//! listing of ten thousand instances is thirty megabytes.

use std::net::Ipv4Addr;

use axum::body::Bytes;

use super::{room, state::Moment};
use crate::timestamp;

/// An XML text in the making.
#[derive(Debug, Default)]
pub(super) struct Xml {
    text: String,
}

/// Escapes for the characters that XML keeps for itself.
fn escape(character: u8) -> Option<&'static str> {
    match character {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\r' => Some("&#xd;"),
        // XML 1.0 has no way to write the other control characters.
        0..=8 | 11 | 12 | 14..=31 => Some("\u{fffd}"),
        _ => None,
    }
}

impl Xml {
    /// What has been written, and nothing is left.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// What has been written, as the body of an answer.
    pub(super) fn into_body(self) -> Bytes {
        room::body(self.text)
    }

    /// Makes room for so many more bytes.
    pub(super) fn reserve(&mut self, bytes: usize) {
        room::reserve(&mut self.text, bytes);
    }

    fn open(&mut self, tag: &str) {
        self.text.push('<');
        self.text.push_str(tag);
        self.text.push('>');
    }

    fn close(&mut self, tag: &str) {
        self.text.push_str("</");
        self.text.push_str(tag);
        self.text.push('>');
    }

    fn escaped(&mut self, value: &str) {
        let mut rest = value;
        while let Some((index, escape)) =
            rest.bytes().enumerate().find_map(|(index, byte)| Some((index, escape(byte)?)))
        {
            // All escaped characters are one byte long.
            self.text.push_str(&rest[..index]);
            self.text.push_str(escape);
            rest = &rest[index + 1..];
        }
        self.text.push_str(rest);
    }

    /// An element with a text.
    pub(super) fn text(&mut self, tag: &str, value: &str) {
        self.open(tag);
        self.escaped(value);
        self.close(tag);
    }

    /// An element with a text that has nothing to escape, such as an id that was made here.
    pub(super) fn plain(&mut self, tag: &str, value: &str) {
        debug_assert!(!value.bytes().any(|byte| escape(byte).is_some()), "{tag}: {value:?}");
        self.open(tag);
        self.text.push_str(value);
        self.close(tag);
    }

    /// An element with a text, if there is one.
    pub(super) fn optional(&mut self, tag: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(tag, value);
        }
    }

    /// An element with a number.
    pub(super) fn number(&mut self, tag: &str, value: impl itoa::Integer) {
        self.plain(tag, itoa::Buffer::new().format(value));
    }

    /// An element with a number, if there is one.
    pub(super) fn optional_number(&mut self, tag: &str, value: Option<impl itoa::Integer>) {
        if let Some(value) = value {
            self.number(tag, value);
        }
    }

    /// An element with `true` or `false`.
    pub(super) fn boolean(&mut self, tag: &str, value: bool) {
        self.plain(tag, if value { "true" } else { "false" });
    }

    /// An element with a time.
    pub(super) fn time(&mut self, tag: &str, time: Moment) {
        self.open(tag);
        timestamp::write(&mut self.text, time.0);
        self.close(tag);
    }

    /// An element with an IPv4 address.
    pub(super) fn address(&mut self, tag: &str, address: Ipv4Addr) {
        self.named_address(tag, "", address, '.', "");
    }

    /// An element with a name that is made from an address: `ip-172-31-5-9.ec2.internal`.
    pub(super) fn address_name(&mut self, tag: &str, prefix: &str, address: Ipv4Addr, suffix: &str) {
        self.named_address(tag, prefix, address, '-', suffix);
    }

    fn named_address(&mut self, tag: &str, prefix: &str, address: Ipv4Addr, separator: char, suffix: &str) {
        self.open(tag);
        self.text.push_str(prefix);
        for (index, octet) in address.octets().into_iter().enumerate() {
            if index > 0 {
                self.text.push(separator);
            }
            self.text.push_str(itoa::Buffer::new().format(octet));
        }
        self.text.push_str(suffix);
        self.close(tag);
    }

    /// An element with whatever shows itself without characters to escape.
    pub(super) fn shown(&mut self, tag: &str, value: impl std::fmt::Display) {
        use std::fmt::Write as _;
        self.open(tag);
        // Writing to a text does not fail.
        let _ = write!(self.text, "{value}");
        self.close(tag);
    }

    /// An element without contents.
    pub(super) fn empty(&mut self, tag: &str) {
        self.text.push('<');
        self.text.push_str(tag);
        self.text.push_str("/>");
    }

    /// An element with elements.
    pub(super) fn element(&mut self, tag: &str, contents: impl FnOnce(&mut Self)) {
        self.open(tag);
        contents(self);
        self.close(tag);
    }

    /// A list: an element with one `item` for each entry; an empty element when there are none.
    pub(super) fn list<T>(
        &mut self,
        tag: &str,
        entries: impl IntoIterator<Item = T>,
        mut contents: impl FnMut(&mut Self, T),
    ) {
        let start = self.text.len();
        self.open(tag);
        let opened = self.text.len();
        for entry in entries {
            self.element("item", |xml| contents(xml, entry));
        }
        if self.text.len() == opened {
            self.text.truncate(start);
            self.empty(tag);
        } else {
            self.close(tag);
        }
    }

    /// A list of tags; EC2 calls it `tagSet` everywhere.
    pub(super) fn tags<'t>(&mut self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) {
        self.list("tagSet", tags, |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
    }

    /// The start of an answer, up to the request id.
    pub(super) fn begin_answer(&mut self, action: &str, version: &str, request_id: &str) {
        self.text.push_str(DECLARATION);
        self.text.push('<');
        self.text.push_str(action);
        self.text.push_str("Response xmlns=\"http://ec2.amazonaws.com/doc/");
        self.text.push_str(version);
        self.text.push_str("/\">");
        self.plain("requestId", request_id);
    }

    /// The end of an answer.
    pub(super) fn end_answer(&mut self, action: &str) {
        self.text.push_str("</");
        self.text.push_str(action);
        self.text.push_str("Response>");
    }
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The body of an error.
pub(super) fn error(code: &str, message: &str, request_id: &str) -> String {
    let mut xml = Xml::default();
    xml.text.push_str(DECLARATION);
    xml.element("Response", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", code);
                xml.text("Message", message);
            });
        });
        xml.plain("RequestID", request_id);
    });
    xml.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_escaped_and_closed() {
        let mut xml = Xml::default();
        xml.begin_answer("DescribeX", "2016-11-15", "id-1");
        xml.text("a", "<&>\"'\r\n\u{1}é");
        xml.list("set", [1_u16, 2], |xml, number| xml.number("n", number));
        xml.list("none", [(); 0], |_, ()| {});
        xml.optional("no", None);
        xml.boolean("b", true);
        xml.time("t", Moment(1_782_000_000_000));
        xml.address("ip", Ipv4Addr::new(127, 0, 0, 1));
        xml.address_name("dns", "ip-", Ipv4Addr::new(10, 0, 255, 1), ".x");
        xml.tags([("k", "<v>")]);
        xml.end_answer("DescribeX");
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <DescribeXResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>id-1</requestId>\
            <a>&lt;&amp;&gt;&quot;'&#xd;\n\u{fffd}é</a>\
            <set><item><n>1</n></item><item><n>2</n></item></set><none/><b>true</b>\
            <t>2026-06-21T00:00:00.000Z</t><ip>127.0.0.1</ip><dns>ip-10-0-255-1.x</dns>\
            <tagSet><item><key>k</key><value>&lt;v&gt;</value></item></tagSet></DescribeXResponse>";
        assert_eq!(xml.into_text(), expected);
    }

    #[test]
    fn errors_have_the_form_of_ec2() {
        let text = error("A.B", "a < b", "id");
        assert!(text.ends_with(
            "<Response><Errors><Error><Code>A.B</Code><Message>a &lt; b</Message></Error></Errors><RequestID>id</RequestID></Response>"
        ));
    }
}
