//! From the Docker host into the worker's container: this very program is copied in, looks there, and is gone again.
//! Only when the user asked for it; from Windows it is the program for Linux that this one carries. The copy removes
//! itself when it starts, so that nothing stays behind however the look ends; a copy that did not start is removed by the
//! container's own `rm`, and where it has none it is started only to remove itself.

use std::time::{Duration, Instant};

use super::carried::{self, Program};
use super::{PROGRAM, ProbeContext, docker, host};
use crate::fact::Unseen;
use crate::fact::touch::{Touch, only, reads, runs};

/// How the copy is named; [`remove_own_copy`] removes nothing else.
const COPY: &str = ".clipcheck-copy";

/// What helps where the copy cannot start.
pub(super) const STATIC_RUNS: &str = "a static build (tests/dist makes one) runs in any container and on any host";

/// What helps where this program is not one for containers.
const BY_HAND: &str = "copy the static program for Linux into it (`docker cp`), run `clipcheck snapshot` there (`docker exec`), and add the \
    result with `--with FILE`";

/// A program that needs libraries may not start where they are not, and then cannot remove itself.
const STATIC: bool = cfg!(target_feature = "crt-static");

/// The end of the whole run.
struct Ends {
    begun: Instant,
    deadline: Duration,
}

impl Ends {
    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.begun.elapsed()).max(Duration::from_millis(200))
    }
}

/// What the program says of the container from inside: the text of a snapshot. The error says what was in the way.
///
/// It has ended by the deadline, or half a second later.
pub async fn snapshot(context: &ProbeContext, said: &[String], deadline: Duration) -> Result<String, String> {
    let program = carried::program().map_err(|why| format!("{why}, so nothing was copied; {BY_HAND}"))?;
    let ends = Ends { begun: host::clock(), deadline };
    let workers = docker::workers(context).await.map_err(|why| why.to_string())?;
    let container =
        workers.into_iter().next().ok_or_else(|| docker::none_found(context.profile.app().as_ref()).to_string())?;
    let name = container.name.as_str();
    // In a paused one nothing can be started, but a file can be put into it, and not removed again.
    if container.status != "running" {
        return Err(format!("the container {name} is not running ({})", container.status));
    }
    let copy = format!("/{COPY}-{}", host::process_id());
    let may_not_start = matches!(program, Program::Own(_)) && !STATIC;
    if may_not_start && !remove(name, &copy).await {
        return Err(format!(
            "the container {name} has no `rm` for a copy that cannot start, so nothing was copied: {STATIC_RUNS}"
        ));
    }
    // However this ends, nothing of ours stays there.
    host::copied(name, &copy);
    let looked = copied(name, &program, &copy, said, &ends).await;
    host::gone();
    looked
}

async fn copied(name: &str, program: &Program, copy: &str, said: &[String], ends: &Ends) -> Result<String, String> {
    let copied = put(name, program, copy, ends.left()).await;
    let copied = match copied {
        Ok(copied) => copied,
        Err(why) => {
            // What came through of it is there.
            let left = left_after(name, copy).await;
            return Err(format!("{why}{left}"));
        }
    };
    if !copied.ok {
        let read_only = copied.err.contains("read-only");
        let why = if read_only { "its file system is read-only" } else { "`docker cp` failed" };
        return Err(format!("the program could not be copied into the container {name}: {why}"));
    }
    // What starts there needs a moment to start, and its words to come back.
    let limit = ends.left().mul_f64(0.8).as_secs_f64().to_string();
    let mut arguments = vec!["exec", "--user", "0", "--", name, copy];
    arguments.extend(["snapshot", "--as", "container", "--remove-own-copy", "--deadline", &limit]);
    arguments.extend(said.iter().map(String::as_str));
    match run(&arguments, ends.left() + Duration::from_millis(500)).await {
        Ok(said) if said.ok => Ok(said.out),
        Ok(_) | Err(_) => {
            // It may never have started. Where it did, there is nothing left to remove.
            let left = left_after(name, copy).await;
            Err(format!("the program could not run inside the container {name}{left}: {STATIC_RUNS}"))
        }
    }
}

async fn put(name: &str, program: &Program, copy: &str, limit: Duration) -> Result<host::Said, String> {
    match program {
        Program::Own(own) => run(&["cp", "--follow-link", "--", own, &format!("{name}:{copy}")], limit).await,
        Program::Carried(bytes) => {
            let input = carried::archive(copy.trim_start_matches('/'), bytes)?;
            let given = host::Given { input, ..host::Given::default() };
            let said = host::run_given("docker", &["cp", "--", "-", &format!("{name}:/")], given, limit).await;
            said.map_err(|why: Unseen| why.to_string())
        }
    }
}

/// Removes the copy, however the container is by now. What the user must know where that cannot be done.
async fn left_after(name: &str, copy: &str) -> String {
    let gone = remove(name, copy).await || remove_of_stopped(name, copy).await || removed_by_itself(name, copy).await;
    if gone { String::new() } else { format!("; its copy {copy} may still be there") }
}

/// In a container that has ended meanwhile nothing can be run; its own layer is a folder of this machine (Docker's
/// storage driver overlay2), which nobody has mounted then.
async fn remove_of_stopped(name: &str, copy: &str) -> bool {
    let form = "{{.State.Running}} {{.GraphDriver.Data.UpperDir}}";
    let said = run(&["inspect", "--type", "container", "--format", form, "--", name], PROGRAM).await;
    // Docker Desktop's containers are in a virtual machine.
    let Some(said) = said.ok().filter(|_| cfg!(target_os = "linux")) else { return false };
    let Some(layer) = said.out.trim().strip_prefix("false ").filter(|layer| layer.starts_with('/')) else {
        return false;
    };
    host::remove(&format!("{layer}{copy}"));
    is_gone(name, copy).await
}

/// A container may have no `rm`.
async fn removed_by_itself(name: &str, copy: &str) -> bool {
    let start = ["exec", "--user", "0", "--", name, copy, "snapshot", "--as", "container"];
    let _ = run(&[&start[..], &["--remove-own-copy", "--deadline", "0.1"]].concat(), PROGRAM).await;
    is_gone(name, copy).await
}

/// By the container's own `rm`, if it has one.
async fn remove(name: &str, copy: &str) -> bool {
    run(&["exec", "--user", "0", "--", name, "rm", "-f", "--", copy], PROGRAM).await.is_ok_and(|said| said.ok)
}

/// Whether Docker sees the copy no more among what changed in the container.
async fn is_gone(name: &str, copy: &str) -> bool {
    let changed = run(&["diff", "--", name], PROGRAM).await;
    changed.is_ok_and(|said| said.ok && !said.out.lines().any(|line| line == format!("A {copy}")))
}

async fn run(arguments: &[&str], limit: Duration) -> Result<host::Said, String> {
    host::run("docker", arguments, limit).await.map_err(|why: Unseen| why.to_string())
}

/// Removes the file of this running program, if it is such a copy.
pub fn remove_own_copy() {
    if let Some(own) = host::own_program()
        && own.rsplit('/').next().is_some_and(is_copy)
    {
        host::remove(&own);
        // Over ssh the copy has a private folder.
        if let Some((folder, _)) =
            own.rsplit_once('/').filter(|(folder, _)| folder.rsplit('/').next().is_some_and(is_copy))
        {
            host::remove_folder(folder);
        }
    }
}

fn is_copy(name: &str) -> bool {
    name.starts_with(COPY)
}

/// What looking inside the worker's container does besides asking Docker.
pub fn touches() -> Vec<Touch> {
    let started =
        "docker exec --user 0 -- {container} {copy} snapshot --as container --remove-own-copy --deadline {seconds}";
    let copying = if carried::is_there() {
        "docker cp -- - {container}:/"
    } else {
        "docker cp --follow-link -- {own} {container}:{copy}"
    };
    let lines = [copying, started, &format!("{started} {{profile}}")];
    let tidy = [
        "docker exec --user 0 -- {container} rm -f -- {copy}",
        "docker inspect --type container --format {name} -- {container}",
        "docker diff -- {container}",
    ];
    let tidy = only("where the copy did not start, or is of a build that needs libraries", runs(&tidy));
    [docker::touches(), reads(&["/proc/self/exe"]), runs(&lines), tidy].concat()
}
