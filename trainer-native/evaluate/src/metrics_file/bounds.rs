//! What a figure must reach, so that a script can tell a model that became worse.

use super::file::MetricsFile;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::{emit, events};
use std::fmt;
use std::str::FromStr;

/// A metric and the value that it must reach.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricBound {
    name: String,
    value: f64,
}

impl FromStr for MetricBound {
    type Err = Error;

    /// As `auroc=0.8`.
    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('=');
        let parts = parts.and_then(|(name, value)| Some((name, value.parse::<f64>().ok()?)));
        match parts {
            Some((name, value)) if value.is_finite() && !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value,
            }),
            _ => Err(Error::input("a bound is a metric and a number")
                .with_detail("text", text)
                .with_remedy("write it as auroc=0.8")),
        }
    }
}

impl fmt::Display for MetricBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

impl MetricBound {
    /// Fails where a figure of this name is worse than the bound.
    ///
    /// # Errors
    /// `EVAL.REGRESSION` for a worse one, `INPUT.GENERIC` where there is none.
    pub fn check(&self, file: &MetricsFile) -> Result<()> {
        let mut found = file
            .metrics
            .iter()
            .filter(|row| row.name == self.name)
            .peekable();
        if found.peek().is_none() {
            let names: Vec<&str> = file.metrics.iter().map(|row| row.name.as_str()).collect();
            return Err(Error::input("there is no such metric")
                .with_detail("metric", &self.name)
                .with_remedy(format!("name one of {}", names.join(", "))));
        }
        let worse = found.find(|row| match row.higher_is_better {
            true => row.value < self.value,
            false => row.value > self.value,
        });
        worse.map_or(Ok(()), |row| {
            emit!(
                events::EVAL_REGRESSION,
                metric = self.name.as_str(),
                current = row.value,
                threshold = self.value,
                delta = row.value - self.value
            );
            let message = format!("{} is worse than was asked for", self.name);
            Err(Error::new(ErrorCode::EvalRegression, message)
                .with_detail("value", row.value)
                .with_detail("bound", self.value)
                .with_remedy("see what changed since the bound was reached, or lower it"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics_file::rows::MetricRow;

    #[test]
    fn a_worse_figure_is_a_regression() -> Result<()> {
        let row = |name: &str, value, higher_is_better| MetricRow {
            name: name.to_owned(),
            value,
            higher_is_better,
            ..MetricRow::default()
        };
        let file = MetricsFile {
            metrics: vec![row("auroc", 0.8, true), row("error", 0.2, false)],
            ..MetricsFile::default()
        };
        for bound in ["auroc=0.8", "auroc=0.7", "error=0.2", "error=0.3"] {
            bound.parse::<MetricBound>()?.check(&file)?;
        }
        for (bound, code) in [
            ("auroc=0.81", ErrorCode::EvalRegression),
            ("error=0.1", ErrorCode::EvalRegression),
            ("auprc=0.1", ErrorCode::InputGeneric),
        ] {
            let error = bound.parse::<MetricBound>()?.check(&file).unwrap_err();
            assert_eq!(error.code(), code, "{bound}");
        }
        for slip in ["auroc", "auroc=", "=1", "auroc=nan", "auroc=x"] {
            assert!(slip.parse::<MetricBound>().is_err(), "{slip}");
        }
        Ok(())
    }
}
