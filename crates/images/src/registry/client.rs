//! Requests to one registry, with what it asks for to know us.

use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body, ResponseExt as _, SendBody};

use super::Options;
use super::auth::{Challenge, Token, basic, challenge};
use super::credentials::Login;
use crate::error::{ImageError, Result, at};
use crate::reference::Reference;
use crate::spec::media;

/// Where docker.io answers.
const DOCKER: (&str, &str) = ("docker.io", "registry-1.docker.io");
/// Where systems keep the certificates of authorities.
const AUTHORITIES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];
/// Redirects that are followed.
const REDIRECTS: u32 = 5;
/// Bytes of an answer that says what is wrong, or of one with a token.
pub(super) const MOST_ANSWER: u64 = 1 << 20;
/// Bytes in a second, below which a registry is given up.
const SLOWEST: u64 = 1 << 10;
/// Times that connecting and the first byte of an answer may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A registry, as far as one image is concerned.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    pub(super) name: String,
    base: String,
    path: String,
    /// What may be done: `pull`, or `pull,push`.
    actions: &'static str,
    login: Option<Login>,
    /// The header that was asked for.
    authorization: Mutex<Option<String>>,
    plain: Plain,
    silence: Duration,
}

/// Where there may be no TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plain {
    Nowhere,
    /// The registry is on this machine.
    Loopback,
    /// The user says so.
    Anywhere,
}

/// What to send.
pub(super) struct Ask<'a> {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Bytes of the answer's body, at most.
    pub(super) most: u64,
    pub(super) body: Option<&'a mut dyn FnMut() -> Result<(SendBody<'static>, u64)>>,
}

impl Client {
    pub(super) fn new(reference: &Reference, actions: &'static str, options: &Options) -> Result<Self> {
        let name = reference.registry().to_owned();
        let plain = match options.plain_http {
            true => Plain::Anywhere,
            false if is_loopback(&name) => Plain::Loopback,
            false => Plain::Nowhere,
        };
        let tls_only = plain == Plain::Nowhere;
        let host = if name == DOCKER.0 { DOCKER.1 } else { &name };
        let base = format!("{}://{host}", if tls_only { "https" } else { "http" });
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(tls_only)
            .max_redirects(REDIRECTS)
            .accept_encoding("identity")
            .user_agent(concat!("hcs/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(options.silence))
            .timeout_recv_body(Some(
                options.silence.saturating_add(Duration::from_secs(MOST_ANSWER / SLOWEST)),
            ))
            .timeout_per_read(Some(options.silence))
            .timeout_per_write(Some(options.silence));
        if tls_only {
            config = config.tls_config(tls(options)?);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            base,
            path: reference.path().into(),
            actions,
            login: options.credentials.find(&name)?,
            authorization: Mutex::new(None),
            plain,
            silence: options.silence,
            name,
        })
    }

    /// The address of something of the image's.
    pub(super) fn url(&self, rest: &str) -> String {
        format!("{}/v2/{}/{rest}", self.base, self.path)
    }

    /// An address that an answer gave, made whole.
    pub(super) fn located(&self, location: &str) -> Result<String> {
        if location.starts_with('/') {
            return Ok(format!("{}{location}", self.base));
        }
        self.check_address(location)?;
        Ok(location.into())
    }

    /// Nobody sends us from TLS to where there is none, nor from this machine.
    fn check_address(&self, url: &str) -> Result<()> {
        if is_allowed(url, self.plain) {
            return Ok(());
        }
        Err(self.protocol(format!("sends us to {url:?}, which is no address with TLS")))
    }

    /// Asks, and answers the registry's own question who we are once.
    pub(super) fn ask(&self, ask: &mut Ask<'_>) -> Result<Response<Body>> {
        let mut known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for attempt in 0..2 {
            let answer = self.send(ask, known.as_deref())?;
            if answer.status() != StatusCode::UNAUTHORIZED || attempt > 0 {
                return Ok(answer);
            }
            // Behind a redirect or an upload's address somebody else may ask, who would get the login.
            let asker = answer.get_uri().to_string();
            if !is_below(&asker, &self.base) {
                let problem =
                    format!("sends us to {asker:?}, which asks for a login; only the registry gets it");
                return Err(self.protocol(problem));
            }
            known = Some(self.authorize(answer.headers())?);
            self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&known);
        }
        unreachable!("the second attempt returns")
    }

    fn send(&self, ask: &mut Ask<'_>, authorization: Option<&str>) -> Result<Response<Body>> {
        // One that sends a byte now and then is never silent.
        let time = Some(self.silence.saturating_add(Duration::from_secs(ask.most / SLOWEST)));
        let mut request = ureq::http::Request::builder().method(ask.method).uri(&ask.url);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        // Who is asked on another host than the registry's is not told who we are.
        if let Some(authorization) = authorization.filter(|_| is_below(&ask.url, &self.base)) {
            request = request.header("authorization", authorization);
        }
        let failed = |source| self.transport(&format!("{} {}", ask.method, ask.url), source);
        let built = |error: ureq::http::Error| failed(ureq::Error::Http(error));
        if let Some(body) = &mut ask.body {
            let (body, length) = body()?;
            let request = request.header("content-length", length).body(body).map_err(built)?;
            let request = self.agent.configure_request(request).timeout_recv_body(time).build();
            return self.agent.run(request).map_err(failed);
        }
        let request = self.agent.configure_request(request.body(()).map_err(built)?);
        self.agent.run(request.timeout_recv_body(time).build()).map_err(failed)
    }

    /// The header that an answer asks for.
    fn authorize(&self, headers: &HeaderMap) -> Result<String> {
        let denied = || ImageError::Unauthorized { registry: self.name.clone(), request: self.doing() };
        let all = headers.get_all("www-authenticate").iter();
        let challenges: Vec<_> = all.filter_map(|value| challenge(value.to_str().ok()?)).collect();
        let bearer = challenges.iter().find(|challenge| matches!(challenge, Challenge::Bearer { .. }));
        match (bearer, challenges.first()) {
            (Some(Challenge::Bearer { realm, service, scope }), _) => {
                self.token(realm, service.as_deref(), scope.as_deref())
            }
            (_, Some(Challenge::Basic)) => self.login.as_ref().map(basic).ok_or_else(denied),
            _ => Err(self.protocol("asks for a login in a way that is not known here".into())),
        }
    }

    fn token(&self, realm: &str, service: Option<&str>, scope: Option<&str>) -> Result<String> {
        self.check_address(realm)?;
        let own = format!("repository:{}:{}", self.path, self.actions);
        let failed = |source| self.transport("a token", source);
        let identity = self.login.as_ref().and_then(|login| login.identity.as_deref());
        let answer = if let Some(identity) = identity {
            let mut form =
                vec![("grant_type", "refresh_token"), ("client_id", "hcs"), ("refresh_token", identity)];
            form.push(("scope", scope.unwrap_or(&own)));
            form.extend(service.map(|service| ("service", service)));
            self.agent.post(realm).send_form(form)
        } else {
            let mut request = self.agent.get(realm).query("scope", scope.unwrap_or(&own));
            if let Some(service) = service {
                request = request.query("service", service);
            }
            if let Some(login) = &self.login {
                request = request.header("authorization", basic(login));
            }
            request.call()
        };
        let mut answer = answer.map_err(failed)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(ImageError::Unauthorized { registry: self.name.clone(), request: self.doing() });
            }
            status => return Err(self.refused("a request for a token", status, &mut answer)),
        }
        let body = answer.body_mut().with_config().limit(MOST_ANSWER).read_to_vec().map_err(failed)?;
        let token = serde_json::from_slice::<Token>(&body).ok().and_then(Token::text);
        let token =
            token.ok_or_else(|| self.protocol("sent us for a token to where there is none".into()))?;
        Ok(format!("Bearer {token}"))
    }

    fn doing(&self) -> String {
        let verb = if self.actions.contains("push") { "push to" } else { "pull from" };
        format!("{verb} {}", self.path)
    }

    /// A manifest: its bytes, its media type, and the digest that the registry says it has.
    pub(super) fn manifest(&self, wanted: &str, most: u64) -> Result<(Vec<u8>, String, Option<String>)> {
        let accept = [media::MANIFEST, media::INDEX, media::DOCKER_MANIFEST, media::DOCKER_LIST].join(", ");
        let url = self.url(&format!("manifests/{wanted}"));
        let mut answer =
            self.ask(&mut Ask { method: "GET", url, headers: vec![("accept", accept)], most, body: None })?;
        if answer.status() != StatusCode::OK {
            let status = answer.status();
            return Err(self.refused(&format!("a request for the manifest {wanted}"), status, &mut answer));
        }
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (kind, digest) = (text("content-type"), text("docker-content-digest"));
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned();
        let mut bytes = Vec::new();
        let mut body = answer.body_mut().with_config().limit(u64::MAX).reader().take(most + 1);
        let read = body.read_to_end(&mut bytes);
        read.map_err(|source| self.transport(&format!("the manifest {wanted}"), source.into()))?;
        if bytes.len() as u64 > most {
            let (what, size) = (format!("manifest {wanted}"), bytes.len() as u64);
            return Err(ImageError::TooLarge { what, size, limit: most });
        }
        Ok((bytes, kind, digest))
    }

    /// What an answer that refuses says.
    pub(super) fn refused(
        &self,
        request: &str,
        status: StatusCode,
        answer: &mut Response<Body>,
    ) -> ImageError {
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return ImageError::Unauthorized { registry: self.name.clone(), request: self.doing() };
        }
        let after =
            answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = answer.body_mut().with_config().limit(MOST_ANSWER).read_to_vec().unwrap_or_default();
        let errors: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let first = &errors["errors"][0];
        let word = |name: &str| first[name].as_str().map(|text| text.chars().take(300).collect::<String>());
        let said = word("message").or_else(|| word("code"));
        let detail: String = [
            said.map(|said| format!(": {said}")),
            after.map(|after| format!("; it wants no further request for {after} seconds")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let (registry, request) = (self.name.clone(), request.to_owned());
        ImageError::Registry { registry, request, status: status.as_u16(), detail }
    }

    pub(super) fn transport(&self, request: &str, source: ureq::Error) -> ImageError {
        let (registry, request) = (self.name.clone(), request.to_owned());
        ImageError::Transport { registry, request, source: Box::new(source) }
    }

    pub(super) fn protocol(&self, problem: String) -> ImageError {
        ImageError::Protocol { registry: self.name.clone(), problem }
    }
}

/// Whether an address is one of this registry.
fn is_below(url: &str, base: &str) -> bool {
    matches!((origin(url), origin(base)), (Some(url), Some(base)) if url == base)
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> Option<(String, String, u16)> {
    let url: Uri = url.parse().ok()?;
    let scheme = url.scheme_str()?.to_ascii_lowercase();
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = url.port_u16().unwrap_or(usual);
    Some((scheme, url.host()?.to_ascii_lowercase(), port))
}

/// Whether an address that an answer gave may be asked.
fn is_allowed(url: &str, plain: Plain) -> bool {
    let Some((scheme, host, _)) = origin(url) else { return false };
    match plain {
        _ if scheme == "https" => true,
        _ if scheme != "http" => false,
        Plain::Nowhere => false,
        Plain::Loopback => is_loopback(&host),
        Plain::Anywhere => true,
    }
}

/// Whether a registry is on this machine, where others don't use TLS either.
fn is_loopback(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => registry,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The system's authorities, and those of the options.
fn tls(options: &Options) -> Result<TlsConfig> {
    let system = AUTHORITIES.iter().map(std::path::Path::new).find(|path| path.exists());
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for path in system.into_iter().chain(options.authorities.as_deref()) {
        let bytes = fs_err::read(path).map_err(at("read", path))?;
        let items = ureq::tls::parse_pem(&bytes).filter_map(std::result::Result::ok);
        certificates.extend(items.filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        }));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(provider)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked_without_tls() {
        for name in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"] {
            assert!(is_loopback(name), "{name}");
        }
        for name in ["docker.io", "localhost.example:5000", "10.0.0.1:5000", "[fe80::1]:5000"] {
            assert!(!is_loopback(name), "{name}");
        }
    }

    #[test]
    fn only_the_registry_is_told_who_we_are() {
        assert!(is_below("https://h:5000/v2/x", "https://h:5000"));
        assert!(!is_below("https://h:50001/v2/x", "https://h:5000"));
        assert!(!is_below("https://h.evil/v2/x", "https://h"));
        assert!(!is_below("http://h/v2/x", "https://h"));
        assert!(!is_below("https://h:443@evil/v2/x", "https://h"));
        assert!(is_below("https://H:443/v2/x", "https://h"));
    }

    #[test]
    fn nobody_sends_us_to_where_there_is_no_tls() {
        for plain in [Plain::Nowhere, Plain::Loopback, Plain::Anywhere] {
            assert!(is_allowed("https://other/token", plain), "{plain:?}");
            assert_eq!(is_allowed("http://other/token", plain), plain == Plain::Anywhere);
            assert_eq!(is_allowed("http://[::1]:80/token", plain), plain != Plain::Nowhere);
            assert!(!is_allowed("ftp://other/token", plain) && !is_allowed("/token", plain));
        }
    }
}
