//! Windows that are asked for one by one: the Python package's `--requests-jsonl`.

use super::key::Sha256Bytes;
use super::windows::CacheWindow;
use crate::errors::input_error;
use crate::files::lines::Lines;
use crate::sha256::{self, hex};
use genolewm_core::Result;
use genolewm_core::contig::common_form;
use genolewm_core::limits::MAX_POSITION;
use genolewm_core::position::BpOffset;
use genolewm_report::output::io_error_at;
use serde::{Deserialize, Deserializer};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A file of requests, all of which were looked at before the first is encoded.
#[derive(Debug, Clone)]
pub struct CacheRequests {
    path: PathBuf,
    sha256: Sha256Bytes,
    most_bp: usize,
}

/// A line: these keys, no others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    request_id: String,
    chrom: String,
    start_bp: u64,
    end_bp: u64,
    window: String,
    /// From the window's start; null pools the whole window. It must be said which.
    #[serde(deserialize_with = "named")]
    edit_locus: Option<u64>,
}

/// As every `Option`, but that the key must be there.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)
}

impl CacheRequests {
    /// Reads all requests once.
    ///
    /// # Errors
    /// `INPUT.GENERIC` with the line for one that is none, that names other bases than a window of up to
    /// `most_bp` has, or whose id was there before, and for what is no file: it is read several times;
    /// `RESOURCE.GENERIC` for one that cannot be read.
    pub fn open(path: &Path, most_bp: usize) -> Result<Self> {
        if !path.metadata().map_err(io_error_at(path))?.is_file() {
            let error = input_error("requests are read several times, which a pipe cannot be");
            let error = error.in_file(&path.display().to_string());
            return Err(error.with_remedy("write them to a file first"));
        }
        let sha256 = sha256::of_file(path).map_err(io_error_at(path))?;
        let requests = Self {
            path: path.to_owned(),
            sha256,
            most_bp,
        };
        let (mut lines, mut ids) = (Lines::open(path)?, HashSet::new());
        while let Some(line) = lines.next_text()? {
            let (id, _) = requests.parse(line).map_err(|error| lines.locate(error))?;
            if !ids.insert(id.clone()) {
                let error = refused("a request has the id of an earlier one");
                return Err(lines.locate(error.with_detail("request_id", id)));
            }
        }
        match ids.is_empty() {
            true => Err(refused("there are no requests").with_detail("file", path.display())),
            false => Ok(requests),
        }
    }

    /// What an encoder of this name is called in the cache, so that the shards of one file of requests
    /// are no others'.
    #[must_use]
    pub fn encoder_id(&self, encoder_id: &str) -> String {
        format!("{encoder_id}::requests::{}", hex(&self.sha256))
    }

    /// The windows, in the order of the file; after the last an error, where the file is not what it was.
    pub fn windows(&self) -> impl Iterator<Item = Result<CacheWindow>> {
        let (mut lines, mut has_ended) = (None, false);
        std::iter::from_fn(move || {
            let next = (!has_ended).then(|| self.next(&mut lines).transpose());
            let next = next.flatten();
            has_ended = !matches!(next, Some(Ok(_)));
            next
        })
    }

    fn next(&self, lines: &mut Option<Lines>) -> Result<Option<CacheWindow>> {
        let lines = match lines {
            Some(lines) => lines,
            None => lines.insert(Lines::open(&self.path)?),
        };
        let Some(line) = lines.next_text()? else {
            return self.check_unchanged().map(|()| None);
        };
        let parsed = self.parse(line).map_err(|error| lines.locate(error))?;
        Ok(Some(parsed.1))
    }

    fn check_unchanged(&self) -> Result<()> {
        if sha256::of_file(&self.path).map_err(io_error_at(&self.path))? == self.sha256 {
            return Ok(());
        }
        let error = input_error("the file of requests changed while it was read");
        Err(error.in_file(&self.path.display().to_string()).with_remedy(
            "build again from a file that stays as it is; windows that were cached meanwhile are found by \
             their bases, and are right",
        ))
    }

    /// The id and the window of a line.
    fn parse(&self, line: &str) -> Result<(String, CacheWindow)> {
        let request: Request = serde_json::from_str(line).map_err(|error| {
            refused("a line is no request for a window").with_detail("cause", error)
        })?;
        let length = request.window.len();
        let wrong = if request.request_id.trim().is_empty() || request.chrom.trim().is_empty() {
            "request_id or chrom has no text"
        } else if length == 0 || length > self.most_bp {
            "a window is empty, or longer than --window-bp"
        } else if !request.window.bytes().all(|base| b"ACGTN".contains(&base)) {
            "a window has other letters than A, C, G, T and N"
        } else if request.end_bp > MAX_POSITION
            || request.end_bp.checked_sub(request.start_bp) != Some(length as u64)
        {
            "start_bp and end_bp are not as far apart as the window is long"
        } else if request
            .edit_locus
            .is_some_and(|locus| locus >= length as u64)
        {
            "edit_locus does not lie in the window"
        } else {
            let window = CacheWindow {
                contig: common_form(&request.chrom),
                start_bp: request.start_bp,
                locus: request.edit_locus.map(BpOffset),
                untargeted: request.edit_locus.is_none(),
                bases: request.window,
                placed: true,
            };
            return Ok((request.request_id, window));
        };
        Err(refused(wrong).with_detail("request_id", request.request_id))
    }
}

fn refused(message: &str) -> genolewm_core::Error {
    input_error(message).with_remedy(
        "each line has request_id, chrom, start_bp, end_bp (0-based, the end excluded), window and \
         edit_locus (from the window's start, or null); nothing was written",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"chrom":"chr22","edit_locus":6,"end_bp":12,"request_id":"a","start_bp":0,"window":"ACGTACGTACGN"}"#;

    fn open(text: &str) -> Result<CacheRequests> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        CacheRequests::open(file.path(), 12)
    }

    #[test]
    fn requests_are_windows_with_a_locus_or_without() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let whole = GOOD.replace(r#""a""#, r#""b""#).replace(":6", ":null");
        std::fs::write(file.path(), format!("{GOOD}\n{whole}\n")).unwrap();
        let requests = CacheRequests::open(file.path(), 12).unwrap();
        let windows: Vec<_> = requests.windows().map(Result::unwrap).collect();
        assert_eq!(windows.len(), 2);
        assert_eq!((windows[0].contig.as_str(), windows[0].start_bp), ("22", 0));
        let pooled = windows.iter().map(|one| (one.locus, one.untargeted));
        assert!(pooled.eq([(Some(BpOffset(6)), false), (None, true)]));
        let id = requests.encoder_id("lab/dna");
        assert!(
            id.starts_with("lab/dna::requests::") && id.len() == 19 + 64,
            "{id}"
        );
    }

    /// Its windows were cached under the hash of what it had been.
    #[test]
    fn a_file_of_requests_could_change_while_it_was_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), GOOD).unwrap();
        let requests = CacheRequests::open(file.path(), 12).unwrap();
        std::fs::write(file.path(), GOOD.replace("GTAC", "GGAC")).unwrap();
        let windows: Vec<_> = requests.windows().collect();
        assert_eq!(windows.len(), 2);
        let error = windows[1].as_ref().unwrap_err();
        assert!(error.message().contains("changed"), "{error}");
    }

    /// Its bytes were hashed, and then "there are no requests".
    #[cfg(unix)]
    #[test]
    fn requests_from_a_pipe_were_none() {
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, GOOD.as_bytes()).unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let error = CacheRequests::open(Path::new(&path), 12).unwrap_err();
        assert!(error.message().contains("a pipe cannot"), "{error}");
    }

    #[test]
    fn what_is_no_request_is_refused_by_its_line() {
        let other = GOOD.replace(r#""a""#, r#""b""#);
        for (from, to) in [
            (r#""b""#, r#""a""#),
            (r#""b""#, r#"" ""#),
            ("chr22", ""),
            (r#""edit_locus":6,"#, ""),
            (":6", ":12"),
            (":6", ":-1"),
            (":6", ":6.0"),
            (":12", ":13"),
            (r#""start_bp":0"#, r#""start_bp":13"#),
            ("GTAC", "gtac"),
            ("GTAC", "GTRC"),
            ("ACGTACGTACGN", ""),
            (r#""start_bp":0"#, r#""start_bp":0,"start_bp":0"#),
            (r#""start_bp":0"#, r#""start_bp":0,"strand":1"#),
            (&*other, ""),
        ] {
            let bad = other.replace(from, to);
            assert_ne!(bad, other, "{from}");
            let error = open(&format!("{GOOD}\n{bad}\n{other}\n")).unwrap_err();
            assert_eq!(error.location().and_then(|at| at.line), Some(2), "{bad}");
        }
        let long = GOOD.replace("GN", "GNA").replace(":12", ":13");
        assert!(open(&long).is_err() && open("").is_err());
    }
}
