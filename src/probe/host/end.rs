//! The end of a file that may be of any length: a log.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::file::{is_regular, not_seen, open};
use crate::fact::Unseen;

/// Two hundred lines of any log are shorter.
const LONGEST: u64 = 1 << 20;

/// The last lines of a text file, so many of them (`tail -n`). Of the first one, where it is too long, the end.
pub fn end(path: impl AsRef<Path>, lines: usize) -> Result<String, Unseen> {
    let path = path.as_ref();
    let seen = |error: std::io::Error| not_seen(path, &error);
    is_regular(path)?;
    let mut file = open(path).map_err(seen)?;
    let length = file.metadata().map_err(seen)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST))).map_err(seen)?;
    let mut bytes = Vec::new();
    // What is written meanwhile is read another time.
    file.take(LONGEST).read_to_end(&mut bytes).map_err(seen)?;
    let text = String::from_utf8_lossy(&bytes);
    let kept = text.split_inclusive('\n').count().saturating_sub(lines);
    Ok(text.split_inclusive('\n').skip(kept).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the file under test is written here")]
    fn the_last_lines_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let write = |text: &str| std::fs::write(&path, text).expect("written");
        write("a\nb\nc\n");
        assert_eq!(end(&path, 2), Ok("b\nc\n".to_owned()));
        assert_eq!(end(&path, 9), Ok("a\nb\nc\n".to_owned()));
        write("a\nb");
        assert_eq!(end(&path, 1), Ok("b".to_owned()), "a last line without an end");
        write("");
        assert_eq!(end(&path, 1), Ok(String::new()));
        let long = "x".repeat(1 << 20);
        write(&format!("{long}\nb\n"));
        assert_eq!(end(&path, 2).map(|text| text.len()), Ok(1 << 20), "no more than that is read");
        assert!(end(folder.path(), 1).is_err() && end(folder.path().join("none"), 1).is_err());
    }
}
