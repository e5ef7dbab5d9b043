//! The variables that say what the terminal is like.

use crate::render::Screen;

/// Whoever reads the page, as the variables tell.
pub(super) fn terminal() -> Screen {
    #[expect(clippy::disallowed_methods, reason = "the screen is no fact of the deployment")]
    let variable = |name: &str| std::env::var(name).ok();
    Screen::of(variable)
}
