//! Which kernels to use: the fastest that the processor has, unless an environment variable says
//! otherwise.

use std::ffi::OsStr;

use scb_core::{Level, use_level};

use crate::config::diagnostic::Diagnostic;

/// The environment variable that forces a level.
pub const VARIABLE: &str = "SCB_KERNELS";

/// From now on the kernels are those that [`VARIABLE`] names, or the fastest.
///
/// # Errors
/// When it names no level, or one that this processor does not have.
pub fn choose() -> Result<(), Diagnostic> {
    named(std::env::var_os(VARIABLE).as_deref()).map(use_level)
}

fn named(name: Option<&OsStr>) -> Result<Level, Diagnostic> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(Level::best()) };
    let levels = Level::available();
    levels.iter().copied().find(|level| name == level.name()).ok_or_else(|| {
        let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
        Diagnostic::new(format!("{VARIABLE}={} names no kernels that this processor can run", name.display()))
            .help(format!("choose one of {}, or unset it for the fastest; results are the same", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_forces_a_level_and_its_absence_the_fastest() {
        let found = |name: &str| named(Some(OsStr::new(name)));
        assert_eq!(named(None).unwrap(), Level::best());
        assert_eq!(found("").unwrap(), Level::best());
        for level in Level::available() {
            assert_eq!(found(level.name()).unwrap(), level);
        }
        assert!(found("AVX").unwrap_err().render().contains("choose one of portable"));
    }
}
