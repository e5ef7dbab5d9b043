//! `clipcheck init`: a profile of what runs here.

use crate::cli::InitArgs;

pub(super) fn init(_args: &InitArgs) -> Result<crate::exit::Exit, String> {
    Err("not yet".to_owned())
}
