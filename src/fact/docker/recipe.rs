//! What a container was created with, in the options of `docker run`. Has no secret: a word that may be one is taken from
//! the container itself when the command is typed.

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// As it is.
    Shown(String),
    /// What `docker inspect --format` prints for this template.
    Taken(String),
}

/// An option with its value, or alone.
pub type Choice = (&'static str, Option<Word>);

/// A variable that the container has and its image has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its name.
    pub name: String,
    /// Its value, where it is one of the few that are never a secret.
    pub value: Option<String>,
    /// Whether it fits into one line of an env file.
    pub is_line: bool,
}

/// A container as a command would create it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Its whole id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its image: by name where the name still means it, else by id.
    pub image: String,
    /// The name, where it means another image by now.
    pub replaced: Option<String>,
    /// The options.
    pub options: Vec<Choice>,
    /// The networks that it is in besides the first, each with its options.
    pub networks: Vec<(String, Vec<Choice>)>,
    /// What follows the image.
    pub arguments: Vec<Word>,
    /// The variables.
    pub variables: Vec<Given>,
    /// The restart policy; none where Docker never starts it by itself.
    pub restart: Option<String>,
    /// Whether Docker removes it when it stops.
    pub is_temporary: bool,
    /// Settings that no option of `docker run` gives, or whose value may be a secret.
    pub left_out: Vec<String>,
}
