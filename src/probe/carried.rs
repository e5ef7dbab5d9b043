//! What is put into a container or onto another host: on Linux this very program; elsewhere the static one for Linux that a
//! build may carry inside it (`CLIPCHECK_LINUX_PROGRAM`, read by `checks/build.rs`). Windows' containers are Linux's.

use super::host;

/// The program that was given to the build, and the machine that it is built for. Not `const`: it would be there once for each use.
static CARRIED: Option<(&[u8], &str)> = include!(concat!(env!("OUT_DIR"), "/linux_program.rs"));

/// A program for Linux.
#[derive(Debug, Clone)]
pub(super) enum Program {
    /// This one, by its path.
    Own(String),
    /// The carried one: its bytes.
    Carried(&'static [u8]),
}

/// What there is to copy. A carried one goes before our own: it is static.
pub(super) fn program() -> Result<Program, String> {
    if let Some((bytes, _)) = CARRIED {
        return Ok(Program::Carried(bytes));
    }
    if std::env::consts::OS != "linux" {
        return Err("this build has no program for Linux inside it (the released clipcheck.exe has)".to_owned());
    }
    host::own_program().map(Program::Own).ok_or_else(|| "this program's own file cannot be found".to_owned())
}

/// Whether there is a carried one.
pub(super) fn is_there() -> bool {
    CARRIED.is_some()
}

/// The machine that [`program`] is built for, as `uname -m` says it.
pub(super) fn machine() -> &'static str {
    CARRIED.map_or(std::env::consts::ARCH, |(_, machine)| machine)
}

/// One file as an archive, as `docker cp -` takes it: nothing is written on this host, and it may be executed there.
pub(super) fn archive(name: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(host::now());
    let mut archive = tar::Builder::new(Vec::with_capacity(bytes.len() + 4096));
    let whole = archive.append_data(&mut header, name, bytes).and_then(|()| archive.into_inner());
    whole.map_err(|error| format!("the program could not be packed: {}", host::words(&error)))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_archive_is_the_file_that_may_be_executed() {
        let packed = archive(".clipcheck-copy-7", b"\x7fELF and more").expect("packed");
        let mut read = tar::Archive::new(packed.as_slice());
        let mut files = read.entries().expect("entries");
        let mut file = files.next().expect("one").expect("well-formed");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("its bytes");
        let header = file.header();
        assert_eq!(header.path_bytes().as_ref(), b".clipcheck-copy-7");
        assert_eq!((header.mode().expect("mode"), header.uid().expect("uid")), (0o755, 0));
        assert_eq!(bytes, b"\x7fELF and more");
        assert!(files.next().is_none(), "one file");
    }

    #[test]
    fn there_is_something_to_copy_where_this_is_linux_or_it_is_carried() {
        let found = program();
        match (cfg!(target_os = "linux"), is_there()) {
            (_, true) => assert!(matches!(found, Ok(Program::Carried(bytes)) if bytes.starts_with(b"\x7fELF"))),
            (true, false) => assert!(matches!(found, Ok(Program::Own(_)))),
            (false, false) => assert!(found.expect_err("nothing to copy").contains("no program for Linux inside")),
        }
    }
}
