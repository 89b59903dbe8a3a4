//! The kernels: their sources, and pipelines made from them when they are first used.

use crate::quantize::Packing;
use crate::tensor::TensorType;
use std::collections::HashMap;

/// What every kernel may use.
const COMMON: &str = include_str!("shaders/common.wgsl");
const NORMS: &str = include_str!("shaders/norms.wgsl");
const ELEMENTWISE: &str = include_str!("shaders/elementwise.wgsl");
const MEANS: &str = include_str!("shaders/mean_rows.wgsl");
const COPIES: &str = include_str!("shaders/copies.wgsl");

/// Columns of a head that attention holds at once.
const HEAD_CHUNK: usize = 32;

/// A kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    /// With weights that are stored so.
    Matmul(TensorType),
    RmsNorm,
    LayerNorm,
    NormalizeRows,
    Add,
    AddRow,
    ScaleRows,
    SiluGate,
    Gelu,
    Rotate,
    Gather,
    PlaceColumns,
    MeanRows,
    MeanRowsCarried,
    /// For heads of so many chunks of [`HEAD_CHUNK`] columns.
    Attention(usize),
}

impl Kernel {
    /// Those that every model runs, beside attention over heads of its own width.
    pub(super) const OF_ANY_MODEL: [Self; 12] = [
        Self::Matmul(TensorType::F32),
        Self::RmsNorm,
        Self::LayerNorm,
        Self::NormalizeRows,
        Self::Add,
        Self::AddRow,
        Self::SiluGate,
        Self::Gelu,
        Self::Rotate,
        Self::Gather,
        Self::PlaceColumns,
        Self::MeanRows,
    ];

    /// Attention over heads of `head_width` columns.
    pub(super) fn attention(head_width: usize) -> Self {
        Self::Attention(head_width.div_ceil(HEAD_CHUNK))
    }

    /// The name of its function, how many buffers it reads besides its parameters, and its file.
    const fn facts(self) -> (&'static str, u32, &'static str) {
        match self {
            Self::Matmul(_) => ("matmul", 4, include_str!("shaders/matmul.wgsl")),
            Self::RmsNorm => ("rms_norm", 2, NORMS),
            Self::LayerNorm => ("layer_norm", 3, NORMS),
            Self::NormalizeRows => ("normalize_rows", 1, NORMS),
            Self::Add => ("add", 2, ELEMENTWISE),
            Self::AddRow => ("add_row", 2, ELEMENTWISE),
            Self::ScaleRows => ("scale_rows", 2, ELEMENTWISE),
            Self::SiluGate => ("silu_gate", 2, ELEMENTWISE),
            Self::Gelu => ("gelu", 1, ELEMENTWISE),
            Self::Rotate => ("rotate", 3, include_str!("shaders/rotate.wgsl")),
            Self::Gather => ("gather", 2, COPIES),
            Self::PlaceColumns => ("place_columns", 1, COPIES),
            Self::MeanRows => ("mean_rows", 2, MEANS),
            Self::MeanRowsCarried => ("mean_rows_carried", 2, MEANS),
            Self::Attention(_) => ("attention", 4, include_str!("shaders/attention.wgsl")),
        }
    }

    fn source(self) -> String {
        let (_, _, own) = self.facts();
        let source = format!("{COMMON}\n{own}");
        match self {
            Self::Attention(chunks) => repeat_chunks(&source, chunks),
            Self::Matmul(kind) => source.replace("$WEIGHT", widening(kind)),
            _ => source,
        }
    }
}

/// The function that widens one weight.
const fn widening(kind: TensorType) -> &'static str {
    match kind {
        TensorType::F32 => "f32_at",
        TensorType::F16 => "f16_at",
        TensorType::Bf16 => "bf16_at",
        TensorType::Packed(Packing::Int8) => "int8_at",
        TensorType::Packed(Packing::Int4) => "int4_at",
    }
}

/// Repeats the lines that speak of `$CHUNK`, once for each chunk. Registers cannot be indexed, so
/// a variable for each chunk takes the place of an array.
fn repeat_chunks(source: &str, chunks: usize) -> String {
    let mut expanded = String::with_capacity(2 * source.len());
    for line in source.lines() {
        if line.contains("$CHUNK") {
            for chunk in 0..chunks {
                expanded.push_str(&line.replace("$CHUNK", &chunk.to_string()));
                expanded.push('\n');
            }
        } else {
            expanded.push_str(line);
            expanded.push('\n');
        }
    }
    expanded
}

/// A kernel that can be run.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
}

/// Pipelines and layouts that have been made.
#[derive(Debug, Default)]
pub(super) struct Pipelines {
    pipelines: HashMap<Kernel, Pipeline>,
    /// By the number of buffers that are read.
    layouts: HashMap<u32, wgpu::BindGroupLayout>,
}

impl Pipelines {
    /// The pipeline of `kernel`.
    pub(super) fn get(&mut self, device: &wgpu::Device, kernel: Kernel) -> Pipeline {
        if let Some(pipeline) = self.pipelines.get(&kernel) {
            return pipeline.clone();
        }
        let (_, reads, _) = kernel.facts();
        let layout = self
            .layouts
            .entry(reads)
            .or_insert_with(|| bind_group_layout(device, reads))
            .clone();
        let pipeline = Pipeline {
            pipeline: compute_pipeline(device, kernel, &layout),
            layout,
        };
        self.pipelines.insert(kernel, pipeline.clone());
        pipeline
    }
}

/// Parameters at binding 0, the result at 1, then what is read.
fn bind_group_layout(device: &wgpu::Device, reads: u32) -> wgpu::BindGroupLayout {
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    let mut entries = vec![
        entry(0, wgpu::BufferBindingType::Uniform),
        entry(1, storage(false)),
    ];
    entries.extend((0..reads).map(|index| entry(2 + index, storage(true))));
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    })
}

fn compute_pipeline(
    device: &wgpu::Device,
    kernel: Kernel,
    layout: &wgpu::BindGroupLayout,
) -> wgpu::ComputePipeline {
    let label = Some(kernel.facts().0);
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label,
        source: wgpu::ShaderSource::Wgsl(kernel.source().into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label,
        bind_group_layouts: &[Some(layout)],
        ..Default::default()
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: Some(&layout),
        module: &module,
        entry_point: label,
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}
