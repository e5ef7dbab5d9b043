//! A session of PostgreSQL's administrator over its local socket, without a program and without a password: `peer` asks
//! the kernel whose connection it is, and the kernel tells the ids of who connected (unix(7), SO_PEERCRED).

use std::fs::File;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Gid, Uid};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_postgres::tls::NoTls;
use tokio_postgres::{Client, Config, SimpleQueryMessage};

use crate::fact::Unseen;
use crate::fact::touch::{Touch, connects, reads};
use crate::probe::as_user::{self, Ids};
use crate::probe::bounded::Bounded;
use crate::probe::containers::Contained;
use crate::probe::host;
use crate::probe::host::limits;

/// All sockets of this network namespace, with their paths.
const SOCKETS: &str = "/proc/net/unix";

/// `__SO_ACCEPTCON` in the column Flags: somebody waits for connections there (proc_pid_net(5)).
const LISTENS: &str = "00010000";

/// Debian's folder, everybody else's by default, and the one before that.
const FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// A local socket answers at once.
const CONNECT: Duration = Duration::from_secs(2);

/// A session that cannot change anything, and does not wait.
const OPTIONS: &str = "-c default_transaction_read_only=on -c statement_timeout=3000 -c search_path=pg_catalog";

/// A session of his.
pub(super) struct Session<'a> {
    client: Client,
    of: &'a Administrator,
}

impl Session<'_> {
    /// The first column of the answer's only row.
    pub(super) async fn ask(&self, query: &str) -> Result<String, Unseen> {
        let said = one(&self.client, query).await.map_err(|why| self.of.refused(&why))?;
        said.ok_or_else(|| Unseen::Unreadable("PostgreSQL's answer".to_owned()))
    }
}

/// Who the administrator is, and where he is let in.
pub(super) struct Administrator {
    /// As it is called in sentences.
    socket: String,
    /// The same as a handle, where it is a container's: no path of this machine leads there for that user.
    handle: Option<Arc<File>>,
    name: String,
    uid: Uid,
    gid: Gid,
}

impl Administrator {
    /// Of the cluster that listens on this port: its socket's owner.
    pub(super) fn find(port: &str) -> Result<Self, Unseen> {
        let socket = socket(&host::read_or_unseen(SOCKETS)?, port)
            .ok_or_else(|| Unseen::NotKnown(format!("there is no local PostgreSQL socket for port {port}")))?;
        let owner = host::stat(&socket)?.map(|stat| stat.owner);
        let owner = owner.ok_or_else(|| Unseen::NotKnown(format!("{socket} cannot be seen from here")))?;
        let (name, gid) = user(&host::read_or_unseen("/etc/passwd")?, owner)
            .ok_or_else(|| Unseen::NotKnown(format!("the owner of {socket}, user {owner}, has no name here")))?;
        Ok(Self { socket, handle: None, name, uid: Uid::from_raw(owner), gid: Gid::from_raw(gid) })
    }

    /// Of a PostgreSQL in a container: its socket is a file there, and a file's socket is reached from any network. PostgreSQL's
    /// own image lets its superuser in there (`trust`); nothing is run in it.
    pub(super) fn inside(contained: &Contained) -> Result<Self, Unseen> {
        let (found, files) = (&contained.found, &contained.files);
        let table = host::read_or_unseen(format!("/proc/{}/net/unix", found.process))?;
        let name = &found.container.name;
        let none = || Unseen::NotKnown(format!("PostgreSQL in the container {name} has no local socket"));
        let socket = socket(&table, &contained.port.to_string()).ok_or_else(none)?;
        let handle = files.handle(&socket)?.ok_or_else(none)?;
        let met = handle.metadata().map_err(|_| none())?;
        if !met.file_type().is_socket() {
            return Err(none());
        }
        let passwd = files.read_if_there("/etc/passwd")?.unwrap_or_default();
        // With ids of its own (`userns-remap`) the owner has another number there.
        let owner = user(&passwd, met.uid()).map(|(name, _)| name);
        let superuser = found.container.superuser.clone().or(owner).unwrap_or_else(|| "postgres".to_owned());
        Ok(Self {
            socket: files.shown(&socket),
            handle: Some(Arc::new(handle)),
            name: superuser,
            uid: Uid::from_raw(met.uid()),
            gid: Gid::from_raw(met.gid()),
        })
    }

    /// Opens a session in a database, for as long as somebody talks.
    pub(super) async fn session<T>(
        &self,
        database: &str,
        talk: impl AsyncFnOnce(&Session<'_>) -> Result<T, Unseen>,
    ) -> Result<T, Unseen> {
        let stream = timeout(CONNECT, self.connect()).await.map_err(|_| self.silent())??;
        let mut config = Config::new();
        config.user(&self.name).dbname(database).application_name("clipcheck").options(OPTIONS);
        let opened = timeout(CONNECT, config.connect_raw(Bounded::new(stream), NoTls)).await;
        let (client, connection) = opened.map_err(|_| self.silent())?.map_err(|why| self.refused(&why))?;
        let session = Session { client, of: self };
        let talk = async {
            let said = talk(&session).await;
            // So that the connection says good-bye.
            drop(session);
            said
        };
        let (said, ended) = tokio::join!(talk, connection);
        drop(ended);
        said
    }

    fn refused(&self, why: &tokio_postgres::Error) -> Unseen {
        let code = why.as_db_error().map_or_else(String::new, |error| format!(" ({})", error.code().code()));
        Unseen::NoTool(format!("PostgreSQL did not answer {} at {}{code}", self.name, self.socket))
    }

    fn silent(&self) -> Unseen {
        Unseen::NoTool(format!("PostgreSQL did not answer at {} within {} s", self.socket, CONNECT.as_secs()))
    }

    async fn connect(&self) -> Result<UnixStream, Unseen> {
        let user = Ids { uid: self.uid, gid: self.gid, groups: Vec::new() };
        let stream = as_user::connect(Some(user), &self.socket, self.handle.clone()).await?;
        stream.and_then(UnixStream::from_std).map_err(|error| {
            limits::note(&error);
            Unseen::NoTool(format!("{} as {}: {}", self.socket, self.name, host::words(&error)))
        })
    }
}

async fn one(client: &Client, query: &str) -> Result<Option<String>, tokio_postgres::Error> {
    let rows = client.simple_query(query).await?;
    Ok(rows.iter().find_map(|row| match row {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
    }))
}

/// The path of a listening `.s.PGSQL.PORT`; of several, the one in the usual folder.
fn socket(table: &str, port: &str) -> Option<String> {
    let name = format!(".s.PGSQL.{port}");
    let listening = table.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (flags, path) = (columns.get(3)?, columns.get(7)?);
        (*flags == LISTENS && Path::new(path).file_name()? == name.as_str() && path.starts_with('/'))
            .then(|| (*path).to_owned())
    });
    let rank = |path: &String| {
        let folder = Path::new(path).parent();
        FOLDERS.iter().position(|usual| folder == Some(Path::new(usual))).unwrap_or(FOLDERS.len())
    };
    listening.min_by_key(|path| (rank(path), path.clone()))
}

/// A user's name and group (passwd(5)).
fn user(passwd: &str, uid: u32) -> Option<(String, u32)> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, id, group, ..] = fields.as_slice() else { return None };
        (id.parse() == Ok(uid)).then_some(())?;
        Some(((*name).to_owned(), group.parse().ok()?))
    })
}

/// What a session of his does.
pub(super) fn touches() -> Vec<Touch> {
    [reads(&[SOCKETS, "/etc/passwd", "{postgres-socket}"]), connects(&["unix {postgres-socket}"])].concat()
}

/// What a session of one in a container does.
pub(super) fn inside_touches() -> Vec<Touch> {
    let files = ["/proc/{pid}/net/unix", "/proc/{pid}/root/**"];
    [reads(&files), connects(&["unix /proc/self/fd/*"])].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_that_listens_is_found() {
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0: 00000002 00000000 00010000 0001 01 1 /tmp/.s.PGSQL.5432\n\
            0: 00000002 00000000 00010000 0001 01 2 /var/run/postgresql/.s.PGSQL.5432\n\
            0: 00000003 00000000 00000000 0001 03 3 /var/run/postgresql/.s.PGSQL.5433\n\
            0: 00000002 00000000 00010000 0001 01 4 @/x/.s.PGSQL.5434\n\
            0: 00000002 00000000 00010000 0001 01 5 /srv/pg/.s.PGSQL.5435\n";
        assert_eq!(socket(table, "5432").as_deref(), Some("/var/run/postgresql/.s.PGSQL.5432"));
        assert_eq!(socket(table, "5433"), None, "a connection, and nobody who waits for more");
        assert_eq!(socket(table, "5434"), None);
        assert_eq!(socket(table, "5435").as_deref(), Some("/srv/pg/.s.PGSQL.5435"));
    }

    #[test]
    fn a_user_has_a_name_and_a_group() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:103:110::/var/lib/postgresql:/bin/bash\nbad:x\n";
        assert_eq!(user(passwd, 103), Some(("postgres".to_owned(), 110)));
        assert_eq!(user(passwd, 7), None);
    }
}
