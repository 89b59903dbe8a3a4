//! What clinics say of a variant, as one of six classes.

use crate::named::named;
use genolewm_core::evaluation::ClinicalLabel;

/// A clinical classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Significance {
    /// Pathogenic.
    P,
    /// Likely pathogenic.
    Lp,
    /// Benign.
    B,
    /// Likely benign.
    Lb,
    /// Of uncertain significance.
    Vus,
    /// Anything else: submissions that conflict, drug response, risk factor, not provided.
    Other,
}

named!(Significance: P = "P", Lp = "LP", B = "B", Lb = "LB", Vus = "VUS", Other = "OTHER");

impl Significance {
    /// Reads `CLNSIG` in any case, with terms between `| / , ; &` and `%2f` or `%20` for `/` and a
    /// blank. Terms on both sides, or one that says so, conflict and are [`Other`](Self::Other), where
    /// the Python package takes the pathogenic side; else the first of uncertain, likely pathogenic,
    /// pathogenic, likely benign and benign that is named counts, as there.
    ///
    /// ```
    /// use genolewm_data::shards::Significance;
    /// let read = Significance::of_clnsig;
    /// assert_eq!(read("Pathogenic/Likely_pathogenic"), Significance::Lp);
    /// assert_eq!(read("Benign|Pathogenic"), Significance::Other);
    /// assert_eq!(read("likely benign|Uncertain_significance"), Significance::Vus);
    /// assert_eq!(read("Conflicting_interpretations|Benign"), Significance::Other);
    /// ```
    #[must_use]
    pub fn of_clnsig(clnsig: &str) -> Self {
        let terms = Terms::new(clnsig);
        match terms.named() {
            _ if terms.conflict() => Self::Other,
            [true, ..] => Self::Vus,
            [_, true, ..] => Self::Lp,
            [_, _, true, ..] => Self::P,
            [_, _, _, true, _] => Self::Lb,
            [_, _, _, _, true] => Self::B,
            _ => Self::Other,
        }
    }

    /// As [`of_clnsig`](Self::of_clnsig), for a file in which `CLNSIG` lists every submission and
    /// another key sums them up: `P/LP`, `B/LB`, `VUS`, `conflict` or `other`. A clear class
    /// outweighs uncertain submissions only where that summary says so.
    ///
    /// ```
    /// use genolewm_data::shards::Significance;
    /// let read = |class| Significance::summarised("likely_benign|Uncertain_significance", class);
    /// assert_eq!(read(Some("B/LB")), Significance::Lb);
    /// assert_eq!(read(None), Significance::Vus);
    /// ```
    #[must_use]
    pub fn summarised(clnsig: &str, class: Option<&str>) -> Self {
        let terms = Terms::new(clnsig);
        match class {
            Some("P/LP") if terms.says("likely_pathogenic") => Self::Lp,
            Some("P/LP") => Self::P,
            Some("B/LB") if terms.says("likely_benign") => Self::Lb,
            Some("B/LB") => Self::B,
            Some("VUS") => Self::Vus,
            Some("conflict" | "other") => Self::Other,
            _ => Self::of_clnsig(clnsig),
        }
    }

    /// The side in an evaluation; `None` for everything that takes none.
    #[must_use]
    pub const fn label(self) -> Option<ClinicalLabel> {
        match self {
            Self::P | Self::Lp => Some(ClinicalLabel::Pathogenic),
            Self::B | Self::Lb => Some(ClinicalLabel::Benign),
            Self::Vus | Self::Other => None,
        }
    }
}

/// The terms of a `CLNSIG` value, in lower case.
struct Terms(Vec<String>);

impl Terms {
    fn new(clnsig: &str) -> Self {
        let text = clnsig.to_ascii_lowercase();
        let text = text.replace("%2f", "/").replace("%20", "_");
        let terms = text.replace(' ', "_");
        let terms = terms.split(['|', '/', ',', ';', '&']);
        Self(
            terms
                .map(|term| term.trim_matches('_').to_owned())
                .collect(),
        )
    }

    fn says(&self, wanted: &str) -> bool {
        self.0.iter().any(|term| term == wanted)
    }

    /// Whether each class is named, in the order in which they count.
    fn named(&self) -> [bool; 5] {
        [
            self.says("uncertain_significance") || self.says("vus"),
            self.says("likely_pathogenic"),
            self.says("pathogenic"),
            self.says("likely_benign"),
            self.says("benign"),
        ]
    }

    fn conflict(&self) -> bool {
        let [_, likely_harm, harm, likely_harmless, harmless] = self.named();
        let both = (likely_harm || harm) && (likely_harmless || harmless);
        both || self.0.iter().any(|term| term.starts_with("conflicting"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_its_class() {
        let cases = [
            ("Pathogenic", Significance::P),
            ("Likely_pathogenic", Significance::Lp),
            ("Pathogenic%2FLikely%20pathogenic", Significance::Lp),
            ("Benign/Likely_benign", Significance::Lb),
            ("benign|other", Significance::B),
            ("Pathogenic,_low_penetrance", Significance::P),
            ("Uncertain_significance|Pathogenic", Significance::Vus),
            ("VUS", Significance::Vus),
            ("Likely_benign|Pathogenic", Significance::Other),
            ("Benign|Pathogenic|VUS", Significance::Other),
            (
                "Conflicting_interpretations_of_pathogenicity",
                Significance::Other,
            ),
            (
                "Conflicting_classifications_of_pathogenicity|Pathogenic",
                Significance::Other,
            ),
            ("drug_response", Significance::Other),
            ("Pathogenic(1)", Significance::Other),
            ("", Significance::Other),
        ];
        for (text, class) in cases {
            assert_eq!(Significance::of_clnsig(text), class, "{text}");
        }
    }

    #[test]
    fn a_summary_of_submissions_outweighs_them() {
        let read = |class| Significance::summarised("Pathogenic|Uncertain_significance", class);
        assert_eq!(read(Some("P/LP")), Significance::P);
        assert_eq!(read(Some("B/LB")), Significance::B);
        assert_eq!(read(Some("conflict")), Significance::Other);
        assert_eq!(read(Some("VUS")), Significance::Vus);
        assert_eq!(read(Some("unknown word")), Significance::Vus);
    }

    #[test]
    fn codes_read_back_and_four_classes_take_a_side() {
        for class in Significance::ALL {
            assert_eq!(Significance::by_name(class.as_str()), Some(class));
        }
        assert_eq!(Significance::by_name("p"), None);
        let sided = |class: &Significance| class.label().is_some();
        assert_eq!(
            Significance::ALL
                .into_iter()
                .filter(sided)
                .map(Significance::as_str)
                .collect::<Vec<_>>(),
            ["P", "LP", "B", "LB"]
        );
    }
}
