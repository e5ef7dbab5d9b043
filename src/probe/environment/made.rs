//! The container's variables as Docker knows them, and where they come from: the image's ENV, and the files that
//! compose made it of.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{docker, host};
use super::Found;
use crate::fact::Unseen;
use crate::fact::app::App;
use crate::fact::environment::provenance::project_of;
use crate::fact::environment::{ContainerProvenance, Ingredient, Origin, Source, variables};
use crate::fact::limits::FILES as MOST_FILES;
use crate::fact::touch::{Touch, only, reads};
use crate::read::compose::{self, File, Project, absolute};
use crate::read::inspect::{Container, Image};
use crate::read::variable::setting;
use crate::read::{celery_command, hosts};

/// The labels that compose puts on what it makes.
const SERVICE: &str = "com.docker.compose.service";
const FOLDER: &str = "com.docker.compose.project.working_dir";
const FILES: &str = "com.docker.compose.project.config_files";
const PROJECT: &str = "com.docker.compose.project";
const DOTENV: &str = "com.docker.compose.project.environment_file";

/// The container as Docker knows it. A .env that was baked into the image does not show.
pub(super) async fn client(mut workers: Vec<Container>, app: Option<App>) -> Result<Found, Unseen> {
    if workers.is_empty() {
        return Err(docker::none_found(app.as_ref()));
    }
    let container = workers.swap_remove(0);
    let image = docker::image(&container.image_id).await;
    let state = if container.running { "" } else { " (not running)" };
    let mut found = Found::new(format!("container {}{state}", container.name), app);
    found.provenance = Some(provenance(&container, image.as_ref(), &variables(found.app.as_ref()), found.app.as_ref()));
    let at = found.provenance.as_ref().and_then(|provenance| provenance.command.clone());
    for (name, value) in celery_command::read(&container.command).map(|it| it.urls).unwrap_or_default() {
        found.add_option(name, Origin::Command { at: at.clone() }, value);
    }
    for (name, value) in &container.variables {
        found.add(name, Origin::Inspect, value.clone());
    }
    Ok(found)
}

/// How a container was made, and which lines gave it these variables.
pub(in crate::probe) fn provenance(
    container: &Container,
    image: Option<&Image>,
    variables: &[&str],
    app: Option<&App>,
) -> ContainerProvenance {
    let label = |name: &str| container.labels.get(name).cloned();
    let mut provenance = ContainerProvenance {
        created_at: container.created_at,
        service: label(SERVICE),
        folder: label(FOLDER),
        files: label(FILES).iter().flat_map(|files| files.split(',')).map(str::to_owned).collect(),
        project: label(PROJECT).filter(|name| label(FOLDER).is_none_or(|folder| project_of(&folder) != *name)),
        dotenv: Vec::new(),
        place: None,
        command: None,
        ingredients: Vec::new(),
        unread: Vec::new(),
        hosts: container.extra_hosts.iter().filter_map(|text| hosts::read(text)).collect(),
        host: None,
        sources: BTreeMap::new(),
    };
    let has = |name: &str| -> Option<String> {
        container.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    };
    if let (Some(service), Some(folder)) = (provenance.service.clone(), provenance.folder.clone()) {
        read_compose(&mut provenance, (variables, app), (&service, &folder, label(DOTENV)), &has);
    }
    for variable in variables {
        let of_image = image.and_then(|image| image.variables.iter().find(|(name, _)| name == variable));
        if let Some((_, value)) = of_image {
            let source = Source {
                origin: Origin::Image,
                setting: Some(setting(app, variable, value)),
                via: Vec::new(),
                blank: false,
                ignored: None,
                agrees: has(variable).as_ref() == Some(value),
            };
            provenance.sources.entry((*variable).to_owned()).or_default().push(source);
        }
    }
    provenance
}

fn read_compose(
    provenance: &mut ContainerProvenance,
    (variables, app): (&[&str], Option<&App>),
    (service, folder, dotenv): (&str, &str, Option<String>),
    has: &dyn Fn(&str) -> Option<String>,
) {
    let own = absolute(folder, ".env");
    let named: Vec<String> =
        dotenv.map_or_else(Vec::new, |files| files.split(',').map(|path| absolute(folder, path)).collect::<Vec<_>>());
    // Compose labels what it makes with the folder's own file too.
    provenance.dotenv = named.iter().filter(|path| **path != own).cloned().collect();
    let dotenv = if named.is_empty() { vec![own] } else { named };
    let (Some(files), dotenv) =
        (all(&provenance.files, &mut provenance.unread), existing(&dotenv, &mut provenance.unread))
    else {
        return;
    };
    let open = |path: &str| host::read_or_unseen(path).ok();
    let project = Project { files: &files, dotenv: &dotenv, folder, shell: &BTreeMap::new(), open: &open };
    let Some(stack) = compose::read(&project, service) else {
        provenance.unread.push(format!("the service {service} in {}", provenance.files.join(", ")));
        return;
    };
    provenance.place = stack.place;
    provenance.command = stack.command;
    // The first of several.
    let written: BTreeMap<_, _> = stack.hosts.iter().rev().map(|line| ((&line.name, line.address), &line.at)).collect();
    for own in &mut provenance.hosts {
        own.at = written.get(&(&own.name, own.address)).and_then(|at| (*at).clone());
    }
    provenance.unread.extend(stack.unread);
    let parts = files.iter().chain(&dotenv).map(|file| &file.path).chain(&stack.others).chain(&stack.env_files);
    provenance.ingredients = parts
        .filter_map(|path| {
            Some(Ingredient { path: path.clone(), changed_at: host::stat(path).ok().flatten()?.changed_at })
        })
        .collect();
    for variable in variables {
        for given in stack.given.get(*variable).into_iter().flatten() {
            let source = Source {
                origin: given.origin.clone(),
                setting: given.value.as_deref().map(|value| setting(app, variable, value)),
                via: given.via.clone(),
                blank: given.blank,
                ignored: None,
                agrees: given.value.is_some() && given.value == has(variable),
            };
            provenance.sources.entry((*variable).to_owned()).or_default().push(source);
        }
    }
}

/// All of the files, or none.
fn all(paths: &[String], unread: &mut Vec<String>) -> Option<Vec<File>> {
    let files = existing(paths, unread);
    let read: BTreeSet<&String> = files.iter().map(|file| &file.path).collect();
    unread.extend(paths.iter().filter(|path| !read.contains(path)).cloned());
    (files.len() == paths.len()).then_some(files)
}

fn existing(paths: &[String], unread: &mut Vec<String>) -> Vec<File> {
    let mut files = Vec::new();
    for path in paths.iter().take(MOST_FILES) {
        match host::read(path) {
            host::Text::Read(text) => files.push(File { path: path.clone(), text }),
            host::Text::Missing => {}
            host::Text::Forbidden | host::Text::Failed(_) => unread.push(path.clone()),
        }
    }
    files
}

/// What finding out with what a container was made does.
pub(super) fn touches() -> Vec<Touch> {
    only("where Compose made the container", reads(&["{compose}"]))
}
