//! `clipcheck init`: a profile of the application that runs here.

use super::Looker;
use super::output::{exists, replace};
use super::screen::print;
use crate::cli::InitArgs;
use crate::exit::Exit;
use crate::probe::{application, vantage};
use crate::profile::draft::draft;
use crate::render;

pub(super) fn init(args: &InitArgs) -> Result<Exit, String> {
    if let Some(file) = args.output.as_deref().filter(|file| !args.force && exists(file)) {
        return Err(format!("{}: it exists; `--force` replaces it", file.display()));
    }
    // Where this is counts only inside a container.
    let here = vantage::find().ok().map(|(vantage, _)| vantage);
    let (workers, web, unread) = Looker::new()?.wait(application::find(here));
    let text = draft(&workers, &web, &unread)?;
    match &args.output {
        Some(file) => replace(file, &text).map_err(|why| format!("{}: {why}", file.display()))?,
        None => print(&render::generated(text.as_bytes()))?,
    }
    Ok(Exit::Fine)
}
