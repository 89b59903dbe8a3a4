//! The one error type.
//!
//! Every failure carries a stable code (`INPUT.INVALID_EDIT`), a sentence for people, structured
//! details, the place in the input where there is one, and what to do about it. The family of the
//! code decides the exit status of the native program.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;

/// Result with [`Error`].
pub type Result<T, E = Error> = core::result::Result<T, E>;

macro_rules! codes {
    ($($variant:ident = $text:literal, $summary:literal;)+) => {
        /// A stable error code; its text never changes (`docs/exit-codes.md`).
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(
                #[doc = concat!("`", $text, "`: ", $summary, ".")]
                $variant,
            )+
        }

        names! {
            /// The code as it is printed and stored, for example `INPUT.VCF_PARSE`.
            ErrorCode: $($variant = $text),+
        }

        impl ErrorCode {
            /// What went wrong, as far as the code alone tells; without a full stop.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary),+ }
            }
        }
    };
}

codes! {
    ConfigGeneric = "CONFIG.GENERIC", "a setting cannot be used";
    ConfigSchemaIncompat = "CONFIG.SCHEMA_INCOMPAT", "a file has a layout that this program does not read";
    ConfigMissingField = "CONFIG.MISSING_FIELD", "a setting that must be given is missing";
    ConfigUnknownTopLevelKey = "CONFIG.UNKNOWN_TOP_LEVEL_KEY", "there is no such section of settings";
    InputGeneric = "INPUT.GENERIC", "what was given cannot be used";
    InputInvalidEdit = "INPUT.INVALID_EDIT", "this is no edit";
    InputUnsupportedEdit = "INPUT.UNSUPPORTED_EDIT", "edits of this kind or length are not scored";
    InputWindowMismatch = "INPUT.WINDOW_MISMATCH", "the window has other bases than the edit replaces";
    InputOverlappingEdits = "INPUT.OVERLAPPING_EDITS", "edits that are applied together overlap";
    InputOutOfWindow = "INPUT.OUT_OF_WINDOW", "a place lies outside of the window";
    InputVcfParse = "INPUT.VCF_PARSE", "a file of variants or sequences is malformed";
    ResourceGeneric = "RESOURCE.GENERIC", "a file or another resource cannot be used";
    ResourceCacheCorrupt = "RESOURCE.CACHE_CORRUPT", "a cached or stored file is damaged";
    ResourceDiskFull = "RESOURCE.DISK_FULL", "there is no room left";
    ResourceOom = "RESOURCE.OOM", "there is not enough memory";
    ResourceModelNotFound = "RESOURCE.MODEL_NOT_FOUND", "a model or a part of one is missing";
    ResourceRuntimeSetup = "RESOURCE.RUNTIME_SETUP", "what runs the model cannot be started";
    ResourceNetworkProhibited = "RESOURCE.NETWORK_PROHIBITED", "a connection was attempted where none may be";
    TrainingGeneric = "TRAINING.GENERIC", "training cannot go on";
    TrainingCollapseDetected = "TRAINING.COLLAPSE_DETECTED", "predictions have collapsed";
    TrainingNanLoss = "TRAINING.NAN_LOSS", "the loss is not a finite number";
    TrainingDataloader = "TRAINING.DATALOADER", "the training data cannot be used";
    EvalGeneric = "EVAL.GENERIC", "a measurement cannot be made";
    EvalDataset = "EVAL.DATASET", "the data to measure on cannot be used";
    EvalRegression = "EVAL.REGRESSION", "a figure is worse than was asked for";
    DeployGeneric = "DEPLOY.GENERIC", "the backend failed while it computed";
    DeployExportFormat = "DEPLOY.EXPORT_FORMAT", "a model or checkpoint cannot be read or written in this format";
    DeployQuantizationFailed = "DEPLOY.QUANTIZATION_FAILED", "small weights lose more than is allowed";
    DeployBackendUnsupported = "DEPLOY.BACKEND_UNSUPPORTED", "there is no such backend here";
    ProvenanceGeneric = "PROVENANCE.GENERIC", "a receipt does not hold";
    ProvenanceManifestHashMismatch = "PROVENANCE.MANIFEST_HASH_MISMATCH", "a file is not the one that the manifest or receipt names";
    ProvenanceInputCommitmentMismatch = "PROVENANCE.INPUT_COMMITMENT_MISMATCH", "the receipt was made of another input";
    ProvenanceOutputCommitmentMismatch = "PROVENANCE.OUTPUT_COMMITMENT_MISMATCH", "the receipt states another output";
    ProvenanceKindUnsupported = "PROVENANCE.KIND_UNSUPPORTED", "receipts of this kind are not verified";
    ProvenanceReceiptSchema = "PROVENANCE.RECEIPT_SCHEMA", "this is no receipt";
    InternalGeneric = "INTERNAL.GENERIC", "the program failed";
    InternalInvariantViolation = "INTERNAL.INVARIANT_VIOLATION", "what cannot happen did";
    InternalUnreachable = "INTERNAL.UNREACHABLE", "a place was reached that cannot be";
}

impl ErrorCode {
    /// The part before the dot, for example `INPUT`.
    #[must_use]
    pub fn family(self) -> &'static str {
        let text = self.as_str();
        text.split_once('.').map_or(text, |(family, _)| family)
    }

    /// The native program's exit status for this family (`docs/exit-codes.md`).
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self.family() {
            "INPUT" => 2,
            "CONFIG" => 3,
            "RESOURCE" => 4,
            "TRAINING" => 5,
            "EVAL" => 6,
            "DEPLOY" => 7,
            "PROVENANCE" => 8,
            "INTERNAL" => 9,
            _ => 1,
        }
    }

    /// What to do about an error that knows no better.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self.family() {
            "INPUT" => "correct what is named, or leave it out; docs/formats.md says what is read",
            "CONFIG" => "correct the setting that is named",
            "RESOURCE" => {
                "check that there is room, and that what is named is there and may be used"
            }
            "TRAINING" => "correct the setting or the data that is named, and resume the run",
            "EVAL" => "correct the data that is named",
            "DEPLOY" => "fetch the model or checkpoint again, or make it again",
            "PROVENANCE" => "use the files that came with the model or the score, unchanged",
            _ => "this is a fault of the program: please report it, without your data",
        }
    }
}

/// Where in an input something is wrong. Lines and columns are 1-based; columns count bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The input's name as the user gave it (`-` for standard input).
    pub file: String,
    /// 1-based line.
    pub line: Option<u64>,
    /// 1-based column, in bytes.
    pub column: Option<u64>,
    /// The offending text, cut to 80 characters. Never a genotype or a sample name.
    pub text: Option<String>,
}

impl Location {
    /// The whole of `file`.
    #[must_use]
    pub fn file(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    /// A place in `file`, at `line`.
    #[must_use]
    pub fn line(file: &str, line: u64) -> Self {
        Self {
            line: Some(line),
            ..Self::file(file)
        }
    }

    /// Adds the 1-based column and the offending text.
    #[must_use]
    pub fn column(mut self, column: u64, text: &str) -> Self {
        self.column = Some(column);
        self.text = Some(text.chars().take(80).collect());
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        if let Some(text) = &self.text {
            write!(f, ": {text:?}")?;
        }
        Ok(())
    }
}

/// The cause of an error that says: these bytes have not arrived yet.
#[derive(Debug)]
struct Starved;

impl fmt::Display for Starved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not there yet")
    }
}

impl core::error::Error for Starved {}

#[derive(Debug, Clone)]
struct Failure {
    code: ErrorCode,
    message: String,
    details: BTreeMap<String, String>,
    remedy: Option<String>,
    location: Option<Location>,
    source: Option<Arc<dyn core::error::Error + Send + Sync>>,
}

/// A failure: code, message, details, place, remedy and, where another error caused it, that error
/// as [`source`](core::error::Error::source).
///
/// Two errors are equal when they say the same, whatever caused them.
///
/// ```
/// use genolewm_core::{Error, ErrorCode};
/// let error = Error::new(ErrorCode::InputInvalidEdit, "ref and alt are both A")
///     .with_remedy("give an alternate allele that differs from the reference");
/// assert_eq!(error.code().as_str(), "INPUT.INVALID_EDIT");
/// assert_eq!(error.code().exit_status(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct Error(Box<Failure>);

impl Error {
    /// A new error with a code and a sentence that says what is wrong.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            code,
            message: message.into(),
            details: BTreeMap::new(),
            remedy: None,
            location: None,
            source: None,
        }))
    }

    /// `INPUT.GENERIC`: what was given cannot be used.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InputGeneric, message)
    }

    /// `INTERNAL.INVARIANT_VIOLATION`: what cannot happen did.
    pub fn invariant(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InternalInvariantViolation, message)
    }

    /// That bytes of the file `name` have not arrived yet, which [`is_starved`](Self::is_starved)
    /// tells.
    #[must_use]
    pub fn starved(name: &str) -> Self {
        let message = "these bytes have not arrived yet";
        Self::new(ErrorCode::ResourceGeneric, message)
            .in_file(name)
            .with_remedy("supply the bytes, then ask again")
            .with_source(Starved)
    }

    /// Whether bytes have not arrived yet. It is no failure: when they have been supplied, the same
    /// call can be made again, and nothing is lost.
    #[must_use]
    pub fn is_starved(&self) -> bool {
        let source = self.0.source.as_deref();
        source.is_some_and(|source| source.is::<Starved>())
    }

    /// Adds one structured detail.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl ToString) -> Self {
        self.0.details.insert(key.to_owned(), value.to_string());
        self
    }

    /// Says what the user can do about it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl core::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Says which input it is about.
    #[must_use]
    pub fn in_file(self, name: &str) -> Self {
        // Who found it may know the line, and not of which file.
        let known = self.0.location.clone().filter(|at| at.file.is_empty());
        self.at(Location {
            file: name.to_owned(),
            ..known.unwrap_or_default()
        })
    }

    /// Says where in the input it is.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.0.location = Some(location);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The sentence, without code, place or remedy.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The structured details.
    #[must_use]
    pub fn details(&self) -> &BTreeMap<String, String> {
        &self.0.details
    }

    /// What to do about this very error, if there is something; see [`advice`](Self::advice).
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// What to do about it: its own remedy, or that of its code.
    #[must_use]
    pub fn advice(&self) -> &str {
        self.remedy().unwrap_or_else(|| self.code().remedy())
    }

    /// Where in the input it is, if it is in an input.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.0.location {
            write!(f, "{location}: ")?;
        }
        write!(f, "{} [{}]", self.0.message, self.0.code)
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        (a.code, &a.message, &a.details) == (b.code, &b.message, &b.details)
            && (&a.remedy, &a.location) == (&b.remedy, &b.location)
            && self.is_starved() == other.is_starved()
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

/// Reads an enum with names by `parse`: what to say of other texts, and the detail that holds them.
macro_rules! parse_by_name {
    ($name:ident, $refusal:expr, $detail:literal) => {
        impl core::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> crate::Result<Self> {
                let refused = || crate::Error::input($refusal).with_detail($detail, text);
                Self::by_name(text).ok_or_else(refused)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn codes_are_unique_and_map_to_documented_exit_statuses() {
        let mut texts: alloc::vec::Vec<_> = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        assert!(
            ErrorCode::ALL
                .iter()
                .all(|c| (2..=9).contains(&c.exit_status()))
        );
        let says = |code: &ErrorCode| !code.summary().is_empty() && !code.summary().ends_with('.');
        assert!(ErrorCode::ALL.iter().all(says));
        assert_eq!(ErrorCode::ProvenanceReceiptSchema.exit_status(), 8);
    }

    #[test]
    fn causes_are_kept_and_starving_is_one() {
        use core::error::Error as _;
        let cause = "x".parse::<u8>().unwrap_err();
        let error = Error::new(ErrorCode::InputGeneric, "no number").with_source(cause.clone());
        let kept = error.source().and_then(|source| source.downcast_ref());
        assert_eq!(kept, Some(&cause));
        assert!(!error.is_starved());
        assert!(Error::starved("x").clone().is_starved());
    }

    #[test]
    fn display_shows_place_text_and_code() {
        let error = Error::new(ErrorCode::InputVcfParse, "POS is not a number")
            .at(Location::line("in.vcf", 7).column(6, "12x"));
        assert_eq!(
            format!("{error}"),
            "in.vcf:7:6: \"12x\": POS is not a number [INPUT.VCF_PARSE]"
        );
    }
}
