//! What is to be mended on a host → a script to read and to run.

use std::fmt::Write;

use super::clean::Clean;
use crate::report::{FixScript, Told};

const HEAD: &str = include_str!("fix_script/head.sh");
const TAIL: &str = include_str!("fix_script/tail.sh");

pub(super) fn script(script: &Clean<FixScript>) -> String {
    let mut out = String::from("#!/usr/bin/env bash\n");
    let _ = writeln!(
        out,
        "# Mends the {}, {}, as it was seen at {}. Read it, then run it as root:",
        script.seat, script.host, script.seen
    );
    out.push_str("#   bash FILE        shows what changes, and asks\n#   bash FILE --yes  does not ask\n");
    out.push_str("#   bash FILE undo   puts the files back\n");
    told(&mut out, "Mends", &script.mended);
    told(&mut out, "Leaves out what only a person can do:", &script.left);
    out.push_str("set -euo pipefail\n\n");
    let key = script.public_key.as_deref().unwrap_or_default();
    let _ = writeln!(out, "host={}\nkey={}", quoted(&script.host), quoted(key));
    let _ = writeln!(out, "kept=/var/backups/clipcheck-{}", script.seen);
    out.push_str("\n# The files that change.\nfiles() {\n");
    if script.files.is_empty() {
        out.push_str("  :");
    } else {
        let _ = write!(out, "  printf '%s\\n' \\\n    {}", script.files.join(" \\\n    "));
    }
    out.push_str("\n}\n\n# The edits, on copies below $new.\nedit() {\n");
    block(&mut out, &script.edits);
    out.push_str("}\n\n# What is done besides.\nact() {\n");
    block(&mut out, &script.actions);
    out.push_str("}\n\n# What takes the files into use.\nreload() {\n");
    block(&mut out, &script.reloads);
    if script.files.iter().any(|file| file.starts_with("/etc/ufw/")) {
        out.push_str("  ufw reload\n");
    }
    out.push_str("}\n");
    listed(&mut out, "What putting the files back does not take back", "lasting", &script.lasting);
    let left: Vec<String> = script.left.iter().map(|Told { code, say, .. }| format!("{code}: {say}")).collect();
    listed(&mut out, "What only a person can do", "left", &left);
    if script.mended.is_empty() {
        out.push_str("echo 'There is nothing that this script could mend.'\n");
        out.push_str("if [ \"$left_count\" -gt 0 ]; then\n  echo 'To be done by hand:'\n  left\nfi\nexit 0\n");
        return out;
    }
    out.push_str(HEAD);
    out.push_str(TAIL);
    out
}

fn told(out: &mut String, what: &str, all: &[Told]) {
    if !all.is_empty() {
        let _ = writeln!(out, "#\n# {what}");
    }
    for Told { code, says, say } in all {
        let _ = writeln!(out, "# - {code}: {says}\n#   {say}");
    }
}

/// A function that prints lines, and how many there are.
fn listed(out: &mut String, what: &str, name: &str, lines: &[String]) {
    let _ = writeln!(out, "\n# {what}.\n{name}() {{\n  cat << 'LINES'");
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    let _ = writeln!(out, "LINES\n}}\n{name}_count={}\n", lines.len());
}

fn block(out: &mut String, lines: &[String]) {
    if lines.is_empty() {
        out.push_str("  :\n");
    }
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
