//! The one word for what was seen, and the list of all words that a look can bring, written once.

/// A function `label` that matches to a word, and `WORDS`, all that it can say. `by name`: the word is the variant's name, or the
/// one that stands at it.
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
    ($(#[$doc:meta])* $vis:vis fn label($($me:tt)+) by name => $seen:expr) => {
        /// Every word that it can bring.
        pub const WORDS: &[&str] = <Self as strum::VariantNames>::VARIANTS;

        $(#[$doc])*
        $vis fn label($($me)+) -> &'static str {
            $seen.into()
        }
    };
}

pub(crate) use words;
