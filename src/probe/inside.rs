//! From the Docker host into the worker's container: this very program is copied in, looks there, and is gone again.
//! Only when the user asked for it. The copy removes itself when it starts, so that nothing stays behind however the
//! look ends; a copy that cannot start is removed by the container's own `rm`.

use std::time::Duration;

use super::{PROGRAM, Scene, docker, host};
use crate::fact::Unseen;

/// How the copy is named; [`remove_own_copy`] removes nothing else.
const COPY: &str = ".clipcheck-copy-";

/// Starting and stopping, besides the look itself.
const MARGIN: Duration = Duration::from_secs(10);

/// What the program says of the container from inside: the text of a snapshot. The error says what was in the way.
pub async fn snapshot(scene: &Scene, said: &[String], deadline: Duration) -> Result<String, String> {
    let workers = docker::workers(scene).await.map_err(|why| why.to_string())?;
    let container = workers.into_iter().next().ok_or_else(|| docker::none_found().to_string())?;
    if !container.running {
        return Err(format!("the container {} does not run", container.name));
    }
    let own = host::own_program().ok_or("this program's own file cannot be found")?;
    let copy = format!("/{COPY}{}", host::process_id());
    let to = format!("{}:{copy}", container.name);
    let copied = run(&["cp", "--follow-link", "--", &own, &to], MARGIN).await?;
    if !copied.ok {
        let read_only = copied.err.contains("read-only");
        let why = if read_only { "its file system is read-only" } else { "`docker cp` failed" };
        return Err(format!("the program could not be copied into the container {}: {why}", container.name));
    }
    let limit = deadline.as_secs_f64().to_string();
    let mut arguments = vec!["exec", "--user", "0", "--", &container.name, &copy];
    arguments.extend(["snapshot", "--as", "container", "--remove-own-copy", "--deadline", &limit]);
    arguments.extend(said.iter().map(String::as_str));
    let looked = run(&arguments, deadline + MARGIN).await;
    match looked {
        Ok(said) if said.ok => Ok(said.out),
        Ok(_) | Err(_) => {
            // It may never have started. Where it did, there is nothing left to remove.
            let _ = run(&["exec", "--user", "0", "--", &container.name, "rm", "-f", "--", &copy], PROGRAM).await;
            Err(format!(
                "the program could not look inside the container {}: a static build (tests/lab.d/build-static) runs in any",
                container.name
            ))
        }
    }
}

async fn run(arguments: &[&str], limit: Duration) -> Result<host::Said, String> {
    host::run("docker", arguments, limit).await.map_err(|why: Unseen| why.to_string())
}

/// Removes the file of this running program, if it is such a copy.
pub fn remove_own_copy() {
    if let Some(own) = host::own_program()
        && own.rsplit('/').next().is_some_and(|name| name.starts_with(COPY))
    {
        host::remove(&own);
    }
}
