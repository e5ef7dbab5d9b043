//! Every built-in check, in the order of `checks/catalog.toml`; then the user's. The files in `checks/` are embedded,
//! packed, by `checks/build.rs`, each with the judge of its name: `redis-answers` in `checks/redis/` has `redis::redis_answers`.

use std::path::Path;
use std::thread::Builder;

use miniz_oxide::inflate::decompress_to_vec;

use crate::check::cause::{self, Named};
use crate::check::{Category, Check, Judge, Judged, Mistake};
use crate::judge::{api, delivery, firewall, postgres, queue, redis, tunnel, worker};

/// A built-in check: its category, its id, and its judge if it thinks.
type Entry = (Category, &'static str, Option<Judge>);

const BUILT_IN: &[Entry] = include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// Their files in the same order, each as JSON and ended by a NUL, as one deflate stream (RFC 1951).
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/checks.deflate"));

/// A judge's answer with the cause by its name, as all the others read it.
fn by_name<C: Named>(judged: Judged<C>) -> Judged {
    judged.map(|verdict| verdict.map(Named::name))
}

/// The built-in checks. An error here is a defect of a file in `checks/`. Nothing is looked at before they are read: two threads
/// read them, where a second one can be had.
pub fn built_in() -> Result<Vec<Check>, String> {
    let texts = decompress_to_vec(PACKED).map_err(|error| format!("the texts of the checks: {error}"))?;
    let texts = String::from_utf8(texts).map_err(|error| format!("the texts of the checks: {error}"))?;
    let texts: Vec<(&Entry, &str)> = BUILT_IN.iter().zip(texts.split_terminator('\0')).collect();
    let (first, second) = texts.split_at_checked(texts.len() / 2).unwrap_or((&texts, &[]));
    std::thread::scope(|scope| {
        let apart = Builder::new().spawn_scoped(scope, || parsed(second));
        let mut checks = parsed(first)?;
        let more = apart.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| parsed(second));
        checks.extend(more?);
        Ok(checks)
    })
}

fn parsed(texts: &[(&Entry, &str)]) -> Result<Vec<Check>, String> {
    let parse = |((category, id, judge), text): &(&Entry, &str)| {
        let path = format!("checks/{}/{id}.toml", category.word());
        Check::unpack(id, *category, text, &path, *judge)
    };
    texts.iter().map(parse).collect()
}

/// A check file of the user's: plain, named by its file, and not like one that is there already; and the names of all that
/// it may need.
pub fn own(path: &Path, text: &str, checks: &[Check], known: &[&str]) -> Result<Check, Vec<Mistake>> {
    let shown = path.display().to_string();
    let of_file = |says: String| Err(vec![Mistake::of_file(&shown, says)]);
    let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let kebab = !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !kebab {
        return of_file("the file's name is the check's id, in lower case with hyphens".to_owned());
    }
    if checks.iter().any(|check| check.id.0 == id) {
        return of_file(format!("a check `{id}` already exists"));
    }
    Check::parse(id, Category::Custom, text, &shown, None, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the files, each ended by a NUL but the last one.
    const TEXTS: &str = include_str!(concat!(env!("OUT_DIR"), "/checks.texts"));

    #[test]
    fn what_is_packed_is_what_the_files_say() {
        let packed = built_in().expect("the checks");
        assert_eq!(packed.len(), TEXTS.split('\0').count());
        for ((packed, text), (category, id, judge)) in packed.iter().zip(TEXTS.split('\0')).zip(BUILT_IN) {
            let path = format!("checks/{}/{id}.toml", category.word());
            let read = Check::parse(id, *category, text, &path, *judge, &[]);
            let told = |mistakes: Vec<Mistake>| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            assert_eq!(format!("{packed:?}"), format!("{:?}", read.map_err(told).expect("no mistake")));
        }
    }
}
