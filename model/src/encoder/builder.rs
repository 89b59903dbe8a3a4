//! A Llama made tensor by tensor, in whatever order its files have them: each becomes the backend's at once,
//! and no file need be held for it.

use super::config::LlamaConfig;
use super::llama::{EMBEDDING, HEAD, LAYERS, Layer, Llama, NORM};
use crate::ops::{Linear, Ops};
use crate::tensor::Tensor;
use crate::weights::{NamedTensor, Tables, Weights, format_error, misshapen};
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;

/// What a Llama's tensors become, until all are there.
#[derive(Debug)]
pub struct LlamaBuilder<M> {
    config: LlamaConfig,
    vocabulary: Vec<u32>,
    max_rows: usize,
    /// The layers that states are made with, where nothing else is asked of the Llama.
    state_layer: Option<usize>,
    /// `None` for what nothing is computed with.
    made: BTreeMap<String, Option<M>>,
}

impl<M: Clone> LlamaBuilder<M> {
    /// Begins a Llama with the embedding rows of the token ids `vocabulary`, and room for `max_rows`.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for more rows than there is room for.
    pub fn new(config: LlamaConfig, vocabulary: Vec<u32>, max_rows: usize) -> Result<Self> {
        config.check_rows(max_rows)?;
        Ok(Self {
            config,
            vocabulary,
            max_rows,
            state_layer: None,
            made: BTreeMap::new(),
        })
    }

    /// Keeps what hidden states after `layer` layers are made with, and nothing above: no likelihoods.
    #[must_use]
    pub const fn up_to(mut self, layer: usize) -> Self {
        self.state_layer = Some(layer);
        self
    }

    /// The tables of its files of which only the vocabulary's rows are read.
    #[must_use]
    pub fn tables(&self) -> Tables {
        Tables {
            names: [EMBEDDING, HEAD].map(str::to_owned).to_vec(),
            rows: self.vocabulary.clone(),
        }
    }

    /// Takes a tensor of the file `source`; of tables, the vocabulary's rows.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when it is surplus, misshapen, or there already.
    pub fn add<O: Ops<Matrix = M>>(
        &mut self,
        ops: &O,
        source: &str,
        name: &str,
        tensor: &Tensor<'_>,
    ) -> Result<()> {
        let fault = |message: &str| format_error(source, message);
        let wanted = self.shape_of(name);
        let wanted = wanted.ok_or_else(|| fault(&format!("unexpected tensor {name}")))?;
        if self.made.contains_key(name) {
            return Err(fault(&format!("tensor {name} is in two shards")));
        }
        if tensor.shape() != wanted {
            return Err(misshapen(source, name, tensor.shape(), &wanted));
        }
        let matrix = match wanted[..] {
            _ if self.is_idle(name) => None,
            [rows, columns] if name == EMBEDDING || name == HEAD => {
                Some(ops.matrix(tensor.to_f32(), rows, columns))
            }
            [outputs, inputs] => Some(ops.stored_projection(tensor, inputs, outputs)),
            _ => Some(ops.matrix(tensor.to_f32(), 1, wanted.iter().product())),
        };
        self.made.insert(name.to_owned(), matrix);
        Ok(())
    }

    /// The Llama.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when a tensor is missing.
    pub fn build(mut self, source: &str) -> Result<Llama<M>> {
        let embedding = self.take(source, EMBEDDING)?;
        let kept = self.kept_layers();
        let layers = (0..kept).map(|index| self.layer(index, |made, name| made.take(source, name)));
        let layers = layers.collect::<Result<_>>()?;
        for index in kept..self.config.layers {
            self.layer(index, |made, name| made.entry(source, name).map(drop))?;
        }
        let norm = self.take(source, NORM)?;
        let head = self.made.remove(HEAD).flatten();
        Ok(Llama::of_parts(
            self.config,
            (embedding, head),
            layers,
            norm,
            &self.vocabulary,
            self.max_rows,
        ))
    }

    fn kept_layers(&self) -> usize {
        let layers = self.config.layers;
        self.state_layer.map_or(layers, |layer| layer.min(layers))
    }

    /// Whether nothing is computed with a tensor. Some exporters write the head of a tied model too.
    fn is_idle(&self, name: &str) -> bool {
        if name == HEAD {
            return self.config.tied_embeddings || self.state_layer.is_some();
        }
        let index = name
            .strip_prefix(LAYERS)
            .and_then(|rest| rest.split_once('.')?.0.parse::<usize>().ok());
        index.is_some_and(|index| index >= self.kept_layers())
    }

    /// A layer of what `take` makes of each of its tensors by name.
    fn layer<T>(
        &mut self,
        index: usize,
        mut take: impl FnMut(&mut Self, &str) -> Result<T>,
    ) -> Result<Layer<T>> {
        let (attention, mlp) = (self.config.attention_bias, self.config.mlp_bias);
        let mut tensor = |name: &str| take(self, &format!("{LAYERS}{index}.{name}"));
        let mut linear = |name: &str, bias: bool| {
            Ok(Linear {
                weight: tensor(&format!("{name}.weight"))?,
                bias: bias.then(|| tensor(&format!("{name}.bias"))).transpose()?,
            })
        };
        Ok(Layer {
            q: linear("self_attn.q_proj", attention)?,
            k: linear("self_attn.k_proj", attention)?,
            v: linear("self_attn.v_proj", attention)?,
            o: linear("self_attn.o_proj", attention)?,
            gate: linear("mlp.gate_proj", mlp)?,
            up: linear("mlp.up_proj", mlp)?,
            down: linear("mlp.down_proj", mlp)?,
            input_norm: tensor("input_layernorm.weight")?,
            post_norm: tensor("post_attention_layernorm.weight")?,
        })
    }

    /// A tensor that was added: `None` inside for one that nothing is computed with.
    fn entry(&mut self, source: &str, name: &str) -> Result<Option<M>> {
        self.made.remove(name).ok_or_else(|| missing(source, name))
    }

    fn take(&mut self, source: &str, name: &str) -> Result<M> {
        self.entry(source, name)?
            .ok_or_else(|| missing(source, name))
    }

    /// The shape that a tensor must have; `None` for one that no Llama of this configuration has.
    fn shape_of(&self, name: &str) -> Option<Vec<usize>> {
        let config = &self.config;
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let rest = match name {
            EMBEDDING | HEAD => return Some(vec![self.vocabulary.len(), hidden]),
            NORM => return Some(vec![hidden]),
            _ => name.strip_prefix(LAYERS)?,
        };
        let (index, rest) = rest.split_once('.')?;
        let is_layer = (0..config.layers).any(|layer| index == layer.to_string());
        if let ("input_layernorm.weight" | "post_attention_layernorm.weight", true) =
            (rest, is_layer)
        {
            return Some(vec![hidden]);
        }
        let (queries, keys) = (
            config.heads * config.head_width,
            config.kv_heads * config.head_width,
        );
        let (linear, what) = rest.rsplit_once('.')?;
        let (outputs, inputs, has_bias) = match linear {
            "self_attn.q_proj" => (queries, hidden, config.attention_bias),
            "self_attn.k_proj" | "self_attn.v_proj" => (keys, hidden, config.attention_bias),
            "self_attn.o_proj" => (hidden, queries, config.attention_bias),
            "mlp.gate_proj" | "mlp.up_proj" => (inner, hidden, config.mlp_bias),
            "mlp.down_proj" => (hidden, inner, config.mlp_bias),
            _ => return None,
        };
        match what {
            "weight" if is_layer => Some(vec![outputs, inputs]),
            "bias" if is_layer && has_bias => Some(vec![outputs]),
            _ => None,
        }
    }
}

fn missing(source: &str, name: &str) -> Error {
    format_error(source, &format!("tensor {name} is missing"))
}

impl<M: Clone> Llama<M> {
    /// Makes a Llama of weights in memory, which must hold exactly the embedding rows of the token ids
    /// `vocabulary`.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when a tensor is missing, surplus or misshapen; `CONFIG.GENERIC` for
    /// more rows than there is room for.
    pub fn load<O: Ops<Matrix = M>>(
        ops: &O,
        config: LlamaConfig,
        weights: Weights,
        vocabulary: &[u32],
        max_rows: usize,
    ) -> Result<Self> {
        let source = weights.source().to_owned();
        let mut builder = LlamaBuilder::new(config, vocabulary.to_vec(), max_rows)?;
        for (name, NamedTensor { shape, values }) in weights.into_tensors() {
            let tensor = Tensor::of_values(shape, &values).ok_or_else(|| {
                format_error(&source, &format!("tensor {name} is not of its size"))
            })?;
            builder.add(ops, &source, &name, &tensor)?;
        }
        builder.build(&source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::Sequence;
    use crate::ops::CpuOps;

    const CONFIG: &str = r#"{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "vocab_size": 5, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 3,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 2, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": 16, "tie_word_embeddings": false}"#;

    /// Every tensor but those whose name contains `without`, up to a state layer where there is one.
    fn built(layer: Option<usize>, without: &str) -> Result<Llama<<CpuOps as Ops>::Matrix>> {
        let config = LlamaConfig::parse(CONFIG.as_bytes())?;
        let mut builder = LlamaBuilder::new(config, (0..5).collect(), 8)?;
        if let Some(layer) = layer {
            builder = builder.up_to(layer);
        }
        let layers = (0..3).flat_map(|index| {
            [
                "input_layernorm",
                "post_attention_layernorm",
                "self_attn.q_proj",
                "self_attn.k_proj",
                "self_attn.v_proj",
                "self_attn.o_proj",
                "mlp.gate_proj",
                "mlp.up_proj",
                "mlp.down_proj",
            ]
            .map(|name| format!("{LAYERS}{index}.{name}.weight"))
        });
        let names = layers.chain([EMBEDDING, HEAD, NORM].map(str::to_owned));
        for (seed, name) in names
            .enumerate()
            .filter(|(_, name)| !name.contains(without))
        {
            let shape = builder.shape_of(&name).unwrap_or_default();
            let values: Vec<f32> = (0..shape.iter().product())
                .map(|index| ((seed * 31 + index * 7) % 13) as f32 / 13.0 - 0.4)
                .collect();
            let tensor = Tensor::of_values(shape, &values).ok_or_else(|| missing("test", &name))?;
            builder.add(&CpuOps::new(), "test", &name, &tensor)?;
        }
        builder.build("test")
    }

    /// Half of an encoder that is read in its middle was held for nothing.
    #[test]
    fn layers_above_the_states_were_kept() -> Result<()> {
        let (ops, tokens) = (CpuOps::new(), [0, 3, 1, 2]);
        let hidden = |llama: &Llama<_>, layer| {
            let hidden = llama.hidden(&ops, &[Sequence::whole(&tokens)], layer);
            pollster::block_on(ops.read(&hidden)).unwrap_or_default()
        };
        let whole = built(None, "none")?;
        for layer in 0..=3 {
            let part = built(Some(layer), "none")?;
            assert_eq!((part.layers.len(), part.head.is_some()), (layer, false));
            let states = hidden(&part, layer);
            assert_eq!(
                (states.len(), &states),
                (16, &hidden(&whole, layer)),
                "layer {layer}"
            );
        }
        for without in [
            "layers.2.mlp.up_proj",
            "layers.1.input_layernorm",
            "layers.0.self_attn.k_proj",
        ] {
            let error = built(Some(1), without).map(|_| ()).expect_err(without);
            assert!(error.to_string().contains(without), "{error}");
        }
        Ok(())
    }
}
