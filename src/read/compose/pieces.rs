//! The pieces that compose makes a service of: what it `extends`, what its file `include`s, and its own lines.

use std::rc::Rc;

use super::yaml::{self, Node};
use super::{File, Known, absolute, fill, value, with_files};
use crate::fact::limits::Budget;

/// What one file says of the service.
pub(super) struct Piece {
    /// The file.
    pub file: String,
    /// The folder that its relative paths start from.
    pub folder: String,
    /// What `${…}` in it means.
    pub known: Rc<Known>,
    /// The service's own node.
    pub node: Node,
    /// Whether it is of an included project, and was merged with another piece there. Compose then has its map of
    /// variables as a list, in which a bare name is asked for at once, and else when all is put together.
    pub merged: bool,
}

impl Piece {
    /// A text of it, filled in.
    pub(super) fn fill(&self, raw: &str, budget: &mut Budget) -> Option<fill::Filled> {
        fill::fill(raw, &|name| value(&self.known, name), budget)
    }
}

/// Where the search stands: a file, read.
struct Here<'a> {
    document: &'a Node,
    file: &'a str,
    folder: &'a str,
    known: &'a Rc<Known>,
}

/// Looks for the pieces of services.
pub(super) struct Search<'a> {
    /// Reads a file.
    pub open: &'a dyn Fn(&str) -> Option<String>,
    /// What is needed and could not be read.
    pub unread: Vec<String>,
    /// The files that were read besides the project's own.
    pub others: Vec<String>,
    /// How many steps may still be taken: services that extend each other in a circle are refused by compose.
    pub left: usize,
    /// How much may still be filled in and read.
    pub budget: Budget,
}

impl Search<'_> {
    /// The pieces of a service in one file, weakest first, none of a service that it has not; None where compose refuses
    /// the file.
    pub(super) fn file(&mut self, file: &File, folder: &str, known: &Rc<Known>, service: &str) -> Option<Vec<Piece>> {
        let document = yaml::read(&file.text, &mut self.budget)?;
        self.service(&Here { document: &document, file: &file.path, folder, known }, service)
    }

    /// What the service extends, over it what the file includes, and over that what it says itself.
    fn service(&mut self, here: &Here<'_>, service: &str) -> Option<Vec<Piece>> {
        self.left = self.left.checked_sub(1)?;
        let own = here.document.get("services").and_then(|services| services.get(service));
        let mut pieces = match own.and_then(|node| node.get("extends")) {
            Some(base) => self.base(here, base)?,
            None => Vec::new(),
        };
        for include in here.document.get("include").map(Node::items).unwrap_or_default() {
            pieces.extend(self.included(here, include, service)?);
        }
        let Some(node) = own else { return Some(pieces) };
        pieces.push(Piece {
            file: here.file.to_owned(),
            folder: here.folder.to_owned(),
            known: Rc::clone(here.known),
            node: node.clone(),
            merged: false,
        });
        Some(pieces)
    }

    /// What a service extends: one of the same file or of another, which must be there.
    fn base(&mut self, here: &Here<'_>, base: &Node) -> Option<Vec<Piece>> {
        let name = self.word(here, base.text().or_else(|| base.get("service")?.text())?)?;
        let pieces = match base.get("file").and_then(Node::text) {
            None => self.service(here, &name)?,
            Some(path) => {
                let path = absolute(here.folder, &self.word(here, path)?);
                let Some(file) = self.read(path) else { return Some(Vec::new()) };
                self.budget.file(&file.text)?;
                self.file(&file, parent(&file.path), here.known, &name)?
            }
        };
        (!pieces.is_empty()).then_some(pieces)
    }

    /// An included project: files of its own, a folder of its own, and an `.env` that adds to what is known.
    fn included(&mut self, here: &Here<'_>, include: &Node, service: &str) -> Option<Vec<Piece>> {
        let mut paths = Vec::new();
        for path in words(include.get("path").unwrap_or(include)) {
            paths.push(absolute(here.folder, &self.word(here, path)?));
        }
        let first = paths.first()?;
        let folder = match include.get("project_directory").and_then(Node::text) {
            Some(folder) => absolute(here.folder, &self.word(here, folder)?),
            None => parent(first).to_owned(),
        };
        let mut dotenv = Vec::new();
        if let Some(named) = include.get("env_file") {
            for path in words(named) {
                let path = absolute(here.folder, &self.word(here, path)?);
                dotenv.extend(self.read(path));
            }
        } else {
            let path = absolute(&folder, ".env");
            if let Some(text) = (self.open)(&path) {
                self.others.push(path.clone());
                dotenv.push(File { path, text });
            }
        }
        for file in &dotenv {
            self.budget.file(&file.text)?;
        }
        let known = Rc::new(with_files(here.known, &dotenv, &mut self.budget)?);
        let mut pieces = Vec::new();
        for path in paths {
            if let Some(file) = self.read(path) {
                self.budget.file(&file.text)?;
                pieces.extend(self.file(&file, &folder, &known, service)?);
            }
        }
        let merged = pieces.len() > 1;
        for piece in &mut pieces {
            piece.merged |= merged;
        }
        Some(pieces)
    }

    fn read(&mut self, path: String) -> Option<File> {
        let text = (self.open)(&path);
        if text.is_some() { &mut self.others } else { &mut self.unread }.push(path.clone());
        text.map(|text| File { path, text })
    }

    fn word(&mut self, here: &Here<'_>, raw: &str) -> Option<String> {
        Some(fill::fill(raw, &|name| value(here.known, name), &mut self.budget)?.text)
    }
}

/// One word or a list of them.
fn words(node: &Node) -> Vec<&str> {
    if node.items().is_empty() {
        node.text().into_iter().collect()
    } else {
        node.items().iter().filter_map(Node::text).collect()
    }
}

/// The folder that a file with an absolute path lies in.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
