//! How the worker is started again → a script to read and to run.

use std::fmt::Write;

use super::clean::Clean;
use crate::report::{Assigned, Correction, How, Recreation, Step, Typed};

/// What every script of a container begins with.
const HEAD: &str = r#"set -euo pipefail

of() { docker inspect --type container --format "$1" "$id"; }

# A variable of the container that is there, as NAME=VALUE.
line() { of '{{range .Config.Env}}{{if eq (index (split . "=") 0) "'"$1"'"}}{{println .}}{{end}}{{end}}'; }
"#;

/// Where only a person knows a value.
const ASKED: &str = r#"
# A value that only you know. It is not shown; Enter keeps what the container has.
asked() {
  local value
  read -rsp "$1: " value < /dev/tty
  echo > /dev/tty
  if [ -n "$value" ]; then printf '%s=%s\n' "$1" "$value"; else line "$1"; fi
}
"#;

const SAME: &str = r#"
[ "$(docker inspect --type container --format '{{.Id}}' "$name")" = "$id" ] || {
  echo "$name is another container than before: run clipcheck recreate again" >&2
  exit 1
}
"#;

const UNDO: &str = r#"
if [ "${1:-}" = undo ]; then
  [ "$(docker inspect --type container --format '{{.Id}}' "$kept")" = "$id" ]
  docker rm --force "$name" > /dev/null 2>&1 || true
  docker rename "$kept" "$name"
"#;

/// It cannot be kept.
const NO_UNDO: &str = r#"
if [ "${1:-}" = undo ]; then
  echo "there is nothing to undo: Docker removed the container when it stopped (--rm)" >&2
  exit 1
fi
"#;

const FREE: &str = r#"
if docker inspect --type container "$kept" > /dev/null 2>&1; then
  echo "there is a container $kept already: remove it first, or undo (bash $0 undo)" >&2
  exit 1
fi
"#;

pub(super) fn script(recreation: &Clean<Recreation>) -> String {
    let mut out = String::from("#!/usr/bin/env bash\n");
    match &recreation.how {
        How::Docker(typed) => docker(&mut out, recreation, typed),
        How::Compose { service, place, command } => {
            let _ = writeln!(out, "# {} is the service {service} of compose ({place}).", recreation.owner);
            edits(&mut out, &recreation.steps, Some(command));
        }
        How::Host { command, pid } => {
            let _ = writeln!(out, "# {} is no container: nothing is created again, it is restarted.", recreation.owner);
            if command.is_none() {
                let pid = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
                let _ =
                    writeln!(out, "# No unit starts it: at the end stop it{pid} and start it again as it was started.");
            }
            edits(&mut out, &recreation.steps, command.as_deref());
        }
    }
    out
}

fn corrected(out: &mut String, steps: &[Step]) {
    if steps.is_empty() {
        out.push_str("# Nothing that was seen from here asks for another value of a variable.\n");
    }
    for step in steps {
        let _ = writeln!(out, "# {}: {}", step.code, step.says);
        if step.correction.edit.is_none() {
            let _ = writeln!(out, "#   {}", step.say);
        }
    }
}

/// Lines of files are corrected, and the worker is started again. Each file is kept as it was.
fn edits(out: &mut String, steps: &[Step], restart: Option<&str>) {
    corrected(out, steps);
    out.push_str("set -eu\n");
    let mut kept: Vec<&str> = Vec::new();
    for step in steps {
        let Some((file, line)) = &step.place else { continue };
        if step.run.is_empty() {
            let _ = writeln!(out, "# Correct {} by hand at {file}:{line}: sudoedit {file}", step.correction.variable);
            continue;
        }
        let word = word(file);
        if !kept.contains(&file.as_str()) {
            let _ = writeln!(out, "[ -e {word}.before ] || cp -p {word} {word}.before");
            kept.push(file);
        }
        for line in &step.run {
            let _ = writeln!(out, "{line}");
        }
    }
    for file in &kept {
        let word = word(file);
        let _ = writeln!(out, "diff {word}.before {word} | sed -E 's#://[^/@ ]*@#://***@#'");
    }
    if let Some(restart) = restart {
        let _ = writeln!(out, "{restart}");
    }
    for file in &kept {
        let word = word(file);
        let _ = writeln!(out, "# undo: cp -p {word}.before {word}");
    }
    if let Some(restart) = restart.filter(|_| !kept.is_empty()) {
        let _ = writeln!(out, "# undo: {restart}");
    }
}

fn word(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn docker(out: &mut String, recreation: &Recreation, typed: &Typed) {
    let _ = writeln!(
        out,
        "# Creates the container {} again as it is, by `docker run`. Secrets are taken from the",
        typed.name
    );
    out.push_str("# container that is there, and stand nowhere else. Read it, then run it: bash FILE\n");
    corrected(out, &recreation.steps);
    if let Some(name) = &typed.replaced {
        let _ = writeln!(
            out,
            "# The image's name {name} means another image by now; this keeps the one that the container has."
        );
    }
    for what in &typed.left_out {
        let _ = writeln!(out, "# Not carried over, since no option gives it or it may be a secret: {what}");
    }
    let _ = writeln!(out, "id={}\nname={}\nkept={}", typed.id, typed.name, typed.kept);
    out.push_str(HEAD);
    if recreation.steps.iter().any(|step| step.correction.edit.is_none()) {
        out.push_str(ASKED);
    }
    if typed.is_temporary {
        out.push_str(NO_UNDO);
    } else {
        out.push_str(UNDO);
        if let Some(policy) = &typed.restart {
            let _ = writeln!(out, "  docker update --restart {policy} \"$name\" > /dev/null");
        }
        out.push_str("  docker start \"$name\"\n  exit\nfi\n");
    }
    out.push_str(SAME);
    if !typed.is_temporary {
        out.push_str(FREE);
    }
    out.push_str("\noptions=(\n");
    for option in &typed.options {
        let _ = writeln!(out, "  {option}");
    }
    for variable in &typed.variables {
        match (&variable.whole, variable.is_line) {
            (Some(whole), _) if edit_of(recreation, &variable.name).is_none() => {
                let _ = writeln!(out, "  --env {whole}");
            }
            (_, false) => {
                let _ = writeln!(out, "  --env \"$({})\"", taken(recreation, variable));
            }
            _ => {}
        }
    }
    out.push_str(")\nvariables=$(\n");
    for variable in typed.variables.iter().filter(|it| it.is_line) {
        if variable.whole.is_none() || edit_of(recreation, &variable.name).is_some() {
            let _ = writeln!(out, "  {}", taken(recreation, variable));
        }
    }
    let known = |name: &String| typed.variables.iter().any(|it| it.name == *name);
    let mut more: Vec<&String> = recreation.steps.iter().map(|step| &step.correction.variable).collect();
    more.dedup();
    for name in more.into_iter().filter(|name| !known(name)) {
        let variable = Assigned { name: name.clone(), whole: None, is_line: true };
        let _ = writeln!(out, "  {}", taken(recreation, &variable));
    }
    out.push_str(")\n\n");
    run(out, typed);
}

/// Stops the one that is there, keeps it under another name, and starts the new one.
fn run(out: &mut String, typed: &Typed) {
    if typed.is_temporary {
        out.push_str("# It was started with --rm: Docker removes it when it stops, so that it cannot be kept.\n");
        out.push_str("docker rm --force \"$name\" > /dev/null\n");
    } else {
        if typed.restart.is_some() {
            out.push_str("docker update --restart no \"$name\" > /dev/null\n");
        }
        out.push_str("docker stop \"$name\" > /dev/null\ndocker rename \"$name\" \"$kept\"\n");
    }
    let further = !typed.networks.is_empty();
    let verb = if further { "create" } else { "run --detach" };
    let mut words = vec![typed.image.clone()];
    words.extend(typed.arguments.iter().cloned());
    let _ = writeln!(out, "{{\n  printf '%s\\n' \"$variables\" |");
    let _ = writeln!(out, "    docker {verb} --name \"$name\" --env-file /dev/stdin \"${{options[@]}}\" \\");
    let _ = write!(out, "    {}", words.join(" "));
    // Within a condition `set -e` ends nothing.
    for network in &typed.networks {
        let _ = write!(out, " &&\n  docker network connect {network} \"$name\"");
    }
    out.push_str(if further { " &&\n  docker start \"$name\"\n" } else { "\n" });
    out.push_str("} || {\n");
    if typed.is_temporary {
        out.push_str("  echo \"it could not be started\" >&2\n  exit 1\n}\n");
        return;
    }
    out.push_str("  echo \"it could not be started; to go back: bash $0 undo\" >&2\n  exit 1\n}\n");
    out.push_str("echo \"If it works: docker rm $kept. If not: bash $0 undo\"\n");
}

fn edit_of<'a>(recreation: &'a Recreation, name: &str) -> Option<&'a Correction> {
    recreation.steps.iter().map(|step| &step.correction).find(|it| it.variable == name)
}

/// The command that prints a variable for the new container.
fn taken(recreation: &Recreation, variable: &Assigned) -> String {
    let name = &variable.name;
    match edit_of(recreation, name).map(|it| &it.edit) {
        None => format!("line {name}"),
        Some(Some(edit)) => format!("line {name} | sed {edit}"),
        Some(None) => format!("asked {name}"),
    }
}
