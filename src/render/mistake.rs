//! The line of a file with a mark under the words at fault.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::clean::{Clean, Texts};
use crate::check::{Mistake, Spot};

/// So much of a line is shown at most on either side of the words.
const BESIDE: usize = 200;

impl Texts for Mistake {
    fn clean(&mut self) {
        let Self { file, says, at } = self;
        file.clean();
        says.clean();
        if let Some(Spot { before, words, after, line: _, column: _ }) = at {
            // A tab takes as much room as a blank: what is marked below it stays below it.
            for text in [before, words, after] {
                *text = text.replace('\t', " ");
                text.clean();
            }
        }
    }
}

/// Nothing where no words are at fault.
pub(super) fn source(mistake: &Clean<Mistake>, width: usize) -> String {
    let Some(Spot { line, before, words, after, .. }) = mistake.at.as_ref().filter(|spot| !spot.words.is_empty())
    else {
        return String::new();
    };
    let ahead = before.chars().count().saturating_sub(BESIDE);
    let before: String = before.chars().skip(ahead).collect();
    let words: String = words.trim_end().chars().take(BESIDE).collect();
    let after: String = after.chars().take(BESIDE).collect();
    let marked = before.len()..before.len() + words.len();
    let source = format!("{before}{words}{after}");
    let snippet = Snippet::source(source).line_start(*line).annotation(AnnotationKind::Primary.span(marked));
    let mut out = Renderer::plain().term_width(width).render(&[Group::with_level(Level::ERROR).element(snippet)]);
    out.push('\n');
    out
}
