//! Asking servers: every wait can be ended, every answer is limited, redirects are followed by rule.

use super::address::{Address, Source};
use super::answer::{Body, Head, Heard, Trouble, refused};
use super::token::Token;
use crate::halt::{Halt, failure, wait};
use genolewm_core::limits::{MAX_FETCH_ATTEMPTS, MAX_REDIRECTS};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::{io_error_at, open};
use genolewm_report::stop::StopFlag;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

const USER_AGENT: &str = concat!("genolewm-network/", env!("CARGO_PKG_VERSION"));
/// Names a file of certificates that are trusted instead of Mozilla's, as for OpenSSL.
const CERTIFICATES: &str = "SSL_CERT_FILE";
/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that may wait to be written.
const WAITING_PIECES: usize = 4;
/// The first pause before something is asked again; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where a file goes on, and the version of it that there is a part of.
#[derive(Debug, Clone, Default)]
pub struct Resume {
    /// Bytes that are there.
    pub from: u64,
    /// The entity tag that they came with.
    pub version: Option<String>,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Get<'a> {
    /// What is asked for.
    pub address: &'a Address,
    /// What is there of it.
    pub resume: Resume,
    /// Whether only the head is wanted.
    pub head_only: bool,
}

impl<'a> Get<'a> {
    /// Asks for all of it.
    #[must_use]
    pub fn all(address: &'a Address) -> Self {
        Self {
            address,
            resume: Resume::default(),
            head_only: false,
        }
    }
}

/// What asks.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    /// Without a proxy: what is for this machine is not encrypted and does not leave it.
    local: Agent,
    timeout: Duration,
    token: Option<Token>,
    /// Set when the user wants to stop.
    pub stop: StopFlag,
}

impl Client {
    /// One that waits `timeout_s` seconds for a server to say something.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a time that is none; `CONFIG.GENERIC` for certificates that are none.
    pub fn new(timeout_s: f64, token: Option<Token>) -> Result<Self> {
        let timeout = Duration::try_from_secs_f64(timeout_s).ok();
        let timeout = timeout.filter(|time| !time.is_zero()).ok_or_else(|| {
            Error::input("a time to wait is a number of seconds above 0")
                .with_detail("timeout", timeout_s)
                .with_remedy("give --timeout such as 30")
        })?;
        let config = || {
            Agent::config_builder()
                .user_agent(USER_AGENT)
                .accept_encoding("identity")
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_connect(Some(timeout))
                .timeout_recv_response(Some(timeout))
        };
        let secure = TlsConfig::builder()
            .root_certs(root_certificates()?)
            .build();
        Ok(Self {
            agent: config().tls_config(secure).build().into(),
            local: config().proxy(None).build().into(),
            timeout,
            token,
            stop: StopFlag::on_signals()?,
        })
    }

    /// One answer, after the redirects that lead to it.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, get: &Get<'_>) -> Result<(Head, Body), Trouble> {
        let mut address = get.address.clone();
        for _ in 0..=MAX_REDIRECTS {
            let body = self.ask(&address, get)?;
            let (status, headers) = match body.hear().map_err(|trouble| at(trouble, &address))? {
                Heard::Head(status, headers) => (status, headers),
                _ => {
                    return Err(failure("an answer has no head")
                        .with_detail("url", &address)
                        .into());
                }
            };
            let head = Head::new(status, headers);
            match (status, head.text("location")) {
                (200 | 206 | 416, _) => return Ok((head, body)),
                (301 | 302 | 303 | 307 | 308, Some(location)) => {
                    address = address.redirected(location)?
                }
                _ => return Err(refused(&head, &address)),
            }
        }
        Err(failure("the server redirects again and again")
            .with_detail("url", get.address)
            .with_detail("redirects", MAX_REDIRECTS)
            .with_remedy("check the address")
            .into())
    }

    /// Starts a request on a thread of its own, so that no wait for it is longer than we want.
    fn ask(&self, address: &Address, get: &Get<'_>) -> Result<Body, Trouble> {
        let mut request = Request::builder().uri(address.full());
        if get.head_only {
            request = request.method("HEAD");
        }
        if let Some(header) = self
            .token
            .as_ref()
            .and_then(|token| token.header_for(address))
        {
            request = request.header("authorization", header);
        }
        if get.resume.from > 0 {
            request = request.header("range", format!("bytes={}-", get.resume.from));
            if let Some(version) = &get.resume.version {
                request = request.header("if-range", version.as_str());
            }
        }
        let request = request.body(()).map_err(|error| {
            failure("this address cannot be asked")
                .with_detail("url", address)
                .with_detail("cause", error)
        })?;
        let agent = if address.is_secure() {
            &self.agent
        } else {
            &self.local
        }
        .clone();
        let (says, heard) = sync_channel(WAITING_PIECES);
        let thread = std::thread::Builder::new().name("network".to_owned());
        let started = thread.spawn(move || talk(&agent, request, &says));
        started
            .map_err(|error| failure("no thread could be started").with_detail("cause", error))?;
        Ok(Body::new(heard, self.timeout, self.stop.clone()))
    }

    /// Does something until it is done, again after a pause where it may succeed yet. `attempt` says
    /// whether anything came of it that is kept, too, as its trouble alone does not.
    ///
    /// # Errors
    /// The last trouble, when nothing came for several times in a row.
    pub fn persist<T>(
        &self,
        mut attempt: impl FnMut(&mut bool) -> Result<T, Trouble>,
    ) -> Result<T, Halt> {
        let mut failed = 0;
        loop {
            let mut came = false;
            let (error, asked) = match attempt(&mut came) {
                Ok(done) => return Ok(done),
                Err(Trouble::Final(halt)) => return Err(halt),
                Err(Trouble::Passing(error, asked)) => (error, asked),
            };
            failed = if came { 1 } else { failed + 1 };
            if failed >= MAX_FETCH_ATTEMPTS {
                return Err(error.with_detail("attempts", failed).into());
            }
            let pause = FIRST_PAUSE * 2_u32.pow(failed as u32 - 1);
            wait(
                asked.map_or(pause, |asked| asked.min(LONGEST_PAUSE).max(pause)),
                &self.stop,
            )?;
        }
    }

    /// A whole document, with the head that came with it; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be had, or is longer than `limit` bytes.
    pub fn document(&self, address: &Address, limit: usize) -> Result<(Head, Vec<u8>), Halt> {
        self.persist(|_| {
            let (head, mut body) = self.get(&Get::all(address))?;
            let expected = head.length_bytes();
            let mut bytes = Vec::new();
            while let Some(piece) = body.piece().map_err(|trouble| at(trouble, address))? {
                if bytes.len() + piece.len() > limit {
                    return Err(too_long(&address.to_string(), limit as u64).into());
                }
                bytes.extend_from_slice(&piece);
            }
            match expected.is_some_and(|expected| expected != bytes.len() as u64) {
                true => Err(Trouble::Passing(cut(address), None)),
                false => Ok((head, bytes)),
            }
        })
    }

    /// A whole document from the network or a disk.
    ///
    /// # Errors
    /// As [`document`](Self::document).
    pub fn read(&self, source: &Source, limit: usize) -> Result<Vec<u8>, Halt> {
        let path = match source {
            Source::Web(address) => return Ok(self.document(address, limit)?.1),
            Source::File(path) => path,
        };
        let mut bytes = Vec::new();
        let mut start = open(path)?.take(limit as u64 + 1);
        start.read_to_end(&mut bytes).map_err(io_error_at(path))?;
        match bytes.len() <= limit {
            true => Ok(bytes),
            false => Err(too_long(&source.to_string(), limit as u64).into()),
        }
    }

    /// How long a file is, if that can be known beforehand.
    ///
    /// # Errors
    /// [`Halt::Stopped`].
    pub fn length_bytes(&self, source: &Source) -> Result<Option<u64>, Halt> {
        let address = match source {
            Source::File(path) => return Ok(path.metadata().ok().map(|about| about.len())),
            Source::Web(address) => address,
        };
        let head_only = Get {
            head_only: true,
            ..Get::all(address)
        };
        match self.get(&head_only) {
            Ok((head, _)) => Ok(head.length_bytes()),
            Err(Trouble::Final(Halt::Stopped)) => Err(Halt::Stopped),
            // It will be asked for in earnest.
            Err(_) => Ok(None),
        }
    }
}

/// Adds the address to what is said of it.
pub(crate) fn at(trouble: Trouble, address: &Address) -> Trouble {
    match trouble {
        Trouble::Passing(error, asked) => {
            Trouble::Passing(error.with_detail("url", address), asked)
        }
        Trouble::Final(Halt::Failed(error)) => {
            Trouble::Final(Halt::Failed(error.with_detail("url", address)))
        }
        stopped => stopped,
    }
}

/// A file that ended before its end.
pub(crate) fn cut(address: &Address) -> Error {
    failure("the server sent less than it said")
        .with_detail("url", address)
        .with_remedy("run the command again: what has come is kept")
}

/// A file beyond its limit.
pub(crate) fn too_long(name: &str, limit: u64) -> Error {
    failure("a file is longer than it may be")
        .with_detail("url", name)
        .with_detail("limit_bytes", limit)
        .with_remedy("check the address; docs/limits.md lists the limits")
}

/// One request, to its end or until nobody listens any more.
fn talk(agent: &Agent, request: Request<()>, says: &SyncSender<Heard>) {
    let mut response = match agent.run(request) {
        Ok(response) => response,
        Err(error) => {
            let _ = says.send(Heard::Failed(error.to_string(), may_pass(&error)));
            return;
        }
    };
    let head = Heard::Head(
        response.status().as_u16(),
        Box::new(response.headers().clone()),
    );
    if says.send(head).is_err() {
        return;
    }
    let mut reader = response.body_mut().as_reader();
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let heard = match reader.read(&mut piece) {
            Ok(0) => Heard::End,
            Ok(count) => {
                piece.truncate(count);
                Heard::Bytes(piece)
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => Heard::Failed(error.to_string(), true),
        };
        let goes_on = matches!(heard, Heard::Bytes(_));
        if says.send(heard).is_err() || !goes_on {
            return;
        }
    }
}

/// Whether a connection may succeed when it is tried again.
fn may_pass(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_) => true,
        // What is wrong with a certificate comes as an error of reading, too.
        ureq::Error::Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// Whose signature is believed: Mozilla's list, which is part of the program, or the user's file.
fn root_certificates() -> Result<RootCerts> {
    let Some(path) = std::env::var_os(CERTIFICATES).filter(|path| !path.is_empty()) else {
        return Ok(RootCerts::WebPki);
    };
    let path = std::path::PathBuf::from(path);
    let bytes = genolewm_report::output::read_document(&path)?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let found: Vec<Certificate<'static>> = parse_pem(&bytes).filter_map(certificate).collect();
    if found.is_empty() {
        return Err(Error::new(
            ErrorCode::ConfigGeneric,
            format!("{CERTIFICATES} names no certificates"),
        )
        .with_detail("path", path.display())
        .with_remedy("name a PEM file of certificates, or unset it"));
    }
    Ok(RootCerts::Specific(Arc::new(found)))
}
