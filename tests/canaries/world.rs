//! A machine with a secret wherever such a deployment has one, and the program on it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ring::digest;
use tempfile::TempDir;

use crate::search::Search;

const WORLD: &str = include_str!("world.sh");
const IMPOSTOR: &str = include_str!("impostor.py");

/// What secrets are made of. People's are words; some look like keys, like hosts, like numbers, or break what holds them.
pub(crate) const KINDS: [&str; 9] =
    ["key", "letters", "digits", "hexadecimal", "short", "symbols", "encoded", "like-a-host", "phrase"];

/// A secret of this name.
fn secret(name: &str, kind: &str) -> String {
    let drawn = digest::digest(&digest::SHA512, format!("{kind} {name}").as_bytes());
    let drawn = drawn.as_ref();
    let of = |letters: &str, count: usize| -> String {
        let letters: Vec<char> = letters.chars().collect();
        drawn.iter().take(count).map(|byte| letters[usize::from(*byte) % letters.len()]).collect()
    };
    let with = |between: &str, marks: &[&str]| {
        let letters: Vec<char> = of(between, 64).chars().collect();
        let words = letters.chunks(6).map(|word| word.iter().collect::<String>());
        words.take(marks.len() + 1).zip(marks.iter().chain([&""])).map(|(word, mark)| word + mark).collect::<String>()
    };
    let lower = "abcdefghijklmnopqrstuvwxyz";
    match kind {
        "key" => base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &drawn[..32]),
        "letters" => of(lower, 20),
        "digits" => of("0123456789", 20),
        "hexadecimal" => of("0123456789abcdef", 32),
        "short" => of("abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789", 12),
        "symbols" => with(lower, &["!", "/", "*", ":", "#", "&", "?"]),
        "encoded" => with("abcdefgh0123456789", &["%40", "%2F", "%3A"]),
        "like-a-host" => with(lower, &["-", ".", "."]),
        _ => of(lower, 14) + " " + &of("zyxwvutsrqponmlkjihgfedcba", 12),
    }
}

/// The names of all secrets.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = [WORLD, IMPOSTOR]
        .iter()
        .flat_map(|text| text.split("{{").skip(1))
        .filter_map(|rest| Some(rest.split_once("}}")?.0.to_owned()))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// One machine, with secrets of one kind.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) search: Search,
}

impl World {
    pub(crate) fn new(kind: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut world, mut impostor) = (WORLD.to_owned(), IMPOSTOR.to_owned());
        let secrets: Vec<(String, String)> =
            names().into_iter().map(|name| (name.clone(), secret(&name, kind))).collect();
        for (name, secret) in &secrets {
            world = world.replace(&format!("{{{{{name}}}}}"), secret);
            impostor = impostor.replace(&format!("{{{{{name}}}}}"), secret);
        }
        std::fs::write(folder.path().join("world.sh"), world).expect("written");
        std::fs::write(folder.path().join("impostor.py"), impostor).expect("written");
        let start = folder.path().join("world.sh");
        std::fs::set_permissions(start, PermissionsExt::from_mode(0o755)).expect("ours");
        Self { folder, search: Search::new(secrets) }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program there, in namespaces of its own.
    pub(crate) fn run(&self, worker: &str, args: &[&str]) -> Output {
        let _ = std::fs::remove_file(self.folder().join("listening"));
        let mut command = Command::new("unshare");
        command.args(["-mnpf", "--mount-proc", "--kill-child", "--propagation", "private"]);
        command.arg(self.folder().join("world.sh")).arg(env!("CARGO_BIN_EXE_clipcheck")).args(args);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("WORKER", worker);
        command.stdin(Stdio::null()).output().expect("unshare runs")
    }

    /// What the programs that it started were told by their arguments and their environment.
    pub(crate) fn heard(&self) -> String {
        std::fs::read_to_string(self.folder().join("heard")).unwrap_or_default()
    }
}
