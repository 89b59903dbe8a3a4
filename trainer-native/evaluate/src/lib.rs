//! Measuring a model on data that it never saw: language, prediction, calibration and ClinVar.
//!
//! Every figure stands beside the baselines that it must beat, and poor ones are reported like good
//! ones. What is measured must lie inside the hold-outs of the training data: anything else is left
//! out and counted, and an evaluation with nothing left is refused. All draws have a seed.
//!
//! `score_files` measures files of scores instead, whoever made them; `rollout` measures several edits
//! one after another, and `all` puts the figures of many files together.
#![forbid(unsafe_code)]

mod errors;
pub mod states;
pub mod sequence;
pub mod variants;
pub mod scores;
pub mod baselines;
pub mod measure;
pub mod metrics_file;
pub mod observed;
pub mod score_files;
pub mod rollout;
pub mod python;
pub mod all;
