//! Among what variants are ranked, as JavaScript says it.

use genolewm::scorer::{GenomicContext, ScoreOptions, ViewChoice};
use genolewm_core::context::{DEFAULT_MIN_BUCKET_SIZE, classify_repeat, region_of_terms};
use genolewm_core::{Error, Result};
use serde::Deserialize;

/// How distances become scores.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Rank {
    region: Option<String>,
    repeat: Option<String>,
    min_bucket_size: Option<u64>,
    views: Option<String>,
    aggregation: Option<String>,
}

impl Rank {
    /// The options of a scorer.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a region, a repeat, views or an aggregation that are none, or a size of 0.
    pub(crate) fn options(&self) -> Result<ScoreOptions> {
        let min_bucket_size = self.min_bucket_size.unwrap_or(DEFAULT_MIN_BUCKET_SIZE);
        if min_bucket_size == 0 {
            return Err(Error::input("minBucketSize is a whole number above 0"));
        }
        let repeat = self.repeat.as_deref();
        Ok(ScoreOptions {
            min_bucket_size,
            views: match self.views.as_deref() {
                Some(views) => views.parse()?,
                None => ViewChoice::All,
            },
            window_stride_bp: None,
            aggregation: self.aggregation.as_deref().map(str::parse).transpose()?,
            everywhere: GenomicContext {
                region: self.region.as_deref().map(region_of_terms).transpose()?,
                repeat: repeat.map(|text| classify_repeat(Some(text))).transpose()?,
            },
        })
    }
}
