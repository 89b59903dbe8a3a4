//! The tests of the model on golden vectors, linked once.

mod common;
mod finite;

mod golden_collapse;
mod golden_contracts;
mod golden_encoder;
mod golden_losses;
mod golden_predictor;
mod golden_tokenizer;
mod golden_wgsl;
mod golden_wgsl_attention;
mod golden_wgsl_ops;
mod hostile_weights;
mod loading;
mod prop_quantize;
mod rollouts;
mod sealed;
