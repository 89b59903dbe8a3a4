//! Made-up sequence to train on.

use crate::Dir;

/// Bases that are drawn evenly, always the same.
#[must_use]
pub fn random_bases(count: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut base = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ['A', 'C', 'G', 'T'][(state >> 60) as usize % 4]
    };
    (0..count).map(|_| base()).collect()
}

/// 60 kb of chr1 as `ref.fa`, in the table `corpus.tsv`, the last 10 kb of them in `holdout.bed`.
#[must_use]
pub fn random_corpus(dir: Dir) -> Dir {
    let sequence = random_bases(60_000);
    dir.create("ref.fa", format!(">chr1\n{sequence}\n"));
    dir.create("corpus.tsv", "ref.fa\t1\trecord\n");
    dir.create("holdout.bed", "chr1\t50000\t60000\n");
    dir
}

/// A table of one transcript in that sequence. It is made up: the longest open frame of the exons
/// counts.
pub const EXONS: &str = "gene\tcontig\tstrand\ttx_start0\ttx_end\texon_starts0\texon_ends\n\
    G\tchr1\t+\t2000\t8000\t2000,5000\t4000,8000\n";
