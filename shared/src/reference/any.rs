//! A reference of whatever kind, told by its content.

use super::base_source::{BaseSource, ContigInfo};
use super::fasta::FastaReference;
use super::index_builder::Indexes;
use super::kind::{ReferenceKind, sniff};
use super::twobit::{OpenProgress, TwoBitReference};
use crate::bytes::{RangeRead, packed_otherwise, read_full, wrong};
use crate::limits::MAX_INDEX_BYTES;
use crate::position::Interval;
use crate::{Error, ErrorCode, Result};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// FASTA, plain or bgzip, or .2bit.
#[derive(Debug)]
pub enum AnyReference<R> {
    /// A FASTA.
    Fasta(FastaReference<R>),
    /// A .2bit.
    TwoBit(TwoBitReference<R>),
}

impl AnyReference<File> {
    /// Opens a file, with the `.fai` and `.gzi` beside it where there are any.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a file that is missing, is no reference, is gzip but not bgzip, or does
    /// not fit its indexes; `RESOURCE.GENERIC` when reading fails.
    pub fn open_path(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| cannot_open(error, &name))?;
        let found = file.metadata();
        if found.as_ref().is_ok_and(Metadata::is_dir) {
            let error = wrong(&name, "this is a folder, and no reference");
            return Err(error.with_remedy("give the FASTA or .2bit file that is inside"));
        }
        if found.is_ok_and(|found| !found.is_file()) {
            let message =
                "a reference is read from the middle, which a pipe or device does not allow";
            return Err(wrong(&name, message).with_remedy("save it as a file, and give that"));
        }
        let [fai, gzi] = indexes_beside(path)?;
        Self::open(file, fai, gzi, &name)
    }
}

impl<R: RangeRead> AnyReference<R> {
    /// Opens data of either kind. `fai` and `gzi` are the contents of a FASTA's indexes; what is
    /// absent is built by reading the data through once. Over bytes that arrive from outside, use a
    /// [`ReferenceOpener`].
    ///
    /// ```
    /// use genolewm_core::reference::{AnyReference, BaseSource};
    /// let reference = AnyReference::open(&b">chr1\nACGT\n"[..], None, None, "ref.fa")?;
    /// assert_eq!(reference.contigs().len(), 1);
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`FastaReference::open`] and [`TwoBitReference::open`].
    pub fn open(
        mut data: R,
        fai: Option<Vec<u8>>,
        gzi: Option<Vec<u8>>,
        name: &str,
    ) -> Result<Self> {
        let head = read_head(&mut data)?;
        match sniff(&head) {
            ReferenceKind::TwoBit => TwoBitReference::open(data, name).map(Self::TwoBit),
            ReferenceKind::Zip => Err(zipped(name)),
            ReferenceKind::Other if fai.is_none() => Err(neither(&head, name)),
            _ => FastaReference::open(data, fai, gzi, name).map(Self::Fasta),
        }
    }
}

impl<R: RangeRead> BaseSource for AnyReference<R> {
    fn contigs(&self) -> &[ContigInfo] {
        match self {
            Self::Fasta(fasta) => fasta.contigs(),
            Self::TwoBit(twobit) => twobit.contigs(),
        }
    }

    fn fetch(&mut self, contig: &str, interval: Interval) -> Result<String> {
        match self {
            Self::Fasta(fasta) => fasta.fetch(contig, interval),
            Self::TwoBit(twobit) => twobit.fetch(contig, interval),
        }
    }

    fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String> {
        match self {
            Self::Fasta(fasta) => fasta.fetch_soft_masked(contig, interval),
            Self::TwoBit(twobit) => twobit.fetch_soft_masked(contig, interval),
        }
    }
}

/// Opens a reference whose bytes arrive from outside, in as many calls as it takes.
///
/// It keeps what the calls before have found: the lengths of a .2bit file's contigs stand all over
/// it, so that opening one from the start each time might need more bytes than are held at once.
///
/// ```
/// use genolewm_core::reference::{BaseSource, Pages, ReferenceOpener};
/// let (fasta, fai) = (b">chr1\nACGT\n", b"chr1\t4\t6\t4\t5\n".to_vec());
/// let pages = Pages::new("ref.fa", fasta.len() as u64);
/// let mut opener = ReferenceOpener::new(pages.clone(), Some(fai), None, "ref.fa");
/// let reference = loop {
///     match opener.open() {
///         Err(error) if error.is_starved() => pages.supply(0, fasta)?,
///         opened => break opened?,
///     }
/// };
/// assert_eq!(reference.contigs().len(), 1);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ReferenceOpener<R> {
    data: R,
    name: String,
    kind: Option<ReferenceKind>,
    fai: Option<Vec<u8>>,
    gzi: Option<Vec<u8>>,
    progress: OpenProgress,
}

impl<R: RangeRead + Clone> ReferenceOpener<R> {
    /// An opener of `data`; `fai` and `gzi` are the contents of a FASTA's indexes.
    #[must_use]
    pub fn new(data: R, fai: Option<Vec<u8>>, gzi: Option<Vec<u8>>, name: &str) -> Self {
        Self {
            data,
            name: name.to_owned(),
            kind: None,
            fai,
            gzi,
            progress: OpenProgress::default(),
        }
    }

    /// What the file is, by its content.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when reading fails, or its first bytes are not there yet.
    pub fn kind(&mut self) -> Result<ReferenceKind> {
        let kind = match self.kind {
            Some(kind) => kind,
            None => sniff(&read_head(&mut self.data)?),
        };
        self.kind = Some(kind);
        Ok(kind)
    }

    /// Whether the file has to be read through once, by an [`IndexBuilder`](super::IndexBuilder),
    /// and its indexes [set](Self::set_indexes) before it can be opened.
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn needs_index(&mut self) -> Result<bool> {
        let kind = self.kind()?;
        Ok(kind.needs_index(self.fai.is_some(), self.gzi.is_some()))
    }

    /// Sets the indexes that were made of the file.
    pub fn set_indexes(&mut self, indexes: Indexes) {
        (self.fai, self.gzi) = (Some(indexes.fai), indexes.gzi);
    }

    /// Opens the file, as far as its bytes are there. A starved call
    /// ([`Error::is_starved`]) is made again when they were supplied.
    ///
    /// # Errors
    /// As [`AnyReference::open`]; and `INPUT.GENERIC` for a file that
    /// [needs an index](Self::needs_index).
    pub fn open(&mut self) -> Result<AnyReference<R>> {
        if self.needs_index()? {
            return Err(wrong(&self.name, "the FASTA has no index")
                .with_remedy("build the index first, or give the .fai file with the FASTA"));
        }
        let data = self.data.clone();
        match self.kind()? {
            ReferenceKind::TwoBit => TwoBitReference::resume(data, &self.name, &mut self.progress)
                .map(AnyReference::TwoBit),
            _ => AnyReference::open(data, self.fai.clone(), self.gzi.clone(), &self.name),
        }
    }
}

fn read_head<R: RangeRead>(data: &mut R) -> Result<Vec<u8>> {
    let mut head = vec![0; ReferenceKind::HEAD_BYTES];
    let read = read_full(data, 0, &mut head)?;
    head.truncate(read);
    Ok(head)
}

fn zipped(name: &str) -> Error {
    wrong(name, "this is a ZIP archive, and no reference as it is")
        .with_remedy("unpack it, and give the FASTA or .2bit file that is inside")
}

fn neither(head: &[u8], name: &str) -> Error {
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    if marks.iter().any(|mark| head.starts_with(mark)) {
        let message =
            "this is text in UTF-16 or with a byte-order mark, which a reference is not read in";
        return wrong(name, message).with_remedy("save it as plain ASCII, without a mark");
    }
    if let Some((what, remedy)) = packed_otherwise(head) {
        return wrong(
            name,
            &format!("this is {what}, which a reference cannot be read from"),
        )
        .with_remedy(remedy);
    }
    let message = "this is neither a .2bit file nor a FASTA, which begins with '>'";
    wrong(name, message).with_remedy("give the reference genome as FASTA, plain or bgzip, or .2bit")
}

fn cannot_open(error: io::Error, name: &str) -> Error {
    let code = match error.kind() {
        io::ErrorKind::NotFound => ErrorCode::InputGeneric,
        _ => ErrorCode::ResourceGeneric,
    };
    Error::new(code, format!("the reference cannot be opened: {error}"))
        .in_file(name)
        .with_remedy("check the path and the file's permissions")
        .with_source(error)
}

/// The contents of the `.fai` and the `.gzi` beside a file, where there are any.
fn indexes_beside(path: &Path) -> Result<[Option<Vec<u8>>; 2]> {
    let beside = |extension: &str| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(extension);
        read_if_present(&PathBuf::from(beside))
    };
    Ok([beside(".fai")?, beside(".gzi")?])
}

fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>> {
    let read = || -> io::Result<Vec<u8>> {
        let (mut bytes, most) = (Vec::new(), MAX_INDEX_BYTES as u64 + 1);
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if bytes.len() > MAX_INDEX_BYTES => {
            let message = format!("the index is larger than {} MiB", MAX_INDEX_BYTES >> 20);
            let error = wrong(&path.display().to_string(), &message);
            Err(error.with_remedy("delete the index, or make it anew with `samtools faidx`"))
        }
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot_open(error, &path.display().to_string())),
    }
}
