//! Where the programs are that the engine runs beside and inside containers.

use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};

use crate::options::Options;

/// The static binary that is supervisor and process 1.
pub(crate) const INIT: &str = "hcs-init";
/// Gives back what a system that has ended had of networks.
pub(crate) const NETWORK: &str = "hcs-network";
/// What runs in Windows containers beside the programs.
pub(crate) const AGENT: &str = "agent.exe";

/// Finds the helper program `name`.
///
/// # Errors
/// Service not available, with the places that were looked at and how to install.
pub(crate) fn find(options: &Options, name: &str) -> Result<PathBuf> {
    find_in(&places(options), name)
}

/// The folders in the order in which they are looked at.
pub(crate) fn places(options: &Options) -> Vec<PathBuf> {
    let mut places = options.libexec.clone();
    if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(folder.to_owned());
        if let Some(prefix) = folder.parent() {
            places.push(prefix.join("libexec/hcs"));
        }
    }
    places.extend(["/usr/libexec/hcs".into(), "/usr/local/libexec/hcs".into()]);
    places
}

fn find_in(places: &[PathBuf], name: &str) -> Result<PathBuf> {
    for place in places {
        let path = place.join(name);
        if path.is_file() {
            return Ok(path);
        }
    }
    let looked: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
    Err(Error::service_unavailable(format!("{name} is not in {}", looked.join(", ")))
        .with_hint("install the helper programs with `./x install`, or name their folder in HCS_LIBEXEC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_wins_and_a_missing_helper_says_where_it_was_looked_for() {
        let temp = tempfile::tempdir().unwrap();
        let (one, two) = (temp.path().join("one"), temp.path().join("two"));
        for folder in [&one, &two] {
            fs_err::create_dir(folder).unwrap();
        }
        let places = [one.clone(), two.clone()];
        let error = find_in(&places, INIT).unwrap_err();
        assert_eq!(error.hresult(), hcs_contract::Hresult::HCS_E_SERVICE_NOT_AVAILABLE);
        assert!(error.to_string().contains(two.to_str().unwrap()), "{error}");
        assert!(error.hint().unwrap().contains("./x install"));
        for folder in [&two, &one] {
            fs_err::write(folder.join(INIT), "").unwrap();
            assert_eq!(find_in(&places, INIT).unwrap(), folder.join(INIT));
        }
    }
}
