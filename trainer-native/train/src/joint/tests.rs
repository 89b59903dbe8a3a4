//! Adapters on a tiny encoder.

use super::JointSettings;
use super::batch::TupleBatch;
use super::lora::{AdapterPass, Adapters};
use super::model::{AdaptedNetworks, JointRates, LORA};
use crate::encoder_dir;
use crate::networks::PredictorNetworks;
use crate::optimizer::{MatrixOptimizer, Optimizer};
use crate::settings::UpdateSettings;
use crate::step::{Collected, export, host, named, track};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use genolewm::bundle::load_encoder;
use genolewm::config::ModelConfig;
use genolewm::encoder::{LlamaConfig, StateEncoder};
use genolewm::files::Directory;
use genolewm::loss::{LossWeights, kl_regularizer_tensor, prediction_loss_tensor};
use genolewm::ops::transpose;
use genolewm::ops::{BurnOps, Ops};
use genolewm::parameters::{Parameters, Role};
use genolewm::predictor::PredictorSizes;
use genolewm::predictor::init::{ActionSizes, Initializer};
use genolewm::weights::NamedTensor;
use genolewm_data::corpus::Corpus;
use genolewm_data::corpus::table::read_corpus_table;
use genolewm_data::edits::mix::{EditMix, EditProviders};
use genolewm_data::edits::provider::ObservedVariants;
use genolewm_data::edits::synthetic::SyntheticShape;
use genolewm_data::edits::tuple::TupleFeed;
use genolewm_data::holdout::HoldoutPolicy;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

const UPDATES: UpdateSettings = UpdateSettings {
    weight_decay: 0.0,
    ..UpdateSettings::DEFAULT
};

const WINDOW_BP: usize = 240;
const CONFIG: &str = r#"{"model_type": "llama", "hidden_act": "silu", "hidden_size": 16,
    "intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 8, "vocab_size": 4100, "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0, "max_position_embeddings": 128, "tie_word_embeddings": true,
    "attention_bias": false, "mlp_bias": false}"#;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: JointSettings,
}

fn settings() -> JointSettings {
    let flags = [
        "joint",
        "--model-dir",
        "m",
        "--corpus",
        "c",
        "--holdout",
        "h",
        "--output",
        "o",
        "--lora-rank",
        "3",
        "--lora-alpha",
        "6",
        "--lora-layers",
        "2",
    ];
    Flags::try_parse_from(flags).unwrap().settings
}

fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move || ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// A random encoder, written and read again as a model's is.
fn base_encoder(ops: &BurnOps) -> StateEncoder<Tensor<2>> {
    let config = LlamaConfig::parse(CONFIG.as_bytes()).unwrap();
    let mut draw = uniform(1);
    let mut tensors = BTreeMap::new();
    let mut add = |name: String, shape: &[usize]| {
        let values = (0..shape.iter().product::<usize>()).map(|_| (draw() - 0.5) as f32);
        let tensor = NamedTensor {
            values: values.collect(),
            shape: shape.to_vec(),
        };
        tensors.insert(name, tensor);
    };
    add("model.embed_tokens.weight".to_owned(), &[4100, 16]);
    add("model.norm.weight".to_owned(), &[16]);
    for layer in 0..3 {
        for (name, shape) in [
            ("input_layernorm", &[16][..]),
            ("post_attention_layernorm", &[16]),
            ("self_attn.q_proj", &[16, 16]),
            ("self_attn.k_proj", &[8, 16]),
            ("self_attn.v_proj", &[8, 16]),
            ("self_attn.o_proj", &[16, 16]),
            ("mlp.gate_proj", &[24, 16]),
            ("mlp.up_proj", &[24, 16]),
            ("mlp.down_proj", &[16, 24]),
        ] {
            add(format!("model.layers.{layer}.{name}.weight"), shape);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    encoder_dir::write(directory.path(), &config, &tensors).unwrap();
    let about = format!(
        "schema_version: 1.0.0\nencoder: {{model_id: e, state_layer: -1, pool_radius: 3}}\n\
         predictor: {{n_heads: 2}}\nwindow_bp: {WINDOW_BP}\nmax_window_bp: {WINDOW_BP}\n"
    );
    let about = ModelConfig::parse(&about).unwrap();
    load_encoder(ops, &Directory(directory.path().to_owned()), &about).unwrap()
}

fn networks(ops: &BurnOps, encoder: &mut StateEncoder<Tensor<2>>) -> AdaptedNetworks {
    let mut draw = uniform(2);
    let predictor = Initializer::new(&mut draw).predictor(&PredictorSizes {
        d_state: 16,
        d_action: 8,
        d_hidden: 16,
        ffn_dim: 16,
        cross_blocks: 2,
        self_blocks: 1,
        max_actions: 16,
    });
    let action = Initializer::new(&mut draw).action_encoder(&ActionSizes {
        d_action: 8,
        d_pos: 32,
        d_type: 16,
        d_seq: 32,
        layers: 2,
        inner: 128,
    });
    let layer = encoder.layer();
    let mut networks = AdaptedNetworks {
        adapters: Adapters::open(&settings(), ops, &mut encoder.llama, layer, None).unwrap(),
        networks: PredictorNetworks::load(ops, (predictor, action), 2, WINDOW_BP).unwrap(),
    };
    track(&mut networks);
    networks
}

fn batch() -> TupleBatch {
    let directory = tempfile::tempdir().unwrap();
    let mut draw = uniform(3);
    let bases: String = (0..5_000)
        .map(|_| ['A', 'C', 'G', 'T'][(draw() * 4.0) as usize])
        .collect();
    std::fs::write(directory.path().join("r.fa"), format!(">chr1\n{bases}\n")).unwrap();
    let table = directory.path().join("corpus.tsv");
    std::fs::write(&table, "r.fa\t1\trecord\n").unwrap();
    let holdout = HoldoutPolicy::default();
    let sources = read_corpus_table(&table).unwrap();
    let feed = TupleFeed {
        corpus: &Corpus::from_sources(&sources, &holdout).unwrap(),
        providers: &EditProviders::new(
            ObservedVariants::default(),
            ObservedVariants::default(),
            SyntheticShape::default(),
        ),
        mix: &EditMix::default().with_fallbacks(&["gnomad_common=synthetic_snv".parse().unwrap()]),
        holdout: &holdout,
        window_bp: WINDOW_BP,
    };
    TupleBatch::draw(&feed, 4, &mut ChaCha8Rng::seed_from_u64(4)).unwrap()
}

fn values(x: &Tensor<2>) -> Vec<f32> {
    host(x.clone().inner().into_data())
}

/// A pass's loss, as training takes it.
fn loss(
    ops: &BurnOps,
    batch: &TupleBatch,
    encoder: &StateEncoder<Tensor<2>>,
    networks: &AdaptedNetworks,
) -> Tensor<1> {
    let pass = batch.pass(ops, encoder, &networks.networks).unwrap();
    let kl = kl_regularizer_tensor(pass.target.clone()).unwrap();
    let weights = LossWeights::default();
    prediction_loss_tensor(pass.prediction, pass.target, None, &weights).unwrap()
        + kl.mul_scalar(0.5)
}

fn autodiff() -> BurnOps {
    BurnOps::on(Device::flex().autodiff(), "cpu")
}

#[test]
fn a_model_of_windows_around_edits_was_trained_on_others() {
    let check = |windows: &str| {
        let text = format!(
            "encoder: {{model_id: e, state_layer: -1, pool_radius: 3}}\npredictor: {{n_heads: 2}}\n{windows}\n"
        );
        super::check_windows(&ModelConfig::parse(&text).unwrap())
    };
    for windows in ["window_bp: 480", "window_bp: 4096\nviews: ['+0', '-2']"] {
        let error = check(windows).unwrap_err();
        assert_eq!(error.code(), genolewm_core::ErrorCode::ConfigGeneric);
        assert!(error.remedy().is_some());
    }
    check("window_bp: 4096").unwrap();
}

#[test]
fn new_adapters_change_nothing() {
    let ops = autodiff();
    let (mut encoder, batch) = (base_encoder(&ops), batch());
    let networks = networks(&ops, &mut encoder);
    let before = batch.pass(&ops, &encoder, &networks.networks).unwrap();
    networks
        .adapters
        .apply(&mut encoder.llama, AdapterPass::Training);
    let after = batch.pass(&ops, &encoder, &networks.networks).unwrap();
    assert_eq!(values(&before.target), values(&after.target));
    assert_eq!(networks.adapters.layers(), [1, 2]);
}

#[test]
fn gradients_reach_adapters_and_networks_and_leave_the_encoder() {
    let ops = autodiff();
    let (mut encoder, batch) = (base_encoder(&ops), batch());
    let mut networks = networks(&ops, &mut encoder);
    let before = export(&mut encoder.llama);
    let names_before = export(&mut networks);
    let mut optimizer = Optimizer::new(MatrixOptimizer::Adamw, &UPDATES);
    let rates = JointRates {
        adapters: 1e-2,
        others: 1e-3,
    };
    // B is 0 at first, so A has no gradient before the second step.
    for _ in 0..2 {
        networks
            .adapters
            .apply(&mut encoder.llama, AdapterPass::Training);
        let mut gradients = loss(&ops, &batch, &encoder, &networks).backward();
        let mut of_the_base = 0;
        encoder.llama.visit("", &mut |name, _, value| {
            let is_adapted = name.contains("self_attn") && !name.contains("layers.0.");
            of_the_base += usize::from(!is_adapted && value.grad(&gradients).is_some());
        });
        assert_eq!(of_the_base, 0);
        let mut collected = Collected::default();
        collected.add(named(&mut networks, &mut gradients));
        let rate = |name: &str| rates.of(name);
        collected
            .apply(&mut networks, &mut optimizer, &rate, 1e9)
            .unwrap();
    }
    let after = export(&mut networks);
    for (name, tensor) in &after {
        let moved = tensor != &names_before[name];
        if name.starts_with(LORA) {
            assert!(moved, "{name} did not move");
        }
    }
    for network in ["predictor.", "action."] {
        let mut own = after.iter().filter(|(name, _)| name.starts_with(network));
        assert!(own.any(|(name, tensor)| tensor != &names_before[name]));
    }
    let adapters_only = |name: &String| {
        name.contains("self_attn") && (name.contains("layers.1.") || name.contains("layers.2."))
    };
    networks
        .adapters
        .apply(&mut encoder.llama, AdapterPass::Measuring);
    for (name, tensor) in export(&mut encoder.llama) {
        assert_eq!(tensor != before[&name], adapters_only(&name), "{name}");
    }
}

/// What is not in the loss has a gradient of 0, and so does not stay behind in its updates.
#[test]
fn every_parameter_has_a_state_after_a_step() {
    let ops = autodiff();
    let (mut encoder, batch) = (base_encoder(&ops), batch());
    let mut networks = networks(&ops, &mut encoder);
    networks
        .adapters
        .apply(&mut encoder.llama, AdapterPass::Training);
    let mut gradients = loss(&ops, &batch, &encoder, &networks).backward();
    let mut optimizer = Optimizer::new(MatrixOptimizer::Adamw, &UPDATES);
    let mut collected = Collected::default();
    collected.add(named(&mut networks, &mut gradients));
    collected
        .apply(&mut networks, &mut optimizer, &|_| 1e-3, 1.0)
        .unwrap();
    let mut parameters = 0;
    networks.visit("", &mut |_, _, _| parameters += 1);
    assert_eq!(optimizer.export().len(), 2 * parameters);
}

#[test]
fn merged_weights_are_the_adapted_ones() {
    let ops = autodiff();
    let (mut encoder, batch) = (base_encoder(&ops), batch());
    let mut networks = networks(&ops, &mut encoder);
    let mut draw = uniform(5);
    networks.adapters.visit("", &mut |_, _, value| {
        let [rows, columns] = value.dims();
        let values = (0..rows * columns).map(|_| draw() as f32 - 0.5).collect();
        *value = ops.matrix(values, rows, columns);
    });
    networks
        .adapters
        .apply(&mut encoder.llama, AdapterPass::Measuring);
    let adapted = values(
        &batch
            .pass(&ops, &encoder, &networks.networks)
            .unwrap()
            .target,
    );
    let merged = networks.adapters.merged(&mut encoder.llama);
    assert_eq!(merged.len(), 8);
    let files = export(&mut networks.adapters);
    // As PEFT merges: W + alpha / rank B A, all as they lie in files.
    let name = "model.layers.2.self_attn.k_proj";
    let (a, b) = (
        &files[&format!("{name}.lora_A.weight")],
        &files[&format!("{name}.lora_B.weight")],
    );
    assert_eq!((&a.shape[..], &b.shape[..]), (&[3, 16][..], &[8, 3][..]));
    let mut untouched = base_encoder(&ops);
    let base = export(&mut untouched.llama);
    let base = &base[&format!("{name}.weight")];
    for (index, (&ours, &base)) in merged[&format!("{name}.weight")]
        .values
        .iter()
        .zip(&base.values)
        .enumerate()
    {
        let (row, column) = (index / 16, index % 16);
        let change: f32 = (0..3)
            .map(|k| b.values[row * 3 + k] * a.values[k * 16 + column])
            .sum();
        assert!((ours - (base + 2.0 * change)).abs() < 1e-5);
    }
    let mut tensors = export(&mut untouched.llama);
    tensors.extend(merged);
    let mut weights = tensors;
    untouched.llama.visit("", &mut |name, role, value| {
        let tensor = weights.remove(name).unwrap();
        let [rows, columns] = value.dims();
        let values = match role {
            Role::Projection => transpose(&tensor.values, columns, rows),
            _ => tensor.values,
        };
        *value = ops.matrix(values, rows, columns);
    });
    let plain = values(
        &batch
            .pass(&ops, &untouched, &networks.networks)
            .unwrap()
            .target,
    );
    assert_eq!(plain, adapted);
}
