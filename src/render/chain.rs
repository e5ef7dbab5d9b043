//! The chain of one variable → a page.

use std::fmt::Write;

use super::clean::Clean;
use crate::report::chain::Chain;

pub(super) fn page(chains: &Clean<Vec<Chain>>) -> String {
    let mut out = String::new();
    for (index, chain) in chains.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{} of {}", chain.variable, chain.owner);
        let _ = writeln!(out, "  uses    {}", chain.uses);
        if let Some(line) = &chain.line {
            let _ = writeln!(out, "  change  {line}");
        }
        for (rank, rung) in chain.rungs.iter().enumerate() {
            let mark = if rung.used { '→' } else { ' ' };
            let _ = writeln!(out, "{mark} {:>2}. {}", rank + 1, rung.place);
            if !rung.value.is_empty() {
                let _ = writeln!(out, "      {}", rung.value);
            }
            let _ = writeln!(out, "      ({})", rung.note);
        }
        if chain.rungs.is_empty() {
            out.push_str("  nothing sets it\n");
        }
        for what in &chain.unseen {
            let _ = writeln!(out, "  ? not seen: {what}");
        }
    }
    out
}
