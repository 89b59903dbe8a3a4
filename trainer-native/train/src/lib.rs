//! Training: the encoder as a language model, the predictor over the frozen encoder, then both together.
//!
//! A run lives in a directory ([`run_dir`]): resolved settings, data by hash, metrics, checkpoints. A
//! step's data are a function of seed and step number alone, so a run that is killed and resumed
//! gives the same weights as one that is not. Every stage runs in one loop ([`driver`]).
#![forbid(unsafe_code)]

mod typed;
pub mod files;
pub mod keyed;
mod random;
pub mod serialize;
pub mod device;
pub mod backends;
pub mod schedule;
pub mod package;
pub mod settings;
mod observed;
pub mod run;
pub mod optimizer;
pub mod step;
pub mod run_dir;
pub mod resume;
pub mod collapse;
pub mod replicas;
pub mod driver;
pub mod lm_loss;
mod encoder_dir;
mod language_model;
mod networks;
pub mod assemble;
pub mod pairs;
pub mod tuple_data;
pub mod feed;
pub mod preflight;
pub mod encoder;
pub mod ranking;
pub mod predictor;
pub mod python;
pub mod release;
pub mod joint;
pub mod fixture;
