//! Addresses: `https://`, and `http://` to this very machine, where mirrors and tests are. And files, which
//! may stand in their place.

use genolewm_core::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use ureq::http::Uri;

/// What is escaped in a segment of a path: all but the letters that mean nothing there.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address of something on the network. Shown without its query, which may hold a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    is_secure: bool,
    /// In lower case, in brackets for IPv6.
    host: String,
    port: u16,
    /// From its first slash on.
    path: String,
    query: Option<String>,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for what is none, any other scheme, and one with a user's name.
    pub fn parse(text: &str) -> Result<Self> {
        let plain = text.split('#').next().unwrap_or_default();
        let refused = |message, cause: &str| refused(message, plain, cause);
        if !plain.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused(
                "this is no address",
                "it has blanks or foreign letters",
            ));
        }
        let uri: Uri = plain
            .parse()
            .map_err(|error: ureq::http::uri::InvalidUri| {
                refused("this is no address", &error.to_string())
            })?;
        let authority = uri
            .authority()
            .map(|authority| authority.as_str())
            .unwrap_or_default();
        if authority.contains('@') {
            return Err(
                refused("an address must not hold a user's name", "it has one").with_remedy(
                    "give a token in the environment as HF_TOKEN, and the address without it",
                ),
            );
        }
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16();
        if port.is_none() && authority != host {
            return Err(refused(
                "this is no address",
                "its port is no number up to 65535",
            ));
        }
        let host = host.to_ascii_lowercase();
        let is_secure = match uri.scheme_str() {
            Some("https") if !host.is_empty() => true,
            Some("http") if is_this_machine(&host) => false,
            _ => {
                let error = refused("an address must use https://", "it would not be encrypted");
                return Err(error.with_remedy(
                    "use https://, or a file; http:// is for servers on this machine alone",
                ));
            }
        };
        Ok(Self {
            is_secure,
            host,
            port: port.unwrap_or(if is_secure { 443 } else { 80 }),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
        })
    }

    /// Where a server sends us on to.
    ///
    /// # Errors
    /// `RESOURCE.RUNTIME_SETUP` for what is no address, or gives up encryption.
    pub fn redirected(&self, location: &str) -> Result<Self> {
        let wrong = |to: &str, why: &str| {
            crate::halt::failure("the server redirects to where we do not follow")
                .with_detail("url", self)
                .with_detail("location", to)
                .with_detail("cause", why)
                .with_remedy("check the address; ask whoever runs the server if it is right")
        };
        let joined = Self::parse(&self.joined(location));
        let next = joined.map_err(|error| wrong(shown(location), error.message()))?;
        match self.is_secure && !next.is_secure {
            true => Err(wrong(
                &next.to_string(),
                "it would not be encrypted any more",
            )),
            false => Ok(next),
        }
    }

    /// The text of an address that is given as seen from this one.
    fn joined(&self, location: &str) -> String {
        let has_scheme = location
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|start| start.contains(':'));
        match location {
            _ if has_scheme => location.to_owned(),
            _ if location.starts_with("//") => format!("{}:{location}", self.scheme()),
            _ if location.starts_with('/') => format!("{}{location}", self.server()),
            _ if location.starts_with('?') => format!("{}{}{location}", self.server(), self.path),
            // Servers make `..` of it what it means.
            _ => format!("{}{}/{location}", self.server(), self.folder_path()),
        }
    }

    /// Another address of the same server, such as that of the next page of a list.
    ///
    /// # Errors
    /// As [`redirected`](Self::redirected), and for another server.
    pub fn beside(&self, location: &str) -> Result<Self> {
        let next = self.redirected(location)?;
        match self.same_origin(&next) {
            true => Ok(next),
            false => Err(crate::halt::failure("a list goes on at another server")
                .with_detail("url", self)
                .with_detail("next", &next)
                .with_remedy("check the address; ask whoever runs the server if it is right")),
        }
    }

    /// This address with segments more, each of which may hold any character.
    #[must_use]
    pub fn below<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut path = self.path.trim_end_matches('/').to_owned();
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, ESCAPED));
        }
        Self {
            path,
            ..self.clone()
        }
    }

    /// The folder of what has this address, without its query.
    #[must_use]
    pub fn folder(&self) -> Self {
        Self {
            path: format!("{}/", self.folder_path()),
            query: None,
            ..self.clone()
        }
    }

    fn folder_path(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// With a query.
    #[must_use]
    pub fn with_query(self, query: &str) -> Self {
        Self {
            query: Some(query.to_owned()),
            ..self
        }
    }

    /// Whether scheme, host and port are the same: whoever may see a token of one may see it of the
    /// other.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        let origin = |address: &Self| (address.is_secure, address.host.clone(), address.port);
        origin(self) == origin(other)
    }

    /// Whether what is sent there is encrypted; else it stays on this machine.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// As it is asked for, with its query.
    #[must_use]
    pub(super) fn full(&self) -> String {
        let query = self
            .query
            .as_ref()
            .map_or_else(String::new, |query| format!("?{query}"));
        format!("{self}{query}")
    }

    const fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    fn server(&self) -> String {
        let (scheme, host) = (self.scheme(), &self.host);
        match (self.is_secure, self.port) {
            (true, 443) | (false, 80) => format!("{scheme}://{host}"),
            (_, port) => format!("{scheme}://{host}:{port}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.server(), self.path)
    }
}

fn is_this_machine(host: &str) -> bool {
    let v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || v6.is_some_and(|host| {
            host.parse()
                .is_ok_and(|address: Ipv6Addr| address.is_loopback())
        })
}

/// What may be shown of a text that should be an address: no query, and nothing where a user's name and
/// password may be.
fn shown(text: &str) -> &str {
    match text.contains('@') {
        true => "…",
        false => text.split('?').next().unwrap_or_default(),
    }
}

fn refused(message: &str, address: &str, cause: impl ToString) -> Error {
    Error::input(message)
        .with_detail("url", shown(address))
        .with_detail("cause", cause.to_string())
        .with_remedy("give an address such as https://host/path, or the path of a file")
}

/// Where something is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The network.
    Web(Address),
    /// A disk.
    File(PathBuf),
}

impl Source {
    /// Reads what a user gave: an address, a `file://` address, or a path.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn parse(text: &str) -> Result<Self> {
        match text.split_once("://") {
            Some(_) => Self::parse_address(text),
            None => Ok(Self::File(text.into())),
        }
    }

    /// Reads an address that stands in a list: no path, which would mean something else to everybody.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn parse_address(text: &str) -> Result<Self> {
        let Some(path) = text.strip_prefix("file://") else {
            return Address::parse(text).map(Self::Web);
        };
        let path = path.strip_prefix("localhost").unwrap_or(path);
        let decoded = percent_decode_str(path).decode_utf8().ok();
        let decoded = decoded.filter(|path| path.starts_with('/') && !path.contains('\0'));
        let path = decoded.ok_or_else(|| {
            refused(
                "this is no address of a file",
                text,
                "it names no path of this machine",
            )
        })?;
        // There a path starts with its drive.
        let path = if cfg!(windows) { &path[1..] } else { &path };
        Ok(Self::File(path.into()))
    }

    /// A file below this folder; `path` has been checked.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        match self {
            Self::Web(address) => Self::Web(address.below(path.split('/'))),
            Self::File(folder) => Self::File(folder.join(path)),
        }
    }

    /// The folder that it lies in.
    #[must_use]
    pub fn folder(&self) -> Self {
        match self {
            Self::Web(address) => Self::Web(address.folder()),
            Self::File(path) => Self::File(path.parent().unwrap_or(Path::new("")).to_owned()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(address) => address.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_addresses_and_this_machine_are_asked() {
        for good in [
            "https://h/a",
            "http://127.0.0.1:8/a",
            "http://localhost/",
            "http://[::1]:1/x",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://h/a",
            "ftp://h/a",
            "https://",
            "h/a",
            "http://127.0.0.1.example/",
            "http://10.0.0.1/",
            "https://user@h/",
            "https://h:99999/",
            "https://h:x/",
            "https://u:p@h/",
            "http://localhost.evil.example/",
            "data:text/plain,x",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_redirect_gives_up_no_encryption() {
        let secure = Address::parse("https://h/a/b").unwrap();
        assert_eq!(secure.redirected("/c").unwrap().to_string(), "https://h/c");
        assert_eq!(
            secure.redirected("//other/c").unwrap().to_string(),
            "https://other/c"
        );
        for bad in [
            "http://h/a",
            "http://127.0.0.1/a",
            "file:///etc/passwd",
            "https://u@h/",
            "https://",
        ] {
            assert!(secure.redirected(bad).is_err(), "{bad}");
        }
        assert!(secure.beside("https://h:444/a").is_err() && secure.beside("https://g/a").is_err());
        let local = Address::parse("http://127.0.0.1:5/").unwrap();
        assert!(local.redirected("http://example.org/").is_err());
    }

    #[test]
    fn addresses_are_seen_from_others() {
        let base = Address::parse("https://h:8443/a/b?q=1").unwrap();
        for (location, full) in [
            ("https://o/x?y", "https://o/x?y"),
            ("//o/x", "https://o/x"),
            ("/x?y", "https://h:8443/x?y"),
            ("?z", "https://h:8443/a/b?z"),
            ("c:d", ""),
            ("c/d:e", "https://h:8443/a/c/d:e"),
            ("c", "https://h:8443/a/c"),
        ] {
            let seen = base.redirected(location).map(|address| address.full());
            assert_eq!(seen.unwrap_or_default(), full, "{location}");
        }
    }

    #[test]
    fn queries_are_not_shown_and_segments_are_escaped() {
        let signed = Address::parse("https://h/a?signature=secret").unwrap();
        assert_eq!(signed.to_string(), "https://h/a");
        assert_eq!(signed.full(), "https://h/a?signature=secret");
        let base = Address::parse("https://h/a/").unwrap();
        assert_eq!(
            base.below(["refs/pr 1", "x"]).to_string(),
            "https://h/a/refs%2Fpr%201/x"
        );
        assert_eq!(signed.folder().to_string(), "https://h/");
        assert_eq!(
            Address::parse("https://h")
                .unwrap()
                .below(["a"])
                .to_string(),
            "https://h/a"
        );
        assert_eq!(
            Address::parse("https://H:443/a#f").unwrap().full(),
            "https://h/a"
        );
    }

    #[test]
    fn files_stand_in_for_addresses() {
        let file = Source::parse("file:///a/index.json").unwrap();
        assert_eq!(file, Source::File("/a/index.json".into()));
        assert_eq!(
            Source::parse("file:///a%20b").unwrap(),
            Source::File("/a b".into())
        );
        assert!(Source::parse("file://host/a").is_err() && Source::parse("file://").is_err());
        assert_eq!(
            Source::parse("index.json").unwrap(),
            Source::File("index.json".into())
        );
        assert!(
            Source::parse_address("index.json").is_err() && Source::parse("http://h/x").is_err()
        );
    }
}
