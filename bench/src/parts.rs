//! The parts that are measured.

use crate::task::Task;
use crate::{network, text};
use genolewm::ops::Precision::{Bf16, F32, Int8};
use genolewm_core::{Error, Result};

const ONE_VIEW: &str = "+0";
const SIX_VIEWS: &str = "+0,+2,+4,-0,-2,-4";

type Made = fn() -> Result<Task>;

/// Names, and how each part is made.
const PARTS: [(&str, Made); 16] = [
    ("layers/builtin/f32", || {
        network::layers(network::BUILTIN, F32)
    }),
    ("layers/builtin/bf16", || {
        network::layers(network::BUILTIN, Bf16)
    }),
    ("layers/builtin/int8", || {
        network::layers(network::BUILTIN, Int8)
    }),
    ("layers/carbon/f32", || {
        network::layers(network::CARBON, F32)
    }),
    ("layers/carbon/bf16", || {
        network::layers(network::CARBON, Bf16)
    }),
    ("layers/carbon/int8", || {
        network::layers(network::CARBON, Int8)
    }),
    ("attention/builtin", || {
        Ok(network::attention(network::BUILTIN))
    }),
    ("attention/carbon", || {
        Ok(network::attention(network::CARBON))
    }),
    ("tile/one_view/f32", || network::tile(ONE_VIEW, F32)),
    ("tile/one_view/bf16", || network::tile(ONE_VIEW, Bf16)),
    ("tile/one_view/int8", || network::tile(ONE_VIEW, Int8)),
    ("tile/six_views/f32", || network::tile(SIX_VIEWS, F32)),
    ("predictor/batch_64", || network::predictor(64)),
    ("predictor/batch_256", || network::predictor(256)),
    ("tokenizer", text::tokenizer),
    ("vcf", text::vcf),
];

/// The names of all parts.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|(name, _)| *name)
}

/// The part of a name, ready to run.
///
/// # Errors
/// `INPUT.GENERIC` for a name that is none, and what making it says.
pub(crate) fn part(name: &str) -> Result<Task> {
    let made = PARTS.iter().find(|(known, _)| *known == name);
    let (_, make) =
        made.ok_or_else(|| Error::input("there is no such part").with_detail("part", name))?;
    make()
}
