//! The operations on burn's devices: CUDA, and with gradients.

mod attention;

use super::precision::Precision;
use super::{AttentionSpec, LayerNorm, Linear, Ops, Rotation};
use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation, module};
use core::ops::Range;
use genolewm_core::{Error, ErrorCode, Result};

/// What [`BurnOps`] computes with.
pub type BurnMatrix = Tensor<2>;

/// Runs the layers on a burn device. On a device with autodiff the results carry gradients.
#[derive(Debug, Clone)]
pub struct BurnOps {
    device: Device,
    name: &'static str,
    most_values: usize,
    precision: Precision,
}

/// What a pass is bound by, unless it is said: long passes keep many cores busy.
const MOST_VALUES: usize = 32 << 20;

impl BurnOps {
    /// A burn device, under the name that receipts give it.
    #[must_use]
    pub fn on(device: Device, name: &'static str) -> Self {
        Self {
            device,
            name,
            most_values: MOST_VALUES,
            precision: Precision::F32,
        }
    }

    /// The same with another bound on what a pass makes (see [`Ops::most_values`]).
    #[must_use]
    pub fn with_most_values(self, most_values: usize) -> Self {
        Self {
            most_values,
            ..self
        }
    }

    /// The same with products in another precision.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// What products are computed in.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// The device that matrices live on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    fn indices(&self, ids: &[usize]) -> Tensor<1, Int> {
        let count = ids.len();
        let ids: Vec<i64> = ids.iter().map(|&id| id as i64).collect();
        Tensor::from_data(TensorData::new(ids, [count]), &self.device)
    }

    /// The matrix whose product with `rows` rows gives the means of `spans`: one product instead of
    /// a slice for each span, whose gradients would each fill a whole matrix.
    fn averaging(&self, spans: &[[Range<usize>; 2]], rows: usize) -> Tensor<2> {
        self.weights(spans, rows, |count| 1.0 / count)
    }

    /// The same of any weight, which follows from the number of a span's rows.
    fn weights(
        &self,
        spans: &[[Range<usize>; 2]],
        rows: usize,
        weight: impl Fn(f32) -> f32,
    ) -> Tensor<2> {
        let mut weights = vec![0.0; spans.len() * rows];
        for (span, weights) in spans.iter().zip(weights.chunks_exact_mut(rows)) {
            let share = weight(row_count(span));
            span.iter()
                .cloned()
                .flatten()
                .for_each(|row| weights[row] += share);
        }
        self.matrix(weights, spans.len(), rows)
    }
}

fn row_count(span: &[Range<usize>; 2]) -> f32 {
    (span[0].len() + span[1].len()) as f32
}

impl Ops for BurnOps {
    type Matrix = BurnMatrix;

    fn backend(&self) -> &str {
        self.name
    }

    fn most_values(&self) -> usize {
        self.most_values
    }

    fn matrix(&self, values: Vec<f32>, rows: usize, columns: usize) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, [rows, columns]), &self.device)
    }

    async fn download(&self, x: &Tensor<2>) -> Result<Vec<f32>> {
        let data = x.clone().into_data_async().await.map_err(|error| {
            Error::new(
                ErrorCode::ResourceRuntimeSetup,
                format!("the device did not answer: {error:?}"),
            )
            .with_remedy("score again on the processor: --backend cpu")
        })?;
        data.try_into_vec::<f32>()
            .map_err(|error| Error::invariant(format!("a state is not f32: {error:?}")))
    }

    fn shape(&self, x: &Tensor<2>) -> [usize; 2] {
        x.dims()
    }

    fn linear(&self, x: &Tensor<2>, layer: &Linear<Tensor<2>>) -> Tensor<2> {
        let product = self.precision.product(x.clone(), layer.weight.clone());
        match &layer.bias {
            Some(bias) => product + bias.clone(),
            None => product,
        }
    }

    fn add(&self, a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
        a.clone() + b.clone()
    }

    fn add_row(&self, x: &Tensor<2>, row: &Tensor<2>) -> Tensor<2> {
        x.clone() + row.clone()
    }

    fn scale_rows(&self, x: &Tensor<2>, factors: &[f32]) -> Tensor<2> {
        x.clone() * self.matrix(factors.to_vec(), factors.len(), 1)
    }

    fn rms_norm(&self, x: &Tensor<2>, weight: &Tensor<2>, eps: f64) -> Tensor<2> {
        let mean_square = x.clone().square().mean_dim(1);
        x.clone() * mean_square.add_scalar(eps).sqrt().recip() * weight.clone()
    }

    fn layer_norm(&self, x: &Tensor<2>, norm: &LayerNorm<Tensor<2>>) -> Tensor<2> {
        let width = x.dims()[1];
        let [weight, bias] = [&norm.weight, &norm.bias].map(|row| row.clone().reshape([width]));
        module::layer_norm(x.clone(), weight, Some(bias), norm.eps)
    }

    fn silu_gate(&self, gate: &Tensor<2>, up: &Tensor<2>) -> Tensor<2> {
        activation::silu(gate.clone()) * up.clone()
    }

    fn gelu(&self, x: &Tensor<2>) -> Tensor<2> {
        activation::gelu(x.clone())
    }

    fn rotate(&self, x: &Tensor<2>, heads: usize, by: &Rotation<Tensor<2>>) -> Tensor<2> {
        let [rows, columns] = x.dims();
        let half = columns / heads / 2;
        let x = x.clone().reshape([rows, heads, 2 * half]);
        let [cos, sin] = [&by.cos, &by.sin].map(|m| m.clone().unsqueeze_dim::<3>(1));
        let low = x.clone().narrow(2, 0, half);
        let high = x.narrow(2, half, half);
        let turned_low = low.clone() * cos.clone() - high.clone() * sin.clone();
        let turned_high = high * cos + low * sin;
        Tensor::cat(vec![turned_low, turned_high], 2).reshape([rows, columns])
    }

    fn attention(
        &self,
        q: &Tensor<2>,
        k: &Tensor<2>,
        v: &Tensor<2>,
        spec: &AttentionSpec,
    ) -> Tensor<2> {
        self.attend_in_products(q, k, v, spec)
    }

    fn gather(&self, table: &Tensor<2>, ids: &[usize]) -> Tensor<2> {
        table.clone().select(0, self.indices(ids))
    }

    fn rows(&self, x: &Tensor<2>, rows: Range<usize>) -> Tensor<2> {
        if rows == (0..x.dims()[0]) {
            return x.clone();
        }
        x.clone().narrow(0, rows.start, rows.len())
    }

    fn concat_rows(&self, parts: &[Tensor<2>]) -> Tensor<2> {
        Tensor::cat(parts.to_vec(), 0)
    }

    fn concat_columns(&self, parts: &[Tensor<2>]) -> Tensor<2> {
        Tensor::cat(parts.to_vec(), 1)
    }

    fn mean_rows(&self, x: &Tensor<2>, spans: &[[Range<usize>; 2]]) -> Tensor<2> {
        self.averaging(spans, x.dims()[0]).matmul(x.clone())
    }

    fn mean_rows_in_f64(&self, x: &Tensor<2>, spans: &[[Range<usize>; 2]]) -> Tensor<2> {
        let ones = self.weights(spans, x.dims()[0], |_| 1.0);
        let counts = self.matrix(spans.iter().map(row_count).collect(), spans.len(), 1);
        let [ones, x, counts] = [ones, x.clone(), counts].map(|x| x.cast(DType::F64));
        (ones.matmul(x) / counts).cast(DType::F32)
    }

    fn unit_rows(&self, x: &Tensor<2>) -> Tensor<2> {
        let x = x.clone().cast(DType::F64);
        let norm = x.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
        (x / norm).cast(DType::F32)
    }

    fn normalize_rows(&self, x: &Tensor<2>) -> Tensor<2> {
        let norm = x.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
        x.clone() / norm
    }
}
