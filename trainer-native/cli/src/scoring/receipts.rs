//! Receipts: what binds a score to model, input and options.

use crate::common::backend::NativeOps;
use crate::common::output::Output;
use crate::common::terminal::write_error;
use genolewm::info::ModelInfo;
use genolewm::scorer::{Outcome, Scored};
use genolewm_core::provenance::{
    Receipt, ReceiptBuilder, ReceiptScope, RuntimeMetadata, rfc3339_utc,
};
use genolewm_core::{Error, ErrorCode, Result};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the receipts of an output file go unless the user says otherwise.
#[must_use]
pub fn beside(output: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(output);
    name.push(suffix);
    name.into()
}

/// Makes the receipts of one model on this machine.
///
/// # Errors
/// As [`ReceiptBuilder::new`].
pub fn builder(info: &ModelInfo, ops: &impl NativeOps) -> Result<ReceiptBuilder> {
    let runtime = RuntimeMetadata::new(ops.backend(), &ops.device(), &info.manifest);
    ReceiptBuilder::new(&info.manifest, runtime, info.pooling(), info.dtypes())
}

/// The receipt of one score, made now.
///
/// # Errors
/// `RESOURCE.RUNTIME_SETUP` when the clock stands before 1970.
pub fn receipt(builder: &ReceiptBuilder, scored: &Scored, scope: ReceiptScope) -> Result<Receipt> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| {
        Error::new(
            ErrorCode::ResourceRuntimeSetup,
            "the clock stands before 1970",
        )
        .with_remedy("set the clock, or score with --no-receipt")
    })?;
    scored.receipt(builder, scope, &rfc3339_utc(now.as_secs()))
}

/// Receipts of a file: one line for each scored allele, in the order of the scores.
#[derive(Debug)]
pub struct ReceiptFile {
    output: Output,
    builder: ReceiptBuilder,
    rows: u64,
}

impl ReceiptFile {
    /// Starts the file.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be written.
    pub fn create(path: &Path, builder: ReceiptBuilder) -> Result<Self> {
        Ok(Self {
            output: Output::create(path)?,
            builder,
            rows: 0,
        })
    }

    /// Writes the receipts of a site's scores.
    ///
    /// # Errors
    /// `RESOURCE.*` when they cannot be written.
    pub fn site(&mut self, outcomes: &[Outcome]) -> Result<()> {
        for outcome in outcomes {
            let Outcome::Scored(scored) = outcome else {
                continue;
            };
            self.rows += 1;
            let scope = ReceiptScope::VcfRow {
                row_index: self.rows,
            };
            let line = receipt(&self.builder, scored, scope)?.to_json_line()?;
            writeln!(self.output, "{line}")
                .map_err(|error| write_error(self.output.name(), &error))?;
        }
        Ok(())
    }

    /// The finished file, not yet committed.
    #[must_use]
    pub fn into_output(self) -> Output {
        self.output
    }
}
