//! The forms in which a compose file writes one and the same thing.

use super::yaml::Node;

/// `environment` in either form: a map, or a list of `NAME=value` and `NAME`.
pub(super) fn pairs(node: &Node) -> Vec<(String, Option<String>, u32)> {
    let of_map = node.pairs().iter().map(|(name, value)| (name.clone(), value.word(), value.line));
    let of_list = node.items().iter().filter_map(|item| {
        let text = item.text()?;
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        Some((name.to_owned(), value.map(str::to_owned), item.line))
    });
    of_map.chain(of_list).collect()
}

/// `extra_hosts` in either form: a list of `name:address` or `name=address`, or a map, of one address or several.
pub(super) fn hosts(node: &Node) -> Vec<(String, u32)> {
    let of_list = node.items().iter().filter_map(|item| Some((item.text()?.to_owned(), item.line)));
    let of_map = node.pairs().iter().flat_map(|(name, value)| {
        let several = if value.items().is_empty() { std::slice::from_ref(value) } else { value.items() };
        several.iter().filter_map(move |one| Some((format!("{name}={}", one.text()?), one.line)))
    });
    of_list.chain(of_map).collect()
}

/// `env_file` in its forms: a path, a list of paths, and of `path`, `required` and `format`. For each, whether it must
/// be there and whether it is read as `docker run --env-file` reads.
pub(super) fn files(node: &Node) -> Vec<(String, bool, bool)> {
    let one = |node: &Node| -> Option<(String, bool, bool)> {
        if let Some(path) = node.text() {
            return Some((path.to_owned(), true, false));
        }
        let required = node.get("required").and_then(Node::word).is_none_or(|word| word != "false");
        let raw = node.get("format").and_then(Node::text).is_some_and(|format| format == "raw");
        Some((node.get("path")?.text()?.to_owned(), required, raw))
    };
    if node.items().is_empty() {
        one(node).into_iter().collect()
    } else {
        node.items().iter().filter_map(one).collect()
    }
}
