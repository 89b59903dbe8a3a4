//! The input that a receipt is said to be for, as flags.

use genolewm_core::edit::EditSpec;
use genolewm_core::position::Position;
use genolewm_core::provenance::{DtypeConfig, Json, PoolingConfig, Receipt, WindowsConfig};
use genolewm_core::{Error, ErrorCode, Result};

/// The input that a receipt is said to be for.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Input")]
pub(super) struct InputArgs {
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

impl InputArgs {
    /// The window and the edit; `None` when no input flag was given.
    ///
    /// # Errors
    /// `INPUT.*` when some are missing, or the edit is none.
    pub(super) fn edit(&self) -> Result<Option<(&str, EditSpec)>> {
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
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a setting that neither says.
    pub(super) fn settings(&self, receipt: &Receipt) -> Result<(PoolingConfig, DtypeConfig)> {
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
            flag.or_else(|| u32::try_from(pooling(key)?.as_u64()?).ok())
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
            windows: WindowsConfig::of_pooling(receipt.detail("pooling_config"))?,
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

/// Flags that do not go together.
pub(super) fn incomplete(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
        .with_remedy("give --input-window and --edit-{chrom,pos,ref,alt} together, for one receipt")
}
