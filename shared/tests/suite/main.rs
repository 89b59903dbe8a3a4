//! The tests of the core on files and golden vectors, linked once.

mod common;
mod genomes;

mod canonical;
mod consequences;
mod corner_cases;
mod feeds;
mod golden_calibration;
mod golden_canonical_json;
mod golden_commitments;
mod golden_context;
mod golden_edits;
mod golden_evaluation;
mod golden_importers;
mod golden_planning;
mod golden_pooling;
mod golden_receipts;
mod golden_surprise;
mod golden_windows;
mod index_builder;
mod kinds;
mod pages;
mod prop_calibration;
mod prop_edits;
mod prop_evaluation;
mod prop_planning;
mod prop_provenance;
mod references;
mod resaved_files;
mod send;
mod sources;
mod two_bit;
