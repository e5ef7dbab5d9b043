//! What is typed where Redis or PostgreSQL runs in a container on the server: `checks/contained.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::words::Words;
use crate::case::Case;
use crate::check::{Category, Check, Fix};
use crate::fact::Vantage;
use crate::fact::containers::Publisher;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Contained {
    instead: Vec<Instead>,
    of_host: Vec<String>,
    know: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instead {
    of: String,
    with: String,
}

static CONTAINED: LazyLock<Contained> =
    LazyLock::new(|| toml::from_str(include_str!("../../checks/contained.toml")).unwrap_or_default());

/// Words that hold a file of the service's, and the same where it lies on this machine, or is called inside.
const FILES: [(&str, &str, &str); 3] = [
    ("file", "outside_file", "inside_file"),
    ("hba", "outside_hba", "inside_hba"),
    ("edit_file", "outside_edit_file", "inside_edit_file"),
];

/// The container that a fix is about.
pub(super) fn of<'a>(case: &'a Case, check: &Check, fix: &Fix) -> Option<&'a Publisher> {
    let service = check.category.service()?;
    if fix.on == Some(Vantage::Server) { case.contained(service) } else { None }
}

/// The words of its own, and where its files are.
pub(super) fn words(container: &Publisher, found: &Words) -> Words {
    let mut words = Words::from([
        ("service_container", container.name.clone()),
        ("superuser", container.superuser.clone().unwrap_or_else(|| "postgres".to_owned())),
    ]);
    for (name, outside, inside) in FILES {
        match found.get(name).and_then(|file| container.place(file)) {
            Some(Ok(path)) => _ = words.insert(outside, path),
            Some(Err(path)) => _ = words.insert(inside, path),
            None => {}
        }
    }
    words
}

/// A fix in Docker's terms. Where a command has none, none is printed: the others alone would be half of it.
pub fn translated(fix: Fix, category: Category, words: &Words) -> Fix {
    if fix.run.iter().any(|line| line.contains("docker")) {
        return fix;
    }
    let lines: Vec<String> = fix.run.iter().map(|line| of_file(&replaced(line), words)).collect();
    let whole = lines.iter().all(|line| !is_of_host(line));
    let run = lines.into_iter().filter(|line| whole && !line.is_empty()).collect();
    let know = replaced(&fix.know);
    let know = if is_of_host(&know) { CONTAINED.know.replace("{category}", category.word()) } else { know };
    let say = replaced(&fix.say);
    let mounted = FILES.iter().find_map(|(name, outside, _)| {
        let used = fix.run.iter().chain([&fix.say]).any(|line| line.contains(&format!("{{{name}}}")));
        words.get(outside).filter(|_| used)
    });
    let say = match mounted {
        Some(path) => format!("{say} (On this machine the file is {path}.)"),
        None => say,
    };
    Fix { on: fix.on, say, run, variable: fix.variable, know }
}

fn replaced(text: &str) -> String {
    let mut text = text.to_owned();
    for it in &CONTAINED.instead {
        text = text.replace(&it.of, &it.with);
    }
    text
}

/// A file that is mounted is changed where it lies; any other one inside.
fn of_file(line: &str, words: &Words) -> String {
    let mut line = line.to_owned();
    for (name, outside, inside) in FILES {
        let own = format!("{{{name}}}");
        if !line.contains(&own) {
            continue;
        }
        if words.contains_key(outside) {
            line = line.replace(&own, &format!("{{{outside}}}"));
        } else if words.contains_key(inside) {
            line = line.replace(&own, &format!("{{{inside}}}")).replace("sudo ", "docker exec -i {service_container} ");
        }
    }
    line
}

fn is_of_host(text: &str) -> bool {
    CONTAINED.of_host.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_changed_where_it_is_mounted_from_else_inside() {
        let line = "sudo sed -i '{line}d' {file}";
        let mounted = Words::from([("outside_file", String::new())]);
        assert_eq!(of_file(line, &mounted), "sudo sed -i '{line}d' {outside_file}");
        let inside = Words::from([("inside_file", String::new())]);
        assert_eq!(of_file(line, &inside), "docker exec -i {service_container} sed -i '{line}d' {inside_file}");
    }
}
