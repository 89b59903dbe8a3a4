//! Pathogenic or benign: on which side a variant stands.

/// The side that a clinical classification puts a variant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClinicalLabel {
    /// Pathogenic or likely pathogenic (P, LP): the positives.
    Pathogenic,
    /// Benign or likely benign (B, LB): the negatives.
    Benign,
}

impl ClinicalLabel {
    /// Reads a short label (`P`, `LP`, `B`, `LB`) or ClinVar's `CLNSIG` (`Pathogenic/Likely_pathogenic`),
    /// in any case. `None` for all that takes no side or both: uncertain, conflicting, drug response.
    ///
    /// ```
    /// use genolewm_core::evaluation::ClinicalLabel;
    /// let read = ClinicalLabel::parse;
    /// assert_eq!(read("Pathogenic/Likely_pathogenic|risk_factor"), Some(ClinicalLabel::Pathogenic));
    /// assert_eq!(read("LB"), Some(ClinicalLabel::Benign));
    /// assert_eq!(read("Uncertain_significance"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut pathogenic, mut benign) = (false, false);
        for term in text.split(['/', '|', ',', ';', '&']) {
            let term = term
                .trim_matches([' ', '_'])
                .to_ascii_lowercase()
                .replace(' ', "_");
            match term.as_str() {
                "p" | "lp" | "pathogenic" | "likely_pathogenic" => pathogenic = true,
                "b" | "lb" | "benign" | "likely_benign" => benign = true,
                "uncertain_significance" | "vus" => return None,
                _ if term.starts_with("conflicting") => return None,
                _ => {}
            }
        }
        match (pathogenic, benign) {
            (true, false) => Some(Self::Pathogenic),
            (false, true) => Some(Self::Benign),
            _ => None,
        }
    }

    /// Whether it is the positive class.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        matches!(self, Self::Pathogenic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_or_neither_is_no_label() {
        for text in [
            "",
            "VUS",
            "Pathogenic|Benign",
            "Conflicting_classifications_of_pathogenicity",
        ] {
            assert_eq!(ClinicalLabel::parse(text), None, "{text}");
        }
        for text in [" p ", "Likely pathogenic", "Pathogenic,_low_penetrance"] {
            assert_eq!(
                ClinicalLabel::parse(text),
                Some(ClinicalLabel::Pathogenic),
                "{text}"
            );
        }
        assert_eq!(
            ClinicalLabel::parse("Pathogenic|Uncertain_significance"),
            None
        );
    }
}
