//! Training: the encoder as a language model, then the predictor over the frozen encoder.
//!
//! A run lives in a directory: resolved settings, metrics as JSONL, checkpoints. A step's data are
//! a function of seed and step number alone, so a run that is killed and resumed gives the same
//! weights as one that is not.

pub mod assemble;
pub mod checkpoint;
pub mod encoder;
mod encoder_dir;
pub mod lm_loss;
pub mod optimizer;
pub mod pairs;
pub mod predictor;
pub mod ranking;
pub mod run;
pub mod schedule;
pub mod step;
