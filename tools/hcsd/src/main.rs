//! `hcsd`: serves this machine's host of the Host Compute Service contract over HTTP.

mod args;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use hcsd::{ListenError, Listener, Server, Services, Token, TokenError, systemd};
use hcsshim::{Host, Options};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Args;

/// The static C library's own maps and unmaps pages for each size that is asked for, and so does every request.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Why the server did not come up.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Host(#[from] hcsshim::Error),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("cannot {step}")]
    System { step: &'static str, source: std::io::Error },
    #[error("HCS_HOST is set: hcsd serves the host of this machine, not another server")]
    Remote,
    #[error("TLS needs --tls-cert, --tls-key and --tls-client-ca")]
    TlsFiles,
}

fn system(step: &'static str) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::System { step, source }
}

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(args.log_level)
        .without_time()
        .init();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(next) = cause {
                text.push_str(": ");
                text.push_str(&next.to_string());
                cause = next.source();
            }
            tracing::error!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Error> {
    if std::env::var_os("HCS_HOST").is_some_and(|value| !value.is_empty()) {
        return Err(Error::Remote);
    }
    // Before anything else opens a descriptor.
    let given = systemd::sockets().map_err(system("take systemd's sockets"))?;
    raise_descriptors();
    let options = Options::from_env()?;
    let socket = args.socket.clone().unwrap_or_else(|| options.linux.run.join("hcsd.sock"));
    let token = args.token_file.clone().unwrap_or_else(|| options.linux.run.join("hcsd.token"));
    let files = args.tls_files()?;
    let host = Host::open(options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.workers())
        .enable_all()
        .build()
        .map_err(system("start the runtime"))?;
    runtime.block_on(async {
        let mut listeners = Vec::new();
        if given.is_empty() {
            listeners.push(Listener::unix(&socket)?);
        }
        for given in given {
            let token = || Ok::<_, Error>(Token::from_file(&token)?);
            listeners.push(Listener::given(given, files.as_ref(), token)?);
        }
        for address in &args.tcp {
            listeners.push(Listener::loopback(*address, Token::from_file(&token)?)?);
        }
        for address in &args.tls {
            listeners.push(Listener::tls(*address, files.as_ref().ok_or(Error::TlsFiles)?)?);
        }
        let mut terminate = signal(SignalKind::terminate()).map_err(system("listen for SIGTERM"))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(system("listen for SIGINT"))?;
        tracing::info!(?listeners, "serving");
        let services = Services {
            networks: host.networks().ok().cloned(),
            storage: host.layers().ok().map(|layers| Arc::clone(layers.service())),
            ..Arc::clone(host.service()).into()
        };
        let server = Server::new(services, args.config());
        tell(NotifyState::Ready);
        server
            .serve(listeners, async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                tell(NotifyState::Stopping);
            })
            .await;
        Ok(())
    })
}

/// Tells systemd, when it started us; nobody else asks.
fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd was not told");
    }
}

/// Each connection is a descriptor, and so is each handle: as many as the hard limit allows.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of descriptors stays as it is");
    }
}
