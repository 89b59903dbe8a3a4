//! The report: what must be known first, then figures, pictures, and what they rest on.

use super::combine::{Combined, IDENTITY};
use super::findings::calibration_error;
use super::members::{bounds, count, list, number, text};
use super::metric::Metric;
use super::own::{aurocs, class_name, sides, tasks};
use super::plots;
use genolewm_core::provenance::Json;
use genolewm_report::document::{Block, Document, Figure, Table};
use genolewm_report::python::general;

const BANNER: &str = "GenoLeWM is a research tool, not a diagnostic. These figures say how a model did \
    on some data; they do not show that any score is of use to a patient.";

impl Combined {
    /// The report.
    #[must_use]
    pub fn report(&self) -> Document {
        let release = self.identity.get("model_release");
        let title = release.map_or("Evaluation report".to_owned(), |release| {
            format!("Evaluation of {release}")
        });
        let mut blocks = vec![Block::Table(self.about())];
        blocks.push(Block::Heading("Negative findings".to_owned()));
        blocks.push(if self.findings.is_empty() {
            let none = "Every figure is better than its baseline and its interval excludes chance.";
            Block::Paragraph(none.to_owned())
        } else {
            Block::List(self.findings.clone())
        });
        section(&mut blocks, "Figures", vec![Block::Table(self.figures())]);
        let curves = pictures(plots::curves(self));
        section(&mut blocks, "ROC and precision-recall", curves);
        let mut calibration = pictures(plots::calibration(self));
        calibration.extend(filled(self.calibration()).map(Block::Table));
        section(&mut blocks, "Calibration", calibration);
        self.add_classes(&mut blocks);
        let comparisons = filled(self.comparisons()).map(Block::Table);
        section(
            &mut blocks,
            "Comparisons",
            comparisons.into_iter().collect(),
        );
        let mut rollouts = pictures(plots::rollouts(self));
        rollouts.splice(0..0, filled(self.steps()).map(Block::Table));
        section(&mut blocks, "Rollouts by number of edits", rollouts);
        for (heading, texts) in [
            ("Limitations", &self.limitations),
            ("Stated by the files", &self.stated),
            ("Conclusions", &self.conclusions),
        ] {
            if !texts.is_empty() {
                section(&mut blocks, heading, vec![Block::List(texts.clone())]);
            }
        }
        section(&mut blocks, "Artifacts", vec![Block::Table(self.files())]);
        Document {
            title,
            banner: BANNER.to_owned(),
            blocks,
        }
    }

    fn about(&self) -> Table {
        let mut table = Table::new(2, &["about", "this report"]);
        let given = IDENTITY
            .iter()
            .filter_map(|key| Some((*key, self.identity.get(key)?)));
        let time = self
            .generated_at
            .as_ref()
            .map(|time| ("last measured", time));
        for (key, value) in given.chain(time) {
            table.rows.push(vec![key.replace('_', " "), value.clone()]);
        }
        let counts = format!("{} of {} files", self.metrics.len(), self.inputs());
        table.rows.push(vec!["figures".to_owned(), counts]);
        table
    }

    fn inputs(&self) -> usize {
        let roles = self.artifacts.keys();
        roles
            .filter(|role| role.starts_with("metrics_input_"))
            .count()
    }

    fn figures(&self) -> Table {
        let head = [
            "split",
            "metric",
            "baseline",
            "value",
            "interval",
            "baseline's",
            "difference",
            "n",
        ];
        let mut table = Table::new(3, &head);
        let metrics = self.metrics.iter();
        // Those of classes have a table of their own.
        let metrics = metrics.filter(|metric| !metric.name.starts_with("auroc_"));
        table.rows.extend(metrics.map(figure_row));
        table
    }

    fn calibration(&self) -> Table {
        let mut table = Table::new(1, &["split", "mean distance from the share of positives"]);
        for curves in self.list("curves") {
            if let Some(error) = calibration_error(curves) {
                let split = text(curves, "split").to_owned();
                table.rows.push(vec![split, format!("{error:.4}")]);
            }
        }
        table
    }

    fn add_classes(&self, blocks: &mut Vec<Block>) {
        for evaluation in self.list("evaluations") {
            for (task, classes) in tasks(evaluation) {
                let heading = format!("AUROC by class: {task}");
                let table = filled(class_table(classes)).map(Block::Table);
                section(blocks, &heading, table.into_iter().collect());
            }
        }
        let mut table = Table::new(3, &["split", "class", "score", "AUROC", "interval", "n"]);
        for stratum in self.list("strata") {
            let rows = list(stratum, "metrics").iter();
            for row in rows.filter(|row| matches!(text(row, "name"), "auroc" | "spearman_rho")) {
                table.rows.push(vec![
                    text(stratum, "split").to_owned(),
                    text(stratum, "stratum").to_owned(),
                    text(row, "score").to_owned(),
                    number(row, "value").map_or(String::new(), |value| format!("{value:.3}")),
                    interval(bounds(row, ["ci_low", "ci_high"])),
                    whole(count(stratum, "n")),
                ]);
            }
        }
        let table = filled(table).map(Block::Table);
        section(blocks, "By consequence", table.into_iter().collect());
    }

    fn comparisons(&self) -> Table {
        let head = [
            "split",
            "metric",
            "score",
            "compared with",
            "value",
            "other's",
            "difference",
            "interval",
            "p, bootstrap",
            "p, DeLong",
        ];
        let mut table = Table::new(4, &head);
        for row in self.list("comparisons") {
            let words = ["split", "metric", "score", "compared_with"].map(|key| text(row, key));
            let figures = ["value", "compared_value", "difference"].map(|key| figure(row, key));
            let mut cells: Vec<String> = words.map(str::to_owned).into();
            cells.extend(figures);
            cells.push(interval(bounds(row, ["ci_low", "ci_high"])));
            cells.extend(["bootstrap_p", "delong_p"].map(|key| figure(row, key)));
            table.rows.push(cells);
        }
        table
    }

    fn steps(&self) -> Table {
        let head = [
            "split",
            "edits",
            "rows",
            "cosine",
            "source's",
            "distance",
            "source's",
            "recall",
            "source's",
            "among the first",
        ];
        let mut table = Table::new(1, &head);
        for step in self.list("rollout_stratification") {
            let mut cells = vec![text(step, "split").to_owned()];
            cells.extend(["k", "n"].map(|key| whole(count(step, key))));
            cells.extend(
                [
                    "cosine_similarity_mean",
                    "naive_baseline_cosine_mean",
                    "l2_distance_mean",
                    "naive_baseline_l2_mean",
                    "recall_at_k",
                    "naive_baseline_recall_at_k",
                ]
                .map(|key| figure(step, key)),
            );
            cells.push(whole(count(step, "recall_k")));
            table.rows.push(cells);
        }
        table
    }

    fn files(&self) -> Table {
        let mut table = Table::new(2, &["role", "file"]);
        for (role, path) in &self.artifacts {
            table.rows.push(vec![role.clone(), path.clone()]);
        }
        for baseline in self.list("baselines") {
            let made = format!(
                "{} records scored by {} {}",
                count(baseline, "records").unwrap_or_default(),
                text(baseline, "carbon_model"),
                text(baseline, "carbon_revision")
            );
            table.rows.push(vec!["baseline".to_owned(), made]);
        }
        table
    }
}

fn figure_row(metric: &Metric) -> Vec<String> {
    let baseline = metric.baseline.as_ref();
    vec![
        metric.split.clone(),
        metric.name.clone(),
        baseline.map_or(String::new(), |(name, _)| name.clone()),
        general(metric.value),
        interval(metric.interval),
        baseline.map_or(String::new(), |(_, value)| general(*value)),
        baseline.map_or(String::new(), |(_, value)| general(metric.value - value)),
        whole(metric.n),
    ]
}

/// A row for each score, a column for each class in which one was measured.
fn class_table(classes: &[Json]) -> Table {
    let measured = classes.iter().map(|class| (class, aurocs(class)));
    let measured: Vec<_> = measured.filter(|(_, scores)| !scores.is_empty()).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, ..) in measured.iter().flat_map(|(_, scores)| scores) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let mut head = vec!["score".to_owned()];
    head.extend(measured.iter().map(|(class, _)| {
        let sides = sides(class).map(|[positive, negative]| format!(" ({positive} / {negative})"));
        class_name(class).replace('_', " ") + &sides.unwrap_or_default()
    }));
    let row = |name: &&str| {
        let cells = measured.iter().map(|(_, scores)| {
            let found = scores.iter().find(|(score, ..)| score == name);
            found.map_or(String::new(), |(_, value, range)| {
                format!(
                    "{value:.3}{}",
                    range.map_or(String::new(), |[low, high]| {
                        format!(" ({low:.3} to {high:.3})")
                    })
                )
            })
        });
        std::iter::once((*name).to_owned()).chain(cells).collect()
    };
    Table {
        text_columns: 1,
        rows: names.iter().map(row).collect(),
        head,
    }
}

fn section(blocks: &mut Vec<Block>, heading: &str, content: Vec<Block>) {
    if !content.is_empty() {
        blocks.push(Block::Heading(heading.to_owned()));
        blocks.extend(content);
    }
}

fn pictures(figures: Vec<Figure>) -> Vec<Block> {
    if figures.is_empty() {
        Vec::new()
    } else {
        vec![Block::Figures(figures)]
    }
}

fn filled(table: Table) -> Option<Table> {
    (!table.rows.is_empty()).then_some(table)
}

fn interval(bounds: Option<[f64; 2]>) -> String {
    bounds.map_or(String::new(), |[low, high]| {
        format!("{} to {}", general(low), general(high))
    })
}

fn figure(row: &Json, key: &str) -> String {
    number(row, key).map_or(String::new(), general)
}

fn whole(count: Option<u64>) -> String {
    count.map_or(String::new(), |count| count.to_string())
}
