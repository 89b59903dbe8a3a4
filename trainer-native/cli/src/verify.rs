//! `genolewm verify`: does a receipt hold?

use super::common::backend::on_backend;
use super::common::model::{self, ModelArgs};
use super::common::terminal::Terminal;
use crate::common::command::Status;
use genolewm::ops::NativeOps;
use genolewm_core::edit::EditSpec;
use genolewm_core::error::Location;
use genolewm_core::position::{BpOffset, Position};
use genolewm_core::provenance::{
    DtypeConfig, InputCommitment, Json, Manifest, PoolingConfig, Receipt, SurpriseResult,
    verify_receipt,
};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_train::files::read;
use std::path::PathBuf;

/// Verify a receipt, or a file of receipts, against a model's manifest
///
/// Without further flags: the receipt is whole, and made by the manifest's model. With the input
/// flags: it was made for this window and edit. With --rerun: the model gives these figures.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// One receipt (JSON) or many (JSON lines)
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The manifest.json of the model
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Score again and compare the figures; needs the input flags
    #[arg(long)]
    rerun: bool,
    /// With --rerun, the relative distance at which figures count as equal; 0 asks for the same
    /// bits
    ///
    /// Variants that are scored in other company, or on another processor, differ in the last
    /// digits.
    #[arg(long, value_name = "X", requires = "rerun", default_value_t = 1e-5)]
    tolerance: f64,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    input: InputArgs,
}

/// The input that a receipt is said to be for.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Input")]
struct InputArgs {
    /// Reference window as it was scored, upper-case
    #[arg(long, value_name = "BASES")]
    input_window: Option<String>,
    /// Contig of the edit
    #[arg(long, value_name = "NAME")]
    edit_chrom: Option<String>,
    /// 1-based position of the edit
    #[arg(long, value_name = "N")]
    edit_pos: Option<u64>,
    /// Reference allele
    #[arg(long, value_name = "BASES")]
    edit_ref: Option<String>,
    /// Alternate allele
    #[arg(long, value_name = "BASES")]
    edit_alt: Option<String>,
    /// Encoder layer [default for this and the rest: what the receipt says]
    #[arg(long, value_name = "N")]
    state_layer: Option<u32>,
    /// centered_mean or global_mean
    #[arg(long, value_name = "NAME")]
    pool_type: Option<String>,
    /// Token rows on either side of the edit
    #[arg(long, value_name = "N")]
    pool_radius: Option<u32>,
    /// States were scaled to length 1
    #[arg(long)]
    normalize: bool,
    /// Number format of the encoder
    #[arg(long, value_name = "NAME")]
    encoder_dtype: Option<String>,
    /// Number format of the predictor
    #[arg(long, value_name = "NAME")]
    predictor_dtype: Option<String>,
}

/// Verifies and says what was checked.
///
/// # Errors
/// `PROVENANCE.*` for a receipt that does not hold; `INPUT.GENERIC` for input flags that are
/// incomplete.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let name = args.receipt.display().to_string();
    let manifest = Manifest::parse(&read(&args.manifest)?)?;
    let receipts = Receipt::parse_all(&read(&args.receipt)?, &name)?;
    let edit = args.input.edit()?;
    if receipts.len() > 1 && edit.is_some() {
        return Err(incomplete(
            "the input flags are for one receipt, and the file has several",
        ));
    }
    if args.rerun && edit.is_none() {
        return Err(incomplete(
            "--rerun needs --input-window and --edit-{chrom,pos,ref,alt}",
        ));
    }
    for (line, receipt) in &receipts {
        let settings = edit.as_ref().map(|_| args.input.settings(receipt));
        let settings = settings.transpose()?;
        let given = edit.as_ref().zip(settings.as_ref());
        let input = given.map(|((window, edit), (pooling, dtype))| InputCommitment {
            reference_window: window,
            edit,
            pooling,
            dtype,
        });
        let checked = verify_receipt(receipt, &manifest, input.as_ref());
        checked.map_err(|error| match receipts.len() {
            1 => error,
            _ => error.at(Location::line(&name, *line)),
        })?;
    }
    let first = receipts.first().map(|(_, receipt)| receipt);
    if let (true, Some((window, edit)), Some(receipt)) = (args.rerun, edit.as_ref(), first) {
        rerun(args, &manifest, receipt, window, edit)?;
    }
    report(args, receipts.len(), edit.is_some(), terminal)?;
    Ok(Status::Done)
}

fn report(
    args: &Args,
    receipts: usize,
    with_input: bool,
    terminal: &mut Terminal<'_>,
) -> Result<()> {
    terminal.line("model: ok")?;
    terminal.line(if with_input {
        "input: ok"
    } else {
        "input: not checked (no input flags)"
    })?;
    terminal.line("output: ok")?;
    terminal.line("calibration table: ok")?;
    if args.rerun {
        terminal.line("rerun: ok")?;
    }
    terminal.line(format_args!(
        "ok: {receipts} receipt{}",
        if receipts == 1 { "" } else { "s" }
    ))
}

impl InputArgs {
    /// The window and the edit; `None` when no input flag was given.
    fn edit(&self) -> Result<Option<(&str, EditSpec)>> {
        let settings = self.state_layer.is_some()
            || self.pool_type.is_some()
            || self.pool_radius.is_some()
            || self.normalize
            || self.encoder_dtype.is_some()
            || self.predictor_dtype.is_some();
        let flags = [
            ("--input-window", self.input_window.is_some()),
            ("--edit-chrom", self.edit_chrom.is_some()),
            ("--edit-pos", self.edit_pos.is_some()),
            ("--edit-ref", self.edit_ref.is_some()),
            ("--edit-alt", self.edit_alt.is_some()),
        ];
        let given = (
            &self.input_window,
            &self.edit_chrom,
            self.edit_pos,
            &self.edit_ref,
            &self.edit_alt,
        );
        if let (Some(window), Some(chrom), Some(pos), Some(reference), Some(alternate)) = given {
            let edit = EditSpec::new(chrom, Position::new(pos)?, reference, alternate)?;
            return Ok(Some((window, edit)));
        }
        if !settings && flags.iter().all(|(_, given)| !given) {
            return Ok(None);
        }
        let missing: Vec<&str> = flags
            .iter()
            .filter(|(_, given)| !given)
            .map(|(flag, _)| *flag)
            .collect();
        Err(incomplete("the input flags are incomplete").with_detail("missing", missing.join(", ")))
    }

    /// Pooling and number formats: the flags, else what the receipt says. A receipt that says
    /// something false fails, for its input hash covers both.
    fn settings(&self, receipt: &Receipt) -> Result<(PoolingConfig, DtypeConfig)> {
        let detail = |block: &str, key: &str| {
            let details = receipt.provenance.details.as_ref()?;
            details.get(block)?.as_object()?.get(key).cloned()
        };
        let pooling = |key: &str| detail("pooling_config", key);
        let missing = |flag: &str| {
            incomplete(&format!("the receipt does not say {flag}")).with_detail("missing", flag)
        };
        let text = |flag: &Option<String>, found: Option<Json>, name: &str| {
            flag.clone()
                .or_else(|| found?.as_str().map(str::to_owned))
                .ok_or_else(|| missing(name))
        };
        let number = |flag: Option<u32>, key: &str, name: &str| {
            flag.or_else(|| pooling(key)?.as_f64().map(|value| value as u32))
                .ok_or_else(|| missing(name))
        };
        let explicit =
            self.state_layer.is_some() || self.pool_type.is_some() || self.pool_radius.is_some();
        let noted = pooling("normalize")
            .and_then(|value| value.as_bool())
            .filter(|_| !explicit);
        let pooling = PoolingConfig {
            state_layer: number(self.state_layer, "state_layer", "--state-layer")?,
            pool_type: text(&self.pool_type, pooling("pool_type"), "--pool-type")?,
            pool_radius: number(self.pool_radius, "pool_radius", "--pool-radius")?,
            normalize: self.normalize || noted.unwrap_or(false),
        };
        let dtype = |key: &str| detail("dtype_config", key);
        let (encoder, predictor) = (dtype("encoder_dtype"), dtype("predictor_dtype"));
        let dtype = DtypeConfig {
            encoder_dtype: text(&self.encoder_dtype, encoder, "--encoder-dtype")?,
            predictor_dtype: text(&self.predictor_dtype, predictor, "--predictor-dtype")?,
        };
        Ok((pooling, dtype))
    }
}

/// Scores the input again and compares.
fn rerun(
    args: &Args,
    manifest: &Manifest,
    receipt: &Receipt,
    window: &str,
    edit: &EditSpec,
) -> Result<()> {
    let output = on_backend!(&args.model.backend, ops => {
        score_again(ops, args, manifest, receipt, window, edit)?
    });
    let found = &receipt.output;
    let near = |a: f64, b: f64, scale: f64| (a - b).abs() <= args.tolerance * scale;
    let same = output.commitment()? == receipt.output_commitment
        || near(output.sigma_raw, found.sigma_raw, found.sigma_raw.abs())
            // A percentile may move by several times the distance that moved it.
            && near(output.sigma_calibrated, found.sigma_calibrated, 10.0)
            && output.bucket_id == found.bucket_id;
    if same {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::ProvenanceOutputCommitmentMismatch,
        "the model gives other figures than the receipt",
    )
    .with_detail("sigma_raw of the receipt", receipt.output.sigma_raw)
    .with_detail("sigma_raw now", output.sigma_raw)
    .with_detail("backend of the receipt", &receipt.runtime.backend)
    .with_remedy(
        "give the model directory and backend of the receipt; a higher --tolerance allows for another processor",
    ))
}

/// What the model says of the input now.
fn score_again(
    ops: impl NativeOps,
    args: &Args,
    manifest: &Manifest,
    receipt: &Receipt,
    window: &str,
    edit: &EditSpec,
) -> Result<SurpriseResult> {
    let runtime = model::runtime(ops, &args.model)?;
    if runtime.info().model_id != manifest.model_id()? {
        return Err(Error::new(
            ErrorCode::ProvenanceManifestHashMismatch,
            "the model directory is not the one of the manifest",
        )
        .with_remedy("give the model that made the receipt with --model-dir"));
    }
    let details = receipt.provenance.details.as_ref();
    let start = details.and_then(|details| details.get("window_start_bp")?.as_f64());
    let start = BpOffset(start.map_or(0, |start| start as u64));
    let mut scored = runtime.score_in_window(edit, window, start)?;
    // The receipt's bucket may follow from annotation, which is no part of what is verified.
    scored.put_in_bucket(&receipt.output.bucket_id, runtime.info());
    Ok(scored.result)
}

fn incomplete(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
        .with_remedy("give --input-window and --edit-{chrom,pos,ref,alt} together, for one receipt")
}
