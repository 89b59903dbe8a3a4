//! Metrics of a run over its steps, as an SVG picture.

use super::metrics::{MetricsLine, series};
use super::svg::Plot;

/// One line for each of the metrics `names`. The axis is named where there is one line; of several the
/// legend tells.
#[must_use]
pub fn curves(rows: &[MetricsLine], title: &str, names: &[impl AsRef<str>]) -> Plot {
    let label = match names {
        [only] => only.as_ref(),
        _ => "",
    };
    let plot = Plot::new(title, "step", label);
    names.iter().map(AsRef::as_ref).fold(plot, |plot, name| {
        plot.line(name, series(rows, "step", name))
    })
}
