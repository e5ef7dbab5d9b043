//! What is made of the table of looks in `src/lib.rs`: the keys, the kinds of facts, and what is said of them.

/// The words of a fact: its own, those of a field, or the only one.
macro_rules! word {
    (all (own) $($type:ident)::+) => { $($type)::+::WORDS };
    (all ($field:ident: $($of:ident)::+) $($type:ident)::+) => { $($of)::+::WORDS };
    (all ($only:literal) $($type:ident)::+) => { &[$only] };
    ($fact:ident (own)) => { $fact.label() };
    ($fact:ident ($field:ident: $($of:ident)::+)) => { $fact.$field.label() };
    ($fact:ident ($only:literal)) => {{ let _ = $fact; $only }};
}

/// Reads what a look is aimed at; one that is aimed at nothing has no second word.
macro_rules! aimed {
    ($key:ident, $text:ident, $rest:ident) => {
        if $rest.is_empty() {
            Ok(Self::$key)
        } else {
            Err(format!("`{}` is not something that can be looked at", $text))
        }
    };
    ($key:ident, $text:ident, $rest:ident, $target:ty) => {
        <$target as Target>::read($rest).map(Self::$key).map_err(|would| format!("`{}`: {would}", $text))
    };
}

/// The keys, the facts and what is told of both.
macro_rules! keys {
    ($(
        #[doc = $says:literal]
        $key:ident $(($arg:ident: $target:ty))? = $text:literal =>
            $get:ident: $(#[$again:meta])? $fact:ident($($type:ident)::+), words $words:tt, $phase:expr, by |$context:ident, $asked:ident| $by:tt;
    )*) => {
        /// One thing that can be looked at. Written the same way in check files and in snapshots: `tcp redis`.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactKey {
            $(#[doc = $says] $key $(($target))?,)*
        }

        impl fmt::Display for FactKey {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$key $(($arg))? => {
                        f.write_str($text)?;
                        $(write!(f, " {}", $arg.text())?;)?
                        Ok(())
                    })*
                }
            }
        }

        impl FromStr for FactKey {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
                match kind {
                    $($text => aimed!($key, text, rest $(, $target)?),)*
                    _ => Err(format!("`{text}` is not something that can be looked at")),
                }
            }
        }

        impl FactKey {
            /// Every word that a look at this can bring.
            pub fn words(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$key { .. } => word!(all $words $($type)::+),)*
                }
            }

            /// What it is, for those who write checks.
            pub fn says(&self) -> &'static str {
                match self {
                    $(Self::$key { .. } => $says.trim(),)*
                }
            }

            /// When it can be looked at: the whole order of looking.
            pub fn phase(&self) -> Phase {
                match self {
                    $(Self::$key $(($arg))? => { $(let _ = $arg;)? $phase })*
                }
            }

            /// All that can be looked at, in a table for those who write checks: its forms, what it is, its words.
            pub fn table() -> Vec<(Vec<String>, &'static str, &'static [&'static str])> {
                vec![$({
                    let targets: &[&[&str]] = &[$(<$target as Target>::FORMS)?];
                    (forms_of($text, targets), $says.trim(), word!(all $words $($type)::+))
                },)*]
            }
        }

        /// What was there.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "each variant is the type it holds")]
        pub enum Fact {
            $($(#[$again])? $fact($($type)::+),)*
        }
    };
}

/// What is said of each fact: by itself, or, where it is kept as it was listed, by who reads it.
macro_rules! says {
    ($(
        #[doc = $says:literal]
        $key:ident $(($arg:ident: $target:ty))? = $text:literal =>
            $get:ident: $(#[$again:meta])? $fact:ident($($type:ident)::+), words $words:tt, $phase:expr, by |$context:ident, $asked:ident| $by:tt;
    )*) => {
        impl Says for Fact {
            fn label(&self) -> &'static str {
                match self {
                    $($(#[$again])? Self::$fact(it) => word!(it $words),)*
                }
            }

            fn summary(&self) -> Vec<String> {
                match self {
                    $($(#[$again])? Self::$fact(it) => it.summary().lines(),)*
                }
            }
        }
    };
}

/// `tcp`, with each of its targets if it has any.
pub(super) fn forms_of(kind: &str, targets: &[&[&str]]) -> Vec<String> {
    match targets.first() {
        Some(targets) => targets.iter().map(|target| format!("{kind} {target}")).collect(),
        None => vec![kind.to_owned()],
    }
}

/// One line or several.
pub(crate) trait Lines {
    /// As several.
    fn lines(self) -> Vec<String>;
}

impl Lines for String {
    fn lines(self) -> Vec<String> {
        vec![self]
    }
}

impl Lines for Vec<String> {
    fn lines(self) -> Vec<String> {
        self
    }
}

pub(super) use {aimed, keys};
pub(crate) use {says, word};
