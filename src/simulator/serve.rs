//! The simulator on real HTTP: a thin shell of listeners around `Simulator::call`, plain or over TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::admin::admin;
use super::deliver::Http;
use super::options::{Access, Options, Plans, World};
use super::seam::{Broken, Simulator};
use crate::domain::id::Service;

/// Where and what to serve.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// One address for everything, told apart by path; without it each part takes a free loopback port.
    pub listen: Option<SocketAddr>,
    /// Certificate chain and key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// What the services hold.
    pub world: World,
    /// What the workspaces pay for.
    pub plan: Plans,
    /// Equal seeds make equal worlds.
    pub seed: u64,
}

/// Why the simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}; choose another --listen address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the certificate is missing or no PEM.
    #[error("cannot read {}: {reason}; --tls-cert and --tls-key want PEM files", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Certificate and key do not go together.
    #[error("the certificate cannot be used: {0}; check that --tls-key belongs to --tls-cert")]
    Certificate(#[from] rustls::Error),
    /// The client for deliveries cannot be made.
    #[error("cannot make the HTTP client for deliveries: {0}")]
    Client(#[from] reqwest::Error),
}

/// A simulator that serves.
#[derive(Clone)]
pub struct Running {
    /// The services themselves.
    pub simulator: Simulator,
    /// The `simulator` object of the ready line.
    pub ready: Value,
    /// Tokens and ids.
    pub access: Access,
    /// Origin of Toggl's three APIs (`http://127.0.0.1:41003`).
    pub toggl: String,
    /// Base of Clockify's API (`http://127.0.0.1:41004/api/v1`).
    pub clockify: String,
    /// Base of the admin calls.
    pub admin: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Only(Service),
    Admin,
    Everything,
}

/// Starts the listeners. They end with `stop`, and so do deliveries under way.
pub async fn start(options: ServeOptions, stop: CancellationToken) -> Result<Running, ServeError> {
    let tls = options.tls.as_ref().map(|(cert, key)| acceptor(cert, key)).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let simulator = Simulator::new(Options {
        seed: options.seed,
        plan: options.plan,
        world: options.world,
        clock: Arc::new(Utc::now),
        deliverer: Arc::new(Http::new()?),
    });
    let places: Vec<(Place, SocketAddr)> = match options.listen {
        Some(address) => vec![(Place::Everything, address)],
        None => [Place::Only(Service::Toggl), Place::Only(Service::Clockify), Place::Admin]
            .map(|place| (place, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
            .to_vec(),
    };
    let mut bound = Vec::new();
    for (place, address) in places {
        let failed = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        bound.push((place, listener.local_addr().map_err(failed)?, listener));
    }
    let origin = |wanted: Place| {
        let found = bound.iter().find(|(place, ..)| *place == wanted || *place == Place::Everything);
        found.map_or_else(String::new, |(_, address, _)| format!("{scheme}://{address}"))
    };
    let toggl = origin(Place::Only(Service::Toggl));
    let clockify = format!("{}/api/v1", origin(Place::Only(Service::Clockify)));
    let suffix = if options.listen.is_some() { "/admin" } else { "" };
    let admin = format!("{}{suffix}", origin(Place::Admin));
    simulator.set_webhooks_url(format!("{toggl}/webhooks/api/v1"));
    let access = simulator.access();
    let mut ready = json!({
        "toggl": {"api": format!("{toggl}/api/v9"), "reports": format!("{toggl}/reports/api/v3"),
                  "webhooks": format!("{toggl}/webhooks/api/v1"), "token": access.toggl_token,
                  "workspace_id": access.toggl_workspace},
        "clockify": {"api": clockify, "token": access.clockify_token, "workspace_id": access.clockify_workspace},
        "admin": admin,
    });
    if let Some(token) = &access.toggl_second_token {
        ready["toggl"]["second_token"] = token.clone().into();
    }
    for (place, _, listener) in bound {
        tokio::spawn(accept(listener, place, simulator.clone(), tls.clone(), stop.clone()));
    }
    let ended = simulator.clone();
    tokio::spawn(async move {
        stop.cancelled().await;
        ended.stop();
    });
    Ok(Running { simulator, ready, access, toggl, clockify, admin })
}

fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, ServeError> {
    let failed = |path: &Path, error: rustls::pki_types::pem::Error| ServeError::Pem {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(cert).map_err(|error| failed(cert, error))?.collect();
    let chain = chain.map_err(|error| failed(cert, error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(
    listener: TcpListener,
    place: Place,
    simulator: Simulator,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) {
    loop {
        let stream = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of file handles, or a client that is gone already: the next one may do better.
                Err(_) => {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    continue;
                }
            },
        };
        // Answers are small; waiting to fill a packet only adds 40 ms.
        let _ = stream.set_nodelay(true);
        let (simulator, tls, stop) = (simulator.clone(), tls.clone(), stop.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, place, simulator, stop).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, place, simulator, stop).await;
                    }
                }
            }
        });
    }
}

async fn converse<S>(stream: S, place: Place, simulator: Simulator, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(simulator.clone(), place, request));
    // Idle connections stay: closing one under a client's next request would look like a fault that nobody asked for.
    let connection =
        http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    // An error here is a dropped connection: the client's doing, or a fault.
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = connection => {}
    }
}

/// The largest body that is read.
const LARGEST: usize = 8 * 1024 * 1024;

async fn answer(
    simulator: Simulator,
    place: Place,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.map_err(|_| Broken)?.to_bytes();
    let path = parts.uri.path();
    let service = match place {
        Place::Only(service) => Some(service),
        Place::Admin => None,
        Place::Everything if path == "/admin" || path.starts_with("/admin/") => None,
        Place::Everything if path.starts_with("/api/v1/") || path.starts_with("/report/v1/") => {
            Some(Service::Clockify)
        }
        Place::Everything => Some(Service::Toggl),
    };
    let Some(service) = service else {
        let reply = admin(&simulator, &parts.method, path, &body);
        return Ok(super::seam::respond(reply).map(Full::new));
    };
    simulator.call(service, Request::from_parts(parts, body)).await.map(|response| response.map(Full::new))
}
