//! Addresses: `https://`, and `http://` to this very machine, where mirrors and tests are. And files, which
//! may stand in their place.

use genolewm_core::{Error, Result};
use std::fmt;
use std::path::{Path, PathBuf};
use url::{Host, Position, Url};

/// The address of something on the network. Shown without its query, which may hold a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for what is none, any other scheme, and one with a user's name.
    pub fn parse(text: &str) -> Result<Self> {
        Self::checked(text, Url::parse(text))
    }

    /// What was read of a text, if it may be asked.
    fn checked(text: &str, read: Result<Url, url::ParseError>) -> Result<Self> {
        let refused = |message, cause: &str| refused(message, text, cause);
        let mut url = read.map_err(|error| refused("this is no address", &error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                refused("an address must not hold a user's name", "it has one").with_remedy(
                    "give a token in the environment as HF_TOKEN, and the address without it",
                ),
            );
        }
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&url) => {}
            _ => {
                let error = refused("an address must use https://", "it would not be encrypted");
                return Err(error.with_remedy(
                    "use https://, or a file; http:// is for servers on this machine alone",
                ));
            }
        }
        url.set_fragment(None);
        Ok(Self(url))
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
        let next = Self::checked(location, self.0.join(location))
            .map_err(|error| wrong(shown(location), error.message()))?;
        match self.is_secure() && !next.is_secure() {
            true => Err(wrong(
                &next.to_string(),
                "it would not be encrypted any more",
            )),
            false => Ok(next),
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
        let mut url = self.0.clone();
        // Addresses of these schemes always have segments.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        Self(url)
    }

    /// The folder of what has this address, without its query.
    #[must_use]
    pub fn folder(&self) -> Self {
        let mut url = self.0.clone();
        url.set_query(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop().push("");
        }
        Self(url)
    }

    /// With a query.
    #[must_use]
    pub fn with_query(mut self, query: &str) -> Self {
        self.0.set_query(Some(query));
        self
    }

    /// Whether scheme, host and port are the same: whoever may see a token of one may see it of the
    /// other.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// Whether what is sent there is encrypted; else it stays on this machine.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// As it is asked for, with its query.
    #[must_use]
    pub(super) fn full(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[..Position::AfterPath])
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What may be shown of a text that should be an address: no query, and nothing where a user's name and
/// password may be.
fn shown(text: &str) -> &str {
    match text.contains('@') {
        true => "…",
        false => text.split(['?', '#']).next().unwrap_or_default(),
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
        let Some(url) = Url::parse(text).ok().filter(|url| url.scheme() == "file") else {
            return Address::parse(text).map(Self::Web);
        };
        // A host would be asked over the network by Windows.
        let path = url.to_file_path().ok().filter(|_| url.host().is_none());
        let path = path.filter(|path| path.file_name().is_some());
        path.map(Self::File).ok_or_else(|| {
            refused(
                "this is no address of a file",
                text,
                "it names no file of this machine",
            )
        })
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
            let seen = base
                .redirected(location)
                .map(|address| address.full().to_owned());
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
        assert_eq!(base.below(["..", "."]), base.below([]));
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
            Source::parse("file://localhost/a%20b").unwrap(),
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
