//! `[plugin]` in a check file: programs by the convention of monitoring plug-ins, good ones, broken ones and hostile ones.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::{at_loopback, closed_port, here, json, path, run};

/// Debian's, of the package monitoring-plugins-basic.
const REAL: &str = "/usr/lib/nagios/plugins";

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("its mode is set");
}

/// A folder that everybody may read and only its owner may change.
fn checks() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    mode(folder.path(), 0o755);
    folder
}

fn put(folder: &TempDir, name: &str, text: &str, bits: u32) {
    let file = folder.path().join(name);
    std::fs::write(&file, text).expect("written");
    mode(&file, bits);
}

/// A check file with what stands in its `[plugin]` besides where it is run.
fn check(folder: &TempDir, id: &str, plugin: &str) {
    let text = format!("title = \"{id} is OK\"\nguide = \"beyond\"\n[plugin]\nat = [\"container\"]\n{plugin}\n");
    put(folder, &format!("{id}.toml"), &text, 0o644);
}

/// A script beside its check file.
fn script(folder: &TempDir, id: &str, text: &str, plugin: &str) {
    put(folder, id, &format!("#!/bin/sh\n{text}\n"), 0o755);
    check(folder, id, &format!("program = \"{}\"\n{plugin}", path(folder, id)));
}

/// As [`here`], with time enough on a busy machine.
fn patiently() -> Vec<String> {
    here(closed_port()).into_iter().map(|word| if word == "3" { "40".to_owned() } else { word }).collect()
}

/// Status and words of each check.
fn judged(report: &Value) -> BTreeMap<String, (String, String)> {
    let of = |check: &Value| {
        let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
        (text("id"), (text("status"), check.to_string()))
    };
    report["checks"].as_array().expect("checks").iter().map(of).collect()
}

fn looked(folder: &TempDir) -> BTreeMap<String, (String, String)> {
    let (here, dir) = (patiently(), path(folder, ""));
    let said = run(&at_loopback(&["all", "custom", "--checks", &dir, "--json"], &here));
    assert!(said.err.is_empty(), "{said:?}");
    judged(&json(&said.out))
}

#[track_caller]
fn assert_all(found: &BTreeMap<String, (String, String)>, wanted: &[(&str, &str, &[&str])]) {
    for (id, status, words) in wanted {
        let (is, text) = &found[*id];
        assert_eq!(is, status, "{id}: {text}");
        for word in *words {
            assert!(text.contains(word), "{id} does not say {word:?}: {text}");
        }
    }
}

#[test]
fn the_exit_code_counts_and_all_else_is_not_seen() {
    let folder = checks();
    script(&folder, "well", "echo 'DISK OK - 5 GB|/=5GB;4;2'", "");
    script(&folder, "warns", "echo 'LOAD WARNING - 9'; exit 1", "");
    script(
        &folder,
        "fails",
        "echo 'TCP CRITICAL - refused'; exit 2",
        "[cause.critical]\nsays = \"{program}: it said {output}\"\nfix.say = \"Start it.\"\nfix.run = [\"systemctl start x\"]\nfix.know = \"It says OK.\"",
    );
    script(&folder, "unknown", "echo 'UNKNOWN - no such host'; exit 3", "");
    script(&folder, "seven", "echo 'PLUGIN OK'; exit 7", "");
    script(&folder, "killed", "echo 'PLUGIN OK'; kill -9 $$", "");
    script(&folder, "silent", "exit 0", "");
    script(&folder, "crashed", "echo 'ImportError: no module' >&2; exit 1", "");
    script(&folder, "long", "echo 'LONG OK'; head -c 10000000 /dev/zero", "");
    script(&folder, "hangs", "echo 'HANG OK'; sleep 60", "timeout = 2");
    script(&folder, "no-script", "", "");
    put(&folder, "no-script", "echo well", 0o644);
    check(&folder, "missing", &format!("program = \"{}\"", path(&folder, "nowhere")));
    let began = Instant::now();
    let found = looked(&folder);
    assert!(began.elapsed() < Duration::from_secs(20), "what hangs was waited for: {:?}", began.elapsed());
    assert_all(
        &found,
        &[
            ("well", "ok", &[]),
            ("warns", "warning", &["warns/warning", "LOAD WARNING - 9"]),
            ("fails", "failed", &["fails/critical", "it said TCP CRITICAL - refused", "systemctl start x"]),
            ("unknown", "not-seen", &["does not know: UNKNOWN - no such host"]),
            ("seven", "not-seen", &["ended with 7", "0, 1, 2 or 3"]),
            ("killed", "not-seen", &["signal 9"]),
            ("silent", "not-seen", &["printed no line", "exit code 0"]),
            ("crashed", "not-seen", &["exit code 1 may not be an answer", "ImportError: no module"]),
            ("long", "not-seen", &["printed more than 1 MiB"]),
            ("hangs", "not-seen", &["did not answer within 2 s"]),
            ("no-script", "not-seen", &["permission"]),
            ("missing", "not-seen", &["there is no "]),
        ],
    );
    let evidence = &found["fails"].1;
    assert!(evidence.contains("exit code 2 after "), "{evidence}");
}

#[test]
fn what_goes_on_without_end_is_ended_with_all_that_it_started() {
    let folder = checks();
    script(&folder, "endless", "yes", "");
    script(&folder, "parent", "(sleep 86398.5; echo never) & (setsid sleep 86398.5) & echo OK; wait", "timeout = 2");
    let found = looked(&folder);
    assert_all(&found, &[("endless", "not-seen", &["printed more than 1 MiB"]), ("parent", "not-seen", &["2 s"])]);
    let left = || {
        let all = std::fs::read_dir("/proc").expect("/proc").flatten();
        let cmdline = |it: std::fs::DirEntry| std::fs::read(it.path().join("cmdline")).unwrap_or_default();
        all.map(cmdline).filter(|line| line.windows(7).any(|part| part == b"86398.5")).count()
    };
    // What left its group is ended when the program has ended.
    let ends = Instant::now() + Duration::from_secs(10);
    while left() > 0 {
        assert!(Instant::now() < ends, "{} processes are left", left());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn its_words_do_not_steer_the_terminal_and_tell_no_secret() {
    let folder = checks();
    let text = r#"printf 'BAD \033[2J\033]0;x\007 \342\200\256 for hunter2secret, password=theirs, key %s|hunter2secret=1\nsecond\n' "$2"; exit 2"#;
    script(&folder, "tells", text, "arguments = [\"-p\", \"hunter2secret\"]");
    let (here, dir) = (patiently(), path(&folder, ""));
    for format in [&["--color", "never"][..], &["--color", "never", "-v"], &["--json"]] {
        let said = run(&[&at_loopback(&["all", "custom", "--checks", &dir], &here)[..], format].concat());
        assert!(said.out.contains("for ***, password="), "{}", said.out);
        for never in ["hunter2", "theirs", "\u{1b}", "\u{7}", "\u{202e}", "second"] {
            assert!(!said.out.contains(never) && !said.err.contains(never), "{never:?}: {said:?}");
        }
    }
    // A mistake in the arguments does not show them.
    for (wrong, line) in
        [("arguments = \"-p hunter2secret\"", ":6:"), ("arguments = [\n\"-p\",\n\"hunter2secret\n]", ":8:")]
    {
        check(&folder, "tells", &format!("program = \"/bin/true\"\n{wrong}"));
        let said = run(&["list", "--checks", &dir]);
        assert!(said.code == 2 && said.err.contains(line) && said.err.contains("is a list of texts"), "{said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
}

#[test]
fn it_is_told_nothing_and_has_few_rights() {
    let folder = checks();
    let text = "echo \"ENV $(env | sed 's/=.*//' | sort | tr '\\n' ' ') in $(pwd), path $PATH, user $(id -u), groups $(id -G), arg $1\"; exit 1";
    script(&folder, "env", text, "arguments = [\"$(id) ; x\"]");
    let report = looked(&folder);
    let words = &report["env"].1;
    assert!(words.contains("in /, path /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin, user"), "{words}");
    assert!(words.contains("ENV CLIPCHECK_RUN HOME LANG LC_ALL PATH PWD TZ "), "{words}");
    assert!(!words.contains("uid="), "no shell read its arguments: {words}");
    let root = run(&["snapshot", "--as", "container", "--deadline", "3"]).out.contains("\"rights\": \"root\"");
    if root {
        assert!(words.contains("user 65534, groups 65534") && words.contains(" ms, as nobody: "), "{words}");
        check(&folder, "env", &format!("program = \"{}\"\nuser = \"root\"", path(&folder, "env")));
        let report = looked(&folder);
        assert!(report["env"].1.contains("user 0, groups 0"), "{report:?}");
    } else {
        check(&folder, "env", &format!("program = \"{}\"\nuser = \"root\"", path(&folder, "env")));
        assert_all(&looked(&folder), &[("env", "not-seen", &["run as root"])]);
    }
    check(&folder, "env", &format!("program = \"{}\"\nuser = \"no-such-user\"", path(&folder, "env")));
    assert_all(&looked(&folder), &[("env", "not-seen", &["no-such-user"])]);
}

#[test]
fn what_others_can_write_is_not_run() {
    let folder = checks();
    put(&folder, "ran", "", 0o666);
    let ran = path(&folder, "ran");
    let count = || std::fs::read_to_string(&ran).expect("it ran").lines().count();
    let text = format!("echo x >> {ran}; echo OK");
    let refused = |words: &[&str]| {
        let (before, found) = (count(), looked(&folder));
        assert_eq!(count(), before, "it was run");
        assert_all(&found, &[("x", "not-seen", &[&["not tried", "others can write"], words].concat())]);
    };
    script(&folder, "x", &text, "");
    assert_eq!((looked(&folder)["x"].0.as_str(), count()), ("ok", 1));
    for bits in [0o775, 0o757] {
        mode(&folder.path().join("x"), bits);
        refused(&["chmod go-w"]);
        mode(&folder.path().join("x"), 0o755);
        mode(&folder.path().join("x.toml"), bits);
        refused(&["x.toml"]);
        mode(&folder.path().join("x.toml"), 0o644);
        mode(folder.path(), bits);
        refused(&[]);
        mode(folder.path(), 0o755);
    }
    // A link is as safe as what it leads to.
    let other = checks();
    put(&other, "real", "#!/bin/sh\necho OK", 0o755);
    std::fs::remove_file(folder.path().join("x")).expect("removed");
    symlink(other.path().join("real"), folder.path().join("x")).expect("linked");
    assert_eq!(looked(&folder)["x"].0, "ok");
    mode(other.path(), 0o777);
    refused(&[path(&other, "").trim_end_matches('/')]);
}

/// What was seen is judged anywhere, and nothing is run for it.
#[test]
fn a_snapshot_keeps_what_it_said() {
    let folder = checks();
    let ran = path(&folder, "ran");
    put(&folder, "ran", "", 0o666);
    script(&folder, "x", &format!("echo x >> {ran}; echo 'X CRITICAL - no'; exit 2"), "");
    let dir = path(&folder, "");
    let seen = run(&at_loopback(&["snapshot", "--checks", &dir], &patiently()));
    let count = || std::fs::read_to_string(&ran).expect("it ran").lines().count();
    assert_eq!((seen.code, count()), (0, 1), "{}", seen.err);
    let files = checks();
    put(&files, "here.json", &seen.out, 0o644);
    let said = run(&["judge", &path(&files, "here.json"), "--checks", &dir, "--json"]);
    assert_all(&judged(&json(&said.out)), &[("x", "failed", &["X CRITICAL - no"])]);
    let listed = json(&run(&["list", "--checks", &dir, "--format", "json"]).out);
    assert!(listed.as_array().expect("a list").iter().any(|it| it["id"] == "x" && it["kind"] == "plug-in"));
    let page = run(&["explain", "x/warning", "--checks", &dir]);
    assert!(page.out.contains("x/warning (a warning)"), "{page:?}");
    assert_eq!(count(), 1, "it was run again");
}

#[test]
fn the_plugins_of_debian() {
    if !Path::new(REAL).join("check_procs").exists() {
        println!("skipped: there is no {REAL}/check_procs (apt-get install monitoring-plugins-basic)");
        return;
    }
    let folder = checks();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let (open, closed) = (listener.local_addr().expect("bound").port(), closed_port());
    let real = |id: &str, program: &str, arguments: &str| {
        let arguments: Vec<String> = arguments.split(' ').map(|it| format!("\"{it}\"")).collect();
        check(&folder, id, &format!("program = \"{REAL}/{program}\"\narguments = [{}]", arguments.join(", ")));
    };
    real("tcp-open", "check_tcp", &format!("-H 127.0.0.1 -p {open}"));
    real("tcp-closed", "check_tcp", &format!("-H 127.0.0.1 -p {closed}"));
    real("procs-warn", "check_procs", "-w 0:0");
    real("procs-fail", "check_procs", "-c 0:0");
    real("load-ok", "check_load", "-w 9999,9999,9999 -c 9999,9999,9999");
    real("load-usage", "check_load", "-w");
    real("disk-ok", "check_disk", "-w 0% -c 0% -p /");
    real("disk-none", "check_disk", "-w 0% -c 0% -p /no/such/folder");
    let found = looked(&folder);
    assert_all(
        &found,
        &[
            ("tcp-open", "ok", &[]),
            ("tcp-closed", "failed", &["tcp-closed/critical", "Connection refused", "exit code 2"]),
            ("procs-warn", "warning", &["PROCS WARNING: ", "performance data: procs "]),
            ("procs-fail", "failed", &["PROCS CRITICAL: "]),
            ("load-ok", "ok", &[]),
            ("load-usage", "not-seen", &["check_load"]),
            ("disk-ok", "ok", &[]),
        ],
    );
    assert_ne!(found["disk-none"].0, "ok", "{:?}", found["disk-none"]);
}
