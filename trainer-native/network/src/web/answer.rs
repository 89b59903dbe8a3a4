//! An answer of a server: what its head says, and its bytes as they come.

use crate::halt::{GLANCE, Halt, failure};
use genolewm_core::{Error, ErrorCode};
use genolewm_report::stop::StopFlag;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use ureq::http::HeaderMap;

/// Bytes a second below which an answer is taken for one that has stalled.
const SLOWEST: u64 = 1 << 10;

/// Why an answer, or a piece of it, did not come.
#[derive(Debug)]
pub enum Trouble {
    /// It may come if it is asked for again; the server may have said when.
    Passing(Error, Option<Duration>),
    /// It will not.
    Final(Halt),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Final(Halt::Failed(error))
    }
}

/// What a worker has heard.
#[derive(Debug)]
pub(super) enum Heard {
    Head(u16, Box<HeaderMap>),
    Bytes(Vec<u8>),
    End,
    /// A cause, and whether it may be gone soon.
    Failed(String, bool),
}

/// What the head of an answer says.
#[derive(Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    headers: Box<HeaderMap>,
}

impl Head {
    pub(super) const fn new(status: u16, headers: Box<HeaderMap>) -> Self {
        Self { status, headers }
    }

    /// A header's text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How many bytes are to come.
    #[must_use]
    pub fn length_bytes(&self) -> Option<u64> {
        self.text("content-length")?.trim().parse().ok()
    }

    /// The first byte of a part of a file, and how many the file has.
    #[must_use]
    pub fn part(&self) -> Option<(u64, Option<u64>)> {
        let range = self.text("content-range")?.trim().strip_prefix("bytes ")?;
        let (span, total) = range.split_once('/')?;
        let (first, _) = span.split_once('-')?;
        Some((first.parse().ok()?, total.parse().ok()))
    }

    /// What tells this version of a file from others: the entity tag, if it is a strong one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        let tag = self.text("etag")?.trim();
        (tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"')).then_some(tag)
    }

    /// How long to wait, if the server says so in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.text("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// Whether the bytes are packed though nobody asked for that.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.text("content-encoding")
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    }

    /// The address of the next page of a list.
    #[must_use]
    pub fn next_page(&self) -> Option<&str> {
        let links = self.text("link")?.split(',');
        let next = links.filter_map(|link| {
            let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
            rest.contains("rel=\"next\"").then_some(address)
        });
        next.into_iter().next()
    }
}

/// The bytes of an answer.
#[derive(Debug)]
pub struct Body {
    heard: Receiver<Heard>,
    patience: Duration,
    stop: StopFlag,
    /// Since when, and how many bytes have come since.
    pace: (Instant, u64),
}

impl Body {
    pub(super) fn new(heard: Receiver<Heard>, patience: Duration, stop: StopFlag) -> Self {
        Self {
            heard,
            patience,
            stop,
            pace: (Instant::now(), 0),
        }
    }

    /// What is heard next, within the time that there is.
    pub(super) fn hear(&self) -> Result<Heard, Trouble> {
        let end = Instant::now() + self.patience;
        loop {
            if self.stop.is_set() {
                return Err(Trouble::Final(Halt::Stopped));
            }
            match self.heard.recv_timeout(GLANCE) {
                Ok(Heard::Failed(cause, true)) => {
                    return Err(Trouble::Passing(broken(&cause), None));
                }
                Ok(Heard::Failed(cause, false)) => return Err(broken(&cause).into()),
                Ok(heard) => return Ok(heard),
                Err(RecvTimeoutError::Timeout) if Instant::now() < end => {}
                Err(RecvTimeoutError::Timeout) => return Err(self.stalled()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Trouble::Passing(broken("it ended without a word"), None));
                }
            }
        }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When they do not come in time, or hardly any do.
    pub fn piece(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        let (since, before) = self.pace;
        let seconds = since.elapsed().as_secs();
        if since.elapsed() >= self.patience {
            if before < SLOWEST * seconds {
                return Err(self.stalled());
            }
            self.pace = (Instant::now(), 0);
        }
        match self.hear()? {
            Heard::Bytes(bytes) => {
                self.pace.1 += bytes.len() as u64;
                Ok(Some(bytes))
            }
            Heard::Head(..) | Heard::End => Ok(None),
            Heard::Failed(cause, _) => Err(broken(&cause).into()),
        }
    }

    fn stalled(&self) -> Trouble {
        let error = failure("the server has stopped answering")
            .with_detail("waited_s", self.patience.as_secs_f64())
            .with_remedy("try again later, or allow more with --timeout");
        Trouble::Passing(error, None)
    }
}

fn broken(cause: &str) -> Error {
    failure("the connection failed")
        .with_detail("cause", cause)
        .with_remedy("check the connection and the address, and run the command again: what has come is kept")
}

/// What a status means that is no success.
#[must_use]
pub fn refused(head: &Head, address: &super::Address) -> Trouble {
    let status = head.status;
    let error = |message: &str, remedy: &str| {
        failure(message)
            .with_detail("url", address)
            .with_detail("status", status)
            .with_remedy(remedy)
    };
    match status {
        408 | 425 | 429 | 500 | 502..=504 => Trouble::Passing(
            error("the server cannot answer now", "try again later"),
            head.retry_after(),
        ),
        401 | 403 => error(
            "the server does not let us have this",
            "accept the terms on its page if it has such, and set HF_TOKEN to a token that may read it",
        )
        .into(),
        404 | 410 => Error::new(ErrorCode::ResourceRuntimeSetup, "there is nothing at this address")
            .with_detail("url", address)
            .with_detail("status", status)
            .with_remedy("check the name and the revision; a private one needs HF_TOKEN")
            .into(),
        _ => error("the server answered what we do not understand", "check the address").into(),
    }
}
