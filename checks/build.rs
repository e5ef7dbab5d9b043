//! Before the crate is compiled: the causes in the check files become types, and the list of checks becomes code.
//!
//! A judge can then only give a cause that its check's file has, and a cause that no judge gives is dead code, which is
//! an error. `checks/catalog.toml` has the order.
#![allow(clippy::disallowed_methods, reason = "reads the check files")]
#![allow(clippy::print_stdout, reason = "tells cargo when to run this again")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=checks");
    println!("cargo::rustc-env=CLIPCHECK_VERSION={}", version());
    println!("cargo::rerun-if-env-changed={CARRIED}");
    if let Err(wrong) = make().and_then(|()| carry()) {
        println!("cargo::error={wrong}");
    }
}

/// What `--version` says. A debug build has no commit: it would be built again with each.
fn version() -> String {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    let commit = if set("PROFILE") == "release" { commit() } else { "debug build".to_owned() };
    format!("{} ({commit}, {})", set("CARGO_PKG_VERSION"), set("TARGET"))
}

fn commit() -> String {
    let git = |words: &[&str]| {
        let output = std::process::Command::new("git").args(words).output().ok().filter(|it| it.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["describe", "--always", "--dirty", "--exclude=*"]).unwrap_or_else(|| "commit unknown".to_owned())
}

/// The file of a static program for Linux, which the one that is built then has inside it: from Windows that is what goes into
/// the worker's container. None where it is not set.
const CARRIED: &str = "CLIPCHECK_LINUX_PROGRAM";

fn carry() -> Result<(), String> {
    let Some(path) = std::env::var_os(CARRIED).filter(|path| !path.is_empty()) else {
        return write("linux_program.rs", "None");
    };
    let path = PathBuf::from(path);
    println!("cargo::rerun-if-changed={}", path.display());
    let wrong = |why: &str| format!("{CARRIED}={}: {why}", path.display());
    if !path.is_absolute() {
        return Err(wrong("not a full path"));
    }
    let bytes = std::fs::read(&path).map_err(|error| wrong(&error.to_string()))?;
    let machine = machine(&bytes).map_err(wrong)?;
    write("linux_program.rs", &format!("Some((include_bytes!({:?}), {machine:?}))", path.display().to_string()))
}

/// Which machine a static program for Linux is for (elf(5)); as `uname -m` says it.
fn machine(elf: &[u8]) -> Result<&'static str, &'static str> {
    const INTERPRETER: u64 = 3;
    let number = |at: usize, bytes: usize| {
        let field = elf.get(at..at + bytes).ok_or("it is cut off")?;
        Ok::<_, &str>(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return Err("no 64-bit program for Linux");
    }
    let machine = match number(18, 2)? {
        62 => "x86_64",
        183 => "aarch64",
        _ => return Err("neither x86_64 nor aarch64"),
    };
    let at = |value: u64| usize::try_from(value).map_err(|_| "it is cut off");
    let (headers, each, count) = (at(number(32, 8)?)?, at(number(54, 2)?)?, at(number(56, 2)?)?);
    for header in 0..count {
        if number(headers.saturating_add(header * each), 4)? == INTERPRETER {
            return Err("not static: it needs libraries, which a container may not have");
        }
    }
    Ok(machine)
}

fn make() -> Result<(), String> {
    let listed = catalog()?;
    agree(&listed)?;
    let (mut causes, mut catalog, mut texts) = (String::new(), String::from("&[\n"), Vec::new());
    let mut packed = Vec::new();
    for name in &listed {
        let (folder, id) = name.split_once('/').ok_or_else(|| format!("`{name}` is no FOLDER/CHECK"))?;
        let text = with_urls(text_of(&format!("checks/{name}.toml"))?)?;
        let check = parsed(&text, &format!("checks/{name}.toml"))?;
        let judge = if check.contains_key("expect") {
            "None".to_owned()
        } else {
            causes.push_str(&named(id, &check)?);
            let (function, causes) = (id.replace('-', "_"), pascal(id)?);
            format!("Some(|seat| by_name::<cause::{causes}>({folder}::{function}(seat)))")
        };
        let category = pascal(folder)?;
        let _ = writeln!(catalog, "    (Category::{category}, \"{id}\", {judge}),");
        packed.push(as_json(check).map_err(|error| format!("checks/{name}.toml: {error}"))?);
        texts.push(text);
    }
    pack(&packed)?;
    write("checks.texts", &texts.join("\0"))?;
    catalog.push_str("]\n");
    write("causes.rs", &causes)?;
    write("catalog.rs", &catalog)
}

/// A check's file, with the causes of `checks/urls.toml` at its end if it says what its URL looks like: `{form}`.
fn with_urls(text: String) -> Result<String, String> {
    let key = |line: &&str| line.starts_with("url_form = ");
    let Some(line) = text.lines().find(key) else { return Ok(text) };
    let form = line.split('"').nth(1).ok_or_else(|| format!("`{line}` has no text"))?;
    let own: BTreeSet<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
    let urls = text_of("checks/urls.toml")?;
    let more = urls.split("\n[").skip(1).map(|table| format!("\n[{table}"));
    let more: String =
        more.filter(|table| !own.contains(table.trim_start().lines().next().unwrap_or_default())).collect();
    // Every line of its own stays where it is: mistakes are told by their lines.
    Ok((text.replacen(line, "", 1) + &more).replace("{form}", form))
}

/// A check's file as JSON: all of them are read at each start, and that takes half of the time. What all fixes share stands in
/// each of them (`src/check/form/mistakes.rs`).
fn as_json(mut check: toml::Table) -> Result<String, serde_json::Error> {
    if let Some(toml::Value::Table(shared)) = check.get("fix").cloned()
        && let Some(toml::Value::Table(causes)) = check.get_mut("cause")
    {
        for (_, cause) in causes.iter_mut() {
            let Some(toml::Value::Table(fix)) = cause.get_mut("fix") else { continue };
            for (key, value) in &shared {
                fix.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        check.remove("fix");
    }
    serde_json::to_string(&check)
}

/// All checks, one after the other, each ended by a NUL; packed they are a fifth.
fn pack(checks: &[String]) -> Result<(), String> {
    const BEST: u8 = 10;
    let whole: String = checks.iter().flat_map(|text| [text.as_str(), "\0"]).collect();
    write_bytes("checks.deflate", &miniz_oxide::deflate::compress_to_vec(whole.as_bytes(), BEST))
}

/// The causes of a check that thinks, as a type.
fn named(id: &str, check: &toml::Table) -> Result<String, String> {
    let none = toml::Table::new();
    let causes = check.get("cause").and_then(toml::Value::as_table).unwrap_or(&none);
    let (mut variants, mut names) = (String::new(), String::new());
    for (name, cause) in causes {
        let says = cause.get("says").and_then(toml::Value::as_str).unwrap_or_default();
        let variant = pascal(name)?;
        let _ = writeln!(variants, "    #[doc = {says:?}]\n    {variant},");
        let _ = writeln!(names, "            Self::{variant} => {name:?},");
    }
    let of = pascal(id)?;
    Ok(format!(
        "#[doc = \"The causes of `{id}`.\"]\n#[derive(Debug, Clone, Copy, PartialEq, Eq)]\npub(crate) enum {of} {{\n{variants}}}\n\
         impl Named for {of} {{\n    fn name(self) -> &'static str {{\n        match self {{\n{names}        }}\n    }}\n}}\n"
    ))
}

/// The checks in the order of output, as `folder/id`.
fn catalog() -> Result<Vec<String>, String> {
    let table = read("checks/catalog.toml")?;
    let order = table.get("order").and_then(toml::Value::as_array).ok_or("checks/catalog.toml has no `order`")?;
    let name = |name: &toml::Value| name.as_str().map(str::to_owned).ok_or_else(|| format!("`{name}` is no name"));
    order.iter().map(name).collect()
}

/// Every file is listed, and every line of the list has its file.
fn agree(listed: &[String]) -> Result<(), String> {
    let mut files = BTreeSet::new();
    for folder in entries(Path::new("checks"))?.iter().filter(|path| path.is_dir()) {
        for file in entries(folder)? {
            let parts = file.with_extension("");
            let parts = parts.components().skip(1).map(|part| part.as_os_str().to_string_lossy());
            files.insert(parts.collect::<Vec<_>>().join("/"));
        }
    }
    let known: BTreeSet<String> = listed.iter().cloned().collect();
    let found = files.difference(&known).map(|name| format!("checks/{name}.toml stands in no line"));
    let missing = known.difference(&files).map(|name| format!("there is no checks/{name}.toml"));
    let twice = (known.len() < listed.len()).then(|| "a check stands there twice".to_owned());
    match found.chain(missing).chain(twice).next() {
        Some(wrong) => Err(format!("checks/catalog.toml: {wrong}")),
        None => Ok(()),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let found = std::fs::read_dir(folder).and_then(|all| all.map(|entry| Ok(entry?.path())).collect());
    found.map_err(|error| format!("{}: {error}", folder.display()))
}

fn read(path: &str) -> Result<toml::Table, String> {
    parsed(&text_of(path)?, path)
}

fn text_of(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

fn parsed(text: &str, path: &str) -> Result<toml::Table, String> {
    text.parse().map_err(|error| format!("{path}: {error}"))
}

fn write(name: &str, text: &str) -> Result<(), String> {
    write_bytes(name, text.as_bytes())
}

fn write_bytes(name: &str, bytes: &[u8]) -> Result<(), String> {
    let folder = std::env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?;
    std::fs::write(Path::new(&folder).join(name), bytes).map_err(|error| format!("{name}: {error}"))
}

/// `no-such-name` → `NoSuchName`. Names are lower case with hyphens, and nothing else.
fn pascal(name: &str) -> Result<String, String> {
    let part = |part: &str| {
        let plain = part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let (first, rest) = part.split_at_checked(1).filter(|_| plain)?;
        Some(first.to_ascii_uppercase() + rest)
    };
    let whole: Option<String> = name.split('-').map(part).collect();
    whole.ok_or_else(|| format!("`{name}`: ids and causes are lower case with hyphens"))
}
