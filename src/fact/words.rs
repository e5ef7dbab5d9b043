//! The one word for what was seen, and the list of all words that a look can bring, written once.

/// A function `label` that matches to a word, and `WORDS`, all that it can say.
macro_rules! words {
    ($(#[$doc:meta])* $vis:vis fn label($($me:tt)+) of $seen:expr => { $($pattern:pat $(if $guard:expr)? => $word:literal),+ $(,)? }) => {
        /// Every word that it can bring.
        pub const WORDS: &[&str] = &[$($word),+];

        $(#[$doc])*
        $vis fn label($($me)+) -> &'static str {
            match $seen {
                $($pattern $(if $guard)? => $word),+
            }
        }
    };
}

pub(crate) use words;
