//! The causal state encoder with a reusable prefix: a stock Llama whose hidden states, pooled
//! around a locus, are the state of a window (Carbon, arXiv; Hugging Face `LlamaForCausalLM`).

mod config;
mod plan;
mod layout;
mod rope;
mod llama;
mod builder;
mod likelihood;
mod state;

pub use builder::LlamaBuilder;
pub use config::{LlamaConfig, RopeScaling, resolve_layer};
pub use likelihood::LogLikelihood;
pub use llama::{Layer, Llama};
pub use plan::{RowPlan, Sequence};
pub use state::{EditedWindow, Site, StateEncoder, StateSpec, States, pool_states};
