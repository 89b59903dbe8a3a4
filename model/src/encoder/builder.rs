//! A Llama made tensor by tensor, in whatever order its files have them: each becomes the backend's at once,
//! and no file need be held for it.

use super::config::LlamaConfig;
use super::llama::{EMBEDDING, HEAD, LAYERS, Layer, Llama, NORM};
use crate::ops::{Linear, Ops};
use crate::tensor::Tensor;
use crate::weights::{NamedTensor, Tables, Weights, format_error, misshapen};
use genolewm_core::Result;
use std::collections::BTreeMap;

/// What a Llama's tensors become, until all are there.
#[derive(Debug)]
pub struct LlamaBuilder<M> {
    config: LlamaConfig,
    vocabulary: Vec<u32>,
    max_rows: usize,
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
            made: BTreeMap::new(),
        })
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
        // Some exporters write the head of a tied model too.
        let is_idle = name == HEAD && self.config.tied_embeddings;
        let matrix = match wanted[..] {
            _ if is_idle => None,
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
        let layers = (0..self.config.layers).map(|index| self.layer(source, index));
        let layers = layers.collect::<Result<_>>()?;
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

    fn layer(&mut self, source: &str, index: usize) -> Result<Layer<M>> {
        let at = |name: &str| format!("{LAYERS}{index}.{name}");
        let (attention, mlp) = (self.config.attention_bias, self.config.mlp_bias);
        Ok(Layer {
            input_norm: self.take(source, &at("input_layernorm.weight"))?,
            q: self.linear(source, &at("self_attn.q_proj"), attention)?,
            k: self.linear(source, &at("self_attn.k_proj"), attention)?,
            v: self.linear(source, &at("self_attn.v_proj"), attention)?,
            o: self.linear(source, &at("self_attn.o_proj"), attention)?,
            post_norm: self.take(source, &at("post_attention_layernorm.weight"))?,
            gate: self.linear(source, &at("mlp.gate_proj"), mlp)?,
            up: self.linear(source, &at("mlp.up_proj"), mlp)?,
            down: self.linear(source, &at("mlp.down_proj"), mlp)?,
        })
    }

    fn linear(&mut self, source: &str, prefix: &str, bias: bool) -> Result<Linear<M>> {
        Ok(Linear {
            weight: self.take(source, &format!("{prefix}.weight"))?,
            bias: bias
                .then(|| self.take(source, &format!("{prefix}.bias")))
                .transpose()?,
        })
    }

    fn take(&mut self, source: &str, name: &str) -> Result<M> {
        let made = self.made.remove(name).flatten();
        made.ok_or_else(|| format_error(source, &format!("tensor {name} is missing")))
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
