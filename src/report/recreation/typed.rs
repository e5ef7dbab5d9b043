//! A container's recipe, word by word as a shell takes it.

use crate::fact::docker::recipe::{Choice, Given, Recipe, Word};
use crate::report::fix_script::typed::quoted;

/// A container's recipe, each piece as a shell takes it.
#[derive(Debug, Clone)]
pub struct Typed {
    /// The container's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name under which it is kept until the new one works.
    pub kept: String,
    /// The options, each with its value.
    pub options: Vec<String>,
    /// The further networks, each with the options of `docker network connect`.
    pub networks: Vec<String>,
    /// The image.
    pub image: String,
    /// The image's name, where it means another image by now.
    pub replaced: Option<String>,
    /// What follows the image.
    pub arguments: Vec<String>,
    /// The variables.
    pub variables: Vec<Assigned>,
    /// The restart policy.
    pub restart: Option<String>,
    /// Whether Docker removes it when it stops.
    pub is_temporary: bool,
    /// What is not carried over.
    pub left_out: Vec<String>,
}

/// A variable, as it is given to the new container.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// Its name.
    pub name: String,
    /// `NAME=VALUE`, where that may be shown.
    pub whole: Option<String>,
    /// Whether it fits into one line of an env file.
    pub is_line: bool,
}

pub(super) fn typed(recipe: &Recipe) -> Typed {
    Typed {
        id: quoted(&recipe.id),
        name: quoted(&recipe.name),
        kept: quoted(&format!("{}-before", recipe.name)),
        options: recipe.options.iter().map(option).collect(),
        networks: recipe.networks.iter().map(|(name, options)| network(name, options)).collect(),
        image: quoted(&recipe.image),
        replaced: recipe.replaced.clone(),
        arguments: recipe.arguments.iter().map(word).collect(),
        variables: recipe.variables.iter().map(assigned).collect(),
        restart: recipe.restart.as_deref().map(quoted),
        is_temporary: recipe.is_temporary,
        left_out: recipe.left_out.clone(),
    }
}

fn assigned(given: &Given) -> Assigned {
    Assigned {
        name: given.name.clone(),
        whole: given.value.as_ref().map(|value| quoted(&format!("{}={value}", given.name))),
        is_line: given.is_line,
    }
}

fn network(name: &str, options: &[Choice]) -> String {
    let words = options.iter().map(option).chain([quoted(name)]);
    words.collect::<Vec<_>>().join(" ")
}

fn option((name, value): &Choice) -> String {
    value.as_ref().map_or_else(|| (*name).to_owned(), |value| format!("{name} {}", word(value)))
}

fn word(word: &Word) -> String {
    match word {
        Word::Shown(text) => quoted(text),
        Word::Taken(template) => format!("\"$(of {})\"", quoted(template)),
    }
}
