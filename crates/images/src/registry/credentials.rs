//! Who this user is to a registry, by docker's file.
//!
//! Source: docker's `config.json`; containers-auth.json(5).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::error::{ImageError, Result, at, invalid};

/// What docker's file calls docker.io.
const DOCKER: &str = "https://index.docker.io/v1/";

/// Files with credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    files: Vec<PathBuf>,
}

/// A user's name and password, or a token in the password's place.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    /// A token by which others are got.
    pub(super) identity: Option<String>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Auth {
    auth: String,
    identitytoken: String,
}

impl Credentials {
    /// Those files.
    pub fn files(files: Vec<PathBuf>) -> Self {
        Self { files }
    }

    /// Where docker, skopeo and podman keep them, by the environment: `REGISTRY_AUTH_FILE` alone; or
    /// `DOCKER_CONFIG/config.json` or `~/.docker/config.json`, and `XDG_RUNTIME_DIR/containers/auth.json`.
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(file) = var("REGISTRY_AUTH_FILE") {
            return Self { files: vec![file] };
        }
        let docker = var("DOCKER_CONFIG").or_else(|| var("HOME").map(|home| home.join(".docker")));
        let podman = var("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
        Self { files: docker.map(|folder| folder.join("config.json")).into_iter().chain(podman).collect() }
    }

    /// The login for a registry, if there is one.
    pub(super) fn find(&self, registry: &str) -> Result<Option<Login>> {
        for path in &self.files {
            let bytes = match fs_err::read(path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(at("read", path)(error)),
            };
            if let Some(login) = find_in(&bytes, path, registry)? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

fn find_in(bytes: &[u8], path: &Path, registry: &str) -> Result<Option<Login>> {
    let what = || path.display().to_string();
    let file: File =
        serde_json::from_slice(bytes).map_err(|source| ImageError::Document { what: what(), source })?;
    let named = |key: &str| {
        let host = key.trim_start_matches("https://").trim_start_matches("http://");
        let host = host.split('/').next().unwrap_or_default();
        host == registry || (registry == "docker.io" && key == DOCKER)
    };
    if let Some((_, helper)) = file.cred_helpers.iter().find(|(key, _)| named(key)) {
        let problem = format!(
            "keeps the login for {registry} in the program docker-credential-{helper}, which is not run"
        );
        return Err(invalid(what(), problem));
    }
    let Some((_, auth)) = file.auths.iter().find(|(key, _)| named(key)) else { return Ok(None) };
    let identity = Some(&auth.identitytoken).filter(|token| !token.is_empty()).cloned();
    if auth.auth.is_empty() && identity.is_none() {
        // With a store for all, the entry is there and empty.
        let store = match file.creds_store.as_str() {
            "" => return Ok(None),
            store => store,
        };
        let problem = format!(
            "keeps the login for {registry} in the program docker-credential-{store}, which is not run"
        );
        return Err(invalid(what(), problem));
    }
    let plain = STANDARD.decode(&auth.auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = plain.as_deref().and_then(|plain| plain.split_once(':'));
    match (pair, &identity) {
        (Some((user, password)), _) => {
            let password = password.trim_end_matches('\0');
            Ok(Some(Login { user: user.into(), password: password.into(), identity }))
        }
        (None, Some(_)) => Ok(Some(Login { user: String::new(), password: String::new(), identity })),
        (None, None) => {
            Err(invalid(what(), format!("has a login for {registry} that is not USER:PASSWORD in base64")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, registry: &str) -> Result<Option<(String, String)>, String> {
        let found = find_in(text.as_bytes(), Path::new("config.json"), registry);
        found.map(|login| login.map(|login| (login.user, login.password))).map_err(|error| error.to_string())
    }

    #[test]
    fn logins_are_found_by_the_registry_s_name_alone() {
        let text = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"},"h:5000":{"auth":"dTpwOnE="},"e":{}}}"#;
        assert_eq!(find(text, "docker.io"), Ok(Some(("u".into(), "p".into()))));
        assert_eq!(find(text, "h:5000"), Ok(Some(("u".into(), "p:q".into()))));
        assert_eq!(find(text, "h"), Ok(None));
        assert_eq!(find(text, "e"), Ok(None));
    }

    #[test]
    fn logins_that_programs_keep_are_refused_by_name() {
        let helper = find(r#"{"credHelpers":{"h":"pass"}}"#, "h").unwrap_err();
        assert!(helper.contains("docker-credential-pass"), "{helper}");
        let store = find(r#"{"auths":{"h":{}},"credsStore":"desktop"}"#, "h").unwrap_err();
        assert!(store.contains("docker-credential-desktop"), "{store}");
        assert!(find(r#"{"auths":{"h":{"auth":"!"}}}"#, "h").is_err());
        assert!(find("{", "h").is_err());
    }
}
