//! The numbers that products of matrices are computed in.

#[cfg(feature = "burn")]
use burn::tensor::{FloatDType, Tensor};
use core::fmt;
use core::str::FromStr;
use genolewm_core::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// The numbers that products of matrices are computed in. Everything else (weights, norms, softmax,
/// losses, gradients' sums) stays f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits with the range of f32 and 8 bits of precision: factors are rounded to it before a
    /// product, and the product is widened again.
    Bf16,
    /// 8 bits: weights share a scale a column, what is multiplied with them one a row. For scoring alone.
    Int8,
}

#[cfg(feature = "burn")]
impl Precision {
    /// The product of matrices, or of stacks of them; burn has none of [`Self::Int8`].
    #[must_use]
    pub fn product<const D: usize>(self, a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
        match self {
            Self::F32 | Self::Int8 => a.matmul(b),
            Self::Bf16 => a
                .cast(FloatDType::BF16)
                .matmul(b.cast(FloatDType::BF16))
                .cast(FloatDType::F32),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "int8" => Ok(Self::Int8),
            _ => Err(
                Error::new(ErrorCode::ConfigGeneric, "there is no such precision")
                    .with_detail("precision", text)
                    .with_remedy("use f32, bf16 or, to score on the processor, int8"),
            ),
        }
    }
}

#[cfg(all(test, feature = "burn"))]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn values(x: Tensor<2>) -> Vec<f32> {
        x.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn bf16_rounds_factors_and_widens_the_product() {
        let device = Device::flex();
        // 1 + 2^-9 has no bf16: it is 1.
        let a = Tensor::<2>::from_data([[1.0 + 1.0 / 512.0, 2.0]], &device);
        let b = Tensor::<2>::from_data([[1.0], [0.5]], &device);
        let product = |precision: Precision| values(precision.product(a.clone(), b.clone()));
        assert_eq!(product(Precision::F32), [2.0 + 1.0 / 512.0]);
        assert_eq!(product(Precision::Bf16), [2.0]);
    }

    #[test]
    fn gradients_of_a_bf16_product_are_f32() {
        let device = Device::flex().autodiff();
        let a = Tensor::<2>::from_data([[3.0, 2.0]], &device).require_grad();
        let b = Tensor::<2>::from_data([[1.0], [0.5]], &device);
        let gradients = Precision::Bf16.product(a.clone(), b).sum().backward();
        assert_eq!(values(a.grad(&gradients).unwrap()), [1.0, 0.5]);
    }

    #[test]
    fn precisions_have_names() {
        for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
            assert_eq!(
                precision.to_string().parse::<Precision>().unwrap(),
                precision
            );
        }
        let error = "fp8".parse::<Precision>().unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigGeneric);
    }
}
