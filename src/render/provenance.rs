//! The provenance of one variable → a page.

use std::fmt::Write;

use super::clean::Clean;
use crate::report::provenance::Provenance;

pub(super) fn page(provenances: &Clean<Vec<Provenance>>) -> String {
    let mut out = String::new();
    for (index, provenance) in provenances.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{} of {}", provenance.variable, provenance.owner);
        let _ = writeln!(out, "  uses    {}", provenance.uses);
        if let Some(line) = &provenance.line {
            let _ = writeln!(out, "  change  {line}");
        }
        for (rank, source) in provenance.sources.iter().enumerate() {
            let mark = if source.used { '→' } else { ' ' };
            let _ = writeln!(out, "{mark} {:>2}. {}", rank + 1, source.place);
            if !source.value.is_empty() {
                let _ = writeln!(out, "      {}", source.value);
            }
            let _ = writeln!(out, "      ({})", source.note);
        }
        if provenance.sources.is_empty() {
            out.push_str("  nothing sets it\n");
        }
        for what in &provenance.unseen {
            let _ = writeln!(out, "  ? not seen: {what}");
        }
    }
    out
}
