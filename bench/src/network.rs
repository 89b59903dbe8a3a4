//! The network's parts, in the shapes in which they are run.

use crate::task::{Bound, Task};
use core::hint::black_box;
use genolewm::Runtime;
use genolewm::encoder::{Llama, LlamaConfig, Sequence};
use genolewm::files::Directory;
use genolewm::ops::{AttentionSegment, AttentionSpec, CpuMatrix, CpuOps, Mask, Ops, Precision};
use genolewm::predictor::init::Initializer;
use genolewm::predictor::{Predictor, PredictorSizes};
use genolewm::scorer::{Candidate, ScoreOptions, Scorer};
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::Result;
use genolewm_core::edit::EditSpec;
use genolewm_core::position::BpOffset;
use genolewm_core::view::Views;
use genolewm_core::window::window_of_model;
use pollster::block_on;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sizes of an encoder's layers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    hidden: usize,
    inner: usize,
    heads: usize,
    kv_heads: usize,
    head_width: usize,
    /// Layers that are run.
    layers: usize,
    /// Sequences of one pass, and tokens of each.
    sequences: usize,
    tokens: usize,
}

/// The built-in encoder on a batch of short windows.
pub(crate) const BUILTIN: Shape = Shape {
    hidden: 128,
    inner: 384,
    heads: 4,
    kv_heads: 2,
    head_width: 32,
    layers: 4,
    sequences: 12,
    tokens: 50,
};

/// Two layers of Carbon-500M, on the context of a variant.
pub(crate) const CARBON: Shape = Shape {
    hidden: 1024,
    inner: 3072,
    heads: 16,
    kv_heads: 8,
    head_width: 64,
    layers: 2,
    sequences: 1,
    tokens: 256,
};

/// Rows that are read on each side of a variant's own, as in the built-in model.
const POOL_RADIUS: usize = 8;
/// Heads of the predictor at its default size.
const PREDICTOR_HEADS: usize = 8;
const VOCABULARY: usize = 64;

impl Shape {
    /// Numbers that a row is multiplied with: those of keys and values, and all others.
    fn parameters(&self) -> [usize; 2] {
        let (queries, keys) = (
            self.heads * self.head_width,
            self.kv_heads * self.head_width,
        );
        [
            2 * self.hidden * keys,
            2 * self.hidden * queries + 3 * self.hidden * self.inner,
        ]
    }

    /// Operations of products with weights where of so many rows some are read: the last layer computes
    /// nothing else of the others than keys and values.
    fn operations(&self, rows: usize, read: usize) -> f64 {
        let [keys, others] = self.parameters();
        let whole = (self.layers - 1) * rows * (keys + others);
        2.0 * (whole + rows * keys + read * others) as f64
    }

    /// Operations of attention over a pass.
    fn attended(&self) -> f64 {
        let seen = self.sequences * self.tokens * (self.tokens + 1) / 2;
        (4 * seen * self.heads * self.head_width) as f64
    }

    fn rows(&self) -> usize {
        self.sequences * self.tokens
    }

    fn config(&self) -> Result<LlamaConfig> {
        let json = serde_json::json!({
            "model_type": "llama", "hidden_size": self.hidden, "intermediate_size": self.inner,
            "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads, "head_dim": self.head_width, "vocab_size": VOCABULARY,
            "rms_norm_eps": 1e-5, "rope_theta": 1e4, "tie_word_embeddings": true,
            "max_position_embeddings": 8192,
        });
        LlamaConfig::parse(json.to_string().as_bytes())
    }

    fn weights(&self) -> Weights {
        let (queries, keys) = (
            self.heads * self.head_width,
            self.kv_heads * self.head_width,
        );
        let mut tensors = BTreeMap::new();
        let mut put = |name: String, shape: &[usize]| {
            let count = shape.iter().product();
            let by = if shape.len() == 1 { 1.0 } else { 0.02 };
            let values = noise(tensors.len() as u64, count);
            let values = values.map(|value| value * by).collect();
            let shape = shape.to_vec();
            tensors.insert(name, NamedTensor { shape, values });
        };
        put(
            "model.embed_tokens.weight".into(),
            &[VOCABULARY, self.hidden],
        );
        put("model.norm.weight".into(), &[self.hidden]);
        for layer in 0..self.layers {
            let mut put = |name: &str, shape: &[usize]| {
                put(format!("model.layers.{layer}.{name}.weight"), shape)
            };
            put("input_layernorm", &[self.hidden]);
            put("post_attention_layernorm", &[self.hidden]);
            put("self_attn.q_proj", &[queries, self.hidden]);
            put("self_attn.k_proj", &[keys, self.hidden]);
            put("self_attn.v_proj", &[keys, self.hidden]);
            put("self_attn.o_proj", &[self.hidden, queries]);
            put("mlp.gate_proj", &[self.inner, self.hidden]);
            put("mlp.up_proj", &[self.inner, self.hidden]);
            put("mlp.down_proj", &[self.hidden, self.inner]);
        }
        Weights::from_tensors("random weights", tensors)
    }
}

/// Layers of an encoder, every row of which is read.
pub(crate) fn layers(shape: Shape, precision: Precision) -> Result<Task> {
    let ops = CpuOps::new().with_precision(precision);
    let vocabulary: Vec<u32> = (0..VOCABULARY as u32).collect();
    let llama = Llama::load(
        &ops,
        shape.config()?,
        shape.weights(),
        &vocabulary,
        shape.tokens,
    )?;
    let tokens: Vec<u32> = (0..shape.tokens as u32)
        .map(|at| at * 7 % VOCABULARY as u32)
        .collect();
    let amount = shape.operations(shape.rows(), shape.rows()) + shape.attended();
    Ok(Task::new(amount, bound(precision), move || {
        let sequences = vec![Sequence::whole(&tokens); shape.sequences];
        black_box(llama.hidden(&ops, &sequences, shape.layers));
    }))
}

/// Attention alone.
pub(crate) fn attention(shape: Shape) -> Task {
    let ops = CpuOps::new();
    let segment = |index: usize| {
        let rows = index * shape.tokens..(index + 1) * shape.tokens;
        AttentionSegment {
            queries: rows.clone(),
            keys: [0..0, rows],
            mask: Mask::Causal { first_visible: 0 },
        }
    };
    let spec = AttentionSpec {
        heads: shape.heads,
        kv_heads: shape.kv_heads,
        head_width: shape.head_width,
        segments: (0..shape.sequences).map(segment).collect(),
    };
    let matrix = |seed, heads: usize| random(&ops, seed, shape.rows(), heads * shape.head_width);
    let [q, k, v] = [
        matrix(1, shape.heads),
        matrix(2, shape.kv_heads),
        matrix(3, shape.kv_heads),
    ];
    Task::new(shape.attended(), Bound::F32, move || {
        black_box(ops.attention(&q, &k, &v, &spec));
    })
}

/// The predictor at its default size. Operations are counted as if one row an item were multiplied with each
/// weight; a few blocks take two.
pub(crate) fn predictor(batch: usize) -> Result<Task> {
    let ops = CpuOps::new();
    let sizes = PredictorSizes::default();
    let mut values = noise(5, usize::MAX);
    let mut uniform = || f64::from(values.next().unwrap_or_default() + 1.0) / 2.0;
    let tensors = Initializer::new(&mut uniform).predictor(&sizes);
    let multiplied = tensors.values().filter(|tensor| tensor.shape.len() == 2);
    let parameters: usize = multiplied.map(|tensor| tensor.values.len()).sum();
    let predictor = Predictor::load(
        &ops,
        Weights::from_tensors("random weights", tensors),
        PREDICTOR_HEADS,
    )?;
    let states = random(&ops, 1, batch, sizes.d_state);
    let actions = random(&ops, 2, batch, sizes.d_action);
    let amount = 2.0 * (parameters * batch) as f64;
    Ok(Task::new(amount, Bound::F32, move || {
        black_box(predictor.predict(&ops, &states, &actions));
    }))
}

/// Scores of the built-in model: single-base changes each in their own window of 480 bp.
pub(crate) fn tile(views: &str, precision: Precision) -> Result<Task> {
    const WINDOW_BP: usize = 480;
    const VARIANTS: usize = 32;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/builtin");
    let model = Directory::open(folder.as_ref())?;
    let ops = CpuOps::new().with_precision(precision);
    let (ops, mut bundle) = Runtime::load(ops, &model, &model.encoder()?)?.into_parts();
    let config = &mut bundle.info.config;
    config.window_bp = WINDOW_BP;
    config.views = views.parse::<Views>()?;
    let views = config.views.as_slice().len();
    let scorer = Scorer::new(ops, bundle, ScoreOptions::default());
    let candidate = |index: usize| -> Result<Candidate> {
        let bases = bases(index as u64, WINDOW_BP);
        let middle = WINDOW_BP / 2;
        let from = &bases[middle..=middle];
        let locus = BpOffset(middle as u64).position();
        let window = window_of_model(&bases, BpOffset(0), None, WINDOW_BP)?;
        let edit = EditSpec::new("tile", locus, from, other(from))?;
        Ok(Candidate::new(edit, Arc::new(window)))
    };
    let candidates = (0..VARIANTS).map(candidate).collect::<Result<Vec<_>>>()?;
    let before = scorer.rows_run();
    block_on(scorer.distances(&candidates))?;
    let rows = usize::try_from(scorer.rows_run() - before).unwrap_or_default();
    // Of the reference both sides of the variant, of the edit the right one.
    let read = VARIANTS * views * (3 * POOL_RADIUS + 2);
    let amount = BUILTIN.operations(rows, read);
    Ok(Task::new(amount, bound(precision), move || {
        let _ = black_box(block_on(scorer.distances(&candidates)));
    }))
}

fn bound(precision: Precision) -> Bound {
    match precision {
        Precision::F32 => Bound::F32,
        Precision::Bf16 => Bound::Bf16,
        Precision::Int8 => Bound::Int8,
    }
}

fn random(ops: &CpuOps, seed: u64, rows: usize, columns: usize) -> CpuMatrix {
    ops.matrix(noise(seed, rows * columns).collect(), rows, columns)
}

/// Numbers between -1 and 1, the same for a seed.
pub(crate) fn noise(seed: u64, count: usize) -> impl Iterator<Item = f32> {
    (0..count as u64).map(move |at| {
        let mut bits = (at + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (seed << 32);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

/// Bases without a pattern.
pub(crate) fn bases(seed: u64, count: usize) -> String {
    let base = |value: f32| match value {
        value if value < -0.5 => 'A',
        value if value < 0.0 => 'C',
        value if value < 0.5 => 'G',
        _ => 'T',
    };
    noise(seed, count).map(base).collect()
}

/// Another base.
pub(crate) fn other(base: &str) -> &'static str {
    match base {
        "A" => "G",
        "C" => "T",
        "G" => "A",
        _ => "C",
    }
}
