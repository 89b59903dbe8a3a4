//! Measuring a model on data that it never saw: language, prediction, calibration and ClinVar.
//!
//! Every figure stands beside the baselines that it must beat, and poor ones are reported like good
//! ones. What is measured must lie inside the hold-outs of the training data: anything else is left
//! out and counted, and an evaluation with nothing left is refused. All draws have a seed.
//!
//! `jsonl` and what follows it measure files of scores instead, whoever made them; `rollout` measures
//! several edits one after another, and `all` puts the figures of many files together.
#![forbid(unsafe_code)]

pub mod states;
pub mod sequence;
pub mod variants;
pub mod language;
pub mod prediction;
pub mod uniformity;
pub mod likelihood;
pub mod baseline;
pub mod scores;
pub mod heads;
pub mod context;
pub mod controls;
pub mod fitted;
pub mod clinvar;
pub mod primate;
pub mod tables;
pub mod report;
pub mod jsonl;
pub mod agreement;
pub mod compare;
pub mod payload;
pub mod additions;
pub mod artifacts;
pub mod rollout;
pub mod all;
