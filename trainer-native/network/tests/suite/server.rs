//! A server of HTTP/1.1, by hand, so that it can break every rule of it.

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte that is wanted.
    pub(super) fn from(&self) -> Option<usize> {
        self.header("range")?
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    }
}

/// What is answered: bytes, and what happens after them.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The length that is told, if it is another than that of the body.
    pub(super) told: Option<usize>,
    pub(super) then: Then,
}

/// What happens after so many bytes of the body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    End,
    CloseAfter(usize),
    StallAfter(usize),
    /// One byte at a time, with this pause.
    Trickle(Duration),
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            told: None,
            then: Then::End,
        }
    }

    pub(super) fn bytes(bytes: &[u8]) -> Self {
        Self {
            body: bytes.to_vec(),
            ..Self::status(200)
        }
    }

    pub(super) fn json(text: &str) -> Self {
        Self::bytes(text.as_bytes())
    }

    /// A file with an entity tag, or the part of it that is asked for.
    pub(super) fn file(asked: &Asked, bytes: &[u8], tag: &str) -> Self {
        let fresh = asked.header("if-range").is_none_or(|wanted| wanted == tag);
        let reply = match asked.from().filter(|_| fresh) {
            Some(from) if from >= bytes.len() => {
                let all = format!("bytes */{}", bytes.len());
                Self::status(416).header("Content-Range", &all)
            }
            Some(from) => {
                let span = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                let part = Self::bytes(&bytes[from..]);
                Self {
                    status: 206,
                    ..part
                }
                .header("Content-Range", &span)
            }
            None => Self::bytes(bytes),
        };
        reply.header("ETag", tag)
    }

    pub(super) fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("Location", location)
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn told(mut self, length: usize) -> Self {
        self.told = Some(length);
        self
    }

    pub(super) fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }
}

type Answer = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// A server that runs until it is dropped.
pub(super) struct Server {
    pub(super) address: String,
    /// In PEM, of one that speaks TLS: made for it alone, so that nobody vouches for it but who is told to.
    pub(super) certificate: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    /// Answers by `answer`, which is told how often this path was asked for before.
    pub(super) fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::begin(Arc::new(answer), None, String::new())
    }

    /// The same over TLS.
    pub(super) fn start_secure(
        answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let made = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let certificate = made.cert.pem();
        Self::begin(Arc::new(answer), Some(speaking_tls(made)), certificate)
    }

    fn begin(answer: Arc<Answer>, tls: Option<Arc<ServerConfig>>, certificate: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (asked, over) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(AtomicBool::new(false)),
        );
        let (log, end) = (asked.clone(), over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log, end, tls) =
                    (answer.clone(), log.clone(), end.clone(), tls.clone());
                std::thread::spawn(move || {
                    stream
                        .set_read_timeout(Some(Duration::from_secs(20)))
                        .unwrap();
                    // Whoever hangs up early is not a failure of the server's.
                    let _ = match tls {
                        None => serve(stream, &*answer, &log, &end),
                        Some(tls) => {
                            let connection = ServerConnection::new(tls).unwrap();
                            serve(StreamOwned::new(connection, stream), &*answer, &log, &end)
                        }
                    };
                });
            }
        });
        Self {
            address,
            certificate,
            asked,
            over,
        }
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked of a path, but for its head.
    pub(super) fn asked_of(&self, path: &str) -> Vec<Asked> {
        let mut asked = self.asked();
        asked.retain(|asked| asked.path == path && asked.method == "GET");
        asked
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

fn speaking_tls(made: CertifiedKey<KeyPair>) -> Arc<ServerConfig> {
    let chain = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(
        builder
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap(),
    )
}

fn serve(
    stream: impl Read + Write,
    answer: &Answer,
    log: &Mutex<Vec<Asked>>,
    over: &AtomicBool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let asked = Asked {
        method,
        path,
        headers,
    };
    let before = {
        let mut log = log.lock().unwrap();
        let same = log
            .iter()
            .filter(|old| old.path == asked.path && old.method == asked.method);
        let before = same.count();
        log.push(asked.clone());
        before
    };
    let reply = answer(&asked, before);
    send(reader.into_inner(), &asked, &reply, over)
}

fn send(
    mut stream: impl Write,
    asked: &Asked,
    reply: &Reply,
    over: &AtomicBool,
) -> std::io::Result<()> {
    let length = reply.told.unwrap_or(reply.body.len());
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    if asked.method == "HEAD" {
        return stream.flush();
    }
    match reply.then {
        Then::End => stream.write_all(&reply.body)?,
        Then::CloseAfter(count) => stream.write_all(&reply.body[..count])?,
        Then::StallAfter(count) => {
            stream.write_all(&reply.body[..count])?;
            stream.flush()?;
            while !over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Then::Trickle(pause) => {
            for byte in &reply.body {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                std::thread::sleep(pause);
            }
        }
    }
    stream.flush()
}
