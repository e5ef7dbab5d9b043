//! The worker's container as a command would create it again. Only when the user asked for it: no check reads it, and no
//! snapshot has it.

use super::{PROGRAM, ProbeContext, docker, host};
use crate::fact::docker::recipe::Recipe;
use crate::fact::touch::{Touch, runs};
use crate::read::recipe;

/// What the worker's container was created with. The error says what was in the way.
pub async fn look(context: &ProbeContext) -> Result<Recipe, String> {
    let app = context.profile.app();
    let workers = docker::workers(context).await.map_err(|why| why.to_string())?;
    let container = workers.into_iter().next().ok_or_else(|| docker::none_found(app.as_ref()).to_string())?;
    let own = run(&["inspect", "--type", "container", "--", &container.name]).await?;
    let image = run(&["image", "inspect", "--", &container.image_id]).await?;
    let named = run(&["image", "inspect", "--", &container.image]).await?;
    if !image.ok {
        return Err(format!("the image of {} is gone: build or pull {} first", container.name, container.image));
    }
    recipe::read(app.as_ref(), &own.out, &image.out, Some(&named.out).filter(|_| named.ok).map(String::as_str))
        .ok_or_else(|| format!("what `docker inspect` prints of {} cannot be read", container.name))
}

async fn run(arguments: &[&str]) -> Result<host::Said, String> {
    host::run("docker", arguments, PROGRAM).await.map_err(|why| why.to_string())
}

/// What [`look`] does.
pub fn touches() -> Vec<Touch> {
    let lines = ["docker inspect --type container -- {container}", "docker image inspect -- {image}"];
    [docker::touches(), runs(&lines)].concat()
}
