//! The figures of `genolewm evaluate` as rows like those of `genolewm eval`.

use super::members::{bounds, count, list, member, number, text};
use genolewm_core::provenance::Json;
use std::collections::BTreeMap;

/// A figure, and what it is set against.
struct Figure<'a> {
    name: &'a str,
    value: Option<f64>,
    higher_is_better: bool,
    baseline: Option<(&'a str, f64)>,
}

/// All figures of an evaluation.
#[must_use]
pub fn rows(evaluation: &Json) -> Vec<Json> {
    let mut rows = Vec::new();
    if let Some(language) = member(evaluation, "language") {
        let n = count(language, "six_mers");
        rows.extend(
            language_figures(language)
                .iter()
                .filter_map(|figure| figure.row("held_out_sequence", n)),
        );
    }
    if let Some(Json::Object(kinds)) = member(evaluation, "prediction") {
        for (kind, of) in kinds {
            let n = count(of, "edits");
            let split = format!("prediction/{kind}");
            rows.extend(
                prediction_figures(of)
                    .iter()
                    .filter_map(|figure| figure.row(&split, n)),
            );
        }
    }
    if let Some(uniformity) = member(evaluation, "uniformity") {
        let n = count(uniformity, "variants");
        let figure = Figure {
            name: "ks_statistic",
            value: number(uniformity, "ks_statistic"),
            higher_is_better: false,
            baseline: None,
        };
        rows.extend(figure.row("common_variants", n));
    }
    for (task, classes) in tasks(evaluation) {
        rows.extend(classes.iter().flat_map(|class| class_rows(task, class)));
    }
    rows
}

/// What measures scores on classes of variants, with the classes: ClinVar, the groups of primate
/// substitutions, and whatever is laid out like them.
pub(super) fn tasks(evaluation: &Json) -> Vec<(&str, &[Json])> {
    let members = evaluation.as_object().into_iter().flatten();
    let classes = |of| match list(of, "classes") {
        [] => list(of, "groups"),
        classes => classes,
    };
    let tasks = members.map(|(name, of)| (name.as_str(), classes(of)));
    tasks.filter(|(_, classes)| !classes.is_empty()).collect()
}

/// The name of a class.
pub(super) fn class_name(class: &Json) -> &str {
    match text(class, "class") {
        "" => text(class, "group"),
        name => name,
    }
}

/// How many variants of a class are on either side: as many of a group's pairs.
pub(super) fn sides(class: &Json) -> Option<[u64; 2]> {
    let sides = count(class, "pathogenic").zip(count(class, "benign"));
    let sides = sides.map(|(pathogenic, benign)| [pathogenic, benign]);
    sides.or_else(|| Some([count(class, "pairs")?; 2]))
}

/// The scores of a class with their AUROC and its interval, by name.
pub(super) fn aurocs(class: &Json) -> Vec<(&str, f64, Option<[f64; 2]>)> {
    let Some(Json::Object(scores)) = member(class, "auroc") else {
        return Vec::new();
    };
    let scores = scores.iter();
    scores
        .filter_map(|(name, of)| {
            Some((
                name.as_str(),
                number(of, "auroc")?,
                bounds(of, ["low", "high"]),
            ))
        })
        .collect()
}

fn language_figures(language: &Json) -> [Figure<'_>; 3] {
    let markov = |key: &str| Some(("markov", number(member(language, "markov")?, key)?));
    [
        Figure {
            name: "six_mer_perplexity",
            value: number(language, "six_mer_perplexity"),
            higher_is_better: false,
            baseline: markov("six_mer_perplexity"),
        },
        Figure {
            name: "bits_per_base",
            value: number(language, "bits_per_base"),
            higher_is_better: false,
            baseline: markov("bits_per_base"),
        },
        Figure {
            name: "base_accuracy",
            value: number(language, "base_accuracy"),
            higher_is_better: true,
            // The encoder predicts six bases at once, and so does this figure of the chain.
            baseline: markov("base_accuracy_six_ahead"),
        },
    ]
}

fn prediction_figures(of: &Json) -> [Figure<'_>; 2] {
    let unchanged = |key: &str| Some(("unchanged", number(of, key)?));
    [
        Figure {
            name: "prediction_cosine",
            value: number(of, "prediction_cosine"),
            higher_is_better: true,
            baseline: unchanged("unchanged_cosine"),
        },
        Figure {
            name: "prediction_l2",
            value: number(of, "prediction_l2"),
            higher_is_better: false,
            baseline: unchanged("unchanged_l2"),
        },
    ]
}

fn class_rows(task: &str, class: &Json) -> Vec<Json> {
    let split = format!("{task}/{}", class_name(class));
    let n = sides(class).map(|[positive, negative]| positive + negative);
    let rows = aurocs(class)
        .into_iter()
        .filter_map(|(score, value, interval)| {
            let name = format!("auroc_{score}");
            let figure = Figure {
                name: &name,
                value: Some(value),
                higher_is_better: true,
                baseline: None,
            };
            let Json::Object(mut row) = figure.row(&split, n)? else {
                return None;
            };
            if let Some([low, high]) = interval {
                row.insert("ci_low".to_owned(), low.into());
                row.insert("ci_high".to_owned(), high.into());
            }
            Some(Json::Object(row))
        });
    rows.collect()
}

impl Figure<'_> {
    fn row(&self, split: &str, n: Option<u64>) -> Option<Json> {
        let value = self.value?;
        let mut row = BTreeMap::from([
            ("name".to_owned(), self.name.into()),
            ("split".to_owned(), split.into()),
            ("value".to_owned(), value.into()),
            ("higher_is_better".to_owned(), self.higher_is_better.into()),
        ]);
        row.extend(n.map(|n| ("n".to_owned(), n.into())));
        if let Some((name, baseline)) = self.baseline {
            row.extend([
                ("baseline".to_owned(), name.into()),
                ("baseline_value".to_owned(), baseline.into()),
                ("delta_vs_baseline".to_owned(), (value - baseline).into()),
            ]);
        }
        Some(Json::Object(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_groups_are_read_alike() {
        let text = br#"{"clinvar": {"classes": [{"class": "all", "pathogenic": 3, "benign": 4,
            "auroc": {"shift": {"auroc": 0.6, "low": 0.4, "high": 0.7}}}]},
            "primates": {"pairs": 5, "groups": [{"group": "human", "pairs": 5,
            "auroc": {"shift": {"auroc": 0.5, "low": 0.3, "high": 0.6}}}]},
            "uniformity": {"variants": 9, "ks_statistic": 0.1}}"#;
        let rows = rows(&Json::parse(text, "test").unwrap());
        let said: Vec<_> = rows
            .iter()
            .map(|row| (text_of(row, "split"), text_of(row, "name"), count(row, "n")))
            .collect();
        let row = |split: &str, name: &str, n| (split.to_owned(), name.to_owned(), Some(n));
        assert_eq!(
            said,
            [
                row("common_variants", "ks_statistic", 9),
                row("clinvar/all", "auroc_shift", 7),
                row("primates/human", "auroc_shift", 10),
            ]
        );
    }

    fn text_of(row: &Json, key: &str) -> String {
        text(row, key).to_owned()
    }
}
