//! Who may come in.

use std::io::Write as _;
use std::sync::Arc;

use hcs_contract::{ComputeService as _, Hresult, ProcessStreams};
use hcs_host_remote::{Options, RemoteHost};
use hcsd::{Listener, TlsFiles, Token};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use crate::support::{PATIENCE, Served, TOKEN, status, tcp, unix};

/// Method and path of every route, with something in place of each variable.
fn routes() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{session}", "00000000000000000000000000000000")
            .replace("{handle}", "1")
            .replace("{stream}", "1")
            .replace("{operation}", "1");
        for method in methods.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.clone()));
        }
    }
    routes
}

fn request(method: &str, path: &str, authorization: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{authorization}content-length: 0\r\n\r\n"
    )
}

#[test]
fn no_route_answers_without_the_token() {
    let served = Served::new(|_| {});
    let routes = routes();
    assert!(routes.len() > 30, "{routes:?}");
    for (method, path) in routes.iter().chain([&("GET".to_owned(), "/nothing".to_owned())]) {
        for authorization in [
            "",
            "authorization: Bearer wrong\r\n",
            "authorization: Bearer \r\n",
            &format!("authorization: {TOKEN}\r\n"),
            &format!("authorization: Basic {TOKEN}\r\n"),
            &format!("authorization: Bearer {TOKEN}0\r\n"),
        ] {
            let answer = tcp(served.tcp, &request(method, path, authorization));
            assert_eq!(status(&answer), 401, "{method} {path} {authorization}: {answer}");
            assert!(answer.contains("access-denied"), "{answer}");
        }
        if path == "/v1/events" || path == "/v1/sessions" {
            continue; // Answers without an end.
        }
        let answer = tcp(served.tcp, &request(method, path, &format!("authorization: Bearer {TOKEN}\r\n")));
        assert_ne!(status(&answer), 401, "{method} {path}");
    }
    assert!(served.metric("hcsd_refused_total{reason=\"token\"}") > 200);
}

#[test]
fn a_client_with_a_wrong_token_is_told_so() {
    let served = Served::new(|_| {});
    assert_eq!(served.tcp_client().enumerate_systems("").wait(PATIENCE).unwrap(), "[]");
    let path = served.folder.path().join("wrong");
    fs_err::write(&path, "not-the-token-at-all").unwrap();
    let mut options = Options::new(format!("http://{}", served.tcp).parse().unwrap());
    options.token_file = Some(path);
    let error = RemoteHost::open(options.clone()).unwrap().enumerate_systems("").wait(PATIENCE).unwrap_err();
    assert_eq!(error.hresult(), Hresult::E_ACCESSDENIED, "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("token file")));
    options.token_file = None;
    assert_eq!(RemoteHost::open(options).unwrap_err().code(), "invalid-argument");
}

#[test]
fn tcp_without_tls_is_for_this_machine_only() {
    let served = Served::new(|_| {});
    let _inside = served.runtime.as_ref().unwrap().enter();
    let refused = Listener::loopback("0.0.0.0:0".parse().unwrap(), Token::new(TOKEN)).unwrap_err();
    assert!(refused.to_string().contains("use TLS"), "{refused}");
    let mode = std::os::unix::fs::MetadataExt::mode(&fs_err::metadata(served.socket()).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    assert!(Listener::unix(&served.socket()).unwrap_err().to_string().contains("another server"));
}

/// An authority and what it has signed, as files.
fn authority(folder: &std::path::Path, name: &str) -> TlsFiles {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let write = |what: &str, text: String| {
        let path = folder.join(format!("{name}-{what}.pem"));
        fs_err::write(&path, text).unwrap();
        path
    };
    TlsFiles {
        client_ca: write("ca", issuer.pem()),
        certificate: write("certificate", certificate.pem()),
        key: write("key", key.serialize_pem()),
    }
}

/// What the server says to a client that has no certificate, or `own`.
fn without_right(port: u16, ca: &TlsFiles, own: Option<&TlsFiles>, request: &str) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&ca.client_ca).unwrap()).unwrap();
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let certificate = CertificateDer::from_pem_file(&own.certificate).unwrap();
            let key = PrivateKeyDer::from_pem_file(&own.key).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    let name = "localhost".try_into().unwrap();
    let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = rustls::StreamOwned::new(client, socket);
    // The server refuses when it has seen what the client shows, which the client hears of later.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A server with a port for those who have certificates of the authority "right"; that one's files, and another's.
fn served_by_tls() -> (Served, u16, TlsFiles, TlsFiles) {
    let mut made = None;
    let served = Served::with(
        |_| {},
        |folder| {
            let files = authority(folder, "right");
            let listener = Listener::tls("127.0.0.1:0".parse().unwrap(), &files).unwrap();
            made = Some((listener.address().unwrap().port(), files, authority(folder, "wrong")));
            vec![listener]
        },
    );
    let (port, right, wrong) = made.unwrap();
    (served, port, right, wrong)
}

#[test]
fn no_route_answers_without_a_certificate_of_the_authority() {
    let (served, port, right, wrong) = served_by_tls();
    let health = request("GET", "/health", "");
    assert_eq!(status(&without_right(port, &right, Some(&right), &health)), 200, "it is what is shown");
    for (method, path) in routes() {
        // With the token of another listener even.
        let request = request(&method, &path, &format!("authorization: Bearer {TOKEN}\r\n"));
        for own in [None, Some(&wrong)] {
            let answer = without_right(port, &right, own, &request);
            assert_eq!(answer, "", "{method} {path}");
        }
    }
    assert!(served.metric("hcsd_refused_total{reason=\"certificate\"}") > 60);
}

#[test]
fn over_tls_both_sides_show_certificates_of_the_authority() {
    let (served, port, right, wrong) = served_by_tls();
    let client = |ca: &TlsFiles, own: &TlsFiles, host: &str| {
        let mut options = Options::new(format!("https://{host}:{port}").parse().unwrap());
        options.ca = Some(ca.client_ca.clone());
        options.certificate = Some(own.certificate.clone());
        options.key = Some(own.key.clone());
        RemoteHost::open(options).unwrap()
    };
    let host = client(&right, &right, "localhost");
    let system = crate::support::started(&host, "secret", crate::support::DOCUMENT);
    let parameters =
        r#"{"CommandArgs":["/bin/sh","-c","cat"],"CreateStdInPipe":true,"CreateStdOutPipe":true}"#;
    let created = system.create_process(parameters, ProcessStreams::default()).wait(PATIENCE).unwrap();
    let mut input = created.information.take_stdin().unwrap();
    let mut output = created.information.take_stdout().unwrap();
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let copied = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut copied = Vec::new();
            std::io::Read::read_to_end(&mut output, &mut copied).unwrap();
            copied
        });
        input.write_all(&bytes).unwrap();
        let close = r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#;
        created.process.modify(close).wait(PATIENCE).unwrap();
        drop(input);
        reader.join().unwrap()
    });
    assert!(copied == bytes, "{} bytes came back of {}", copied.len(), bytes.len());
    system.terminate("").wait(PATIENCE).unwrap();

    for (what, host) in [
        ("another authority's client", client(&right, &wrong, "localhost")),
        ("a server of another authority", client(&wrong, &right, "localhost")),
        ("a server of another name", client(&right, &right, "127.0.0.1")),
    ] {
        let error = host.enumerate_systems("").wait(PATIENCE).unwrap_err();
        assert!(
            error.code() == "service-unavailable"
                || error.code() == "service-disconnected"
                || error.code() == "os-failure",
            "{what}: {error}"
        );
    }
    // Plain HTTP, with the token even, is no TLS.
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let answer = tcp(address, &request("GET", "/health", &format!("authorization: Bearer {TOKEN}\r\n")));
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    assert!(unix(&served.socket(), &request("GET", "/health", "")).contains("200"));
}
