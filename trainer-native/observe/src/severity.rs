//! How grave an event is.

use serde::Serialize;
use tracing::Level;

/// How grave an event is; the graver, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// How something was done.
    Debug,
    /// What was done.
    Info,
    /// What may surprise.
    Warn,
    /// What failed.
    Error,
}

impl Severity {
    /// The level by which `tracing` knows it.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Debug => Level::DEBUG,
            Self::Info => Level::INFO,
            Self::Warn => Level::WARN,
            Self::Error => Level::ERROR,
        }
    }

    /// Its name in capitals, as it is shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}
