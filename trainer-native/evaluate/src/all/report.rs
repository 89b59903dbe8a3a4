//! The report: what must be known first, then figures, pictures, and what they rest on.

use super::combine::Combined;
use super::plots;
use crate::metrics_file::rows::{ConfidenceInterval, MetricRow};
use crate::scores::{Auroc, ClassFigures};
use genolewm_report::document::{Document, Picture, ReportBlock, Table};
use genolewm_report::python::number::general;

const BANNER: &str = "GenoLeWM is a research tool, not a diagnostic. These figures say how a model did \
    on some data; they do not show that any score is of use to a patient.";

impl Combined {
    /// The report.
    #[must_use]
    pub fn report(&self) -> Document {
        let release = self.figures.release.model_release.as_ref();
        let title = release.map_or("Evaluation report".to_owned(), |release| {
            format!("Evaluation of {release}")
        });
        let mut blocks = vec![ReportBlock::Table(self.about())];
        blocks.push(ReportBlock::Heading("Negative findings".to_owned()));
        blocks.push(if self.findings.is_empty() {
            let none = "Every figure is better than its baseline and its interval excludes chance.";
            ReportBlock::Paragraph(none.to_owned())
        } else {
            ReportBlock::List(self.findings.clone())
        });
        section(&mut blocks, "Figures", [ReportBlock::Table(self.figures())]);
        let curves = pictures(plots::curves(self));
        section(&mut blocks, "ROC and precision-recall", curves);
        let mut calibration = pictures(plots::calibration(self));
        calibration.extend(filled(self.calibration()));
        section(&mut blocks, "Calibration", calibration);
        self.add_classes(&mut blocks);
        section(&mut blocks, "Comparisons", filled(self.comparisons()));
        let mut rollouts = pictures(plots::rollouts(self));
        rollouts.splice(0..0, filled(self.steps()));
        section(&mut blocks, "Rollouts by number of edits", rollouts);
        for (heading, texts) in [
            ("Limitations", &self.figures.limitations),
            ("Stated by the files", &self.stated),
            ("Conclusions", &self.figures.conclusions),
        ] {
            if !texts.is_empty() {
                section(&mut blocks, heading, [ReportBlock::List(texts.clone())]);
            }
        }
        section(&mut blocks, "Artifacts", [ReportBlock::Table(self.files())]);
        Document {
            title,
            banner: BANNER.to_owned(),
            blocks,
        }
    }

    fn about(&self) -> Table {
        let mut table = Table::new(2, &["about", "this report"]);
        let (mut release, mut time) = (
            self.figures.release.clone(),
            self.figures.generated_at.clone(),
        );
        let given = release.members().into_iter();
        for (key, value) in given.chain([("last measured", &mut time)]) {
            let value = value.take().map(|value| vec![key.replace('_', " "), value]);
            table.rows.extend(value);
        }
        let counts = format!("{} of {} files", self.figures.metrics.len(), self.inputs());
        table.rows.push(vec!["figures".to_owned(), counts]);
        table
    }

    fn inputs(&self) -> usize {
        let roles = self.figures.artifacts.keys();
        roles
            .filter(|role| role.starts_with("metrics_input_"))
            .count()
    }

    fn figures(&self) -> Table {
        let head = "split|metric|baseline|value|interval|baseline's|difference|n";
        let mut table = Table::new(3, &head.split('|').collect::<Vec<_>>());
        let metrics = self.figures.metrics.iter();
        // Those of classes have a table of their own.
        let metrics = metrics.filter(|metric| !metric.name.starts_with("auroc_"));
        table.rows.extend(metrics.map(figure_row));
        table
    }

    fn calibration(&self) -> Table {
        let mut table = Table::new(1, &["split", "mean distance from the share of positives"]);
        let curves = self.figures.all_curves().iter();
        let measured = curves.filter_map(|of| Some((named(&of.split), of.calibration_error()?)));
        let rows = measured.map(|(split, error)| vec![split, format!("{error:.4}")]);
        table.rows.extend(rows);
        table
    }

    fn add_classes(&self, blocks: &mut Vec<ReportBlock>) {
        for evaluation in &self.figures.evaluations {
            for (task, classes) in evaluation.tasks() {
                let heading = format!("AUROC by class: {task}");
                section(blocks, &heading, filled(class_table(&classes)));
            }
        }
        let mut table = Table::new(3, &["split", "class", "score", "AUROC", "interval", "n"]);
        for stratum in &self.figures.strata {
            let rows = stratum.metrics.iter();
            for row in rows.filter(|row| matches!(row.name.as_str(), "auroc" | "spearman_rho")) {
                table.rows.push(vec![
                    named(&stratum.split),
                    stratum.stratum.clone(),
                    row.score.clone(),
                    format!("{:.3}", row.value),
                    interval(row.interval),
                    stratum.n.to_string(),
                ]);
            }
        }
        section(blocks, "By consequence", filled(table));
    }

    fn comparisons(&self) -> Table {
        let head = "split|metric|score|compared with|value|other's|difference|interval|\
                    p, bootstrap|p, DeLong";
        let mut table = Table::new(4, &head.split('|').collect::<Vec<_>>());
        let optional = |value: Option<f64>| value.map_or(String::new(), general);
        for row in &self.figures.comparisons {
            table.rows.push(vec![
                named(&row.split),
                row.metric.clone(),
                row.score.clone(),
                row.compared_with.clone(),
                general(row.value),
                general(row.compared_value),
                general(row.difference),
                interval(row.interval),
                optional(row.bootstrap_p),
                optional(row.delong.and_then(|test| test.delong_p)),
            ]);
        }
        table
    }

    fn steps(&self) -> Table {
        let head = "split|edits|rows|cosine|source's|distance|source's|recall|source's|\
                    among the first";
        let mut table = Table::new(1, &head.split('|').collect::<Vec<_>>());
        for step in &self.figures.rollout_stratification {
            let figures = [
                step.cosine_similarity_mean,
                step.naive_baseline_cosine_mean,
                step.l2_distance_mean,
                step.naive_baseline_l2_mean,
                step.recall_at_k,
                step.naive_baseline_recall_at_k,
            ];
            let mut cells = vec![step.split.clone(), whole(step.k), step.n.to_string()];
            cells.extend(figures.map(general));
            cells.push(step.recall_k.to_string());
            table.rows.push(cells);
        }
        table
    }

    fn files(&self) -> Table {
        let mut table = Table::new(2, &["role", "file"]);
        for (role, path) in &self.figures.artifacts {
            table.rows.push(vec![role.clone(), path.clone()]);
        }
        for baseline in &self.figures.baselines {
            let made = format!(
                "{} records scored by {} {}",
                baseline.records, baseline.carbon_model, baseline.carbon_revision
            );
            table.rows.push(vec!["baseline".to_owned(), made]);
        }
        table
    }
}

fn figure_row(metric: &MetricRow) -> Vec<String> {
    let baseline = metric.baseline.as_ref();
    let value = baseline.map(|of| of.baseline_value);
    vec![
        metric.split.clone(),
        metric.name.clone(),
        baseline.map_or(String::new(), |of| of.baseline.clone()),
        general(metric.value),
        interval(metric.interval),
        value.map_or(String::new(), general),
        value.map_or(String::new(), |value| general(metric.value - value)),
        whole(metric.n),
    ]
}

/// A row for each score, a column for each class in which one was measured.
fn class_table(classes: &[ClassFigures<'_>]) -> Table {
    let classes = classes.iter();
    let measured: Vec<_> = classes.filter(|class| !class.auroc.is_empty()).collect();
    let mut names: Vec<&String> = Vec::new();
    for name in measured.iter().flat_map(|class| class.auroc.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut head = vec!["score".to_owned()];
    head.extend(measured.iter().map(|class| {
        let [positive, negative] = class.sides;
        format!("{} ({positive} / {negative})", class.name.replace('_', " "))
    }));
    let cell = |of: &Auroc| format!("{:.3} ({:.3} to {:.3})", of.auroc, of.low, of.high);
    let row = |name: &&String| {
        let cells = measured.iter();
        let cells = cells.map(|class| class.auroc.get(*name).map_or(String::new(), cell));
        std::iter::once((*name).clone()).chain(cells).collect()
    };
    Table {
        text_columns: 1,
        rows: names.iter().map(row).collect(),
        head,
    }
}

fn section(
    blocks: &mut Vec<ReportBlock>,
    heading: &str,
    content: impl IntoIterator<Item = ReportBlock>,
) {
    let mut content = content.into_iter().peekable();
    if content.peek().is_some() {
        blocks.push(ReportBlock::Heading(heading.to_owned()));
        blocks.extend(content);
    }
}

fn pictures(figures: Vec<Picture>) -> Vec<ReportBlock> {
    let blocks = (!figures.is_empty()).then_some(ReportBlock::Pictures(figures));
    blocks.into_iter().collect()
}

fn filled(table: Table) -> Option<ReportBlock> {
    (!table.rows.is_empty()).then_some(ReportBlock::Table(table))
}

fn interval(bounds: Option<ConfidenceInterval>) -> String {
    bounds.map_or(String::new(), |of| {
        format!("{} to {}", general(of.ci_low), general(of.ci_high))
    })
}

fn named(split: &Option<String>) -> String {
    split.clone().unwrap_or_default()
}

fn whole(count: Option<u64>) -> String {
    count.map_or(String::new(), |count| count.to_string())
}
