//! A YAML document as compose needs it: scalars as they are written, each node with its line, aliases and merge keys
//! (`<<: *default`) filled in.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::fact::limits::Budget;

/// A node. Holds values of variables, so it has no `Debug`.
#[derive(Clone)]
pub(super) struct Node {
    /// From 1.
    pub line: u32,
    pub kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    /// `plain` is true where it stands without quotation marks, so that `~` and an empty one are null.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// In order; the line of a pair is that of its key.
    Map(Vec<(String, Node)>),
}

/// Nodes of a document, with those that aliases multiply: no compose file has so many, a bomb has.
const MOST: usize = 100_000;

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().rev().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub(super) fn pairs(&self) -> &[(String, Self)] {
        if let Kind::Map(pairs) = &self.kind { pairs } else { &[] }
    }

    pub(super) fn items(&self) -> &[Self] {
        if let Kind::List(items) = &self.kind { items } else { &[] }
    }

    /// Its text; none for null, for lists and for maps.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => None,
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Its text as compose hands it on: `True` without quotation marks is the word `true`.
    pub(super) fn word(&self) -> Option<String> {
        let text = self.text()?;
        let plain = matches!(self.kind, Kind::Scalar { plain: true, .. });
        Some(match text {
            "True" | "TRUE" if plain => "true".to_owned(),
            "False" | "FALSE" if plain => "false".to_owned(),
            _ => text.to_owned(),
        })
    }
}

/// Reads the first document; none if it is no YAML, or more than there is a [`Budget`] for.
pub(super) fn read(text: &str, budget: &mut Budget) -> Option<Node> {
    let mut composer = Composer { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), left: MOST, budget };
    loop {
        match composer.next()? {
            (Event::StreamEnd, _) => return None,
            (Event::DocumentStart(_), _) => break,
            _ => {}
        }
    }
    let (event, line) = composer.next()?;
    composer.node(event, line)
}

struct Composer<'a, 'b> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    left: usize,
    budget: &'b mut Budget,
}

impl<'a> Composer<'a, '_> {
    fn next(&mut self) -> Option<(Event<'a>, u32)> {
        let (event, span) = self.parser.next()?.ok()?;
        Some((event, u32::try_from(span.start.line()).unwrap_or(u32::MAX)))
    }

    fn node(&mut self, event: Event<'a>, line: u32) -> Option<Node> {
        self.left = self.left.checked_sub(1)?;
        self.budget.enter()?;
        let (kind, anchor) = match event {
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned()?;
                self.copied(&node)?;
                self.budget.leave();
                return Some(node);
            }
            Event::Scalar(text, style, anchor, _) => {
                (Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }, anchor)
            }
            Event::SequenceStart(anchor, _) => (Kind::List(self.items()?), anchor),
            Event::MappingStart(anchor, _) => (Kind::Map(self.pairs()?), anchor),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return None,
        };
        self.budget.leave();
        let node = Node { line, kind };
        if anchor > 0 {
            self.copied(&node)?;
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }

    fn items(&mut self) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(items),
                (event, line) => items.push(self.node(event, line)?),
            }
        }
    }

    fn pairs(&mut self) -> Option<Vec<(String, Node)>> {
        let mut pairs: Vec<(String, Node)> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, line)?;
            let (event, at) = self.next()?;
            let value = self.node(event, at)?;
            match key.kind {
                Kind::Scalar { text, plain: true } if text == "<<" => merged.push(value),
                Kind::Scalar { text, .. } => pairs.push((text, Node { line: key.line, ..value })),
                Kind::List(_) | Kind::Map(_) => return None,
            }
        }
        if merged.is_empty() {
            return Some(pairs);
        }
        // What is merged in never goes over what is there.
        let mut known: BTreeSet<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
        for node in merged {
            let maps = match node.kind {
                Kind::List(items) => items,
                Kind::Scalar { .. } | Kind::Map(_) => vec![node],
            };
            for map in maps {
                let Kind::Map(more) = map.kind else { continue };
                pairs.extend(more.into_iter().filter(|(name, _)| known.insert(name.clone())));
            }
        }
        Some(pairs)
    }

    /// A node is there twice.
    fn copied(&mut self, node: &Node) -> Option<()> {
        let (nodes, bytes) = size(node);
        self.left = self.left.checked_sub(nodes)?;
        self.budget.expand(bytes)
    }
}

/// How many nodes there are in it, and how much text.
fn size(node: &Node) -> (usize, usize) {
    let add = |(nodes, bytes), (more, text)| (nodes + more, bytes + text);
    match &node.kind {
        Kind::Scalar { text, .. } => (1, text.len()),
        Kind::List(items) => items.iter().map(size).fold((1, 0), add),
        Kind::Map(pairs) => pairs.iter().map(|(name, node)| add(size(node), (0, name.len()))).fold((1, 0), add),
    }
}
