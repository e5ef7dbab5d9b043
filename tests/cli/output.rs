//! `--output FILE`: the only file that is written, as a whole.

use std::process::Command;

use super::formats::FORMATS;
use crate::{folder, json, path, recorded, refused, run, said};

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let files = folder(&[("old.txt", "old")]);
    let snapshot = recorded::path("healthy", "server");
    for format in FORMATS {
        let file = path(&files, "old.txt");
        let said = run(&["judge", &snapshot, "--format", format, "--output", &file, "--color", "always"]);
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""), "{format}");
        let written = std::fs::read_to_string(&file).expect("the file");
        assert_eq!(written, run(&["judge", &snapshot, "--format", format]).out, "{format}");
    }
    let fresh = path(&files, "new.json");
    assert_eq!(run(&["judge", &snapshot, "--json", "--output", &fresh]).code, 0);
    json(&std::fs::read_to_string(&fresh).expect("the file"));
    // A link stays one, and nothing is left beside.
    let link = path(&files, "link");
    std::os::unix::fs::symlink(&fresh, &link).expect("a link");
    assert_eq!(run(&["judge", &snapshot, "--output", &link]).code, 0);
    assert!(std::fs::symlink_metadata(&link).expect("the link").is_symlink());
    assert!(std::fs::read_to_string(&fresh).expect("the file").contains("Nothing failed"));
    let left: Vec<_> =
        std::fs::read_dir(files.path()).expect("listed").map(|it| it.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    refused(&["judge", &snapshot, "--output", "/nonexistent/x"], &["/nonexistent/x: "]);
    refused(&["judge", &snapshot, "--output", "/dev/null"], &["/dev/null: it is not a regular file"]);
    refused(&["judge", &snapshot, "--output", &path(&files, "")], &["it is not a regular file"]);
}

/// Its permissions stay, and a new one has those of any other program's files.
#[test]
fn a_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = folder(&[("old.txt", "old")]);
    let snapshot = recorded::path("healthy", "server");
    let mode = |name: &str| std::fs::metadata(path(&files, name)).expect("the file").permissions().mode() & 0o777;
    std::fs::set_permissions(path(&files, "old.txt"), std::fs::Permissions::from_mode(0o640)).expect("set");
    for name in ["old.txt", "new.txt"] {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 022; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_clipcheck")]);
        let output = shell.args(["judge", &snapshot, "--output", &path(&files, name)]).output().expect("sh runs");
        assert_eq!(said(&output).code, 0);
    }
    assert_eq!((mode("old.txt"), mode("new.txt")), (0o640, 0o644));
}
