//! The collapse monitor of a run: when it looks, what it tells of, and when it ends the run.

use super::run_dir::RunMonitor;
use clap::Args;
use genolewm::collapse::{
    CollapseAlert, CollapseCheck, CollapseMetrics, CollapseMonitor, CollapseThresholds, Criterion,
};
use genolewm::loss::kl_regularizer;
use genolewm_core::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};

/// The flags of the watch.
#[derive(Debug, Clone, Copy, Args, Serialize, Deserialize)]
pub struct CollapseSettings {
    /// Steps between looks of the collapse monitor at the validation batch (0: it never looks)
    #[arg(long, value_name = "STEPS", default_value_t = 500)]
    pub collapse_every: u64,
    /// Greatest regulariser that is no alert
    #[arg(long, value_name = "NATS", default_value_t = 10.0)]
    pub collapse_kl_max: f64,
    /// End the run with a checkpoint when the collapse monitor gives an alert
    #[arg(long)]
    #[serde(skip)]
    pub stop_on_collapse: bool,
}

/// What a look adds to a line of metrics.
#[derive(Debug, Clone, Serialize)]
pub struct CollapseFigures {
    /// The metrics.
    #[serde(flatten)]
    pub metrics: CollapseMetrics,
    /// Names of the criteria that gave an alert.
    pub collapse_alerts: Vec<&'static str>,
}

/// Watches one run.
#[derive(Debug)]
pub struct CollapseWatch {
    monitor: CollapseMonitor,
    stops: bool,
    /// The criteria of the last look: an alert that lasts is told of once.
    alerting: Vec<Criterion>,
}

impl CollapseWatch {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new(settings: &CollapseSettings) -> Self {
        Self {
            monitor: CollapseMonitor {
                log_every_steps: settings.collapse_every,
                thresholds: CollapseThresholds {
                    kl_reg_max: settings.collapse_kl_max,
                    ..CollapseThresholds::default()
                },
                initial_pairwise_pred_dist_mean: None,
            },
            stops: settings.stop_on_collapse,
            alerting: Vec::new(),
        }
    }

    /// Whether it looks after this step.
    #[must_use]
    pub const fn is_due(&self, step: u64) -> bool {
        self.monitor.should_log(step)
    }

    /// The distance of two predictions at the first look, by which later ones are judged. A checkpoint
    /// keeps it, so that a resumed run judges by the same.
    #[must_use]
    pub fn initial_distance(&self) -> Option<f32> {
        let initial = self.monitor.initial_pairwise_pred_dist_mean?;
        Some(initial as f32)
    }

    /// Goes on with the first distance of a checkpoint.
    pub fn restore(&mut self, initial_distance: f32) {
        self.monitor.initial_pairwise_pred_dist_mean = Some(f64::from(initial_distance));
    }

    /// Looks at predictions and targets, one vector of `width` after another, of a batch that is the
    /// same at every look. What is newly wrong goes to `warn`.
    ///
    /// # Errors
    /// As [`CollapseMonitor::observe`].
    pub fn look(
        &mut self,
        (prediction, target): (&[f32], &[f32]),
        width: usize,
        monitor: &RunMonitor,
        warn: &mut dyn FnMut(&str),
    ) -> Result<CollapseCheck> {
        let kl = kl_regularizer(target, width)?;
        let check = self.monitor.observe(prediction, target, width, kl)?;
        // In f32 from the first look on, as a checkpoint holds it.
        if let Some(initial) = self.initial_distance() {
            self.restore(initial);
        }
        monitor.collapse(&check);
        let lasting = core::mem::take(&mut self.alerting);
        for alert in &check.alerts {
            if !lasting.contains(&alert.criterion) {
                warn(&told(alert));
            }
            self.alerting.push(alert.criterion);
        }
        Ok(check)
    }

    /// The error that a run ends with after `step`, where it is to end at this check.
    #[must_use]
    pub fn end(&self, check: &CollapseCheck, step: u64) -> Option<Error> {
        let alert = check.alerts.first().filter(|_| self.stops)?;
        let error = Error::new(ErrorCode::TrainingCollapseDetected, told(alert))
            .with_detail("criterion", alert.criterion.as_str())
            .with_detail("value", alert.value)
            .with_detail("threshold", alert.threshold)
            .with_detail("step", step)
            .with_remedy(
                "lower the learning rate, or go on from the checkpoint without --stop-on-collapse",
            );
        Some(error)
    }
}

impl From<&CollapseCheck> for CollapseFigures {
    fn from(check: &CollapseCheck) -> Self {
        let names = check.alerts.iter().map(|alert| alert.criterion.as_str());
        Self {
            metrics: check.metrics,
            collapse_alerts: names.collect(),
        }
    }
}

fn told(alert: &CollapseAlert) -> String {
    let CollapseAlert {
        criterion,
        value,
        threshold,
    } = alert;
    let side = match criterion {
        Criterion::KlReg => "above",
        Criterion::PredVarPerDim | Criterion::PairwisePredDistMean => "below",
    };
    let name = criterion.as_str();
    format!("collapse monitor: {name} is {value:.6}, {side} {threshold:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(stop_on_collapse: bool) -> CollapseSettings {
        CollapseSettings {
            collapse_every: 5,
            collapse_kl_max: 1e9,
            stop_on_collapse,
        }
    }

    #[test]
    fn a_lasting_alert_is_told_of_once_and_may_end_the_run() {
        let mut watch = CollapseWatch::new(&settings(true));
        assert!(watch.is_due(10) && !watch.is_due(11));
        let spread = [1.0, 0.0, -1.0, 0.3, 0.2, 1.0];
        let close = spread.map(|x| 0.1 * x);
        let mut warnings = Vec::new();
        let mut look = |watch: &mut CollapseWatch, seen: &[f32]| {
            let mut warn = |text: &str| warnings.push(text.to_owned());
            let monitor = RunMonitor::default();
            watch.look((seen, seen), 2, &monitor, &mut warn).unwrap()
        };
        let fine = look(&mut watch, &spread);
        assert!(watch.end(&fine, 5).is_none());
        let wrong = look(&mut watch, &close);
        look(&mut watch, &close);
        assert_eq!(
            CollapseFigures::from(&wrong).collapse_alerts,
            ["pairwise_pred_dist_mean"]
        );
        let error = watch.end(&wrong, 10).unwrap();
        assert_eq!(error.code(), ErrorCode::TrainingCollapseDetected);
        assert!(
            CollapseWatch::new(&settings(false))
                .end(&wrong, 10)
                .is_none()
        );
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].contains("pairwise_pred_dist_mean"),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_restored_watch_judges_by_the_first_look() {
        let spread = [1.0, 0.0, -1.0, 0.3, 0.2, 1.0];
        let close = spread.map(|x| 0.1 * x);
        let monitor = RunMonitor::default();
        let mut first = CollapseWatch::new(&settings(false));
        first
            .look((&spread, &spread), 2, &monitor, &mut |_| {})
            .unwrap();
        let mut second = CollapseWatch::new(&settings(false));
        second.restore(first.initial_distance().unwrap());
        let alerts = |watch: &mut CollapseWatch| {
            let check = watch.look((&close, &close), 2, &monitor, &mut |_| {});
            check.unwrap().alerts
        };
        assert_eq!(alerts(&mut second), alerts(&mut first));
    }
}
