//! How the worker is started again with what its fixes correct: a container by the command that would create it, a service
//! of compose by its files, a worker without Docker by its unit.

use super::{Answer, Correction, Diagnosis, Report};
use crate::fact::Vantage;
use crate::fact::docker::recipe::Recipe;
use crate::fact::environment::{ContainerProvenance, Environment};

mod typed;

pub use typed::{Assigned, Typed};

/// How the worker is started again.
#[derive(Debug, Clone)]
pub struct Recreation {
    /// Whose variables they are: "container clippy-gpu-worker".
    pub owner: String,
    /// What is corrected, in the order of the report.
    pub steps: Vec<Step>,
    /// By what.
    pub how: How,
}

/// A finding about the worker's variables.
#[derive(Debug, Clone)]
pub struct Step {
    /// `check-id/cause`.
    pub code: String,
    /// What is seen.
    pub says: String,
    /// What to do.
    pub say: String,
    /// The file and the line, where one sets the variable.
    pub place: Option<(String, u32)>,
    /// The commands for that file, without the one that starts the worker again.
    pub run: Vec<String>,
    /// The variable, and how a line of it is corrected.
    pub correction: Correction,
}

/// How a worker was started, and is started again.
#[derive(Debug, Clone)]
pub enum How {
    /// By `docker run`.
    Docker(Box<Typed>),
    /// By compose.
    Compose {
        /// The service.
        service: String,
        /// The line of its name, or else the files.
        place: String,
        /// The command that recreates it.
        command: String,
    },
    /// Without Docker.
    Host {
        /// The command that restarts it; none where it was started by hand.
        command: Option<String>,
        /// Its process, where it runs.
        pid: Option<u32>,
    },
}

/// How the worker of this environment is started again; none where nothing tells how it was started. `recipe` is asked for
/// where only the running container tells it.
pub fn recreation(
    report: &Report,
    env: &Environment,
    recipe: impl FnOnce() -> Result<Recipe, String>,
) -> Result<Recreation, String> {
    let provenance = env.provenance.as_ref().ok_or("how the worker was started was not seen")?;
    let how = how(provenance, recipe)?;
    let restart = match &how {
        How::Docker(_) => None,
        How::Compose { command, .. } => Some(command.as_str()),
        How::Host { command, .. } => command.as_deref(),
    };
    let mut steps: Vec<Step> = Vec::new();
    for step in report.outcomes.iter().filter_map(|outcome| {
        let here = matches!(outcome.vantage, Vantage::Client | Vantage::Container);
        found(&outcome.answer).filter(|_| here).and_then(|diagnosis| step(diagnosis, restart))
    }) {
        if !steps.iter().any(|known| known.code == step.code && known.correction == step.correction) {
            steps.push(step);
        }
    }
    Ok(Recreation { owner: env.owner.clone(), steps, how })
}

fn how(provenance: &ContainerProvenance, recipe: impl FnOnce() -> Result<Recipe, String>) -> Result<How, String> {
    if let Some(host) = &provenance.host {
        return Ok(How::Host { command: host.restart(), pid: host.pid });
    }
    match (&provenance.service, provenance.recreate()) {
        (Some(service), Some(command)) => {
            let place = provenance.place.as_ref().map(|(path, line)| format!("{path}:{line}"));
            let place = place.unwrap_or_else(|| provenance.files.join(", "));
            Ok(How::Compose { service: service.clone(), place, command })
        }
        _ => Ok(How::Docker(Box::new(typed::typed(&recipe()?)))),
    }
}

fn found(answer: &Answer) -> Option<&Diagnosis> {
    match answer {
        Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) => Some(diagnosis),
        Answer::Holds
        | Answer::Despite(_)
        | Answer::Notes(_)
        | Answer::Explained { .. }
        | Answer::Unseen(_)
        | Answer::NotApplicable(_) => None,
    }
}

fn step(diagnosis: &Diagnosis, restart: Option<&str>) -> Option<Step> {
    let by_hand = |line: &&String| !line.starts_with("sudo clipcheck ") && !line.starts_with("sudoedit ");
    let run = diagnosis.fix.run.iter().filter(|line| Some(line.as_str()) != restart);
    Some(Step {
        code: diagnosis.code.clone(),
        says: diagnosis.says.clone(),
        say: diagnosis.fix.say.clone(),
        place: diagnosis.place.as_ref().map(|place| (place.file.clone(), place.line)),
        run: run.filter(by_hand).cloned().collect(),
        correction: diagnosis.correction.clone()?,
    })
}
