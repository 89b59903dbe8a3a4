//! Training: the encoder as a language model, the predictor over the frozen encoder, then both together.
//!
//! A run lives in a directory ([`run_dir`]): resolved settings, data by hash, metrics, checkpoints. A
//! step's data are a function of seed and step number alone, so a run that is killed and resumed
//! gives the same weights as one that is not.
#![forbid(unsafe_code)]

pub mod assemble;
pub mod carbon;
pub mod collapse;
pub mod device;
pub mod encoder;
mod encoder_dir;
pub mod feed;
pub mod fixture;
pub mod joint;
pub mod lm_loss;
pub mod optimizer;
pub mod pairs;
pub mod predictor;
pub mod preflight;
pub mod python_config;
pub mod ranking;
pub mod replicas;
pub mod resume;
pub mod run;
pub mod run_dir;
pub mod schedule;
pub mod serialize;
pub mod step;
pub mod tuple_data;
mod typed;
