//! One reader, fuzzed: CLIPCHECK_READER says which. It may not panic, and what it keeps may not hold a secret that stood in
//! its text. With CLIPCHECK_SEEDS, a folder, the beginnings of all readers are written there instead.
#![no_main]

use std::fmt::Write as _;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use readers::Reader;

#[path = "../readers/mod.rs"]
mod readers;

/// Stands in no seed, and is no word, number, address or name.
const CANARY: [&str; 2] = ["qK7z+Xw9", "vT3j+Ly5"];

/// A private key that stands in no seed, as `wg` writes it and as the userspace implementations do.
const KEY: [&str; 2] =
    ["cHJpdmF0ZSBrZXkgb2YgdGhlIGZ1enppbmcgdGVzdCE=", "70726976617465206b6579206f66207468652066757a7a696e672074657374"];

static READER: OnceLock<Reader> = OnceLock::new();

fuzz_target!(init: begin(), |data: &[u8]| {
    let Some(reader) = READER.get() else { return };
    let text = String::from_utf8_lossy(data);
    if reader.name == "url" {
        return passwords(reader, &text);
    }
    let secret = secret(reader.name);
    let kept = kept(reader, &format!("{secret}{text}"));
    // It learns the canary, and then puts it where a text is shown by design, also with quotation marks in its middle.
    let bare: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || "+=".contains(*c)).collect();
    let hidden = |canary: &&&str| !secret.is_empty() && !bare.contains(**canary);
    for canary in CANARY.iter().chain(&KEY).filter(hidden) {
        assert!(!kept.contains(canary), "{}: a secret is kept", reader.name);
    }
});

/// What is kept, as anybody could come to see it.
fn kept(reader: &Reader, text: &str) -> String {
    let mut shown = String::new();
    let _ = write!(shown, "{:?}", (reader.read)(text));
    shown
}

/// A password with the input in its middle, wherever a URL has one.
fn passwords(reader: &Reader, text: &str) {
    kept(reader, text);
    let password = format!("{}{text}{}", CANARY[0], CANARY[1]);
    for (before, behind) in [
        ("redis://:", "@10.8.0.1:6379/0"),
        ("redis://u:", "@redis:6379/0"),
        ("postgresql+psycopg2://u:", "@10.8.0.1:5432/db?sslmode=require"),
        ("https://u:", "@10.8.0.1/"),
    ] {
        let kept = kept(reader, &format!("{before}{password}{behind}"));
        assert!(CANARY.iter().all(|it| !kept.contains(it)), "a piece of a password is kept");
    }
}

/// A line with a secret in it, as it may stand before anything else.
fn secret(name: &str) -> &'static str {
    match name {
        "compose-env" | "docker-env" | "dotenv" => "REDIS_URL=redis://:qK7z+Xw9@10.8.0.1:6379/0\n",
        "celery-command" => "celery\n--broker=redis://:qK7z+Xw9@10.8.0.1:6379/0\n",
        "last-line" => "KeyError: 'qK7z+Xw9'\nError: redis://:vT3j+Ly5@h refused\n",
        "library-error" => "password=qK7z+Xw9 --token qK7z+Xw9\n",
        "quoted" => "near 'qK7z+Xw9' password=qK7z+Xw9\n",
        "networkd-netdev" => {
            "[NetDev]\nKind=wireguard\n[WireGuard]\nPrivateKey=cHJpdmF0ZSBrZXkgb2YgdGhlIGZ1enppbmcgdGVzdCE=\n"
        }
        "nm-keyfile" => "[wireguard]\nprivate-key=cHJpdmF0ZSBrZXkgb2YgdGhlIGZ1enppbmcgdGVzdCE=\n",
        "redis-acl-log" => "username qK7z+Xw9\nreason vT3j+Ly5\n",
        "shell-env" | "unit-service" | "unit-variables" => "REDIS_URL=redis://:qK7z+Xw9@10.8.0.1:6379/0\n",
        "last-words" => "FATAL:  near `qK7z+Xw9'\n>>> 'requirepass vT3j+Ly5'\n",
        "pg-hba" => "host all all all ldap ldapbasedn=a ldapbindpasswd=qK7z+Xw9\n",
        "redis-conf" | "redis-acl" => "requirepass qK7z+Xw9\nuser default on >vT3j+Ly5\nmasterauth vT3j+Ly5\n",
        "unit-journal" => "Key is not the correct length or format: `qK7z+Xw9'\n",
        "step-journal" => "[#] curl -H qK7z+Xw9\n",
        "wg-conf" => "[Interface]\nPrivateKey = cHJpdmF0ZSBrZXkgb2YgdGhlIGZ1enppbmcgdGVzdCE=\nPostUp = qK7z+Xw9\n",
        "wg-dump" => "wg9\tcHJpdmF0ZSBrZXkgb2YgdGhlIGZ1enppbmcgdGVzdCE=\tP\t1\toff\n",
        "wg-uapi" => "private_key=70726976617465206b6579206f66207468652066757a7a696e67207465737421\n",
        _ => "",
    }
}

fn begin() {
    if let Ok(folder) = std::env::var("CLIPCHECK_SEEDS") {
        for reader in readers::all() {
            seeds(&reader, &format!("{folder}/{}", reader.name)).expect("seeds are written");
        }
        std::process::exit(0);
    }
    let name = std::env::var("CLIPCHECK_READER").expect("CLIPCHECK_READER names a reader");
    let reader = readers::all().into_iter().find(|it| it.name == name).expect("there is such a reader");
    assert!(READER.set(reader).is_ok());
}

/// What a reader is given in life, and the beginnings of what makes it work hard.
fn seeds(reader: &Reader, folder: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(format!("{folder}/example"), reader.example)?;
    for (number, shape) in reader.shapes.iter().chain(&readers::ANY).enumerate() {
        std::fs::write(format!("{folder}/{number}"), shape.of(100))?;
    }
    Ok(())
}
