//! Parameters of a request in EC2's Query protocol, as a tree.
//!
//! `NetworkInterface.1.SecurityGroupId.2=sg-1` is a value four levels deep. Indices are numbers: SDKs send lists in
//! the order of their text (`1, 10, 2`). Every reader takes note of what it has read, so that what is left at the end
//! is known to be unknown.

use std::{
    borrow::Cow,
    cell::Cell,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
};

use super::error::Ec2Error;

/// Most parameters of a request; the longest lists that EC2 accepts have a thousand entries.
const MAX_PARAMETERS: usize = 5_000;
/// Most levels of a name.
const MAX_DEPTH: usize = 10;
/// Index of the root, and "nothing" in links between nodes: the root is nobody's child or sibling.
const ROOT: usize = 0;

type Result<T> = std::result::Result<T, Ec2Error>;

/// A request's parameters.
#[derive(Debug)]
pub(super) struct Query<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Debug)]
struct Node<'a> {
    segment: Cow<'a, str>,
    value: Option<Cow<'a, str>>,
    parent: usize,
    newest_child: usize,
    older_sibling: usize,
    read: Cell<bool>,
}

impl<'a> Query<'a> {
    /// Reads a form body or a query string.
    ///
    /// # Errors
    /// `MalformedQueryString` when there are too many parameters, too many levels, or a name twice.
    pub(super) fn parse(text: &'a str) -> Result<Self> {
        let mut query = Self { nodes: vec![Node::new(Cow::Borrowed(""), ROOT, ROOT)] };
        for (count, (name, value)) in form_urlencoded::parse(text.as_bytes()).enumerate() {
            if count == MAX_PARAMETERS {
                return Err(malformed(&format!("more than {MAX_PARAMETERS} parameters")));
            }
            query.insert(name, value)?;
        }
        Ok(query)
    }

    fn insert(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<()> {
        let segments: Vec<Cow<'a, str>> = match name {
            Cow::Borrowed(name) => name.split('.').map(Cow::Borrowed).collect(),
            Cow::Owned(name) => name.split('.').map(|part| Cow::Owned(part.to_owned())).collect(),
        };
        if segments.len() > MAX_DEPTH {
            let name = segments.join(".");
            return Err(malformed(&format!("{name} has more than {MAX_DEPTH} levels")));
        }
        let mut node = ROOT;
        for segment in segments {
            node = match self.child(node, &segment) {
                Some(child) => child,
                None => self.add(node, segment),
            };
        }
        match self.nodes[node].value.replace(value) {
            None => Ok(()),
            Some(_) => Err(malformed(&format!("{} is given twice", self.name(node)))),
        }
    }

    fn add(&mut self, parent: usize, segment: Cow<'a, str>) -> usize {
        let index = self.nodes.len();
        let older_sibling = std::mem::replace(&mut self.nodes[parent].newest_child, index);
        self.nodes.push(Node::new(segment, parent, older_sibling));
        index
    }

    fn child(&self, node: usize, segment: &str) -> Option<usize> {
        self.children(node).find(|child| self.nodes[*child].segment == segment)
    }

    /// Children, newest first: parameters that belong together usually come one after the other.
    fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let existing = |index: usize| (index != ROOT).then_some(index);
        std::iter::successors(existing(self.nodes[node].newest_child), move |child| {
            existing(self.nodes[*child].older_sibling)
        })
    }

    fn name(&self, node: usize) -> String {
        let parent = self.nodes[node].parent;
        let segment = &self.nodes[node].segment;
        match parent {
            ROOT => segment.to_string(),
            _ => format!("{}.{segment}", self.name(parent)),
        }
    }

    /// All parameters.
    pub(super) fn parameters(&self) -> Parameters<'_> {
        Parameters { query: self, node: Some(ROOT) }
    }
}

impl<'a> Node<'a> {
    fn new(segment: Cow<'a, str>, parent: usize, older_sibling: usize) -> Self {
        Self { segment, value: None, parent, newest_child: ROOT, older_sibling, read: Cell::new(false) }
    }
}

fn malformed(reason: &str) -> Ec2Error {
    Ec2Error::client("MalformedQueryString", format!("The query string is malformed: {reason}"))
}

/// The parameters below a name: all of them, a structure, or an entry of a list. There may be none; then every reader
/// finds nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters<'q> {
    query: &'q Query<'q>,
    node: Option<usize>,
}

impl<'q> Parameters<'q> {
    fn child(&self, name: &str) -> Option<usize> {
        self.query.child(self.node?, name)
    }

    /// Full name of a parameter, for messages.
    pub(super) fn name(&self, name: &str) -> String {
        match self.node {
            None | Some(ROOT) => name.to_owned(),
            Some(node) => format!("{}.{name}", self.query.name(node)),
        }
    }

    /// Whether there is anything at all.
    pub(super) fn is_present(&self) -> bool {
        self.node.is_some()
    }

    /// The value as it was sent, possibly empty.
    pub(super) fn text(&self, name: &str) -> Option<&'q str> {
        let node = &self.query.nodes[self.child(name)?];
        node.read.set(true);
        node.value.as_deref()
    }

    /// The value if it is there and not empty. Some clients send empty texts for what they do not want.
    pub(super) fn filled(&self, name: &str) -> Option<&'q str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `MissingParameter`.
    pub(super) fn required(&self, name: &str) -> Result<&'q str> {
        self.filled(name).ok_or_else(|| Ec2Error::missing_parameter(&self.name(name)))
    }

    /// A number.
    ///
    /// # Errors
    /// `InvalidParameterValue`.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        self.parsed(name, "It must be a number in the allowed range.")
    }

    /// Whatever reads itself from text, for example an address; `rule` says what is expected.
    ///
    /// # Errors
    /// `InvalidParameterValue`.
    pub(super) fn parsed<T: FromStr>(&self, name: &str, rule: &str) -> Result<Option<T>> {
        let parse = |text: &str| text.trim().parse().map_err(|_| self.invalid(name, text, rule));
        self.filled(name).map(parse).transpose()
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// `InvalidParameterValue`.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>> {
        match self.filled(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => Ok(Some(false)),
            Some(text) => Err(self.invalid(name, text, "It must be true or false.")),
        }
    }

    /// One of some words.
    ///
    /// # Errors
    /// `InvalidParameterValue`.
    pub(super) fn word(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(text) = self.filled(name) else {
            return Ok(None);
        };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(self.invalid(name, text, &format!("It must be one of: {}.", words.join(", ")))),
        }
    }

    /// The structure below a name.
    pub(super) fn group(&self, name: &str) -> Self {
        let node = self.child(name);
        if let Some(node) = node {
            self.query.nodes[node].read.set(self.query.nodes[node].value.is_none());
        }
        Self { node, ..*self }
    }

    /// The structures of a list, in the order of their numbers.
    pub(super) fn groups(&self, name: &str) -> Vec<Self> {
        let mut numbered: Vec<(u32, usize)> = self
            .child(name)
            .into_iter()
            .flat_map(|list| self.query.children(list))
            .filter_map(|child| Some((self.query.nodes[child].segment.parse().ok()?, child)))
            .collect();
        numbered.sort_unstable();
        numbered.into_iter().map(|(_, node)| Self { node: Some(node), ..*self }).collect()
    }

    /// The values of a list, in the order of their numbers.
    pub(super) fn list(&self, name: &str) -> Vec<&'q str> {
        let value = |entry: Self| {
            let node = &self.query.nodes[entry.node?];
            node.read.set(node.value.is_some());
            node.value.as_deref()
        };
        self.groups(name).into_iter().filter_map(value).collect()
    }

    /// Takes note of parameters that EC2 has and that change nothing here.
    pub(super) fn ignore(&self, names: &[&str]) {
        for node in names.iter().filter_map(|name| self.child(name)) {
            self.ignore_below(node);
        }
    }

    fn ignore_below(&self, node: usize) {
        self.query.nodes[node].read.set(true);
        for child in self.query.children(node) {
            self.ignore_below(child);
        }
    }

    /// Takes note of all parameters whose names start so.
    pub(super) fn ignore_prefix(&self, prefix: &str) {
        for node in self.node.into_iter().flat_map(|node| self.query.children(node)) {
            if self.query.nodes[node].segment.starts_with(prefix) {
                self.ignore_below(node);
            }
        }
    }

    /// The first parameter that nobody has read.
    ///
    /// # Errors
    /// `UnknownParameter`.
    pub(super) fn all_read(&self) -> Result<()> {
        let unread = |node: &Node<'_>| node.value.is_some() && !node.read.get();
        match self.query.nodes.iter().position(unread) {
            Some(node) => Err(Ec2Error::unknown_parameter(&self.query.name(node))),
            None => Ok(()),
        }
    }

    /// A number that is the same for the same parameters in any order, leaving some out.
    pub(super) fn fingerprint(&self, without: &[&str]) -> u64 {
        let nodes = self.query.nodes.iter().enumerate();
        let valued = nodes.filter_map(|(index, node)| Some((self.query.name(index), node.value.as_deref()?)));
        let meant = valued.filter(|(name, _)| !without.contains(&name.as_str()));
        meant.fold(0, |sum, parameter| {
            let mut hasher = DefaultHasher::new();
            parameter.hash(&mut hasher);
            sum.wrapping_add(hasher.finish())
        })
    }

    /// `InvalidParameterValue` for a parameter below this name.
    pub(super) fn invalid(&self, name: &str, value: &str, rule: &str) -> Ec2Error {
        Ec2Error::invalid_value(&self.name(name), value, rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_ordered_by_number() {
        let text = "Action=X&Id.1=a&Id.10=c&Id.2=b&N.2.V=y&N.1.V=x&N.1.Deep.Er=1%202";
        let query = Query::parse(text).unwrap();
        let all = query.parameters();
        assert_eq!(all.list("Id"), ["a", "b", "c"]);
        let values: Vec<_> = all.groups("N").iter().map(|n| n.text("V")).collect();
        assert_eq!(values, [Some("x"), Some("y")]);
        let error = all.all_read().unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.message.as_str()),
            ("UnknownParameter", "The parameter Action is not recognized")
        );
        assert_eq!(all.text("Action"), Some("X"));
        assert!(all.all_read().unwrap_err().message.contains("N.1.Deep.Er"));
        assert_eq!(all.groups("N")[0].group("Deep").text("Er"), Some("1 2"));
        all.all_read().unwrap();
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let query = Query::parse("A=&B=maybe&C.1.D=12x&E=9").unwrap();
        let all = query.parameters();
        assert_eq!(all.required("A").unwrap_err().code, "MissingParameter");
        assert!(all.boolean("B").unwrap_err().message.contains("parameter B"));
        let error = all.groups("C")[0].number::<u32>("D").unwrap_err();
        assert!(error.message.contains("(12x) for parameter C.1.D"), "{error:?}");
        assert_eq!(all.number::<u8>("E").unwrap(), Some(9));
        assert_eq!(all.group("Z").text("Y"), None);
        assert_eq!(all.group("C").name("Q"), "C.Q");
        assert!(all.word("E", &["7", "8"]).unwrap_err().message.contains("7, 8"));
    }

    #[test]
    fn spare_levels_and_doubles_are_refused() {
        for text in ["a=1&a=2", "a.b.c.d.e.f.g.h.i.j.k=1"] {
            assert_eq!(Query::parse(text).unwrap_err().code, "MalformedQueryString", "{text}");
        }
        let many: String = (0..=MAX_PARAMETERS).map(|n| format!("a.{n}=&")).collect();
        assert_eq!(Query::parse(&many).unwrap_err().code, "MalformedQueryString");
    }

    #[test]
    fn a_value_where_a_structure_is_meant_is_unknown() {
        let query = Query::parse("Placement=x&Ids.one=1").unwrap();
        let all = query.parameters();
        assert!(!all.group("Placement").group("Zone").is_present());
        assert!(all.list("Ids").is_empty());
        assert!(all.all_read().is_err());
        all.ignore(&["Placement", "Ids"]);
        all.all_read().unwrap();
    }

    #[test]
    fn fingerprints_do_not_depend_on_the_order() {
        let of = |text: &str| Query::parse(text).unwrap().parameters().fingerprint(&["T"]);
        assert_eq!(of("A.1=x&B=y&T=1"), of("T=2&B=y&A.1=x"));
        assert_ne!(of("A.1=x"), of("A.2=x"));
        assert_ne!(of("A=x&B=y"), of("A=y&B=x"));
    }
}
