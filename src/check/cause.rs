//! The causes of the checks that think, as types: `RedisAnswers::Denied` is `[cause.denied]` of
//! `checks/redis/redis-answers.toml`. `checks/build.rs` makes them of the files.
//!
//! A cause without its text is no variant, and one that no judge gives is dead code: neither compiles.
#![deny(dead_code)]
#![allow(clippy::enum_variant_names, reason = "the names are the files'")]

/// A cause of one check.
pub(crate) trait Named {
    /// Its name in the file.
    fn name(self) -> &'static str;
}

include!(concat!(env!("OUT_DIR"), "/causes.rs"));

/// A `match` on what was seen, of which most becomes the cause of the same name. First the arms for all that does not.
macro_rules! cause_of {
    ($seen:expr => { $($arms:tt)* } $from:ident as $to:ident: $($same:ident),+) => {
        match $seen {
            $($arms)*
            $($from::$same => $crate::check::broken($to::$same),)+
        }
    };
}

/// Causes that several checks have, and that are found in one place.
macro_rules! causes_of {
    ($from:ident as $to:ident: $($same:ident),+) => {
        impl From<$from> for $to {
            fn from(cause: $from) -> Self {
                match cause {
                    $($from::$same => Self::$same,)+
                }
            }
        }
    };
}

pub(crate) use {cause_of, causes_of};
