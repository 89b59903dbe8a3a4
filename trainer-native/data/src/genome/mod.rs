//! What is known of a genome, from files: transcripts, repeats, conservation.

pub mod exon_table;
pub mod gff;
pub mod repeats;
pub mod primate;
