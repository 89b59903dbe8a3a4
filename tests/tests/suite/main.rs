//! The program from end to end: one file for each part of it, linked once.

mod annotation;
mod array;
mod bad_input;
mod baseline;
mod cache;
mod cache_build;
mod cli;
mod deploy;
mod devices;
mod disjoint;
mod eval;
mod eval_all;
mod export;
mod fixture;
mod joint;
mod kills;
mod pipeline;
mod preflight;
mod privacy;
mod receipt;
mod rollout;
mod samples;
mod shards;
mod stages;
mod training;
mod vcf;
