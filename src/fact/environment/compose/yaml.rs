//! A YAML document as compose needs it: scalars as they are written, each node with its line, aliases and merge keys
//! (`<<: *default`) filled in.

use saphyr_parser::{Event, Parser, ScalarStyle};

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

/// Aliases multiply what is read: no compose file has so many nodes, a bomb has.
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

/// Reads the first document; none if it is no YAML.
pub(super) fn read(text: &str) -> Option<Node> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: Vec::new(), left: MOST };
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return None,
            (Event::DocumentStart(_), _) => break,
            _ => {}
        }
    }
    let (event, line) = reader.next()?;
    reader.node(event, line)
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: Vec<(usize, Node)>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(Event<'a>, u32)> {
        let (event, span) = self.parser.next()?.ok()?;
        Some((event, u32::try_from(span.start.line()).unwrap_or(u32::MAX)))
    }

    fn node(&mut self, event: Event<'a>, line: u32) -> Option<Node> {
        self.left = self.left.checked_sub(1)?;
        let (kind, anchor) = match event {
            Event::Alias(anchor) => {
                let node = self.anchors.iter().rev().find(|(id, _)| *id == anchor).map(|(_, node)| node.clone())?;
                self.left = self.left.checked_sub(size(&node))?;
                return Some(node);
            }
            Event::Scalar(text, style, anchor, _) => {
                (Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, line) => items.push(self.node(event, line)?),
                    }
                }
                (Kind::List(items), anchor)
            }
            Event::MappingStart(anchor, _) => {
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
                for node in merged
                    .iter()
                    .flat_map(|node| if node.items().is_empty() { std::slice::from_ref(node) } else { node.items() })
                {
                    for (name, value) in node.pairs() {
                        if !pairs.iter().any(|(own, _)| own == name) {
                            pairs.push((name.clone(), value.clone()));
                        }
                    }
                }
                (Kind::Map(pairs), anchor)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return None,
        };
        let node = Node { line, kind };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Some(node)
    }
}

fn size(node: &Node) -> usize {
    1 + node.items().iter().map(size).sum::<usize>() + node.pairs().iter().map(|(_, node)| size(node)).sum::<usize>()
}
