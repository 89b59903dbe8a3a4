//! The stages of training at their smallest, on a made-up sequence.

use crate::Dir;
use crate::corpus::{EXONS, random_corpus};

/// A stage of training.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    command: &'static str,
    /// What it writes at its end, within its directory.
    results: &'static [&'static str],
    /// Makes what it starts from.
    prepare: fn(&Dir),
}

/// Pre-training of an encoder.
pub const ENCODER: Stage = Stage {
    command: "train encoder --corpus corpus.tsv --holdout holdout.bed --hidden-size 16 \
        --intermediate-size 32 --layers 1 --heads 2 --kv-heads 1 --window-tokens 12 --batch-tokens 48 \
        --long-every 0 --cross-entropy-steps 100",
    results: &["encoder/model.safetensors"],
    prepare: |_| {},
};

/// Training of a predictor.
pub const PREDICTOR: Stage = Stage {
    command: "train predictor --encoder lm/encoder --corpus corpus.tsv --holdout holdout.bed \
        --collapse-every 7 --generation-windows 2 --generation-steps 7 --generations 3 \
        --validation-windows 2 --batch 4 --balance --d-hidden 16 --d-action 8 --n-heads 2 \
        --fallback gnomad_common=synthetic_snv",
    results: &[
        "model/predictor.safetensors",
        "model/action_encoder.safetensors",
        "model/calibration.parquet",
    ],
    prepare: |dir| {
        dir.run(&ENCODER.command("lm", 200)).ok();
    },
};

/// Training of encoder and predictor together.
pub const JOINT: Stage = Stage {
    command: "train joint --model-dir first/model --corpus corpus.tsv --holdout holdout.bed --windows 2 \
        --validation-windows 2 --collapse-every 7 --lora-rank 4 --curriculum \
        --fallback gnomad_common=synthetic_snv",
    results: &[
        "lora.safetensors",
        "model/encoder/model.safetensors",
        "model/predictor.safetensors",
        "model/action_encoder.safetensors",
    ],
    prepare: |dir| {
        let encoder = ENCODER.command("lm", 200);
        dir.run(&encoder.replace("--layers 1", "--layers 2")).ok();
        dir.run(&PREDICTOR.command("first", 4)).ok();
    },
};

/// Shift ranking.
pub const RANKING: Stage = Stage {
    command: "train ranking --corpus corpus.tsv --holdout holdout.bed --exons exons.tsv --init lm/encoder \
        --windows 4 --context-tokens 8 10 --element-weight 0.5 --pair-weight 0.5 --validation-share 0",
    results: &["encoder/model.safetensors"],
    prepare: |dir| {
        dir.create("exons.tsv", EXONS);
        dir.run(&ENCODER.command("lm", 200)).ok();
    },
};

impl Stage {
    /// All of them.
    pub const ALL: [Self; 4] = [ENCODER, PREDICTOR, JOINT, RANKING];

    /// Its name, as in `genolewm train STAGE`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.command.split(' ').nth(1).unwrap_or_default()
    }

    /// A directory with what the stage starts from.
    #[must_use]
    pub fn prepared(&self, dir: Dir) -> Dir {
        let dir = random_corpus(dir);
        (self.prepare)(&dir);
        dir
    }

    /// The command that trains so many steps into `output`, with a checkpoint every other one.
    #[must_use]
    pub fn command(&self, output: &str, steps: u64) -> String {
        let own = self.command;
        format!(
            "{own} --output {output} --steps {steps} --warmup-steps 4 --checkpoint-every 2 --log-every 1"
        )
    }

    /// Fails where two runs of so many steps differ in a byte of their weights or their figures.
    ///
    /// # Panics
    /// In that case, naming the file.
    pub fn assert_same(&self, dir: &Dir, (one, other): (&str, &str), steps: u64) {
        let last = format!("checkpoints/step_{steps:08}.safetensors");
        for file in self.results.iter().chain(&[last.as_str(), "metrics.jsonl"]) {
            let bytes = |run| dir.bytes(&format!("{run}/{file}"));
            assert!(
                bytes(one) == bytes(other),
                "{file} of {one} and {other} differs"
            );
        }
    }
}
