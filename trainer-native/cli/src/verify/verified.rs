//! What is verified, and the checks that need no model.

use super::flags::Args;
use super::input::incomplete;
use crate::scoring::rows::{ScoredRow, unmatched};
use genolewm::runtime::now_and_a_day;
use genolewm_core::edit::EditSpec;
use genolewm_core::error::Location;
use genolewm_core::provenance::{
    InputCommitment, Manifest, Receipt, check_date, check_row_numbers, verify_receipt,
};
use genolewm_core::{Error, Result};

/// What is verified: receipts with their line numbers, and what they are said to be for.
pub(super) struct Verified<'a> {
    pub(super) name: String,
    pub(super) manifest: Manifest,
    pub(super) receipts: Vec<(u64, Receipt)>,
    /// Window and edit of the input flags, for the one receipt.
    pub(super) input: Option<(&'a str, EditSpec)>,
    pub(super) rows: Option<Vec<ScoredRow>>,
}

impl Verified<'_> {
    pub(super) fn check_flags(&self, args: &Args) -> Result<()> {
        if self.receipts.len() > 1 && self.input.is_some() {
            return Err(incomplete(
                "the input flags are for one receipt, and the file has several",
            ));
        }
        if args.rerun && self.input.is_none() && args.fasta.is_none() {
            return Err(incomplete(
                "--rerun needs --input-window and --edit-{chrom,pos,ref,alt}, or --scores and --fasta",
            ));
        }
        Ok(())
    }

    /// Each receipt by itself, and their numbers; how many runs they are of, 0 where they have no numbers.
    pub(super) fn check_receipts(&self, args: &Args) -> Result<usize> {
        let now = now_and_a_day()?;
        for (line, receipt) in &self.receipts {
            let checked = self.check_receipt(args, receipt);
            let checked = checked.and_then(|()| check_date(receipt, Some(&now)));
            checked.map_err(|error| self.at(*line, error))?;
        }
        check_row_numbers(&self.receipts, &self.name)
    }

    fn check_receipt(&self, args: &Args, receipt: &Receipt) -> Result<()> {
        let Some((window, edit)) = &self.input else {
            return verify_receipt(receipt, &self.manifest, None);
        };
        let (pooling, dtype) = args.input.settings(receipt)?;
        let input = InputCommitment {
            reference_window: window,
            edit,
            pooling: &pooling,
            dtype: &dtype,
        };
        verify_receipt(receipt, &self.manifest, Some(&input))
    }

    /// Each row has its receipt, and each receipt its row.
    pub(super) fn check_rows(&self) -> Result<()> {
        let Some(rows) = &self.rows else {
            return Ok(());
        };
        for ((line, receipt), row) in self.receipts.iter().zip(rows) {
            row.check(receipt).map_err(|error| self.at(*line, error))?;
        }
        if rows.len() == self.receipts.len() {
            return Ok(());
        }
        Err(unmatched("rows and receipts differ in number")
            .with_detail("rows", rows.len())
            .with_detail("receipts", self.receipts.len()))
    }

    /// The place of an error among many receipts.
    pub(super) fn at(&self, line: u64, error: Error) -> Error {
        match self.receipts.len() {
            1 => error,
            _ => error.at(Location::line(&self.name, line)),
        }
    }
}
