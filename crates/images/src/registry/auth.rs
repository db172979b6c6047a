//! Tokens: what a registry asks for, and who gives it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::credentials::Login;

/// What an answer 401 asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

/// A token server's answer.
#[derive(Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl Token {
    /// The token, under either of its names; none that could end a header.
    pub(super) fn text(self) -> Option<String> {
        let text = if self.token.is_empty() { self.access_token } else { self.token };
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
    }
}

/// The header that says who this is.
pub(super) fn basic(login: &Login) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", login.user, login.password)))
}

/// Reads a header `WWW-Authenticate`.
pub(super) fn challenge(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let (mut realm, mut service, mut scope) = (None, None, None);
    let mut rest = rest.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value.to_owned()),
            "service" => service = Some(value.to_owned()),
            "scope" => scope = Some(value.to_owned()),
            _ => {}
        }
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    Some(Challenge::Bearer { realm: realm?, service, scope })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_taken_apart() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            let (service, scope) = (service.map(str::to_owned), scope.map(str::to_owned));
            Some(Challenge::Bearer { realm: realm.into(), service, scope })
        };
        assert_eq!(challenge("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(
            challenge(r#"Bearer realm="https://a/t",service="r",scope="repository:x:pull,push""#),
            bearer("https://a/t", Some("r"), Some("repository:x:pull,push"))
        );
        assert_eq!(challenge("bearer Realm=https://a/t, service=r"), bearer("https://a/t", Some("r"), None));
        for bad in ["", "Digest x", "Bearer", "Bearer service=\"x\"", "Bearer realm=\"x"] {
            assert_eq!(challenge(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_can_not_end_its_header() {
        let text = |json: &str| serde_json::from_str::<Token>(json).unwrap().text();
        assert_eq!(text(r#"{"access_token":"a.b"}"#).as_deref(), Some("a.b"));
        assert_eq!(text(r#"{"token":"a\r\nX: y"}"#), None);
        assert_eq!(text("{}"), None);
    }
}
