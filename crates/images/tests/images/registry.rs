//! Registries that lie, stall, redirect, throttle and break off.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hcs_images::registry::{Credentials, Options};
use hcs_images::{Digest, ImageError};
use serde_json::json;

use crate::server::{Reply, Request, Server, Then};
use crate::support::{MANIFEST, Made, Place, descriptor, tar, unused};

/// What becomes of a blob.
type Lie = fn(&[u8]) -> Vec<u8>;

const SILENCE: Duration = Duration::from_millis(400);

fn options() -> Options {
    Options { silence: SILENCE, ..Options::default() }
}

fn image() -> Made {
    let big = "x".repeat(300_000);
    Made::new(&[tar(&[("a", "a")]), tar(&[("big", &big)])])
}

/// A right answer to a request for a part of the image.
fn right(made: &Made, request: &Request) -> Reply {
    let last = request.path.rsplit('/').next().unwrap();
    if request.path.contains("/manifests/") {
        return Reply::new(200, made.manifest.to_string()).with("Content-Type", MANIFEST);
    }
    let blob = made.all().into_iter().find(|blob| Digest::of(blob).to_string() == last);
    blob.map_or_else(|| Reply::new(404, ""), |blob| Reply::ranged(request, &blob))
}

fn is_big(made: &Made, request: &Request) -> bool {
    request.path.ends_with(&Digest::of(&made.blobs[1]).to_string())
}

#[test]
fn a_connection_that_breaks_off_is_gone_on_with_where_it_ended() {
    let (place, made) = (Place::new(), Arc::new(image()));
    let server = Server::start({
        let made = Arc::clone(&made);
        move |request| {
            let reply = right(&made, request);
            let cut = is_big(&made, request) && request.start() < 200_000;
            Reply { only: cut.then_some((100_000, Then::End)), ..reply }
        }
    });
    let entry = place.store.pull(&server.name("x:1"), &options(), |_| {}).unwrap();
    let starts: Vec<_> =
        server.seen().iter().filter(|request| is_big(&made, request)).map(Request::start).collect();
    assert_eq!(starts, [0, 100_000, 200_000]);
    assert_eq!(place.prepare(&entry).unwrap().len(), 2);
    // What is there is not asked for again.
    place.store.pull(&server.name("x:1"), &options(), |_| {}).unwrap();
    assert_eq!(server.count("/blobs/"), 3 + 2);
}

#[test]
fn without_ranges_it_begins_anew_and_ends_when_no_attempt_comes_further() {
    let (place, made) = (Place::new(), Arc::new(image()));
    let server = Server::start({
        let made = Arc::clone(&made);
        move |request| {
            if !is_big(&made, request) {
                return right(&made, request);
            }
            Reply { only: Some((1000, Then::End)), ..Reply::new(200, &made.blobs[1][..]) }
        }
    });
    let error = place.store.pull(&server.name("x:1"), &options(), |_| {}).unwrap_err();
    assert!(matches!(error, ImageError::Transport { .. }), "{error}");
    assert!(server.count("/blobs/") < 10);
    assert!(place.store.list().unwrap().is_empty());
}

#[test]
fn silence_ends_the_pull_and_the_next_one_goes_on() {
    let (place, made, calls) = (Place::new(), Arc::new(image()), Arc::new(AtomicUsize::new(0)));
    let server = Server::start({
        let (made, calls) = (Arc::clone(&made), Arc::clone(&calls));
        move |request| {
            let reply = right(&made, request);
            let stall = is_big(&made, request) && calls.fetch_add(1, Ordering::SeqCst) == 0;
            Reply { only: stall.then_some((50_000, Then::Silence)), ..reply }
        }
    });
    let name = server.name("x:1");
    let error = place.store.pull(&name, &options(), |_| {}).unwrap_err();
    assert!(matches!(error, ImageError::Transport { .. }), "{error}");
    assert_eq!(place.names("partial"), [Digest::of(&made.blobs[1]).hex()]);
    place.store.pull(&name, &options(), |_| {}).unwrap();
    let last = server.seen().into_iter().rfind(|request| is_big(&made, request)).unwrap();
    assert_eq!(last.start(), 50_000);
    assert!(place.names("partial").is_empty());
}

#[test]
fn content_that_is_not_what_was_announced_is_refused_and_leaves_nothing() {
    let changed = |blob: &[u8]| {
        let mut blob = blob.to_vec();
        blob[0] ^= 1;
        blob
    };
    let longer = |blob: &[u8]| [blob, b"!"].concat();
    let shorter = |blob: &[u8]| blob[..blob.len() - 1].to_vec();
    let lies: [Lie; 2] = [changed, longer];
    for lie in lies {
        let (place, made) = (Place::new(), Arc::new(image()));
        let (lying, wanted) = (Arc::clone(&made), made);
        let server = Server::start(move |request| {
            if is_big(&lying, request) {
                Reply::new(200, lie(&lying.blobs[1]))
            } else {
                right(&lying, request)
            }
        });
        let error = place.store.pull(&server.name("x:1"), &options(), |_| {}).unwrap_err();
        assert!(matches!(error, ImageError::Mismatch { .. }), "{error}");
        // Another blob may have been on its way.
        assert!(!place.names("partial").contains(&Digest::of(&wanted.blobs[1]).hex()));
        assert!(place.store.list().unwrap().is_empty());
    }
    let (place, made) = (Place::new(), Arc::new(image()));
    let server = Server::start(move |request| {
        if is_big(&made, request) { Reply::new(200, shorter(&made.blobs[1])) } else { right(&made, request) }
    });
    // It may be a connection that broke off.
    let error = place.store.pull(&server.name("x:1"), &options(), |_| {}).unwrap_err();
    assert!(matches!(error, ImageError::Transport { .. }), "{error}");
}

#[test]
fn manifests_that_lie_or_are_none_are_refused() {
    let place = Place::new();
    let pull = |reply: Reply, rest: &str| {
        let server = Server::start(move |_| reply.clone());
        place.store.pull(&server.name(rest), &options(), |_| {}).unwrap_err()
    };
    let good = image().manifest.to_string();
    let manifest = |text: &str| Reply::new(200, text).with("Content-Type", MANIFEST);
    let by_digest = format!("x@{}", Digest::of(b"another"));
    assert!(matches!(pull(manifest(&good), &by_digest), ImageError::Mismatch { .. }));
    let lying = manifest(&good).with("Docker-Content-Digest", Digest::of(b"another").to_string());
    assert!(matches!(pull(lying, "x"), ImageError::Mismatch { .. }));
    assert!(matches!(pull(manifest("{"), "x"), ImageError::Document { .. }));
    assert!(matches!(pull(manifest(&" ".repeat(5 << 20)), "x"), ImageError::TooLarge { .. }));
    let old = r#"{"schemaVersion":1,"name":"x"}"#;
    let schema_1 =
        Reply::new(200, old).with("Content-Type", "application/vnd.docker.distribution.manifest.v1+json");
    assert!(matches!(pull(schema_1, "x"), ImageError::Invalid { .. }));
    let mut escaping = image().manifest;
    escaping["layers"][0]["digest"] = json!("sha256:../../../../etc/passwd");
    assert!(matches!(pull(manifest(&escaping.to_string()), "x"), ImageError::Document { .. }));
    let mut huge = image().manifest;
    huge["config"]["size"] = json!(u64::MAX);
    assert!(matches!(pull(manifest(&huge.to_string()), "x"), ImageError::TooLarge { .. }));
    let other = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{
        "mediaType": MANIFEST, "digest": Digest::of(b"").to_string(), "size": 0,
        "platform": { "os": "linux", "architecture": "s390x" },
    }] });
    let verdict = pull(Reply::new(200, other.to_string()), "x").to_string();
    assert!(verdict.contains("linux/amd64") && verdict.contains("linux/s390x"), "{verdict}");
    assert!(place.store.list().unwrap().is_empty());
}

#[test]
fn refusals_say_what_the_registry_says() {
    let place = Place::new();
    let pull = |reply: Reply| {
        let server = Server::start(move |_| reply.clone());
        place.store.pull(&server.name("x"), &options(), |_| {}).unwrap_err()
    };
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#;
    let throttled = pull(Reply::new(429, body).with("Retry-After", "17"));
    let text = throttled.to_string();
    assert!(text.contains("429") && text.contains("slow down") && text.contains("17 seconds"), "{text}");
    assert!(throttled.hint().unwrap().contains("log in"));
    assert!(matches!(pull(Reply::new(500, "<html>")), ImageError::Registry { status: 500, .. }));
    assert!(matches!(pull(Reply::new(403, "")), ImageError::Unauthorized { .. }));
    let around = pull(Reply::new(302, "").with("Location", "/v2/x/manifests/latest"));
    assert!(matches!(around, ImageError::Transport { .. }), "{around}");
}

#[test]
fn a_token_is_got_with_the_login_and_told_to_the_registry_alone() {
    let (place, made) = (Place::new(), Arc::new(image()));
    let store = Server::start({
        let made = Arc::clone(&made);
        move |request| right(&made, request)
    });
    let (tokens, elsewhere) = (Server::start(|_| Reply::new(200, r#"{"token":"secret"}"#)), store.address);
    let realm = format!("http://{}/token", tokens.address);
    let server = Server::start({
        let made = Arc::clone(&made);
        move |request| {
            if request.header("authorization") != "Bearer secret" {
                let challenge = format!(r#"Bearer realm="{realm}",service="here",scope="repository:x:pull""#);
                return Reply::new(401, "").with("WWW-Authenticate", challenge);
            }
            if request.path.contains("/blobs/") {
                Reply::new(307, "").with("Location", format!("http://{elsewhere}{}", request.path))
            } else {
                right(&made, request)
            }
        }
    });
    let file = place.path("config.json");
    let auths = json!({ "auths": { server.address.to_string(): { "auth": "dXNlcjpwYXNz" } } });
    fs_err::write(&file, auths.to_string()).unwrap();
    let options = Options { credentials: Credentials::files(vec![file]), ..options() };
    place.store.pull(&server.name("x"), &options, |_| {}).unwrap();
    let asked = &tokens.seen()[0];
    assert!(asked.path.contains("scope=repository") && asked.path.contains("service=here"), "{}", asked.path);
    assert_eq!(asked.header("authorization"), "Basic dXNlcjpwYXNz");
    assert_eq!(tokens.seen().len(), 1, "one token for all");
    assert_eq!(store.seen().len(), 3);
    assert!(store.seen().iter().all(|request| request.header("authorization").is_empty()));
}

#[test]
fn a_byte_for_each_connection_is_not_enough() {
    let (place, made) = (Place::new(), Arc::new(image()));
    let server = Server::start({
        let made = Arc::clone(&made);
        move |request| {
            let cut = is_big(&made, request).then_some((1, Then::End));
            Reply { only: cut, ..right(&made, request) }
        }
    });
    let error = place.store.pull(&server.name("x"), &options(), |_| {}).unwrap_err();
    assert!(matches!(error, ImageError::Transport { .. }), "{error}");
    assert_eq!(server.seen().iter().filter(|request| is_big(&made, request)).count(), 3);
}

#[test]
fn nobody_but_the_registry_gets_the_login() {
    let (place, made) = (Place::new(), Arc::new(image()));
    let tokens = Server::start(|_| Reply::new(200, r#"{"token":"secret"}"#));
    let challenge = format!(r#"Bearer realm="http://{}/token""#, tokens.address);
    let other = Server::start(move |_| Reply::new(401, "").with("WWW-Authenticate", challenge.clone()));
    let elsewhere = other.address;
    let server = Server::start(move |request| match request.method.as_str() {
        "HEAD" => Reply::new(404, ""),
        "POST" => Reply::new(202, "").with("Location", format!("http://{elsewhere}/up/1")),
        _ if request.path.contains("/blobs/") => {
            Reply::new(307, "").with("Location", format!("http://{elsewhere}{}", request.path))
        }
        _ => right(&made, request),
    });
    let file = place.path("config.json");
    let auths = json!({ "auths": { server.address.to_string(): { "auth": "dXNlcjpwYXNz" } } });
    fs_err::write(&file, auths.to_string()).unwrap();
    let options = Options { credentials: Credentials::files(vec![file]), ..options() };
    let pulled = place.store.pull(&server.name("x"), &options, |_| {}).unwrap_err();
    image().layout(&place.path("layout"));
    let entry = place.load(&place.path("layout")).unwrap().remove(0);
    let pushed = place.store.push(&entry, &server.name("y"), &options, |_| {}).unwrap_err();
    for error in [pulled, pushed] {
        assert!(matches!(error, ImageError::Protocol { .. }), "{error}");
    }
    assert!(other.seen().len() == 2 && tokens.seen().is_empty());
}

#[test]
fn two_pulls_at_once_share_what_they_get() {
    let (place, made) = (Place::new(), Arc::new(image()));
    let server = Server::start({
        let made = Arc::clone(&made);
        move |request| right(&made, request)
    });
    let name = server.name("x");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| place.store.pull(&name, &options(), |_| {}).unwrap());
        }
    });
    assert_eq!(server.count("/blobs/"), 3);
    let found = place.store.fsck(false, unused).unwrap();
    assert_eq!((found.images, found.blobs, found.problems), (1, 4, Vec::<String>::new()));
}

#[test]
fn an_image_is_sent_with_what_the_registry_lacks() {
    let (place, made) = (Place::new(), image());
    made.layout(&place.path("layout"));
    let entry = place.load(&place.path("layout")).unwrap().remove(0);
    let there = Digest::of(&made.blobs[0]).to_string();
    let server = Server::start(move |request| match request.method.as_str() {
        "HEAD" => Reply::new(if request.path.ends_with(&there) { 200 } else { 404 }, ""),
        "POST" => Reply::new(202, "").with("Location", "/v2/up/1?state=a"),
        "PUT" => Reply::new(201, ""),
        _ => Reply::new(400, ""),
    });
    place.store.push(&entry, &server.name("y:2"), &options(), |_| {}).unwrap();
    let puts: Vec<_> = server
        .seen()
        .into_iter()
        .filter(|request| request.method == "PUT")
        .map(|request| request.path)
        .collect();
    let upload = |blob: &[u8]| format!("/v2/up/1?state=a&digest={}", Digest::of(blob));
    let config = made.config.to_string();
    let expected = [upload(&made.blobs[1]), upload(config.as_bytes()), "/v2/y/manifests/2".to_owned()];
    assert_eq!(puts, expected);
    assert_eq!(
        descriptor("", made.manifest.to_string().as_bytes())["digest"],
        entry.manifest.digest.to_string()
    );
}
